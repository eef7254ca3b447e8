/** All marks as a list beside the notebook: to read, to choose by kind, to go to. */
import { currentMark, KINDS, type Kind } from '../film/marks.js';
import { clock } from '../film/time.js';
import type { Film, Mark } from '../generated/film.js';
import { make, setAttribute, setColor, setText } from '../view/dom.js';
import { personOf } from '../view/cell.js';

export class MarkList {
  constructor(
    film: Film,
    private readonly _marks: readonly Mark[],
    visit: (mark: Mark) => void
  ) {
    this._rows = _marks.map(mark => row(film, mark, visit));
    this._list.append(...this._rows);
    this._filter.append(...options(_marks));
    this._filter.addEventListener('change', () => {
      this.kind = this._filter.value === '' ? null : (this._filter.value as Kind);
    });
    const label = make('label', 'nbr-filter', {}, 'Marks ', this._filter);
    this.element.append(label, this._list, this._empty);
    this.kind = null;
  }

  readonly element = make('aside', 'nbr-marks', { 'aria-label': 'Marks' });

  /** The marks that the list shows, in the order of time. */
  get chosen(): readonly Mark[] {
    const { kind } = this;
    return kind === null ? this._marks : this._marks.filter(mark => mark.kind === kind);
  }

  get kind(): Kind | null {
    return this._kind;
  }

  set kind(kind: Kind | null) {
    this._kind = kind;
    this._filter.value = kind ?? '';
    this._rows.forEach((each, i) => {
      each.hidden = kind !== null && this._marks[i]?.kind !== kind;
    });
    this._empty.hidden = this.chosen.length > 0;
    setText(
      this._empty,
      kind === null ? 'Nothing was marked.' : `No ${KINDS[kind].plural}.`
    );
    this._setCurrent(-1);
    this.update(this._at_ms);
  }

  /** Show which mark was the last to come. */
  update(at_ms: number): void {
    this._at_ms = at_ms;
    const mark = this.chosen[currentMark(this.chosen, at_ms)];
    this._setCurrent(mark === undefined ? -1 : this._marks.indexOf(mark));
  }

  private _setCurrent(current: number): void {
    if (current === this._current) {
      return;
    }
    const button = (index: number): Element | null =>
      this._rows[index]?.firstElementChild ?? null;
    button(this._current)?.removeAttribute('aria-current');
    button(current)?.setAttribute('aria-current', 'true');
    this._current = current;
    const now = this._rows[current];
    // Somebody who is in the list reads it: then it stays where it is.
    if (now && !this.element.matches(':hover, :focus-within')) {
      this._list.scrollTop = now.offsetTop - this._list.clientHeight / 2;
    }
  }

  private _kind: Kind | null = null;
  private _at_ms = 0;
  private _current = -1;
  private readonly _rows: readonly HTMLLIElement[];
  private readonly _list = make('ol', 'nbr-list', { tabindex: -1 });
  private readonly _empty = make('p', 'nbr-empty');
  private readonly _filter = make('select', 'nbr-select', {
    'aria-label': 'Kind of marks'
  });
}

function options(marks: readonly Mark[]): HTMLOptionElement[] {
  const count = (kind: Kind): number => marks.filter(mark => mark.kind === kind).length;
  const kinds = (Object.keys(KINDS) as Kind[]).filter(
    kind => kind === 'flag' || count(kind) > 0
  );
  return [
    make('option', '', { value: '' }, `All (${marks.length})`),
    ...kinds.map(kind => {
      const { plural } = KINDS[kind];
      const name = plural.charAt(0).toUpperCase() + plural.slice(1);
      return make('option', '', { value: kind }, `${name} (${count(kind)})`);
    })
  ];
}

function row(film: Film, mark: Mark, visit: (mark: Mark) => void): HTMLLIElement {
  const person = personOf(film, mark.author);
  const who = make('span', 'nbr-who', {}, person?.display_name ?? '');
  setColor(who, person?.color);
  const button = make(
    'button',
    'nbr-row',
    { type: 'button' },
    make(
      'span',
      'nbr-sign',
      { 'data-kind': mark.kind, 'aria-hidden': 'true' },
      KINDS[mark.kind].sign
    ),
    make('span', 'nbr-time', {}, clock(mark.at_ms)),
    make(
      'span',
      'nbr-row-title',
      {},
      make('span', 'nbr-unseen', {}, `${KINDS[mark.kind].title}: `),
      mark.title
    ),
    make('span', 'nbr-row-detail', {}, mark.detail),
    who
  );
  setAttribute(button, 'data-seq', mark.seq);
  button.addEventListener('click', () => {
    visit(mark);
  });
  return make('li', '', {}, button);
}
