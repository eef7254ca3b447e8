/**
 * Measurement on the candidate's own device, for the JupyterLab extension and for the
 * `ProctorWidget`. No framework, no rule, no server: numbers and facts come out by
 * callbacks.
 *
 * - `Watcher`: camera → worker → `Frame`s.
 * - `FocusTracker`: visibility, focus, fullscreen, clipboard → `ClientEvent`s.
 * - `CheckView`: the camera check, with `style/check.css`.
 * - `Frame`, `ClientEvent`, … : everything on the WebSocket, generated from its schema.
 */
export { Camera, CameraError, type CameraOptions, type CameraState } from './camera.js';
export { CHECK_WORDS, CheckView, type CheckLevel, type CheckWords } from './check.js';
export { assetsAt, type Assets } from './detector.js';
export { FocusTracker, type FocusOptions } from './focus.js';
export type * from './generated/live.js';
export { hint, sight, type Hint, type Sight } from './sight.js';
export { Watcher, type WatcherOptions } from './watcher.js';
