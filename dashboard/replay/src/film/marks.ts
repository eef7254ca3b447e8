/** The marks on the bar: in lanes, in clusters where they are close, one after another. */
import type { Mark } from '../generated/film.js';

export type Kind = Mark['kind'];

/** From top to bottom; what matters most comes first. */
export const LANES: readonly {
  readonly title: string;
  readonly kinds: readonly Kind[];
}[] = [
  { title: 'Flags and warnings', kinds: ['flag', 'warning'] },
  {
    title: 'Comments, hints and what did not count',
    kinds: ['comment', 'nudge', 'episode']
  },
  { title: 'Pastes', kinds: ['paste'] },
  { title: 'Runs', kinds: ['run'] },
  { title: 'Room', kinds: ['kernel', 'check', 'gap', 'person'] }
];

export const KINDS: Readonly<
  Record<Kind, { title: string; plural: string; sign: string }>
> = {
  flag: { title: 'Flag', plural: 'flags', sign: '⚑' },
  warning: { title: 'Warning', plural: 'warnings', sign: '!' },
  comment: { title: 'Comment', plural: 'comments', sign: '”' },
  nudge: { title: 'Hint', plural: 'private hints', sign: 'i' },
  episode: { title: 'Recorded only', plural: 'recorded episodes', sign: '–' },
  paste: { title: 'Paste', plural: 'pastes', sign: 'P' },
  run: { title: 'Run', plural: 'runs', sign: '▸' },
  kernel: { title: 'Kernel', plural: 'kernel', sign: 'K' },
  check: { title: 'Check', plural: 'checks', sign: '✓' },
  gap: { title: 'Gap', plural: 'gaps', sign: '…' },
  person: { title: 'Person', plural: 'people', sign: '●' }
};

/** In the order of time. */
export function inOrder(marks: readonly Mark[]): readonly Mark[] {
  return [...marks].sort(
    (one, other) => one.at_ms - other.at_ms || one.seq - other.seq
  );
}

/** Neighbours that would be closer than `apart_ms` on the bar, together. */
export function clusters(marks: readonly Mark[], apart_ms: number): readonly Mark[][] {
  const result: Mark[][] = [];
  for (const mark of marks) {
    const last = result.at(-1);
    const first = last?.[0];
    if (last && first && mark.at_ms - first.at_ms < apart_ms) {
      last.push(mark);
    } else {
      result.push([mark]);
    }
  }
  return result;
}

/** Where the marks that have come are; -1: none has. */
export function currentMark(marks: readonly Mark[], at_ms: number): number {
  return marks.filter(mark => mark.at_ms <= at_ms).length - 1;
}

/** The mark to go to from here; what lies at this very moment is not it. */
export function neighbour(
  marks: readonly Mark[],
  at_ms: number,
  direction: 1 | -1
): Mark | undefined {
  return direction === 1
    ? marks.find(mark => mark.at_ms > at_ms)
    : marks.filter(mark => mark.at_ms < at_ms).at(-1);
}

/** How many frames came in each of equal parts of the film. */
export function density(
  times_ms: ArrayLike<number>,
  duration_ms: number,
  parts: number
): number[] {
  const result = new Array<number>(parts).fill(0);
  for (let i = 0; i < times_ms.length; i += 1) {
    const share = duration_ms > 0 ? (times_ms[i] ?? 0) / duration_ms : 0;
    const part = Math.min(Math.floor(share * parts), parts - 1);
    result[part] = (result[part] ?? 0) + 1;
  }
  return result;
}
