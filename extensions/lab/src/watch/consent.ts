/**
 * From the first question to watching, as one state machine without effects.
 *
 *     asking ──▶ checking ──▶ calibrating ──▶ watching ──▶ ended
 *        │  (camera chosen)  (camera works)        ▲
 *        └─────────────────────────────────────────┤
 *     resuming (after a reload) ───────────────────┘
 *
 * Watching begins with `calibrating`: what is looked at there is on record.
 *
 * Each step returns the next state and the facts that the room is told.
 */

import type {
  ClientEvent,
  InterviewState,
  PolicySummary,
  Sensor,
  Welcome
} from '../wire';

/** Where the candidate stands. `unwatched`: this interview's policy watches nothing. */
export type Phase =
  | 'unwatched'
  | 'asking'
  | 'checking'
  | 'resuming'
  | 'calibrating'
  | 'watching'
  | 'ended';

/** What became of the camera; `unknown` until it was asked for. */
export type CameraOutcome = 'unknown' | 'on' | 'off' | 'denied' | 'missing' | 'lost';

export interface IConsentState {
  readonly phase: Phase;
  readonly policy: PolicySummary;
  /** The answers: what the switches say, and once confirmed, what the room knows. */
  readonly granted: Readonly<Record<Sensor, boolean>>;
  readonly camera: CameraOutcome;
  /** Whether this browser can measure with a camera at all. */
  readonly cameraSupported: boolean;
  /** Whether the room knows how this candidate sits, or was told that it is left out. */
  readonly isCalibrated: boolean;
  /** Whether an interviewer paused the watching. */
  readonly isPaused: boolean;
  /** Whether another page of this person's is the one that counts: this one measures nothing. */
  readonly isElsewhere: boolean;
}

/** The part of a welcome that rules where a page begins. */
export type Beginning = Pick<
  Welcome,
  'policy' | 'consent' | 'state' | 'calibration' | 'watching' | 'lease'
>;

/** A next state and what the room is told about it, in order. */
export interface IStep {
  readonly state: IConsentState;
  readonly events: readonly ClientEvent[];
}

/** What the page knows beside the welcome. */
export interface ICircumstances {
  cameraSupported: boolean;
  /** Whether the candidate pressed Start before, in this browser. */
  startedBefore: boolean;
}

/** Where a page begins that was just welcomed. */
export function begin(
  welcome: Beginning,
  circumstances: ICircumstances
): IConsentState {
  const { policy, consent } = welcome;
  const granted = (sensor: Sensor): boolean =>
    policy.sensors.includes(sensor) && sensor in consent && consent[sensor];
  return {
    phase: firstPhase(welcome, circumstances),
    policy,
    granted: {
      camera: granted('camera'),
      focus: granted('focus'),
      clipboard: granted('clipboard')
    },
    camera: 'unknown',
    cameraSupported: circumstances.cameraSupported,
    isCalibrated: welcome.calibration !== null,
    isPaused: welcome.watching.paused,
    isElsewhere: welcome.lease?.active === false
  };
}

function firstPhase(
  { policy, consent, state }: Beginning,
  { startedBefore, cameraSupported }: ICircumstances
): Phase {
  if (state === 'ended') {
    return 'ended';
  }
  if (policy.sensors.length === 0 && policy.rules.length === 0) {
    return 'unwatched';
  }
  const answered = policy.sensors.every(
    sensor => sensor in consent || (sensor === 'camera' && !cameraSupported)
  );
  return answered && startedBefore ? 'resuming' : 'asking';
}

/** Whether the candidate has started, here, and the interview goes on. */
export function isWatching({ phase, isElsewhere }: IConsentState): boolean {
  return (phase === 'calibrating' || phase === 'watching') && !isElsewhere;
}

/** The sensors that may measure now. */
export function activeSensors(state: IConsentState): Set<Sensor> {
  return new Set(
    isWatching(state) && !state.isPaused
      ? state.policy.sensors.filter(sensor => usable(state, sensor))
      : []
  );
}

/** Whether the camera is to be opened: for the check, or to measure. */
export function wantsCamera(state: IConsentState): boolean {
  const isChecking = state.phase === 'checking' && !state.isElsewhere;
  return (isChecking || isWatching(state)) && usable(state, 'camera');
}

/** Whether this interview cannot start like this, because its policy needs a camera. */
export function needsCamera(state: IConsentState): boolean {
  if (!state.policy.camera_required || !state.policy.sensors.includes('camera')) {
    return false;
  }
  return state.phase === 'checking' ? state.camera !== 'on' : !usable(state, 'camera');
}

/** Turn a switch on the consent page. Nothing is told before it is confirmed. */
export function choose(
  state: IConsentState,
  sensor: Sensor,
  granted: boolean
): IConsentState {
  return { ...state, granted: { ...state.granted, [sensor]: granted } };
}

/** Give the answers, and go on to the camera check if there is a camera to check. */
export function confirm(state: IConsentState): IStep {
  if (state.phase !== 'asking' || needsCamera(state)) {
    return { state, events: [] };
  }
  const answers = state.policy.sensors.map((sensor): ClientEvent => {
    // No answer can be given about a camera that cannot be used: another browser asks.
    return sensor === 'camera' && !state.cameraSupported
      ? { name: 'camera', state: 'missing' }
      : { name: 'consent', sensor, granted: state.granted[sensor] };
  });
  const next: IConsentState = { ...state, phase: 'checking', camera: 'unknown' };
  if (wantsCamera(next)) {
    return { state: next, events: answers };
  }
  const started = start(next);
  return { state: started.state, events: [...answers, ...started.events] };
}

/** Back from the camera check to the answers. */
export function reconsider(state: IConsentState): IConsentState {
  return state.phase === 'checking' ? { ...state, phase: 'asking' } : state;
}

/** The camera came up, or did not. */
export function cameraSettled(
  state: IConsentState,
  camera: CameraOutcome
): IConsentState {
  return { ...state, camera };
}

/** Whether Start leads to looking at a few places first. */
export function wantsCalibration(state: IConsentState): boolean {
  return (
    state.phase === 'checking' &&
    state.policy.calibration &&
    !state.isCalibrated &&
    state.camera === 'on' &&
    usable(state, 'camera')
  );
}

/** Start watching: after the check, or again after a reload. */
export function start(state: IConsentState): IStep {
  const ready =
    (state.phase === 'checking' || state.phase === 'resuming') && !state.isElsewhere;
  if (!ready || (state.phase === 'checking' && needsCamera(state))) {
    return { state, events: [] };
  }
  return {
    state: { ...state, phase: wantsCalibration(state) ? 'calibrating' : 'watching' },
    events: [{ name: 'watch', state: 'started' }]
  };
}

/** The places were looked at, or left out: on to the notebook. */
export function calibrated(state: IConsentState): IConsentState {
  return state.phase === 'calibrating'
    ? { ...state, phase: 'watching', isCalibrated: true }
    : state;
}

/** An interviewer paused the watching, or resumed it. */
export function paused(state: IConsentState, isPaused: boolean): IConsentState {
  return { ...state, isPaused };
}

/** This page became the one that counts, or another one did. */
export function moved(state: IConsentState, isElsewhere: boolean): IConsentState {
  return { ...state, isElsewhere };
}

/** Change one answer while watching. It holds at once, and is recorded. */
export function change(state: IConsentState, sensor: Sensor, granted: boolean): IStep {
  if (state.phase !== 'watching' || state.granted[sensor] === granted) {
    return { state, events: [] };
  }
  return {
    state: choose(state, sensor, granted),
    events: [{ name: 'consent', sensor, granted }]
  };
}

/** The interview started or ended. */
export function interviewChanged(
  state: IConsentState,
  interview: InterviewState
): IStep {
  if (interview !== 'ended' || state.phase === 'ended') {
    return { state, events: [] };
  }
  return {
    state: { ...state, phase: 'ended' },
    events: isWatching(state) ? [{ name: 'watch', state: 'stopped' }] : []
  };
}

/**
 * Of the sensors that are on, those that measure: a camera that did not come up does not.
 */
export function measuringSensors(
  state: IConsentState,
  active: ReadonlySet<Sensor>
): Sensor[] {
  return state.policy.sensors.filter(
    sensor => active.has(sensor) && (sensor !== 'camera' || state.camera === 'on')
  );
}

function usable(state: IConsentState, sensor: Sensor): boolean {
  return (
    state.policy.sensors.includes(sensor) &&
    state.granted[sensor] &&
    (sensor !== 'camera' || state.cameraSupported)
  );
}
