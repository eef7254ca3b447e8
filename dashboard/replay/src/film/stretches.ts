/**
 * Where every character of a text comes from, as stretches of one origin.
 *
 * A film has a span for every key that was pressed. What somebody typed in one go is one
 * stretch here, with the first and the last of its records; anything else keeps its own.
 */
import type { Origin, Span } from '../generated/film.js';

export interface Stretch {
  readonly length: number;
  readonly origin: Origin;
  /** The records that brought the text, from the first to the last. */
  readonly seq: number;
  readonly last_seq: number;
  /** The record that moved it last; 0: nothing did. */
  readonly moved: number;
}

export function stretchesOf(spans: readonly Span[]): readonly Stretch[] {
  const result: Stretch[] = [];
  for (const { length, origin, seq, moved } of spans) {
    push(result, { length, origin, seq, last_seq: seq, moved: moved ?? 0 });
  }
  return result;
}

/** At `index`, `removed` characters go and `added` come. */
export function splice(
  stretches: readonly Stretch[],
  index: number,
  removed: number,
  added: readonly Stretch[]
): readonly Stretch[] {
  const result: Stretch[] = [];
  const end = index + removed;
  let from = 0;
  let waiting = true;
  for (const stretch of stretches) {
    const to = from + stretch.length;
    if (from < index) {
      push(result, cut(stretch, Math.min(to, index) - from));
    }
    if (waiting && to >= index) {
      added.forEach(each => {
        push(result, each);
      });
      waiting = false;
    }
    if (to > end) {
      push(result, cut(stretch, to - Math.max(from, end)));
    }
    from = to;
  }
  if (waiting) {
    added.forEach(each => {
      push(result, each);
    });
  }
  return result;
}

function cut(stretch: Stretch, length: number): Stretch {
  return length === stretch.length ? stretch : { ...stretch, length };
}

function push(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1);
  if (next.length === 0) {
    return;
  }
  if (last === undefined || !belongTogether(last, next)) {
    stretches.push(next);
    return;
  }
  stretches[stretches.length - 1] = {
    ...last,
    length: last.length + next.length,
    seq: Math.min(last.seq, next.seq),
    last_seq: Math.max(last.last_seq, next.last_seq)
  };
}

function belongTogether(one: Stretch, other: Stretch): boolean {
  const byHand = one.origin === 'typed' || one.origin === 'interviewer';
  return (
    one.origin === other.origin &&
    one.moved === other.moved &&
    (byHand || one.seq === other.seq)
  );
}
