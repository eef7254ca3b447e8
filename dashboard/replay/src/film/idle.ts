/** Stretches in which nothing is recorded, and how playing hurries through them. */

const IDLE_MS = 5000;
/** How long an idle stretch takes at normal speed, however long it was. */
const PLAYED_MS = 1000;

export interface Idle {
  readonly from_ms: number;
  readonly to_ms: number;
}

export function idleStretches(
  times_ms: ArrayLike<number>,
  duration_ms: number
): Idle[] {
  const result: Idle[] = [];
  let from_ms = 0;
  for (let at = 0; at <= times_ms.length; at += 1) {
    const to_ms = times_ms[at] ?? duration_ms;
    if (to_ms - from_ms > IDLE_MS) {
      result.push({ from_ms, to_ms });
    }
    from_ms = to_ms;
  }
  return result;
}

/** Where the film stands when it has played on for `played_ms` at normal speed. */
export function playedOn(
  at_ms: number,
  played_ms: number,
  idle: readonly Idle[],
  duration_ms: number
): number {
  let left_ms = played_ms;
  let now_ms = at_ms;
  for (let i = firstEndingAfter(idle, at_ms); i < idle.length; i += 1) {
    const { from_ms, to_ms } = idle[i] as Idle;
    const before_ms = Math.max(from_ms - now_ms, 0);
    if (left_ms <= before_ms) {
      break;
    }
    left_ms -= before_ms;
    now_ms += before_ms;
    const hurry = (to_ms - from_ms) / PLAYED_MS;
    const rest_ms = (to_ms - now_ms) / hurry;
    if (left_ms < rest_ms) {
      return now_ms + left_ms * hurry;
    }
    left_ms -= rest_ms;
    now_ms = to_ms;
  }
  return Math.min(now_ms + left_ms, duration_ms);
}

function firstEndingAfter(idle: readonly Idle[], at_ms: number): number {
  let low = 0;
  let high = idle.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((idle[middle] as Idle).to_ms <= at_ms) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
