/** Time going on: where the film stands while it plays. */
import { playedOn, type Idle } from './film/idle.js';
import type { Speed } from './interface.js';

/** The page's clock, so that tests can have their own. */
export interface Beat {
  now: () => number;
  request: (callback: () => void) => number;
  cancel: (request: number) => void;
}

export const PAGE_BEAT: Beat = {
  now: () => performance.now(),
  request: callback =>
    requestAnimationFrame(() => {
      callback();
    }),
  cancel: request => {
    cancelAnimationFrame(request);
  }
};

/** A page that was hidden does not make up for all the time it slept. */
const LONGEST_STEP_MS = 250;

export class Playhead {
  constructor(
    private readonly _beat: Beat,
    private readonly _onMoved: (at_ms: number, ended: boolean) => void
  ) {}

  at_ms = 0;
  speed: Speed = 1;
  skip_idle = true;
  duration_ms = 0;
  idle: readonly Idle[] = [];

  get playing(): boolean {
    return this._request !== null;
  }

  play(): void {
    if (!this.playing) {
      this._then_ms = this._beat.now();
      this._request = this._beat.request(this._step);
    }
  }

  pause(): void {
    if (this._request !== null) {
      this._beat.cancel(this._request);
      this._request = null;
    }
  }

  private readonly _step = (): void => {
    const now_ms = this._beat.now();
    const played_ms = Math.min(now_ms - this._then_ms, LONGEST_STEP_MS) * this.speed;
    const idle = this.skip_idle ? this.idle : [];
    this._then_ms = now_ms;
    this.at_ms = playedOn(this.at_ms, played_ms, idle, this.duration_ms);
    const ended = this.at_ms >= this.duration_ms;
    this._request = ended ? null : this._beat.request(this._step);
    this._onMoved(this.at_ms, ended);
  };

  private _request: number | null = null;
  private _then_ms = 0;
}
