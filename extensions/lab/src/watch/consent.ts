/**
 * From the first question to watching, as one state machine without effects.
 *
 *     asking ──▶ checking ──▶ watching ──▶ ended
 *        │  (camera chosen)      ▲
 *        └───────────────────────┤
 *     resuming (after a reload) ─┘
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
  'unwatched' | 'asking' | 'checking' | 'resuming' | 'watching' | 'ended';

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
}

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
  welcome: Pick<Welcome, 'policy' | 'consent' | 'state'>,
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
    cameraSupported: circumstances.cameraSupported
  };
}

function firstPhase(
  { policy, consent, state }: Pick<Welcome, 'policy' | 'consent' | 'state'>,
  { startedBefore, cameraSupported }: ICircumstances
): Phase {
  if (state === 'ended') {
    return 'ended';
  }
  if (policy.sensors.length === 0) {
    return 'unwatched';
  }
  const answered = policy.sensors.every(
    sensor => sensor in consent || (sensor === 'camera' && !cameraSupported)
  );
  return answered && startedBefore ? 'resuming' : 'asking';
}

/** The sensors that may measure now. */
export function activeSensors(state: IConsentState): Set<Sensor> {
  return new Set(
    state.phase === 'watching'
      ? state.policy.sensors.filter(sensor => usable(state, sensor))
      : []
  );
}

/** Whether the camera is to be opened: for the check, or to measure. */
export function wantsCamera(state: IConsentState): boolean {
  return (
    (state.phase === 'checking' || state.phase === 'watching') &&
    usable(state, 'camera')
  );
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

/** Start watching: after the check, or again after a reload. */
export function start(state: IConsentState): IStep {
  const ready = state.phase === 'checking' || state.phase === 'resuming';
  if (!ready || (state.phase === 'checking' && needsCamera(state))) {
    return { state, events: [] };
  }
  return {
    state: { ...state, phase: 'watching' },
    events: [{ name: 'watch', state: 'started' }]
  };
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
    events: state.phase === 'watching' ? [{ name: 'watch', state: 'stopped' }] : []
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
