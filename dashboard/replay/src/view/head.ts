/** Above the notebook: whose interview it is, who is at work, how the kernel is. */
import type { Moment } from '../film/moment.js';
import { ORIGINS } from '../film/provenance.js';
import type { Film, FilmPerson, Mark, Origin } from '../generated/film.js';
import type { Action } from '../interface.js';
import { make, setAttribute, setColor, setText } from './dom.js';

const AT_WORK_MS = 20_000;
const AWAY = 'not in the room';

interface Chip {
  readonly chip: HTMLElement;
  readonly state: HTMLElement;
  readonly person: FilmPerson;
}

export class Head {
  constructor(
    film: Film,
    marks: readonly Mark[],
    actions: readonly Action[],
    act: (action: Action) => void
  ) {
    this._comings = marks.filter(mark => mark.kind === 'person');
    for (const [author, person] of Object.entries(film.people)) {
      const dot = make('span', 'nbr-dot', { 'aria-hidden': 'true' }, person.initials);
      setColor(dot, person.color);
      const state = make('span', 'nbr-unseen');
      const name = make('span', 'nbr-name', {}, person.display_name);
      const chip = make('li', 'nbr-person', {}, dot, name, state);
      this._people.append(chip);
      this._chips.set(author, { chip, state, person });
    }
    const buttons = actions.map(action => {
      const element = make('button', 'nbr-button', { type: 'button' }, action.label);
      element.addEventListener('click', () => {
        act(action);
      });
      return element;
    });
    const title = make('h2', 'nbr-title', {}, film.title);
    this.element.append(title, this._people, this._kernel, ...buttons);
  }

  readonly element = make('header', 'nbr-head');

  update(moment: Moment, at_ms: number): void {
    for (const [author, { chip, state, person }] of this._chips) {
      const caret = moment.carets.find(each => each.author === author);
      const busy = caret !== undefined && at_ms - caret.at_ms < AT_WORK_MS;
      const where = busy ? 'writing' : whereabouts(this._comings, author, at_ms);
      setAttribute(chip, 'data-busy', busy);
      setAttribute(chip, 'data-away', where === AWAY);
      setAttribute(chip, 'title', `${person.display_name}, ${person.role}, ${where}`);
      setText(state, `, ${where}`);
    }
    const [state, words] = kernelWords(moment);
    setAttribute(this._kernel, 'data-state', state);
    setText(this._kernel, words);
  }

  private readonly _people = make('ul', 'nbr-people', { 'aria-label': 'People' });
  private readonly _chips = new Map<string, Chip>();
  private readonly _comings: readonly Mark[];
  private readonly _kernel = make('span', 'nbr-kernel');
}

/** A film tells of coming and going by marks only; that somebody left is in the title. */
function whereabouts(comings: readonly Mark[], author: string, at_ms: number): string {
  const last = comings
    .filter(mark => mark.author === author && mark.at_ms <= at_ms)
    .at(-1);
  return last === undefined || last.title.endsWith(' left') ? AWAY : 'in the room';
}

const GONE = {
  died: 'Python died',
  stopped: 'Python stopped',
  refused: 'Python could not start'
} as const;

function kernelWords({ cells, kernel }: Moment): [state: string, words: string] {
  const running = cells.filter(cell => cell.running.length > 0).length;
  if (running > 0) {
    return [
      'busy',
      running === 1 ? 'Python runs a cell' : `Python has ${running} cells to run`
    ];
  }
  switch (kernel?.state) {
    case undefined:
      return ['none', 'No Python yet'];
    case 'died':
    case 'stopped':
    case 'refused':
      return ['gone', GONE[kernel.state]];
    default:
      return ['idle', 'Python is idle'];
  }
}

/** What the strips beside the lines mean. */
export function legend(): HTMLElement {
  const items = (Object.keys(ORIGINS) as Origin[]).map(origin => {
    const { sign, title } = ORIGINS[origin];
    return legendItem(
      { 'data-origin': origin, 'data-quiet': origin === 'typed' },
      sign,
      title
    );
  });
  const moved = legendItem(
    { 'data-origin': 'typed', 'data-moved': true },
    '↷',
    'moved within the notebook'
  );
  return make('ul', 'nbr-legend', { 'aria-label': 'Origins' }, ...items, moved);
}

function legendItem(
  attributes: Record<string, string | boolean>,
  sign: string,
  title: string
): HTMLElement {
  const strip = make(
    'span',
    'nbr-origin',
    { ...attributes, 'aria-hidden': 'true' },
    sign
  );
  return make('li', '', {}, strip, title);
}

const CAPTION_KINDS: ReadonlySet<Mark['kind']> = new Set([
  'flag',
  'warning',
  'gap',
  'check'
]);
/** How long something without an end is told. */
const TOLD_MS = 5000;

/** What is going on at that moment beside the notebook, as under a film. */
export function captionAt(marks: readonly Mark[], at_ms: number): Mark | null {
  const now = marks.filter(
    mark =>
      CAPTION_KINDS.has(mark.kind) &&
      mark.at_ms <= at_ms &&
      at_ms <= Math.max(mark.end_ms ?? 0, mark.at_ms + TOLD_MS)
  );
  return now.at(-1) ?? null;
}
