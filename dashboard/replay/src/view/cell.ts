/** One cell on the page. It is told what the cell is now, and touches what differs. */
import { duration } from '../film/time.js';
import type { Cell } from '../film/moment.js';
import {
  inWords,
  isQuiet,
  ORIGINS,
  originRuns,
  type OriginRun
} from '../film/provenance.js';
import type { Film, FilmPerson } from '../generated/film.js';
import { make, setAttribute, setColor, setText } from './dom.js';
import { linesOf, type CaretMark, type Line } from './lines.js';
import { loadPictures, outputView } from './outputs.js';
import { paint } from './paint.js';

/** What a cell looks like beside what it is. */
export interface Around {
  readonly index: number;
  readonly at_ms: number;
  readonly carets: readonly CaretMark[];
  /** Who did something here just now. */
  readonly active: string | null;
}

const LINE_PX = 20;

export class CellView {
  constructor(
    private readonly _film: Film,
    cell: Cell
  ) {
    this.element.dataset['type'] = cell.type;
    this.element.append(
      make('div', 'nbr-gutter', {}, this._prompt, this._took),
      make('div', 'nbr-inside', {}, this._source, this._origins, this._outputs)
    );
    if (cell.locked) {
      this._source.before(
        make('p', 'nbr-lock', {}, 'The candidate could not change this cell')
      );
    }
  }

  readonly element = make('div', 'nbr-cell', { role: 'group' });

  /** Far from what is seen, the source is bare text: a whole notebook appears at once. */
  get near(): boolean {
    return this._near;
  }

  set near(near: boolean) {
    if (near && !this._near) {
      this._near = true;
      this._drawSource();
      loadPictures(this._outputs);
    }
  }

  update(cell: Cell, around: Around): void {
    const before = this._cell;
    const moved = around.index !== this._around?.index;
    const carets = caretKey(around.carets);
    if (
      cell === before &&
      !moved &&
      carets === this._caretKey &&
      cell.running.length === 0
    ) {
      this._setActive(around.active);
      return;
    }
    this._cell = cell;
    this._around = around;
    if (
      before?.source !== cell.source ||
      before.stretches !== cell.stretches ||
      carets !== this._caretKey
    ) {
      this._caretKey = carets;
      this._drawSource();
    }
    if (before?.outputs !== cell.outputs) {
      this._drawOutputs(cell);
    }
    this._drawGutter(cell, around);
    this._setActive(around.active);
    setAttribute(this.element, 'aria-label', label(cell, around.index));
    this._guessSize(cell);
  }

  private _drawSource(): void {
    const cell = this._cell;
    if (cell === null) {
      return;
    }
    if (!this._near) {
      setText(this._source, cell.source);
      return;
    }
    if (this._keys === null) {
      this._source.replaceChildren();
    }
    const tokens = paint(cell.type, cell.source);
    const lines = linesOf(cell, tokens, this._around?.carets ?? []);
    this._replaceLines(lines);
    this._sayOrigins(originRuns(lines.map(line => line.origin)));
  }

  /** Leave the lines at both ends that look as before; make the ones between anew. */
  private _replaceLines(lines: readonly Line[]): void {
    const before = this._keys ?? [];
    const keys = lines.map(line => line.key);
    const most = Math.min(before.length, keys.length);
    let head = 0;
    while (head < most && before[head] === keys[head]) {
      head += 1;
    }
    let tail = 0;
    while (tail < most - head && before.at(-1 - tail) === keys.at(-1 - tail)) {
      tail += 1;
    }
    const old = [...this._source.children].slice(head, before.length - tail);
    const next = this._source.children[before.length - tail] ?? null;
    old.forEach(line => {
      line.remove();
    });
    for (const line of lines.slice(head, lines.length - tail)) {
      this._source.insertBefore(lineView(line, this._film.people), next);
    }
    this._keys = keys;
  }

  private _sayOrigins(runs: readonly OriginRun[]): void {
    const sentences = runs.map(inWords);
    const loud = '.nbr-origin[data-begins]:not([data-quiet])';
    for (const [i, head] of this._source.querySelectorAll(loud).entries()) {
      setAttribute(head, 'title', sentences[i] ?? '');
    }
    const key = sentences.join('\n');
    if (key !== this._originKey) {
      this._originKey = key;
      this._origins.replaceChildren(...sentences.map(each => make('li', '', {}, each)));
      this._origins.hidden = sentences.length === 0;
    }
  }

  private _drawOutputs(cell: Cell): void {
    const shown = this._shown;
    let same = 0;
    while (same < shown.length && shown[same] === cell.outputs[same]) {
      same += 1;
    }
    [...this._outputs.children].slice(same).forEach(output => {
      output.remove();
    });
    for (const [i, output] of cell.outputs.entries()) {
      if (i >= same) {
        const name = `Picture, output ${i + 1}`;
        this._outputs.append(outputView(output, this._film.images, name));
      }
    }
    if (this._near) {
      loadPictures(this._outputs);
    }
    this._shown = cell.outputs;
    this._outputs.hidden = cell.outputs.length === 0;
  }

  private _drawGutter(cell: Cell, { at_ms }: Around): void {
    const [run] = cell.running;
    if (cell.type === 'code') {
      setText(this._prompt, `[${run ? '*' : (cell.count ?? ' ')}]`);
    }
    setAttribute(
      this.element,
      'data-state',
      run ? 'running' : (cell.ended?.status ?? false)
    );
    if (run) {
      setText(this._took, duration(Math.max(at_ms - run.at_ms, 0)));
    } else {
      setText(
        this._took,
        cell.ended ? ENDED[cell.ended.status](cell.ended.duration_ms) : ''
      );
    }
  }

  private _setActive(author: string | null): void {
    if (author !== this._active) {
      this._active = author;
      setAttribute(this.element, 'data-active', author !== null);
      setColor(
        this.element,
        author === null ? undefined : personOf(this._film, author)?.color
      );
    }
  }

  /** How high the cell is about, for as long as the browser has not drawn it. */
  private _guessSize(cell: Cell): void {
    const lines = cell.source.split('\n').length;
    const outputs = cell.outputs.reduce(
      (sum, each) =>
        sum + (each.kind === 'image' ? 18 : Math.min(each.text.split('\n').length, 24)),
      0
    );
    const size = `auto ${(lines + outputs) * LINE_PX + 40}px`;
    this.element.style.setProperty('contain-intrinsic-block-size', size);
  }

  private _cell: Cell | null = null;
  private _around: Around | null = null;
  private _near = false;
  private _active: string | null = null;
  private _caretKey = '';
  private _originKey = '';
  private _keys: string[] | null = null;
  private _shown: Cell['outputs'] = [];
  private readonly _prompt = make('span', 'nbr-prompt');
  private readonly _took = make('span', 'nbr-took');
  private readonly _source = make('div', 'nbr-source');
  private readonly _outputs = make('div', 'nbr-outputs', { hidden: true });
  private readonly _origins = make('ul', 'nbr-unseen', {
    hidden: true,
    'aria-label': 'Where the text comes from'
  });
}

const ENDED = {
  ok: duration,
  error: (length_ms: number) => `error, ${duration(length_ms)}`,
  aborted: () => 'not run'
} as const;

const TYPES = { code: 'code', markdown: 'text', raw: 'raw text' } as const;

function label(cell: Cell, index: number): string {
  const state = cell.running.length
    ? ', running'
    : cell.ended
      ? `, ${ENDED_WORDS[cell.ended.status]}`
      : '';
  return `Cell ${index + 1}, ${TYPES[cell.type]}${state}`;
}

const ENDED_WORDS = {
  ok: 'ran',
  error: 'ended with an error',
  aborted: 'not run'
} as const;

function caretKey(carets: readonly CaretMark[]): string {
  return carets.map(each => `${each.author} ${each.index} ${each.strength}`).join();
}

export function personOf(film: Film, author: string): FilmPerson | undefined {
  return Object.hasOwn(film.people, author) ? film.people[author] : undefined;
}

function lineView(line: Line, people: Film['people']): HTMLElement {
  const strip = make('span', 'nbr-origin', { 'aria-hidden': 'true' });
  const { origin } = line;
  if (origin !== null) {
    const quiet = isQuiet(origin);
    setAttribute(strip, 'data-origin', origin.origin);
    setAttribute(strip, 'data-moved', origin.moved > 0);
    setAttribute(strip, 'data-mixed', origin.mixed);
    setAttribute(strip, 'data-quiet', quiet);
    setAttribute(strip, 'data-begins', line.begins);
    if (line.begins && !quiet) {
      strip.append(
        origin.moved ? `${ORIGINS[origin.origin].sign}↷` : ORIGINS[origin.origin].sign
      );
    }
  }
  const text = make('span', 'nbr-text');
  for (const piece of line.pieces) {
    if (!('text' in piece)) {
      text.append(caretView(piece, people));
    } else if (piece.classes === '') {
      text.append(piece.text);
    } else {
      text.append(make('span', piece.classes, {}, piece.text));
    }
  }
  // Copied text keeps its lines.
  text.append('\n');
  return make('div', 'nbr-line', {}, strip, text);
}

function caretView(caret: CaretMark, people: Film['people']): HTMLElement {
  const person = Object.hasOwn(people, caret.author) ? people[caret.author] : undefined;
  const element = make('span', 'nbr-caret', {
    'aria-hidden': 'true',
    'data-strength': caret.strength,
    'data-name': person?.initials ?? caret.author
  });
  setColor(element, person?.color);
  return element;
}
