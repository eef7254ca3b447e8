// Generated from service/nbinterview/schemas/live.schema.yaml by `npm run types`; do not edit.

export type FromPage = Hello | Event | Observations;
/**
 * One fact that the candidate's page claims.
 */
export type ClientEvent =
  | ConsentEvent
  | WatchEvent
  | VisibilityEvent
  | WindowFocusEvent
  | FullscreenEvent
  | ClipboardEvent
  | CameraEvent
  | DetectorEvent
  | PageEvent;
/**
 * What a candidate consents to, one by one.
 */
export type Sensor = 'camera' | 'focus' | 'clipboard';
export type FromRoom =
  | Welcome
  | Ack
  | Problem
  | WarningMessage
  | WarningCleared
  | FlagMessage
  | SensorMessage
  | KernelMessage
  | PeopleMessage
  | StateMessage
  | CheckMessage
  | UsageMessage;
export type Role = 'candidate' | 'interviewer' | 'reviewer';
export type InterviewState = 'scheduled' | 'open' | 'ended';
/**
 * The findings that a policy can count.
 */
export type Rule =
  | 'no_face'
  | 'multiple_faces'
  | 'looking_away'
  | 'camera_covered'
  | 'camera_off'
  | 'camera_frozen'
  | 'tab_hidden'
  | 'window_left'
  | 'fullscreen_left'
  | 'external_paste';

/**
 * Everything that crosses the WebSocket between a page and its room server. An unknown field is refused, never stored. No picture and no landmark array has a field here, and none is ever added.
 *
 */
export interface LiveMessages {
  fromPage?: FromPage;
  fromRoom?: FromRoom;
}
/**
 * First message of a connection; the room answers `welcome`.
 */
export interface Hello {
  type: 'hello';
  /**
   * Random id of this page load. (boot_id, client_seq) makes repeats harmless.
   */
  boot_id: string;
}
export interface Event {
  type: 'event';
  boot_id: string;
  client_seq: number;
  /**
   * performance.now() of the page when it happened.
   */
  monotonic_ms: number;
  event: ClientEvent;
}
export interface ConsentEvent {
  name: 'consent';
  sensor: Sensor;
  granted: boolean;
}
/**
 * The candidate pressed Start, or ended watching.
 */
export interface WatchEvent {
  name: 'watch';
  state: 'started' | 'stopped';
}
/**
 * Page Visibility API.
 */
export interface VisibilityEvent {
  name: 'visibility';
  state: 'visible' | 'hidden';
}
export interface WindowFocusEvent {
  name: 'window_focus';
  focused: boolean;
  /**
   * Why focus left: `elsewhere` is another window, `frame` a click into a frame of this page, which is not leaving.
   *
   */
  cause?: 'elsewhere' | 'frame';
}
export interface FullscreenEvent {
  name: 'fullscreen';
  active: boolean;
}
/**
 * Sizes and origin, never the text.
 */
export interface ClipboardEvent {
  name: 'clipboard';
  action: 'copy' | 'cut' | 'paste';
  chars: number;
  /**
   * Of pasted text. `notebook` when its hash was copied or cut on this page.
   */
  origin: 'notebook' | 'external';
  cell_id?: string;
}
export interface CameraEvent {
  name: 'camera';
  /**
   * `denied` permission refused, `missing` no device, `lost` the track ended by itself, `off` switched off here.
   *
   */
  state: 'on' | 'off' | 'denied' | 'missing' | 'lost';
  width_px?: number;
  height_px?: number;
}
export interface DetectorEvent {
  name: 'detector';
  state: 'ready' | 'failed' | 'stopped';
  reason?: string;
}
export interface PageEvent {
  name: 'page';
  state: 'loaded' | 'unloading';
}
/**
 * What the worker measured since the last message, at least once a second while watching: an empty `frames` is the heartbeat of a page that has nothing to measure.
 *
 */
export interface Observations {
  type: 'observations';
  boot_id: string;
  client_seq: number;
  monotonic_ms: number;
  frames_dropped: number;
  /**
   * @maxItems 30
   */
  frames: Frame[];
}
/**
 * One frame reduced to named scalars. Angles and rules are worked out by the server (nbinterview_proctor.geometry) from these.
 *
 */
export interface Frame {
  /**
   * performance.now() of the page's clock at capture.
   */
  at_ms: number;
  faces: number;
  /**
   * x, y, width, height of the largest face as shares of the picture.
   *
   * @minItems 4
   * @maxItems 4
   */
  box?: number[];
  /**
   * Facial transformation matrix of the largest face, 4x4, column-major as MediaPipe gives it.
   *
   *
   * @minItems 16
   * @maxItems 16
   */
  pose?: number[];
  /**
   * Iris position along the line between the eye's corners, 0 to 1.
   */
  iris_left?: number;
  iris_right?: number;
  /**
   * Lid distance over eye width.
   */
  eye_open_left?: number;
  eye_open_right?: number;
  /**
   * Mean luminance of a 64x48 copy, 0 to 255.
   */
  luma_mean: number;
  luma_std: number;
  /**
   * Mean absolute luminance difference to the frame before, 0 to 255; exactly 0 is a still picture.
   */
  frame_diff: number;
  inference_ms: number;
}
export interface Welcome {
  type: 'welcome';
  role: Role;
  hub_name: string;
  title: string;
  state: InterviewState;
  policy: PolicySummary;
  /**
   * What this candidate answered so far; a sensor not listed was not asked yet.
   */
  consent: {
    [k: string]: boolean;
  };
  /**
   * Highest stored client_seq by boot_id.
   */
  acknowledged: {
    [k: string]: number;
  };
  people: Person[];
  /**
   * Empty for the candidate.
   */
  flags: Flag[];
  /**
   * The candidate's own warnings so far.
   */
  warnings: Warning[];
  sensors: SensorState[];
  /**
   * The last word on the kernel; null before there was one in this room.
   */
  kernel: KernelMessage | null;
}
/**
 * The policy in the words that a candidate is shown.
 */
export interface PolicySummary {
  name: string;
  version: number;
  sensors: Sensor[];
  /**
   * Whether the interview may go on without a camera.
   */
  camera_required: boolean;
  fullscreen: boolean;
  rules: {
    rule: Rule;
    sensor: Sensor;
    title: string;
    warn_after_s: number;
    flag_after_s: number;
  }[];
}
export interface Person {
  hub_name: string;
  display_name: string;
  initials: string;
  color: string;
  role: Role;
  present: boolean;
}
export interface Flag {
  episode_id: string;
  rule: Rule;
  title: string;
  started_at: string;
  flagged_at: string;
  ended_at: string | null;
  /**
   * Named numbers and words, by rule.
   */
  evidence: {
    [k: string]: number | string | boolean;
  };
}
export interface Warning {
  episode_id: string;
  rule: Rule;
  text: string;
  at: string;
}
/**
 * Whether a sensor can measure. "unmeasurable" is never a flag.
 */
export interface SensorState {
  sensor: Sensor;
  state: 'off' | 'declined' | 'waiting' | 'calibrating' | 'measuring' | 'unmeasurable';
  detail: string;
}
export interface KernelMessage {
  type: 'kernel';
  state: 'starting' | 'idle' | 'busy' | 'restarting' | 'died' | 'refused';
  detail: string;
}
/**
 * Stored on disk up to and including client_seq of this boot_id.
 */
export interface Ack {
  type: 'ack';
  boot_id: string;
  client_seq: number;
}
/**
 * RFC 9457 problem details; `field` names the input field to blame.
 */
export interface Problem {
  type: 'problem';
  title: string;
  status: number;
  detail: string;
  field?: string;
  boot_id?: string;
  client_seq?: number;
}
/**
 * To the candidate, before a flag; interviewers get it too.
 */
export interface WarningMessage {
  type: 'warning';
  warning: Warning;
}
export interface WarningCleared {
  type: 'warning_cleared';
  episode_id: string;
}
/**
 * To interviewers; sent again with ended_at when the episode ends.
 */
export interface FlagMessage {
  type: 'flag';
  flag: Flag;
}
export interface SensorMessage {
  type: 'sensor';
  sensor: SensorState;
}
export interface PeopleMessage {
  type: 'people';
  people: Person[];
}
/**
 * The interview started or ended.
 */
export interface StateMessage {
  type: 'state';
  state: InterviewState;
}
/**
 * To interviewers and reviewers: how the restart-and-run-all check stands. Sent when it was asked for, after each cell, and at its end.
 *
 */
export interface CheckMessage {
  type: 'check';
  check: Check;
}
/**
 * Does the notebook run clean from the top in a fresh kernel, and do the outputs agree?
 */
export interface Check {
  check_id: string;
  /**
   * `failed` the check itself could not be made; `detail` says why.
   */
  state: 'running' | 'finished' | 'failed';
  /**
   * A hub name
   */
  asked_by: string;
  asked_at: string;
  /**
   * The last record of the notebook that was run
   */
  seq: number;
  /**
   * Code cells to run
   */
  total: number;
  done: number;
  /**
   * Every cell ran without an error; null before the end.
   */
  clean: boolean | null;
  /**
   * Every cell that had outputs gives the same ones; null before the end.
   */
  agree: boolean | null;
  cells: CheckedCell[];
  detail: string;
}
export interface CheckedCell {
  cell_id: string;
  /**
   * Place in the notebook from 1
   */
  index: number;
  /**
   * `not_run` follows an error, `new` had no outputs to compare with.
   */
  result: 'same' | 'differs' | 'new' | 'error' | 'not_run';
  /**
   * What differs or failed
   */
  detail: string;
}
/**
 * To everybody, every 2 s while the kernel runs: what it uses of what it may. A number that this machine cannot measure is null, and so is a limit that is not set.
 *
 */
export interface UsageMessage {
  type: 'usage';
  /**
   * CPU time over wall time since the message before; 1 is one core.
   */
  cpu_share: number | null;
  /**
   * In cores
   */
  cpu_limit: number | null;
  memory_bytes: number | null;
  memory_limit_bytes: number | null;
  /**
   * In the directories that the sandbox may write, /tmp, /home and /dev/shm.
   */
  disk_bytes: number | null;
  disk_limit_bytes: number | null;
}
