/**
 * How often to measure: less while nothing changes, which is most of an interview, and
 * less on a slow device, which then does not stutter. Pure.
 */

/** The rates in use, fastest first. */
export const RATES_HZ = [10, 7, 5, 3, 2] as const;
/** While one face stays, so often is enough. */
export const STEADY_HZ = 4;
/** After a face came or went it is looked at closely for so long. */
const ATTENTION_MS = 2000;
/** Most of one core's time that measuring may take. */
const MOST_SHARE = 0.35;
/** Most of a period that an answer may take, else pictures would queue. */
const MOST_TURNAROUND = 0.8;
/** Of the newest measurement in the running mean. */
const NEW_SHARE = 0.2;
/** Fewer measurements say nothing; the first ones are slow everywhere. */
const ENOUGH = 5;
/** Before it goes faster there must be so much room to spare, for so long. */
const ROOM = 1.25;
const PATIENCE_MS = 5000;

/** Slows down at once and speeds up with patience, one step of the rates at a time. */
export class Pace {
  constructor(private readonly _max_hz: number = RATES_HZ[0]) {
    this._rates_hz = [_max_hz, ...RATES_HZ.filter(rate => rate < _max_hz)];
  }

  /** Pictures a second to take now. */
  get rate_hz(): number {
    const most_hz = this._attentive ? this._max_hz : STEADY_HZ;
    return Math.min(this._afforded_hz, most_hz);
  }

  /** So many faces were found. Where there is not one, it may soon be a finding. */
  saw(faces: number, at_ms: number): void {
    if (faces !== this._faces) {
      this._changed_ms = at_ms;
      this._faces = faces;
    }
    this._attentive = faces !== 1 || at_ms - this._changed_ms < ATTENTION_MS;
  }

  /**
   * One picture was measured.
   * @param busy_ms time the worker spent on it.
   * @param turnaround_ms from handing it over to its answer, waiting included.
   */
  measured(busy_ms: number, turnaround_ms: number, at_ms: number): void {
    const needed_ms = Math.max(busy_ms / MOST_SHARE, turnaround_ms / MOST_TURNAROUND);
    this._count++;
    const share = Math.max(NEW_SHARE, 1 / this._count);
    this._needed_ms += share * (needed_ms - this._needed_ms);
    if (this._count < ENOUGH) {
      return;
    }
    if (this._affords(this._afforded_hz)) {
      this._maybeFaster(at_ms);
    } else {
      this._roomSince_ms = null;
      const slower = this._rates_hz.findIndex(rate => this._affords(rate));
      this._step = slower === -1 ? this._rates_hz.length - 1 : slower;
    }
  }

  private _maybeFaster(at_ms: number): void {
    const faster = this._rates_hz[this._step - 1];
    if (faster === undefined || !this._affords(ROOM * faster)) {
      this._roomSince_ms = null;
      return;
    }
    this._roomSince_ms ??= at_ms;
    if (at_ms - this._roomSince_ms >= PATIENCE_MS) {
      this._step--;
      this._roomSince_ms = null;
    }
  }

  private get _afforded_hz(): number {
    return this._rates_hz[this._step] ?? this._max_hz;
  }

  private _affords(rate_hz: number): boolean {
    return this._needed_ms * rate_hz <= 1000;
  }

  private readonly _rates_hz: readonly number[];
  private _step = 0;
  private _attentive = true;
  private _faces = 0;
  private _changed_ms = -Infinity;
  private _count = 0;
  private _needed_ms = 0;
  private _roomSince_ms: number | null = null;
}
