/** The notebook of one moment: a view for every cell, made when it first comes. */
import type { Caret, Cell, Moment } from '../film/moment.js';
import type { Film } from '../generated/film.js';
import { CellView } from './cell.js';
import { make, setAttribute } from './dom.js';
import type { CaretMark } from './lines.js';

const CARET_STEP_MS = 5000;
const CARET_STEPS = 4;
const ACTIVE_MS = 3000;
/** How far beyond the edge cells are drawn in full. */
const AHEAD_PX = 500;
const EDGE_PX = 48;
const SETTLING_FRAMES = 4;

export class NotebookView {
  constructor(
    private readonly _film: Film,
    /** Called when the person takes the scrolling over. */
    private readonly _onScrolled: () => void
  ) {
    this.element.append(this._empty, this._cells);
    for (const kind of ['wheel', 'touchmove', 'pointerdown'] as const) {
      this.element.addEventListener(kind, this._onHand, { passive: true });
    }
    this.element.addEventListener('keydown', this._onKey);
    if (typeof IntersectionObserver !== 'undefined') {
      this._observer = new IntersectionObserver(this._onNear, {
        root: this.element,
        rootMargin: `${AHEAD_PX}px 0px`
      });
    }
  }

  readonly element = make('div', 'nbr-notebook', {
    tabindex: 0,
    role: 'region',
    'aria-label': 'Notebook'
  });

  update(moment: Moment, at_ms: number): void {
    const carets = caretsByCell(moment.carets, at_ms);
    const shown = new Set<CellView>();
    for (const [index, cell] of moment.cells.entries()) {
      const view = this._views.get(cell.handle) ?? this._appear(cell);
      shown.add(view);
      view.update(cell, {
        index,
        at_ms,
        carets: carets.get(cell.handle) ?? [],
        active: activeAuthor(cell, at_ms)
      });
    }
    for (const view of this._shown) {
      if (!shown.has(view)) {
        view.element.remove();
      }
    }
    this._shown = shown;
    this._order();
    this._empty.hidden = moment.cells.length > 0;
  }

  /** Bring the cell into view in which something happened last. */
  show(moment: Moment, smooth: boolean): void {
    const { latest } = moment;
    const view = latest && this._views.get(latest.cell);
    if (!view) {
      return;
    }
    view.near = true;
    this._settle(moment, view, smooth, SETTLING_FRAMES);
  }

  /** What comes into view may turn out to be higher than was guessed: look again. */
  private _settle(
    moment: Moment,
    view: CellView,
    smooth: boolean,
    tries: number
  ): void {
    cancelAnimationFrame(this._settling);
    const { latest, carets } = moment;
    const typed = carets.some(
      caret => caret.cell === latest?.cell && caret.at_ms === latest.at_ms
    );
    const caret = typed ? view.element.querySelector('.nbr-caret') : null;
    if (this._scrollTo(caret ?? view.element, smooth) && !smooth && tries > 0) {
      this._settling = requestAnimationFrame(() => {
        this._settle(moment, view, smooth, tries - 1);
      });
    }
  }

  /** Draw everything in full, for paper. */
  drawAll(): void {
    this._shown.forEach(view => {
      view.near = true;
    });
  }

  dispose(): void {
    cancelAnimationFrame(this._settling);
    this._observer?.disconnect();
  }

  private _appear(cell: Cell): CellView {
    const view = new CellView(this._film, cell);
    this._views.set(cell.handle, view);
    if (this._observer === null) {
      view.near = true;
    } else {
      this._byElement.set(view.element, view);
      this._observer.observe(view.element);
    }
    return view;
  }

  private _order(): void {
    let next = this._cells.firstElementChild;
    for (const { element } of this._shown) {
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        this._cells.insertBefore(element, next);
      }
    }
  }

  /** Scroll this box only, never the page around it. True if there was need to. */
  private _scrollTo(target: Element, smooth: boolean): boolean {
    const box = this.element.getBoundingClientRect();
    const { top, bottom, height } = target.getBoundingClientRect();
    const fits = height + 2 * EDGE_PX <= box.height;
    const inside = fits
      ? top >= box.top && bottom <= box.bottom - EDGE_PX / 2
      : bottom > box.top + box.height / 2 && bottom <= box.bottom;
    if (!inside) {
      // What does not fit is shown at its end: there the output comes.
      const by = fits ? top - box.top - box.height / 3 : bottom - box.bottom + EDGE_PX;
      // Smooth is as the style sheet has it, and only where one can see what passes by.
      const behavior = smooth && Math.abs(by) < box.height ? 'auto' : 'instant';
      this.element.scrollTo({ top: this.element.scrollTop + by, behavior });
    }
    return !inside;
  }

  private readonly _onNear = (entries: IntersectionObserverEntry[]): void => {
    for (const { isIntersecting, target } of entries) {
      const view = this._byElement.get(target);
      if (isIntersecting && view) {
        view.near = true;
      }
    }
  };

  private readonly _onHand = (event: Event): void => {
    // A press inside of the text is reading; beside it, on the bar, it is scrolling.
    if (event.type !== 'pointerdown' || event.target === this.element) {
      cancelAnimationFrame(this._settling);
      this._onScrolled();
    }
  };

  private readonly _onKey = (event: KeyboardEvent): void => {
    if (['PageUp', 'PageDown', 'ArrowUp', 'ArrowDown'].includes(event.key)) {
      this._onScrolled();
    }
  };

  private _settling = 0;
  /** All that were ever shown: who goes back and forth should not wait for the same again. */
  private readonly _views = new Map<number, CellView>();
  private _shown: ReadonlySet<CellView> = new Set();
  private readonly _byElement = new WeakMap<Element, CellView>();
  private _observer: IntersectionObserver | null = null;
  private readonly _cells = make('div', 'nbr-cells');
  private readonly _empty = make('p', 'nbr-empty', {}, 'The notebook is empty.');
}

/** Name the region by its moment, for those who hear it. */
export function nameMoment(view: NotebookView, time: string): void {
  setAttribute(view.element, 'aria-label', `Notebook at ${time}`);
}

function caretsByCell(
  carets: readonly Caret[],
  at_ms: number
): Map<number, readonly CaretMark[]> {
  const result = new Map<number, readonly CaretMark[]>();
  for (const caret of carets) {
    const strength = CARET_STEPS - Math.floor((at_ms - caret.at_ms) / CARET_STEP_MS);
    if (strength > 0) {
      const others = result.get(caret.cell) ?? [];
      result.set(caret.cell, [...others, { ...caret, strength }]);
    }
  }
  return result;
}

function activeAuthor({ touched }: Cell, at_ms: number): string | null {
  return touched !== null && at_ms - touched.at_ms < ACTIVE_MS ? touched.author : null;
}
