/**
 * The notebook at one moment, and what a frame makes of it.
 *
 * Moments are never changed. A cell that a frame leaves alone is the same object before
 * and after, which is how a view knows what to touch.
 */
import type {
  EditText,
  FilmCell,
  FilmFrame,
  FilmOutput,
  KernelChanged,
  RunEnded,
  Step
} from '../generated/film.js';
import { splice, stretchesOf, type Stretch } from './stretches.js';

/** Who did something, and when. */
export interface Touch {
  readonly author: string;
  readonly at_ms: number;
}

export interface Run extends Touch {
  readonly execution_id: string;
}

export interface Cell {
  readonly handle: number;
  readonly id: string;
  readonly type: FilmCell['type'];
  readonly source: string;
  readonly stretches: readonly Stretch[];
  readonly outputs: readonly FilmOutput[];
  readonly count: number | null;
  readonly locked: boolean;
  /** What was asked for and has not ended, in that order. */
  readonly running: readonly Run[];
  readonly ended: {
    readonly status: RunEnded['status'];
    readonly duration_ms: number;
  } | null;
  readonly touched: Touch | null;
}

export interface Caret extends Touch {
  readonly cell: number;
  readonly index: number;
}

export interface Kernel extends Touch {
  readonly state: KernelChanged['state'];
  readonly detail: string;
}

export interface Moment {
  readonly cells: readonly Cell[];
  /** One for each author who has edited, after the last edit. */
  readonly carets: readonly Caret[];
  readonly kernel: Kernel | null;
  /** Where something happened last. */
  readonly latest: (Touch & { readonly cell: number }) | null;
}

export const BEFORE: Moment = { cells: [], carets: [], kernel: null, latest: null };

/** The moment after a frame that came at `at_ms`. */
export function advance(moment: Moment, frame: FilmFrame, at_ms: number): Moment {
  const touch: Touch = { author: frame.author, at_ms };
  return frame.steps.reduce((now, step) => take(now, step, touch), moment);
}

function take(moment: Moment, step: Step, touch: Touch): Moment {
  switch (step.do) {
    case 'insert':
      return insert(
        moment,
        step.index,
        step.cells.map(cell => appear(cell, touch)),
        touch
      );
    case 'remove':
      return remove(moment, step.index, step.count);
    case 'edit':
      return edit(moment, step, touch);
    case 'outputs':
      return change(moment, step.cell, touch, cell => ({
        outputs: [...cell.outputs.slice(0, step.keep), ...step.outputs]
      }));
    case 'count':
      return change(moment, step.cell, touch, () => ({ count: step.count }));
    case 'run':
      return change(moment, step.cell, touch, cell => ({
        running: [...cell.running, { ...touch, execution_id: step.execution_id }],
        ended: null
      }));
    case 'ran':
      return change(moment, step.cell, touch, cell => ended(cell, step));
    case 'kernel':
      return kernel(moment, step, touch);
  }
}

function appear(cell: FilmCell, touch: Touch): Cell {
  return {
    handle: cell.cell,
    id: cell.id,
    type: cell.type,
    source: cell.source,
    stretches: stretchesOf(cell.spans),
    outputs: cell.outputs,
    count: cell.count,
    locked: cell.locked,
    running: [],
    ended: null,
    touched: touch
  };
}

function insert(moment: Moment, index: number, added: Cell[], touch: Touch): Moment {
  const cells = [...moment.cells];
  cells.splice(index, 0, ...added);
  const last = added.at(-1);
  return last === undefined
    ? moment
    : { ...moment, cells, latest: { ...touch, cell: last.handle } };
}

function remove(moment: Moment, index: number, count: number): Moment {
  const cells = [...moment.cells];
  const gone = new Set(cells.splice(index, count).map(cell => cell.handle));
  return {
    ...moment,
    cells,
    carets: moment.carets.filter(caret => !gone.has(caret.cell)),
    latest:
      moment.latest !== null && gone.has(moment.latest.cell) ? null : moment.latest
  };
}

function edit(moment: Moment, step: EditText, touch: Touch): Moment {
  const { cell, index, removed, inserted } = step;
  const changed = change(moment, cell, touch, ({ source, stretches }) => ({
    source: source.slice(0, index) + inserted + source.slice(index + removed),
    stretches: splice(stretches, index, removed, stretchesOf(step.spans))
  }));
  if (changed === moment) {
    return moment;
  }
  const others = moment.carets.filter(caret => caret.author !== touch.author);
  const carets = others.map(caret =>
    caret.cell === cell ? pushed(caret, step) : caret
  );
  return {
    ...changed,
    carets: [...carets, { ...touch, cell, index: index + inserted.length }]
  };
}

/** Where a caret is after somebody else's edit. */
function pushed(caret: Caret, { index, removed, inserted }: EditText): Caret {
  if (caret.index <= index) {
    return caret;
  }
  const within = Math.min(removed, caret.index - index);
  return { ...caret, index: caret.index - within + inserted.length };
}

function ended(cell: Cell, step: RunEnded): Partial<Cell> {
  return {
    running: cell.running.filter(run => run.execution_id !== step.execution_id),
    ended: { status: step.status, duration_ms: step.duration_ms }
  };
}

function kernel(moment: Moment, step: KernelChanged, touch: Touch): Moment {
  const { state, detail } = step;
  // A kernel that is gone runs nothing, whether or not the record still says how each run ended.
  const gone = state === 'died' || state === 'restarted' || state === 'stopped';
  const cells = gone
    ? moment.cells.map(cell => (cell.running.length ? { ...cell, running: [] } : cell))
    : moment.cells;
  return { ...moment, cells, kernel: { ...touch, state, detail } };
}

function change(
  moment: Moment,
  handle: number | null,
  touch: Touch,
  how: (cell: Cell) => Partial<Cell>
): Moment {
  const at = moment.cells.findIndex(cell => cell.handle === handle);
  const cell = moment.cells[at];
  if (cell === undefined) {
    return moment;
  }
  const cells = [...moment.cells];
  cells[at] = { ...cell, ...how(cell), touched: touch };
  return { ...moment, cells, latest: { ...touch, cell: cell.handle } };
}
