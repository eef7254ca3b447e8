/** A player in a page: from a film to something that can be seen, and away again. */
import { momentInAddress } from './film/time.js';
import { compileInSlices } from './film/timeline.js';
import type { Film } from './generated/film.js';
import type { Mount, Options, Player } from './interface.js';
import { Screen, type Heard } from './player.js';
import { PAGE_BEAT, type Beat } from './playhead.js';
import { make } from './view/dom.js';

/** The page answers between two slices of compiling. */
const SLICE_MS = 30;
/** How long to wait without a word. */
const QUIET_MS = 2000;

export const mount: Mount = (element, film, options = {}) =>
  new MountedPlayer(element, film, options, PAGE_BEAT);

export class MountedPlayer implements Player {
  constructor(
    private readonly _element: HTMLElement,
    film: Film,
    private readonly _options: Options,
    private readonly _beat: Beat
  ) {
    this._wanted_ms = this._momentOfAddress() ?? _options.at_ms ?? 0;
    this._root.dataset['theme'] = _options.theme ?? 'auto';
    // JupyterLab's shortcuts leave alone what is in here.
    this._root.dataset['lmSuppressShortcuts'] = 'true';
    this._root.setAttribute('aria-label', `Replay of ${film.title}`);
    this._root.addEventListener('keydown', this._onKey);
    _element.replaceChildren(this._root);
    this.ready = this._open(film);
  }

  readonly ready: Promise<void>;

  get at_ms(): number {
    return this._screen?.at_ms ?? this._wanted_ms;
  }

  get seq(): number {
    return this._screen?.seq ?? 0;
  }

  get playing(): boolean {
    return this._screen?.playing ?? this._play;
  }

  seek(at_ms: number): void {
    this._wanted_ms = at_ms;
    this._screen?.seek(at_ms);
  }

  play(): void {
    this._play = true;
    this._screen?.play();
  }

  pause(): void {
    this._play = false;
    this._screen?.pause();
  }

  onSeek(heard: Heard): () => void {
    this._heard.add(heard);
    return () => {
      this._heard.delete(heard);
    };
  }

  dispose(): void {
    this._disposed = true;
    this._screen?.dispose();
    this._heard.clear();
    window.removeEventListener('hashchange', this._onAddress);
    if (this._screen) {
      window.removeEventListener('beforeprint', this._screen.drawAll);
    }
    if (this._root.parentElement === this._element) {
      this._element.replaceChildren();
    }
  }

  private async _open(film: Film): Promise<void> {
    const began_ms = this._beat.now();
    const bar = make('progress', '', { max: 1, 'aria-label': 'Preparing the replay' });
    const timeline = await compileInSlices(film, {
      slice_ms: SLICE_MS,
      now: this._beat.now,
      rest: () => new Promise(resolve => setTimeout(resolve)),
      tell: share => {
        bar.value = share;
        if (this._beat.now() - began_ms > QUIET_MS && !bar.isConnected) {
          this._root.replaceChildren(
            make('div', 'nbr-wait', {}, 'Preparing the replay … ', bar)
          );
        }
      },
      stopped: () => this._disposed
    });
    if (timeline === null) {
      return;
    }
    const screen = new Screen(
      timeline,
      this._options,
      this._beat,
      this._tell,
      this._root.clientWidth
    );
    this._root.replaceChildren(screen.element);
    screen.open(this._wanted_ms);
    this._screen = screen;
    window.addEventListener('beforeprint', screen.drawAll);
    if (this._options.address) {
      window.addEventListener('hashchange', this._onAddress);
    }
    if (this._play) {
      screen.play();
    }
  }

  private _momentOfAddress(): number | null {
    return this._options.address ? momentInAddress(window.location.hash) : null;
  }

  private readonly _onAddress = (): void => {
    const at_ms = this._momentOfAddress();
    if (at_ms !== null) {
      this.seek(at_ms);
    }
  };

  private readonly _onKey = (event: KeyboardEvent): void => {
    if (this._screen?.key(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  private readonly _tell: Heard = (at_ms, seq) => {
    this._heard.forEach(heard => {
      heard(at_ms, seq);
    });
  };

  private _screen: Screen | null = null;
  private _wanted_ms: number;
  private _play = false;
  private _disposed = false;
  private readonly _heard = new Set<Heard>();
  private readonly _root = make('section', 'nbr-player');
}
