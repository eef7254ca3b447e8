/** Where each line of a cell comes from, and how to say it. */
import type { Origin } from '../generated/film.js';
import type { Stretch } from './stretches.js';

/** What a reader should see first, where a line has several. */
const LOUDEST_FIRST: readonly Origin[] = [
  'pasted',
  'unexplained',
  'interviewer',
  'template',
  'typed'
];

export const ORIGINS: Readonly<
  Record<Origin, { title: string; sentence: string; sign: string }>
> = {
  typed: { title: 'typed by the candidate', sentence: 'typed', sign: '' },
  pasted: {
    title: 'pasted from outside',
    sentence: 'pasted from outside',
    sign: 'P'
  },
  unexplained: {
    title: 'came at once, no paste seen',
    sentence: 'came at once, longer than anybody types, and no paste was seen',
    sign: '?'
  },
  interviewer: {
    title: 'written by an interviewer',
    sentence: 'written by an interviewer',
    sign: 'I'
  },
  template: {
    title: 'there from the start',
    sentence: 'there from the start',
    sign: 'T'
  }
};

export interface LineOrigin {
  readonly origin: Origin;
  readonly moved: number;
  readonly seq: number;
  readonly last_seq: number;
  /** The line has something of another origin, too. */
  readonly mixed: boolean;
}

/** Lines that follow each other and come from the same. Lines count from 1. */
export interface OriginRun extends LineOrigin {
  readonly first: number;
  readonly last: number;
}

/** One for each line; null where there is no text to speak of. */
export function lineOrigins(
  source: string,
  stretches: readonly Stretch[]
): (LineOrigin | null)[] {
  const lines = source.split('\n');
  const result: (LineOrigin | null)[] = [];
  let line_from = 0;
  let at = 0;
  let from = 0;
  for (const line of lines) {
    // An empty line is as its own end is.
    const line_to = line_from + Math.max(line.length, 1);
    const parts: Stretch[] = [];
    let stretch = stretches[at];
    while (stretch !== undefined && from < line_to) {
      const to = from + stretch.length;
      const text = source.slice(Math.max(from, line_from), Math.min(to, line_to));
      if (to > line_from && (text.trim() !== '' || line.trim() === '')) {
        parts.push(stretch);
      }
      if (to > line_to) {
        break;
      }
      from = to;
      at += 1;
      stretch = stretches[at];
    }
    result.push(loudest(parts));
    line_from += line.length + 1;
  }
  return result;
}

function loudest(parts: readonly Stretch[]): LineOrigin | null {
  const rank = (part: Stretch): number => LOUDEST_FIRST.indexOf(part.origin);
  const [first] = [...parts].sort((one, other) => rank(one) - rank(other));
  if (first === undefined) {
    return null;
  }
  const same = parts.filter(part => part.origin === first.origin);
  return {
    origin: first.origin,
    moved: Math.max(...same.map(part => part.moved)),
    seq: Math.min(...same.map(part => part.seq)),
    last_seq: Math.max(...same.map(part => part.last_seq)),
    mixed: same.length < parts.length
  };
}

/** The lines that are worth saying something about: all that is not simply typed. */
export function originRuns(lines: readonly (LineOrigin | null)[]): OriginRun[] {
  const result: OriginRun[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === null || isQuiet(line)) {
      continue;
    }
    const last = result.at(-1);
    if (last?.last === index && sameOrigin(last, line)) {
      result[result.length - 1] = joined(last, line);
    } else {
      result.push({ ...line, first: index + 1, last: index + 1 });
    }
  }
  return result;
}

export function isQuiet(line: LineOrigin): boolean {
  return line.origin === 'typed' && line.moved === 0;
}

function joined(run: OriginRun, line: LineOrigin): OriginRun {
  return {
    ...run,
    last: run.last + 1,
    seq: Math.min(run.seq, line.seq),
    last_seq: Math.max(run.last_seq, line.last_seq)
  };
}

/** What an interviewer wrote by hand comes from many records, and is one thing all the same. */
export function sameOrigin(one: LineOrigin, other: LineOrigin): boolean {
  const byHand = one.origin === 'typed' || one.origin === 'interviewer';
  return (
    one.origin === other.origin &&
    one.moved === other.moved &&
    one.mixed === other.mixed &&
    (byHand || (one.seq === other.seq && one.last_seq === other.last_seq))
  );
}

/** "Lines 3–7 pasted from outside, record 412; moved by record 500" */
export function inWords(run: OriginRun): string {
  const { first, last, seq, last_seq } = run;
  const lines = first === last ? `Line ${first}` : `Lines ${first}–${last}`;
  const some = run.mixed ? ' in part' : '';
  const sentence = `${lines}${some} ${ORIGINS[run.origin].sentence}`;
  const records = seq === last_seq ? `record ${seq}` : `records ${seq}–${last_seq}`;
  const from = seq > 0 ? `, ${records}` : '';
  return sentence + from + (run.moved ? `; moved by record ${run.moved}` : '');
}
