/**
 * Looking at a few places, one after the other, so that what counts as "aside" is the
 * person's own way of sitting. Here is only the order and the pace; what the frames of
 * that time say is worked out where the record is.
 */
import { extendedOf } from './display.js';
import type { CalibrationEvent } from './generated/live.js';

export type Target = NonNullable<CalibrationEvent['target']>;

/** The centre first: all else is relative to it. */
export const TARGETS: readonly Target[] = [
  'centre',
  'top_left',
  'top_right',
  'bottom_right',
  'bottom_left',
  'keyboard',
  'notes',
  'other_screen'
];

/** Those to look at here: another screen only where the browser does not say that there is none. */
export function targetsHere(extended = extendedOf()): readonly Target[] {
  return extended === 'no' ? TARGETS.filter(one => one !== 'other_screen') : TARGETS;
}

/** Where it stands. `waiting` for the person's word, at their own pace only. */
export type CalibrationStep =
  | { phase: 'waiting' | 'looking'; target: Target; index: number; count: number }
  | { phase: 'finished' | 'skipped' };

export interface CalibrationOptions {
  onEvent(event: CalibrationEvent): void;
  onStep(step: CalibrationStep): void;
  /** Practised; no rule will use it. */
  rehearsal: boolean;
  /** By the clock, or each place when the person says so. */
  pace: 'clock' | 'person';
  targets?: readonly Target[];
  perTarget_ms?: number;
}

/** Eight places in 20 s, seven where there is no other screen. */
export const PER_TARGET_MS = 2_500;
/** Shorter looks are too few frames on a slow device. */
const SHORTEST_LOOK_MS = 1_500;

/** One run from the first place to the last. */
export class CalibrationRun {
  constructor(options: CalibrationOptions) {
    this._options = options;
    this._targets = options.targets ?? targetsHere();
  }

  get isOver(): boolean {
    return this._isOver;
  }

  begin(): void {
    this._tell({ state: 'began' });
    this._enter(0);
  }

  /** The person says go on: look now, or this place was looked at for long enough. */
  next(): void {
    if (this._isOver) {
      return;
    }
    if (this._isWaiting) {
      this._look();
    } else if (performance.now() - this._since_ms >= SHORTEST_LOOK_MS) {
      this._enter(this._index + 1);
    }
  }

  /** Go on without this place: not everybody has notes, or sees every corner. It is told. */
  leaveOut(): void {
    const target = this._targets[this._index];
    if (!this._isOver && target !== undefined) {
      this._tell({ state: 'left_out', target });
      this._enter(this._index + 1);
    }
  }

  /** End it without a result. */
  skip(): void {
    if (!this._isOver) {
      this._end('skipped');
    }
  }

  /** End it without a word: nobody listens any more. */
  cancel(): void {
    clearTimeout(this._timer);
    this._isOver = true;
  }

  private _enter(index: number): void {
    clearTimeout(this._timer);
    this._index = index;
    if (index >= this._targets.length) {
      this._end('finished');
    } else if (this._options.pace === 'person') {
      this._isWaiting = true;
      this._show('waiting');
    } else {
      this._look();
    }
  }

  private _look(): void {
    this._isWaiting = false;
    this._since_ms = performance.now();
    const target = this._targets[this._index];
    this._tell({ state: 'target', ...(target !== undefined && { target }) });
    this._show('looking');
    this._timer = setTimeout(() => {
      this._enter(this._index + 1);
    }, this._options.perTarget_ms ?? PER_TARGET_MS);
  }

  private _end(state: 'finished' | 'skipped'): void {
    clearTimeout(this._timer);
    this._isOver = true;
    this._tell({ state });
    this._options.onStep({ phase: state });
  }

  private _show(phase: 'waiting' | 'looking'): void {
    const target = this._targets[this._index];
    if (target !== undefined) {
      const count = this._targets.length;
      this._options.onStep({ phase, target, index: this._index, count });
    }
  }

  private _tell(event: Omit<CalibrationEvent, 'name' | 'rehearsal'>): void {
    const { rehearsal } = this._options;
    this._options.onEvent({
      name: 'calibration',
      ...event,
      ...(rehearsal && { rehearsal })
    });
  }

  private readonly _options: CalibrationOptions;
  private readonly _targets: readonly Target[];
  private _index = 0;
  private _isWaiting = false;
  private _isOver = false;
  private _since_ms = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
