/** A cell's source as lines of pieces: colours, origins and carets together. */
import type { Caret, Cell } from '../film/moment.js';
import { lineOrigins, sameOrigin, type LineOrigin } from '../film/provenance.js';
import type { Origin } from '../generated/film.js';
import type { Token } from './paint.js';

export interface CaretMark extends Caret {
  /** How fresh it is: 4 is just now, 1 is about to fade. */
  readonly strength: number;
}

export interface Piece {
  readonly text: string;
  readonly classes: string;
}

export interface Line {
  readonly pieces: readonly (Piece | CaretMark)[];
  readonly origin: LineOrigin | null;
  /** The line before comes from elsewhere. */
  readonly begins: boolean;
  /** Two lines with the same key look the same. */
  readonly key: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly classes: string;
}

export function linesOf(
  cell: Cell,
  tokens: readonly Token[],
  carets: readonly CaretMark[]
): Line[] {
  const origins = lineOrigins(cell.source, cell.stretches);
  const stretches = loudStretches(cell);
  const inOrder = [...carets].sort((one, other) => one.index - other.index);
  const token = new Walk(tokens);
  const stretch = new Walk(stretches);
  let from = 0;
  return cell.source.split('\n').map((text, number) => {
    const to = from + text.length;
    const here = inOrder.filter(({ index }) => index >= from && index <= to);
    const origin = origins[number] ?? null;
    const loud = stretch.within(from, to);
    const pieces = cut(
      text,
      from,
      token.within(from, to),
      origin?.mixed ? loud : [],
      here
    );
    const before = origins[number - 1] ?? null;
    const begins = origin !== null && (before === null || !sameOrigin(before, origin));
    from = to + 1;
    return { pieces, origin, begins, key: keyOf(pieces, origin, begins) };
  });
}

/** Ranges in order, asked for by lines in order. */
class Walk {
  constructor(private readonly _ranges: readonly Range[]) {}

  within(from: number, to: number): Range[] {
    const result: Range[] = [];
    while ((this._ranges[this._at]?.to ?? Infinity) <= from) {
      this._at += 1;
    }
    for (let at = this._at; (this._ranges[at]?.from ?? Infinity) < to; at += 1) {
      result.push(this._ranges[at] as Range);
    }
    return result;
  }

  private _at = 0;
}

const QUIET: ReadonlySet<Origin> = new Set(['typed', 'template']);

function loudStretches(cell: Cell): Range[] {
  const result: Range[] = [];
  let from = 0;
  for (const { length, origin } of cell.stretches) {
    if (!QUIET.has(origin)) {
      result.push({ from, to: from + length, classes: `nbr-from nbr-from-${origin}` });
    }
    from += length;
  }
  return result;
}

function cut(
  text: string,
  start: number,
  tokens: readonly Range[],
  loud: readonly Range[],
  carets: readonly CaretMark[]
): (Piece | CaretMark)[] {
  const end = start + text.length;
  const cuts = new Set([start, end]);
  for (const { from, to } of [...tokens, ...loud]) {
    cuts.add(Math.max(from, start)).add(Math.min(to, end));
  }
  carets.forEach(({ index }) => cuts.add(index));
  const points = [...cuts].sort((one, other) => one - other);
  const result: (Piece | CaretMark)[] = [];
  points.forEach((from, i) => {
    result.push(...carets.filter(({ index }) => index === from));
    const to = points[i + 1] ?? end;
    if (to > from) {
      const covering = [...tokens, ...loud].filter(
        each => each.from <= from && each.to >= to
      );
      const classes = covering.map(each => each.classes).join(' ');
      result.push({ text: text.slice(from - start, to - start), classes });
    }
  });
  return result;
}

function keyOf(
  pieces: readonly (Piece | CaretMark)[],
  origin: LineOrigin | null,
  begins: boolean
): string {
  const parts = pieces.map(piece =>
    'text' in piece
      ? `${piece.classes}\t${piece.text}`
      : `\r${piece.author} ${piece.strength}`
  );
  const from = origin && [origin.origin, origin.moved, origin.seq, origin.last_seq];
  return [...parts, from?.join() ?? '', origin?.mixed, begins].join('\n');
}
