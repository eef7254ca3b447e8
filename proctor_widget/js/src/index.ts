/**
 * Measurement on the candidate's own device, for the JupyterLab extension and for the
 * `ProctorWidget`. No framework, no rule, no server: numbers and facts come out by
 * callbacks.
 *
 * - `Watcher`: camera → worker → `Frame`s.
 * - `FocusTracker`: visibility, focus, fullscreen, clipboard → `ClientEvent`s.
 * - `DisplayTracker`, `DeviceTracker`, `TypingTally`: displays, cameras, ways of typing.
 * - `CalibrationRun`: looks at a few places, one after the other.
 * - `CheckView`: the camera check, with `style/check.css`.
 * - `ToHeart`, `FromHeart`: what a page and the worker that beats say to each other.
 * - `Frame`, `ClientEvent`, … : everything on the WebSocket, generated from its schema.
 */
export {
  Camera,
  CameraError,
  isVirtual,
  type CameraOptions,
  type CameraState
} from './camera.js';
export { CHECK_WORDS, CheckView, type CheckLevel, type CheckWords } from './check.js';
export { assetsAt, type Assets } from './detector.js';
export {
  CalibrationRun,
  type CalibrationOptions,
  type CalibrationStep,
  type Target
} from './calibration.js';
export { DeviceTracker } from './devices.js';
export { DisplayTracker } from './display.js';
export { FocusTracker, type FocusOptions } from './focus.js';
export type * from './generated/live.js';
export type { Counted, FromHeart, Keys, Progress, ToHeart } from './beat.js';
export { hint, sight, type Hint, type Sight } from './sight.js';
export { TypingTally, type TextOrigin, type TypingOptions } from './typing.js';
export { MeshView, type MeshSource } from './mesh.js';
export { STEADY_HZ } from './pace.js';
export { Watcher, type WatcherOptions } from './watcher.js';
