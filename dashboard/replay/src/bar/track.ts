/** The bar: a slider over the whole film, and what is worth going to above it. */
import type { Idle } from '../film/idle.js';
import { clusters, density, KINDS, LANES } from '../film/marks.js';
import { clock } from '../film/time.js';
import type { Timeline } from '../film/timeline.js';
import type { Mark } from '../generated/film.js';
import { make, setAttribute, svg } from '../view/dom.js';

const DENSITY_PARTS = 240;
const MARK_PX = 16;
/** Before the bar has been laid out. */
const USUAL_WIDTH_PX = 800;

export class Track {
  constructor(
    private readonly _timeline: Timeline,
    private readonly _marks: readonly Mark[],
    idle: readonly Idle[],
    private readonly _act: {
      seek: (at_ms: number) => void;
      visit: (mark: Mark) => void;
    }
  ) {
    this.slider.max = String(_timeline.duration_ms);
    this.slider.addEventListener('input', () => {
      _act.seek(Number(this.slider.value));
    });
    const rail = make(
      'div',
      'nbr-rail',
      {},
      this._ground(idle),
      this._played,
      this.slider
    );
    this.element.append(this._lanes, rail);
    this._drawLanes();
    if (typeof ResizeObserver !== 'undefined') {
      this._observer = new ResizeObserver(() => {
        this._drawLanes();
      });
      this._observer.observe(this._lanes);
    }
  }

  readonly element = make('div', 'nbr-track');
  readonly slider = make('input', 'nbr-slider', {
    type: 'range',
    min: 0,
    step: 1,
    'aria-label': 'Moment of the interview'
  });

  /** `words` is what a screen reader says; null leaves it, so that playing is not talked over. */
  update(at_ms: number, words: string | null): void {
    this.slider.value = String(Math.round(at_ms));
    const share =
      this._timeline.duration_ms > 0 ? at_ms / this._timeline.duration_ms : 0;
    this._played.style.setProperty('--nbr-share', String(share));
    if (words !== null) {
      setAttribute(this.slider, 'aria-valuetext', words);
    }
    this._at_ms = at_ms;
  }

  dispose(): void {
    this._observer?.disconnect();
  }

  private _ground(idle: readonly Idle[]): SVGSVGElement {
    const { times_ms, duration_ms } = this._timeline;
    const picture = svg('svg', {
      viewBox: `0 0 ${DENSITY_PARTS} 1`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true'
    });
    picture.classList.add('nbr-ground');
    const scale = DENSITY_PARTS / Math.max(duration_ms, 1);
    const gaps = svg('path', { d: idle.map(each => gap(each, scale)).join('') });
    gaps.classList.add('nbr-idle');
    const bars = svg('path', {
      d: hills(density(times_ms, duration_ms, DENSITY_PARTS))
    });
    bars.classList.add('nbr-density');
    picture.append(gaps, bars);
    return picture;
  }

  private _drawLanes(): void {
    const width_px = this._lanes.clientWidth || USUAL_WIDTH_PX;
    if (width_px === this._width_px) {
      return;
    }
    this._width_px = width_px;
    const { duration_ms } = this._timeline;
    const apart_ms = (MARK_PX / width_px) * duration_ms;
    const lanes = LANES.map(({ title, kinds }) => {
      const marks = this._marks.filter(mark => kinds.includes(mark.kind));
      const lane = make('div', 'nbr-lane', {
        role: 'group',
        'aria-label': title,
        title
      });
      lane.append(...marks.flatMap(mark => this._stretch(mark)));
      lane.append(...clusters(marks, apart_ms).map(each => this._cluster(each)));
      return marks.length > 0 ? [lane] : [];
    });
    this._lanes.replaceChildren(...lanes.flat());
  }

  /** What lasts has its length on the bar, too. */
  private _stretch(mark: Mark): HTMLElement[] {
    if (mark.end_ms === null || mark.end_ms <= mark.at_ms) {
      return [];
    }
    const element = make('span', 'nbr-length', { 'data-kind': mark.kind });
    this._place(element, mark.at_ms);
    const share = (mark.end_ms - mark.at_ms) / Math.max(this._timeline.duration_ms, 1);
    element.style.setProperty('--nbr-length', String(share));
    return [element];
  }

  private _cluster(marks: readonly Mark[]): HTMLElement {
    const [first] = marks as [Mark];
    const name = clusterName(marks);
    const loud = marks.find(mark => mark.kind === 'flag') ?? first;
    const element = make('button', 'nbr-mark', {
      type: 'button',
      title: name,
      'aria-label': name,
      'data-kind': loud.kind,
      // Flags and warnings are few and what one comes for; the list beside has them all.
      tabindex: loud.kind === 'flag' || loud.kind === 'warning' ? 0 : -1
    });
    element.textContent =
      marks.length > 1 ? String(marks.length) : KINDS[loud.kind].sign;
    this._place(element, first.at_ms);
    element.addEventListener('click', () => {
      // Once more goes on to the next one inside.
      this._act.visit(marks.find(mark => mark.at_ms > this._at_ms) ?? first);
    });
    return element;
  }

  private _place(element: HTMLElement, at_ms: number): void {
    const share = at_ms / Math.max(this._timeline.duration_ms, 1);
    element.style.setProperty('--nbr-at', String(share));
  }

  private _at_ms = 0;
  private _width_px = 0;
  private _observer: ResizeObserver | null = null;
  private readonly _lanes = make('div', 'nbr-lanes');
  private readonly _played = make('div', 'nbr-played');
}

function clusterName(marks: readonly Mark[]): string {
  const [first] = marks as [Mark];
  const last = marks.at(-1) ?? first;
  if (marks.length === 1) {
    return `${KINDS[first.kind].title}: ${first.title}, ${clock(first.at_ms)}`;
  }
  const kinds = [...new Set(marks.map(mark => KINDS[mark.kind].plural))].join(' and ');
  return `${marks.length} ${kinds}, ${clock(first.at_ms)} to ${clock(last.at_ms)}`;
}

function gap({ from_ms, to_ms }: Idle, scale: number): string {
  return `M${from_ms * scale} 0H${to_ms * scale}V1H${from_ms * scale}Z`;
}

/** A bar for each part, the busiest as high as the rail; roots, so that quiet ones show. */
function hills(counts: readonly number[]): string {
  const most = Math.max(...counts, 1);
  const bars = counts.map((count, i) => {
    const top = (1 - Math.sqrt(count / most)).toFixed(3);
    return count > 0 ? `M${i} 1V${top}H${i + 1}V1Z` : '';
  });
  return bars.join('');
}
