/** The buttons under the bar: playing, speed, and what is shown. */
import { SPEEDS, type Speed } from '../interface.js';
import { button, icon, make, setAttribute, setText } from '../view/dom.js';

const PLAY = 'M4 2.5v11l9.5-5.5z';
const PAUSE = 'M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z';
const PREVIOUS = 'M3 3h2v10H3zM13 3v10L6 8z';
const NEXT = 'M11 3h2v10h-2zM3 3v10l7-5z';

/** What can be switched on and off. */
export type Switch = 'skip_idle' | 'follow' | 'provenance' | 'marks';

const SWITCHES: readonly { key: Switch; title: string; hint: string }[] = [
  {
    key: 'skip_idle',
    title: 'Skip idle',
    hint: 'Hurry through stretches without activity'
  },
  {
    key: 'follow',
    title: 'Follow',
    hint: 'Keep the cell in view in which something happens'
  },
  { key: 'provenance', title: 'Origins', hint: 'Show where each line comes from' },
  { key: 'marks', title: 'Marks', hint: 'Show the list of marks' }
];

export interface Acts {
  toggle: () => void;
  step: (direction: 1 | -1) => void;
  speed: (speed: Speed) => void;
  flip: (which: Switch) => void;
}

export class Controls {
  constructor(acts: Acts) {
    this._play = button('nbr-button nbr-play', 'Play', acts.toggle, icon(PLAY));
    this._speed.append(
      ...SPEEDS.map(speed => make('option', '', { value: speed }, `${speed}×`))
    );
    this._speed.addEventListener('change', () => {
      acts.speed(Number(this._speed.value) as Speed);
    });
    for (const { key, title, hint } of SWITCHES) {
      const element = make(
        'button',
        'nbr-button nbr-switch',
        { type: 'button', title: hint, 'aria-pressed': 'false' },
        title
      );
      element.addEventListener('click', () => {
        acts.flip(key);
      });
      this._switches.set(key, element);
    }
    const back = (): void => {
      acts.step(-1);
    };
    const forth = (): void => {
      acts.step(1);
    };
    this.element.append(
      button('nbr-button', 'Previous mark (P)', back, icon(PREVIOUS)),
      this._play,
      button('nbr-button', 'Next mark (N)', forth, icon(NEXT)),
      make(
        'span',
        'nbr-clock',
        {},
        this._now,
        make('span', 'nbr-soft', {}, ' of '),
        this._all
      ),
      this._day,
      make('span', 'nbr-space'),
      this._speed,
      ...this._switches.values()
    );
  }

  readonly element = make('div', 'nbr-controls', {
    role: 'group',
    'aria-label': 'Playing'
  });

  setPlaying(playing: boolean): void {
    const name = playing ? 'Pause' : 'Play';
    this._play.replaceChildren(icon(playing ? PAUSE : PLAY));
    setAttribute(this._play, 'aria-label', name);
    setAttribute(this._play, 'title', `${name} (space)`);
  }

  setTime(now: string, all: string, day: string): void {
    setText(this._now, now);
    setText(this._all, all);
    setText(this._day, day);
  }

  setSpeed(speed: Speed): void {
    this._speed.value = String(speed);
  }

  setSwitch(which: Switch, on: boolean): void {
    const element = this._switches.get(which);
    if (element) {
      setAttribute(element, 'aria-pressed', String(on));
    }
  }

  private readonly _play: HTMLButtonElement;
  private readonly _now = make('span', 'nbr-now');
  private readonly _all = make('span', 'nbr-soft');
  private readonly _day = make('span', 'nbr-day nbr-soft', { title: 'Time of day' });
  private readonly _speed = make('select', 'nbr-select', { 'aria-label': 'Speed' });
  private readonly _switches = new Map<Switch, HTMLButtonElement>();
}
