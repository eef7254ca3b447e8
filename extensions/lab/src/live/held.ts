/** Frames that are not a message yet. */

import type { Frame, Observations } from '../wire';

/** Without a connection, frames are kept together for so long, and no more than these. */
const HOLD_MS = 1_000;
const HELD_FRAMES = 20;

/** What a message says of the frames that it brings. */
export type Measured = Pick<Observations, 'frames' | 'frames_dropped' | 'rate_hz'>;

/** What was measured since the last message. */
export class Held {
  /** @param _monotonicMs - performance.now() of this page. */
  constructor(private readonly _monotonicMs: () => number) {}

  /** Whether it is enough for a message: one a second, while nobody hears it. */
  get isFull(): boolean {
    return (
      this._measured !== null &&
      (this._measured.frames.length >= HELD_FRAMES ||
        this._monotonicMs() - this._sinceMs >= HOLD_MS)
    );
  }

  /** Hold more. */
  add(frames: Frame[], framesDropped: number, rateHz: number | undefined): void {
    const held = this._measured;
    if (held === null) {
      this._sinceMs = this._monotonicMs();
    }
    const rate = rateHz ?? held?.rate_hz;
    this._measured = {
      frames: [...(held?.frames ?? []), ...frames],
      frames_dropped: (held?.frames_dropped ?? 0) + framesDropped,
      ...(rate !== undefined && { rate_hz: rate })
    };
  }

  /** All of it, which is held no more; null when there is nothing. */
  take(): Measured | null {
    const held = this._measured;
    this._measured = null;
    return held;
  }

  private _measured: Measured | null = null;
  private _sinceMs = 0;
}
