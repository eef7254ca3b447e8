/** A film made ready to be opened at any moment: a kept moment every so many frames. */
import type { Film } from '../generated/film.js';
import { advance, BEFORE, type Moment } from './moment.js';

const FRAMES_BETWEEN_SNAPSHOTS = 64;

export class Timeline {
  constructor(
    readonly film: Film,
    /** When each frame comes; never earlier than the one before. */
    readonly times_ms: Float64Array,
    private readonly _snapshots: readonly Moment[]
  ) {
    this.duration_ms = Math.max(film.duration_ms, times_ms.at(-1) ?? 0);
    this._last = { frames: 0, moment: BEFORE };
  }

  readonly duration_ms: number;

  /** How many frames have come at that time. */
  framesAt(at_ms: number): number {
    let low = 0;
    let high = this.times_ms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times_ms[middle] ?? 0) <= at_ms) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  momentAt(at_ms: number): Moment {
    return this.momentAfter(this.framesAt(at_ms));
  }

  /** The moment after so many frames, from the nearest one that is known. */
  momentAfter(frames: number): Moment {
    let { frames: done, moment } = this._last;
    // Going on from where one was, while it is near, keeps every cell that is not touched.
    if (done > frames || done < frames - FRAMES_BETWEEN_SNAPSHOTS) {
      const snapshot = Math.floor(frames / FRAMES_BETWEEN_SNAPSHOTS);
      done = snapshot * FRAMES_BETWEEN_SNAPSHOTS;
      moment = this._snapshots[snapshot] ?? BEFORE;
    }
    for (; done < frames; done += 1) {
      moment = next(this.film, this.times_ms, done, moment);
    }
    this._last = { frames, moment };
    return moment;
  }

  /** The last record that the moment after so many frames contains. */
  seqAfter(frames: number): number {
    return this.film.frames[frames - 1]?.seq ?? 0;
  }

  private _last: { frames: number; moment: Moment };
}

/** The share that is done, from 0 to 1, at every snapshot; then the timeline. */
export function* compiling(film: Film): Generator<number, Timeline> {
  const times_ms = new Float64Array(film.frames.length);
  const snapshots: Moment[] = [BEFORE];
  let moment = BEFORE;
  let latest_ms = 0;
  for (const [done, { at_ms }] of film.frames.entries()) {
    // The order of the records holds, even where a clock was set back.
    latest_ms = Math.max(latest_ms, at_ms);
    times_ms[done] = latest_ms;
    moment = next(film, times_ms, done, moment);
    if ((done + 1) % FRAMES_BETWEEN_SNAPSHOTS === 0) {
      snapshots.push(moment);
      yield (done + 1) / film.frames.length;
    }
  }
  return new Timeline(film, times_ms, snapshots);
}

export function compile(film: Film): Timeline {
  const work = compiling(film);
  for (;;) {
    const step = work.next();
    if (step.done) {
      return step.value;
    }
  }
}

/** Compile, and let the page breathe; null when it was stopped. */
export async function compileInSlices(
  film: Film,
  how: {
    slice_ms: number;
    now: () => number;
    rest: () => Promise<void>;
    tell: (share: number) => void;
    stopped: () => boolean;
  }
): Promise<Timeline | null> {
  const work = compiling(film);
  for (let began = how.now(); !how.stopped();) {
    const step = work.next();
    if (step.done) {
      return step.value;
    }
    if (how.now() - began > how.slice_ms) {
      how.tell(step.value);
      await how.rest();
      began = how.now();
    }
  }
  return null;
}

function next(
  film: Film,
  times_ms: Float64Array,
  done: number,
  moment: Moment
): Moment {
  const frame = film.frames[done];
  return frame === undefined ? moment : advance(moment, frame, times_ms[done] ?? 0);
}
