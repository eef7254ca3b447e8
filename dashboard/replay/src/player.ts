/** The player: one moment, shown by the notebook, the bar and the list together. */
import { Controls, type Switch } from './bar/controls.js';
import { MarkList } from './bar/list.js';
import { Track } from './bar/track.js';
import { idleStretches } from './film/idle.js';
import { inOrder, KINDS, neighbour } from './film/marks.js';
import { BEFORE, type Moment } from './film/moment.js';
import { clock, timeOfDay } from './film/time.js';
import type { Timeline } from './film/timeline.js';
import type { Mark } from './generated/film.js';
import type { Options, Speed } from './interface.js';
import { onKey } from './keys.js';
import { Playhead, type Beat } from './playhead.js';
import { make, setAttribute, setText } from './view/dom.js';
import { captionAt, Head, legend } from './view/head.js';
import { nameMoment, NotebookView } from './view/notebook.js';

/** While it plays, the slider says where it is this often only. */
const SAY_EVERY_MS = 30_000;
/** From here on, list and notebook have room side by side; as in the style sheet. */
const WIDE_PX = 760;

export type Heard = (at_ms: number, seq: number) => void;

export class Screen {
  constructor(
    private readonly _timeline: Timeline,
    options: Options,
    beat: Beat,
    private readonly _tell: Heard,
    width_px: number
  ) {
    const { film, times_ms, duration_ms } = _timeline;
    const marks = inOrder(film.marks);
    const idle = idleStretches(times_ms, duration_ms);
    this._marks = marks;
    this._playhead = new Playhead(beat, this._onMoved);
    Object.assign(this._playhead, { idle, duration_ms });
    this._head = new Head(film, marks, options.actions ?? [], action => {
      action.run(this.at_ms, this.seq);
    });
    this._notebook = new NotebookView(film, () => {
      this._set('follow', false);
    });
    this._list = new MarkList(film, marks, this._visit);
    this._track = new Track(_timeline, marks, idle, {
      seek: at_ms => {
        this.seek(at_ms);
      },
      visit: this._visit
    });
    this._controls = new Controls({
      toggle: this._toggle,
      step: this._step,
      speed: this._setSpeed,
      flip: which => {
        this._set(which, !this._on[which]);
      }
    });
    this._layOut(options, width_px);
  }

  readonly element = make('div', 'nbr-screen');

  get at_ms(): number {
    return this._playhead.at_ms;
  }

  get seq(): number {
    return this._timeline.seqAfter(this._frames);
  }

  get playing(): boolean {
    return this._playhead.playing;
  }

  seek(at_ms: number): void {
    this.open(at_ms);
    this._tell(this.at_ms, this.seq);
  }

  /** Show a moment without telling anybody. */
  open(at_ms: number): void {
    const within = Math.min(Math.max(at_ms, 0), this._timeline.duration_ms);
    this._playhead.at_ms = Number.isNaN(within) ? 0 : within;
    this._show('seek');
  }

  play(): void {
    if (this.at_ms >= this._timeline.duration_ms) {
      this.seek(0);
    }
    this._playhead.play();
    this._controls.setPlaying(true);
  }

  pause(): void {
    if (this.playing) {
      this._playhead.pause();
      this._stopped();
    }
  }

  key(event: KeyboardEvent): boolean {
    return onKey(event, {
      toggle: this._toggle,
      seekBy: by_ms => {
        this.seek(this.at_ms + by_ms);
      },
      seekTo: edge => {
        this.seek(edge === 'start' ? 0 : this._timeline.duration_ms);
      },
      frame: direction => {
        this._frameStep(direction);
      },
      mark: this._step,
      flagsOnly: () => {
        this._list.kind = this._list.kind === 'flag' ? null : 'flag';
        this._set('marks', true);
        this._say(this._list.kind === null ? 'All marks' : 'Flags only');
      }
    });
  }

  /** Everything in full, before the page goes on paper. */
  readonly drawAll = (): void => {
    this._notebook.drawAll();
  };

  dispose(): void {
    this._playhead.pause();
    this._track.dispose();
    this._notebook.dispose();
  }

  private _layOut(options: Options, width_px: number): void {
    const stage = make(
      'div',
      'nbr-stage',
      {},
      this._notebook.element,
      this._list.element
    );
    const bar = make('div', 'nbr-bar', {}, this._track.element, this._controls.element);
    const below = [this._caption, legend(), bar, this._status];
    this.element.append(this._head.element, this._paper, stage, ...below);
    this._set('skip_idle', options.skip_idle ?? true);
    this._set('follow', options.follow ?? true);
    this._set('provenance', options.provenance ?? true);
    // On a small screen the notebook comes first.
    this._set('marks', width_px === 0 || width_px >= WIDE_PX);
    this._setSpeed(options.speed ?? 1);
    this._controls.setPlaying(false);
  }

  private _show(why: 'seek' | 'play'): void {
    const { at_ms } = this;
    const frames = this._timeline.framesAt(at_ms);
    const moment = this._timeline.momentAfter(frames);
    this._notebook.update(moment, at_ms);
    if (this._on.follow && (why === 'seek' || frames !== this._frames)) {
      this._notebook.show(moment, why === 'play' && this._playhead.speed <= 2);
    }
    this._frames = frames;
    this._moment = moment;
    this._head.update(moment, at_ms);
    this._list.update(at_ms);
    this._showTime(why);
    this._showCaption();
  }

  private _showTime(why: 'seek' | 'play'): void {
    const { at_ms } = this;
    const { film, duration_ms } = this._timeline;
    const now = clock(at_ms);
    const all = clock(duration_ms);
    const day = timeOfDay(film.started_at, at_ms);
    const words = `${now} of ${all}, ${day}`;
    const say = why === 'seek' || Math.abs(at_ms - this._said_ms) >= SAY_EVERY_MS;
    if (say) {
      this._said_ms = at_ms;
      nameMoment(this._notebook, now);
    }
    this._track.update(at_ms, say ? words : null);
    this._controls.setTime(now, all, day);
    setText(this._paper, `As it was at ${words}, after record ${this.seq}`);
  }

  private _showCaption(): void {
    const mark = captionAt(this._marks, this.at_ms);
    this._caption.hidden = mark === null;
    if (mark !== null) {
      setAttribute(this._caption, 'data-kind', mark.kind);
      setText(this._caption, [mark.title, mark.detail].filter(Boolean).join(' · '));
    }
  }

  private readonly _onMoved = (_at_ms: number, ended: boolean): void => {
    this._show('play');
    if (ended) {
      this._stopped();
    }
  };

  private _stopped(): void {
    this._controls.setPlaying(false);
    this._showTime('seek');
    this._tell(this.at_ms, this.seq);
  }

  private readonly _toggle = (): void => {
    if (this.playing) {
      this.pause();
    } else {
      this.play();
    }
  };

  private readonly _visit = (mark: Mark): void => {
    this.seek(mark.at_ms);
    this._say(`${KINDS[mark.kind].title}: ${mark.title}, ${clock(mark.at_ms)}`);
  };

  /** To the next or the previous of the marks that the list shows. */
  private readonly _step = (direction: 1 | -1): void => {
    const mark = neighbour(this._list.chosen, this.at_ms, direction);
    if (mark === undefined) {
      this._say(direction === 1 ? 'No later mark' : 'No earlier mark');
    } else {
      this._visit(mark);
    }
  };

  private _frameStep(direction: 1 | -1): void {
    const { times_ms } = this._timeline;
    this.pause();
    const now = this._timeline.framesAt(this.at_ms);
    if (direction === 1) {
      this.seek(times_ms[now] ?? this.at_ms);
      return;
    }
    // Several frames can have the same time: go before all of them.
    const here_ms = times_ms[now - 1];
    if (here_ms !== undefined) {
      const before = here_ms < this.at_ms ? here_ms : this._timeBefore(here_ms);
      this.seek(before);
    }
  }

  private _timeBefore(at_ms: number): number {
    const earlier = this._timeline.framesAt(at_ms - 1);
    return this._timeline.times_ms[earlier - 1] ?? 0;
  }

  private readonly _setSpeed = (speed: Speed): void => {
    this._playhead.speed = speed;
    this._controls.setSpeed(speed);
  };

  private _set(which: Switch, on: boolean): void {
    this._on[which] = on;
    this._controls.setSwitch(which, on);
    setAttribute(this.element, `data-${which}`, on);
    if (which === 'skip_idle') {
      this._playhead.skip_idle = on;
    } else if (which === 'follow' && on) {
      this._notebook.show(this._moment, false);
    }
  }

  private _say(words: string): void {
    setText(this._status, words);
  }

  private readonly _marks: readonly Mark[];
  private readonly _playhead: Playhead;
  private readonly _head: Head;
  private readonly _notebook: NotebookView;
  private readonly _list: MarkList;
  private readonly _track: Track;
  private readonly _controls: Controls;
  private readonly _caption = make('p', 'nbr-caption', { hidden: true });
  private readonly _paper = make('p', 'nbr-paper', { 'aria-hidden': 'true' });
  private readonly _status = make('p', 'nbr-unseen', { role: 'status' });
  private readonly _on: Record<Switch, boolean> = {
    skip_idle: true,
    follow: true,
    provenance: true,
    marks: true
  };
  private _frames = 0;
  private _moment: Moment = BEFORE;
  private _said_ms = -Infinity;
}
