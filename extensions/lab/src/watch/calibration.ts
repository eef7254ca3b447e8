/** Looking at a few places before the start: where it stands, and what to show. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { CalibrationStep } from '@nbinterview/proctor';
import { CalibrationRun } from '@nbinterview/proctor';

import type { Calibration, ClientEvent } from '../wire';

/** The room answers within a second or two; somebody who waits longer waits for nothing. */
const ANSWER_MS = 5_000;

export type Pace = 'clock' | 'person';

/** What the page shows. */
export type CalibrationView =
  | { readonly at: 'intro' }
  | {
      readonly at: 'place';
      readonly step: Extract<CalibrationStep, { target: unknown }>;
      readonly pace: Pace;
    }
  | { readonly at: 'judging' }
  /** How good it is; null when the room did not say. */
  | {
      readonly at: 'judged';
      readonly calibration: Calibration | null;
      readonly mayRepeat: boolean;
    };

export interface ICalibrationOptions {
  report: (event: ClientEvent) => void;
  /** Whether it is practice; asked when it begins. */
  isRehearsal: () => boolean;
  /** On to the notebook. */
  done: () => void;
}

/** One candidate's calibration, with one more try. */
export class CalibrationModel {
  constructor(private readonly _options: ICalibrationOptions) {}

  get view(): CalibrationView {
    return this._view;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isRehearsal(): boolean {
    return this._options.isRehearsal();
  }

  begin(pace: Pace): void {
    this._tries += 1;
    this._run = new CalibrationRun({
      pace,
      rehearsal: this.isRehearsal,
      onEvent: this._options.report,
      onStep: step => {
        if ('target' in step) {
          this._show({ at: 'place', step, pace });
        } else if (step.phase === 'finished') {
          this._judge();
        } else {
          this._options.done();
        }
      }
    });
    this._run.begin();
  }

  next(): void {
    this._run?.next();
  }

  leaveOut(): void {
    this._run?.leaveOut();
  }

  /** Go on without it; before, while or after the places are looked at. */
  skip(): void {
    if (this._run !== null && !this._run.isOver) {
      this._run.skip();
      return;
    }
    if (this._view.at === 'intro') {
      this._options.report({
        name: 'calibration',
        state: 'skipped',
        ...(this.isRehearsal && { rehearsal: true })
      });
    }
    this._options.done();
  }

  /** The room says how good it is. */
  told(calibration: Calibration): void {
    if (this._view.at === 'judging') {
      this._judged(calibration);
    }
  }

  /** Nobody needs it any more: the interview ended. */
  cancel(): void {
    this._run?.cancel();
    clearTimeout(this._timer);
  }

  private _judge(): void {
    this._show({ at: 'judging' });
    this._timer = setTimeout(() => {
      this._judged(null);
    }, ANSWER_MS);
  }

  private _judged(calibration: Calibration | null): void {
    clearTimeout(this._timer);
    this._show({ at: 'judged', calibration, mayRepeat: this._tries < 2 });
  }

  private _show(view: CalibrationView): void {
    this._view = view;
    this._changed.emit();
  }

  private _view: CalibrationView = { at: 'intro' };
  private _run: CalibrationRun | null = null;
  private _tries = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private readonly _changed = new Signal<this, void>(this);
}
