// Generated from service/nbinterview/schemas/live.schema.yaml by `npm run types`; do not edit.

export type FromPage =
  Hello | Event | Observations | Action | Beat | TakeLease | WitnessReport;
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
  | BeatsEvent
  | PageEvent
  | DisplayEvent
  | DeviceEvent
  | TypingEvent
  | CalibrationEvent
  | CommentEvent;
/**
 * What a candidate consents to, one by one.
 */
export type Sensor = 'camera' | 'focus' | 'clipboard';
/**
 * What a question allows; findings that it excuses are recorded and never flagged.
 */
export type Allowance = 'documentation' | 'ai';
export type FromRoom =
  | Welcome
  | Ack
  | Problem
  | NudgeMessage
  | WarningMessage
  | WarningCleared
  | FlagMessage
  | EpisodeMessage
  | CommentMessage
  | CalibrationMessage
  | WatchingMessage
  | SensorMessage
  | KernelMessage
  | PeopleMessage
  | StateMessage
  | CheckMessage
  | UsageMessage
  | NonceMessage
  | LeaseMessage
  | GapMessage
  | StorageMessage1
  | CheckpointMessage1
  | ReceiptMessage
  | EraseMessage;
export type Role = 'candidate' | 'interviewer' | 'reviewer';
export type InterviewState = 'scheduled' | 'open' | 'ended';
/**
 * The findings that a policy can count. `no_face` is of records from before version 2; it is `nobody` since.
 *
 */
export type Rule =
  | 'nobody'
  | 'no_face'
  | 'multiple_faces'
  | 'looking_away'
  | 'camera_covered'
  | 'camera_off'
  | 'camera_frozen'
  | 'tab_hidden'
  | 'window_left'
  | 'fullscreen_left'
  | 'second_display'
  | 'external_paste'
  | 'unexplained_text'
  | 'network_attempt'
  | 'process_attempt';
/**
 * Where a finding comes from: a sensor, or `notebook`, which is the room's own record of the notebook and its kernel and is asked for by nobody, since it is the work itself.
 *
 */
export type Source = 'camera' | 'focus' | 'clipboard' | 'notebook';
/**
 * As far as it is known; at the end often better than at the beginning. `worker` the page speaks and its beats do not come; `insecure` the page says that it can sign none at its address; `camera` beats come and no frames; `room` this server was away.
 *
 */
export type GapCause =
  | 'hidden'
  | 'frozen'
  | 'offline'
  | 'worker'
  | 'insecure'
  | 'camera'
  | 'reloaded'
  | 'second_tab'
  | 'stopped'
  | 'room'
  | 'unknown';

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
   * Why focus left. Only `elsewhere`, another window, is leaving. `frame` is a click into a frame of this page, `dialog` a dialog of the browser or the system that this page opened (a file chooser, print), `permission` a permission prompt, `share` the browser's own window for sharing a screen.
   *
   */
  cause?: 'elsewhere' | 'frame' | 'dialog' | 'permission' | 'share';
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
  /**
   * Whether the device's label is that of known virtual cameras. Information only: no rule uses it, since background filters and phones as cameras have such labels.
   *
   */
  virtual?: boolean;
}
export interface DetectorEvent {
  name: 'detector';
  state: 'ready' | 'failed' | 'stopped';
  reason?: string;
}
/**
 * The page can sign no beats, so that nothing it does proves its watching. `insecure` its address is not secure (plain http on another host than this computer), where browsers give pages no keys; `failed` for another reason.
 *
 */
export interface BeatsEvent {
  name: 'beats';
  state: 'insecure' | 'failed';
}
export interface PageEvent {
  name: 'page';
  state: 'loaded' | 'unloading';
}
/**
 * Whether there is more than one display (`screen.isExtended`).
 */
export interface DisplayEvent {
  name: 'display';
  /**
   * `unknown` where the browser does not say; never taken for `no`.
   */
  extended: 'yes' | 'no' | 'unknown';
}
/**
 * A camera or microphone was plugged in or taken away. Information only.
 */
export interface DeviceEvent {
  name: 'device';
  /**
   * How many there are now
   */
  cameras: number;
}
/**
 * How much text entered the notebook in the last second, by the way it came. Sizes only: no key, no text, no rhythm (one number for a whole second tells nobody who typed).
 *
 */
export interface TypingEvent {
  name: 'typing';
  /**
   * Characters by key
   */
  typed: number;
  /**
   * By an input method or dictation
   */
  composed: number;
  /**
   * By autocomplete or a snippet or a formatter
   */
  completed: number;
  pasted: number;
  /**
   * Dragged and dropped
   */
  dropped: number;
  /**
   * By undo and redo
   */
  restored: number;
  cell_id?: string;
}
/**
 * The candidate is asked to look at one place after the other.
 */
export interface CalibrationEvent {
  name: 'calibration';
  /**
   * `target` a place is shown from now on; `left_out` the person says that there is no such place here; `finished` and `skipped` end it.
   *
   */
  state: 'began' | 'target' | 'left_out' | 'finished' | 'skipped';
  target?:
    | 'centre'
    | 'top_left'
    | 'top_right'
    | 'bottom_right'
    | 'bottom_left'
    | 'keyboard'
    | 'notes'
    | 'other_screen';
  /**
   * Practised; no rule will use it
   */
  rehearsal?: boolean;
}
/**
 * The candidate's own words, to one warning or flag or to the whole.
 */
export interface CommentEvent {
  name: 'comment';
  episode_id?: string;
  text: string;
}
/**
 * What the worker measured. A frame is sent when it was measured, not kept for the next second; the room packs them into one record a second. At least one message a second while watching: an empty `frames` is the heartbeat of a page that has nothing to measure.
 *
 */
export interface Observations {
  type: 'observations';
  boot_id: string;
  client_seq: number;
  monotonic_ms: number;
  frames_dropped: number;
  /**
   * How often the worker measures now. A slow device measures less often, and says so.
   */
  rate_hz?: number;
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
   * Iris's distance below the line between the eye's corners, over eye width.
   */
  iris_left_y?: number;
  iris_right_y?: number;
  /**
   * Lid distance over eye width.
   */
  eye_open_left?: number;
  eye_open_right?: number;
  /**
   * The face detector's own confidence in the largest face, where it was asked.
   */
  score?: number;
  /**
   * How far the largest face's landmarks are from a rigid, scaled copy of the canonical face: root mean square over the share of its width. A mesh on something that is no face fits badly.
   *
   */
  mesh_residual?: number;
  /**
   * Box of the second largest face, as `box`.
   *
   * @minItems 4
   * @maxItems 4
   */
  second_box?: number[];
  second_mesh_residual?: number;
  /**
   * The second opinion, asked at a low rate and only while no face is found: how sure a model of persons is that somebody is in the picture. Absent when it was not asked.
   *
   */
  person?: number;
  /**
   * Mean luminance inside the box of the largest face, 0 to 255.
   */
  face_luma_mean?: number;
  face_luma_std?: number;
  /**
   * Share of the eye's surroundings that is almost white.
   */
  glare_left?: number;
  glare_right?: number;
  /**
   * Contrast of the eye's surroundings; little is a covered eye.
   */
  eye_luma_std_left?: number;
  eye_luma_std_right?: number;
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
/**
 * What an interviewer does about the watching; of nobody else.
 */
export interface Action {
  type: 'action';
  action: 'pause_watching' | 'resume_watching' | 'set_allows';
  /**
   * With `set_allows`, what the question allows from now on.
   */
  allows?: Allowance[];
  reason?: string;
}
/**
 * Once a second from a worker of its own, with or without a camera, while this page watches and has the lease. It is no message of the spool: one that is lost is lost. A beat that does not fit is refused and proves nothing.
 *
 */
export interface Beat {
  type: 'beat';
  boot_id: string;
  /**
   * Counts the seconds of the worker's life from 1, over all connections, and also those whose beat could not be sent: so a page that stood still and a line that was down are told apart. It rises by one more for each answer to a nonce.
   *
   */
  beat: number;
  /**
   * The worker's own clock, whole milliseconds.
   */
  monotonic_ms: number;
  /**
   * Frames that the detector measured since this page loaded; it tells the worker itself.
   */
  frames_seen: number;
  frames_dropped: number;
  /**
   * The room's newest on this connection, or the one before.
   */
  nonce: string;
  /**
   * HMAC-SHA-256, hex, by this connection's key, over the RFC 8785 form of {interview, boot_id, beat, monotonic_ms, frames_seen, frames_dropped, nonce}.
   *
   */
  mac: string;
}
/**
 * The person wants this page of theirs to be the one that counts.
 */
export interface TakeLease {
  type: 'lease';
  boot_id: string;
}
/**
 * From a page of the panel: a checkpoint does not extend one that this browser saw. `seen` was witnessed before, `shown` came now.
 *
 */
export interface WitnessReport {
  type: 'witness';
  state: 'broken';
  seen: TreeHead;
  shown: TreeHead;
  /**
   * In words
   */
  detail: string;
}
export interface TreeHead {
  size: number;
  root: string;
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
   * To everybody; a candidate reads their own record, live.
   */
  flags: Flag[];
  /**
   * To the candidate alone; empty for everybody else.
   */
  nudges: Warning[];
  /**
   * What was recorded and did not count.
   */
  episodes: Episode[];
  comments: Comment[];
  /**
   * The one that counts; null before there was one.
   */
  calibration: Calibration | null;
  watching: Watching;
  /**
   * The candidate's own warnings so far.
   */
  warnings: Warning[];
  sensors: SensorState[];
  /**
   * The last word on the kernel; null before there was one in this room.
   */
  kernel: KernelMessage | null;
  beats?: Beats;
  lease?: Lease;
  /**
   * To the panel; every stretch without proof of watching, in order. Empty for the candidate.
   */
  gaps?: Gap[];
  storage?: StorageMessage;
  checkpoint?: CheckpointMessage;
}
/**
 * The policy in the words that a candidate is shown.
 */
export interface PolicySummary {
  name: string;
  version: number;
  title: string;
  /**
   * The policy in plain sentences, as on the invitation.
   */
  words: string[];
  /**
   * Whether the candidate is asked to look at a few places before the start.
   */
  calibration: boolean;
  sensors: Sensor[];
  /**
   * Whether the interview may go on without a camera.
   */
  camera_required: boolean;
  fullscreen: boolean;
  rules: {
    rule: Rule;
    sensor: Source;
    title: string;
    nudge_after_s: number | null;
    warn_after_s: number | null;
    /**
     * Null is never flagged, only recorded.
     */
    flag_after_s: number | null;
    excused_by: Allowance[];
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
export interface Episode {
  episode_id: string;
  rule: Rule;
  title: string;
  started_at: string;
  ended_at: string;
  /**
   * Why it does not count.
   */
  because: 'short' | 'allowed' | 'recorded_only' | 'too_little_measured' | 'paused';
  evidence: {
    [k: string]: number | string | boolean;
  };
}
/**
 * The candidate's words, shown beside what they are about.
 */
export interface Comment {
  episode_id: string | null;
  text: string;
  at: string;
}
/**
 * How well the candidate's own head positions are known. `rough` was taken in passing, without looking at places; then only far aside can be told.
 *
 */
export interface Calibration {
  state: 'taken' | 'failed' | 'skipped';
  quality: 'good' | 'fair' | 'rough' | 'none';
  /**
   * In words for the candidate
   */
  detail: string;
  frames: number;
  rehearsal?: boolean;
  yaw_deg?: number;
  pitch_deg?: number;
  /**
   * Named angles in degrees from the centre, by target.
   */
  zones?: {
    [k: string]: number;
  };
}
export interface Watching {
  paused: boolean;
  /**
   * A hub name
   */
  paused_by: string | null;
  allows: Allowance[];
}
/**
 * Whether a sensor can measure. "unmeasurable" is no flag; a camera that stays covered, frozen or off can be one.
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
 * To the candidate alone, of this connection; a beat is signed with it.
 */
export interface Beats {
  /**
   * Goes into what is signed
   */
  interview: string;
  /**
   * base64 of 32 random bytes
   */
  key: string;
  nonce: string;
  interval_ms: number;
}
/**
 * Which page of the candidate counts. To the candidate: whether this one does. To the panel `active` is whether any page has it.
 *
 */
export interface Lease {
  active: boolean;
  /**
   * The candidate's pages that are open, with all devices
   */
  pages: number;
}
/**
 * A stretch without proof of watching.
 */
export interface Gap {
  gap_id: string;
  state: 'began' | 'ended';
  /**
   * The last moment that was proved, by the room's clock.
   */
  started_at: string;
  ended_at: string | null;
  cause: GapCause;
  /**
   * In words for the panel
   */
  detail: string;
}
/**
 * To the panel; absent while all is well.
 */
export interface StorageMessage {
  type: 'storage';
  state: 'ok' | 'failing' | 'near_quota' | 'full';
  /**
   * In words for the panel
   */
  detail: string;
  /**
   * Records that wait to be written
   */
  waiting: number;
}
/**
 * To the panel; the newest, absent before there is one.
 */
export interface CheckpointMessage {
  type: 'checkpoint';
  checkpoint: Checkpoint;
  /**
   * Null while the service did not certify the room's key.
   */
  certificate: Certificate | null;
  /**
   * The service's newest; of this or of an earlier checkpoint.
   */
  countersignature: Countersignature | null;
}
/**
 * A signed head of the record's Merkle tree (RFC 6962); see ledger.schema.yaml.
 */
export interface Checkpoint {
  format: 1;
  interview: string;
  size: number;
  root: string;
  time: string;
  key_id: string;
  signature: string;
}
/**
 * The platform's key says whose key this is.
 */
export interface Certificate {
  format: 1;
  interview: string;
  public_key: string;
  issued_at: string;
  replaces: string | null;
  platform_key_id: string;
  signature: string;
}
/**
 * The service saw this head, and when.
 */
export interface Countersignature {
  format: 1;
  interview: string;
  size: number;
  root: string;
  time: string;
  platform_key_id: string;
  signature: string;
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
 * To the candidate alone, before a warning. Shown at a pause in typing, 5 s after it came at the latest, quietly; it is on the record as `nudge`.
 *
 */
export interface NudgeMessage {
  type: 'nudge';
  nudge: Warning;
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
 * To everybody; sent again with ended_at when the episode ends.
 */
export interface FlagMessage {
  type: 'flag';
  flag: Flag;
}
/**
 * To everybody; a finding that ended without a flag, and why it did not count.
 */
export interface EpisodeMessage {
  type: 'episode';
  episode: Episode;
}
export interface CommentMessage {
  type: 'comment';
  comment: Comment;
}
export interface CalibrationMessage {
  type: 'calibration';
  calibration: Calibration;
}
/**
 * To everybody; an interviewer paused or resumed the watching, or changed what is allowed.
 */
export interface WatchingMessage {
  type: 'watching';
  watching: Watching;
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
/**
 * To the candidate's page, every 5 s, and sooner when a beat is late. This one and the one before are good. The worker answers each with one more beat at once, so that a beat that was only lost is no gap.
 *
 */
export interface NonceMessage {
  type: 'nonce';
  nonce: string;
}
/**
 * The lease changed, or a page of the candidate came or went.
 */
export interface LeaseMessage {
  type: 'lease';
  active: boolean;
  pages: number;
  /**
   * `taken` a page counts from now on, `second` another one came and does not, `released` one of them went.
   *
   */
  state: 'taken' | 'second' | 'released';
  at: string;
}
/**
 * To the panel, when a gap begins, and again when it ended.
 */
export interface GapMessage {
  type: 'gap';
  gap: Gap;
}
/**
 * To the panel; whether the room can write its record.
 */
export interface StorageMessage1 {
  type: 'storage';
  state: 'ok' | 'failing' | 'near_quota' | 'full';
  /**
   * In words for the panel
   */
  detail: string;
  /**
   * Records that wait to be written
   */
  waiting: number;
}
/**
 * To the panel, whose browsers keep what they saw.
 */
export interface CheckpointMessage1 {
  type: 'checkpoint';
  checkpoint: Checkpoint;
  /**
   * Null while the service did not certify the room's key.
   */
  certificate: Certificate | null;
  /**
   * The service's newest; of this or of an earlier checkpoint.
   */
  countersignature: Countersignature | null;
}
/**
 * To the candidate, at the end.
 */
export interface ReceiptMessage {
  type: 'receipt';
  receipt: Receipt;
}
/**
 * What a candidate keeps; whoever shows another record later cannot match it.
 */
export interface Receipt {
  format: 1;
  interview: string;
  checkpoint: Checkpoint;
  /**
   * Null when the room never reached the service.
   */
  certificate: Certificate | null;
  countersignature: Countersignature | null;
  platform_keys: PlatformKey[];
}
export interface PlatformKey {
  public_key: string;
  key_id: string;
  from_time: string;
  until_time: string | null;
}
/**
 * To the candidate's page: payloads were erased, by the policy's times or on request; the page forgets what it keeps of these kinds.
 *
 */
export interface EraseMessage {
  type: 'erase';
  interview: string;
  /**
   * Record kinds; empty is all of them.
   */
  kinds: string[];
}
