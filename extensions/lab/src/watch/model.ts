/** The candidate's side of watching: answers in, sensors on and off, facts out. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IWatch } from '../tokens';
import type { ClientEvent, InterviewState, Sensor, SensorState } from '../wire';
import type { CameraOutcome, IConsentState, IStep } from './consent';
import * as consent from './consent';

/** The camera's measurement, as far as it is ruled from here. */
export interface ICameraWatcher {
  open(): Promise<unknown>;
  close(): void;
  /** Report, and prove it by beats, from now on. */
  start(): void;
  stop(): void;
}

export interface IWatchModelOptions {
  /** Tell the room a fact. */
  report: (event: ClientEvent) => void;
  watcher: ICameraWatcher;
  /** Remember in this browser that Start was pressed, for a reload. */
  rememberStart: () => void;
  sensors: readonly SensorState[];
}

/** Rules the sensors by the candidate's answers. */
export class WatchModel implements IWatch {
  constructor(state: IConsentState, options: IWatchModelOptions) {
    this._state = state;
    this._options = options;
    this._sensors = new Map(options.sensors.map(each => [each.sensor, each]));
  }

  get state(): IConsentState {
    return this._state;
  }

  get isWatching(): boolean {
    return consent.isWatching(this._state);
  }

  get active(): ReadonlySet<Sensor> {
    return this._active;
  }

  /** Anything that a view shows changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** What the room says about a sensor, if it said anything. */
  sensor(sensor: Sensor): SensorState | undefined {
    return this._sensors.get(sensor);
  }

  choose(sensor: Sensor, granted: boolean): void {
    this._enter(consent.choose(this._state, sensor, granted));
  }

  confirm(): void {
    this._apply(consent.confirm(this._state));
  }

  reconsider(): void {
    this._enter(consent.reconsider(this._state));
  }

  start(): void {
    this._apply(consent.start(this._state));
  }

  /** The places were looked at, or left out. */
  calibrated(): void {
    this._enter(consent.calibrated(this._state));
  }

  /** An interviewer paused or resumed the watching. */
  pausedChanged(isPaused: boolean): void {
    this._enter(consent.paused(this._state, isPaused));
  }

  /**
   * This page became the one that counts, or another one did. Then nothing runs here, and
   * nothing is told of it: the room knows.
   */
  leaseChanged(isActive: boolean): void {
    this._enter(consent.moved(this._state, !isActive));
  }

  /** Change one answer while watching. */
  change(sensor: Sensor, granted: boolean): void {
    this._apply(consent.change(this._state, sensor, granted));
  }

  /** Ask for the camera again, after it was refused or missing. */
  retryCamera(): void {
    if (consent.wantsCamera(this._state)) {
      this._openCamera();
    }
  }

  /** The camera said what became of it. */
  cameraChanged(camera: CameraOutcome): void {
    this._enter(consent.cameraSettled(this._state, camera));
  }

  sensorChanged(sensor: SensorState): void {
    this._sensors.set(sensor.sensor, sensor);
    this._changed.emit();
  }

  interviewChanged(interview: InterviewState): void {
    this._apply(consent.interviewChanged(this._state, interview));
  }

  private _apply(step: IStep): void {
    // First the room is told, then the sensor moves: a consent precedes its camera.
    for (const event of step.events) {
      this._options.report(event);
    }
    this._enter(step.state);
  }

  private _enter(state: IConsentState): void {
    const before = this._state;
    this._state = state;
    this._moveCamera(before, state);
    const active = consent.activeSensors(state);
    const isSame =
      consent.isWatching(before) === consent.isWatching(state) &&
      active.size === this._active.size &&
      [...active].every(each => this._active.has(each));
    this._active = active;
    if (!isSame) {
      this._activeChanged.emit();
    }
    this._changed.emit();
  }

  private _moveCamera(before: IConsentState, after: IConsentState): void {
    const { watcher } = this._options;
    const was = consent.isWatching(before);
    const is = consent.isWatching(after);
    if (is && !was) {
      this._options.rememberStart();
      watcher.start();
    }
    if (was && !is) {
      watcher.stop();
    } else if (consent.wantsCamera(after) && !consent.wantsCamera(before)) {
      this._openCamera();
    } else if (!consent.wantsCamera(after) && consent.wantsCamera(before)) {
      watcher.close();
    }
  }

  private _openCamera(): void {
    // What went wrong comes as a camera event, which cameraChanged() takes in.
    this._options.watcher.open().catch(() => undefined);
  }

  private readonly _options: IWatchModelOptions;
  private readonly _sensors: Map<Sensor, SensorState>;
  private _state: IConsentState;
  private _active: ReadonlySet<Sensor> = new Set();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _activeChanged = new Signal<this, void>(this);
}
