/** The replay beside the notebook: the player, and a way to read what came since. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { mount } from '@nbinterview/replay';
import type { Player } from '@nbinterview/replay';
import { Widget } from '@lumino/widgets';

import type { ReplayModel } from './model';

interface IReplayProps {
  model: ReplayModel;
  trans: TranslationBundle;
  /** The moment to begin at, as in an address; empty for the start. */
  address: string;
}

/** Shows the interview as it was at any moment; nothing in it can be edited. */
export class ReplayWidget extends Widget {
  constructor(private readonly _props: IReplayProps) {
    super();
    const { model, trans } = _props;
    this.id = 'nbinterview-replay';
    this.addClass('jp-nbinterview-Replay');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Replay'));
    this._more.className = 'jp-nbinterview-Button';
    this._more.textContent = trans.__('Load what came since');
    this._more.addEventListener('click', () => void model.load());
    this._told.setAttribute('role', 'status');
    this._told.className = 'jp-nbinterview-Replay-told';
    this._screen.className = 'jp-nbinterview-Replay-screen';
    const head = document.createElement('div');
    head.className = 'jp-nbinterview-Replay-head';
    head.append(this._told, this._more);
    this.node.append(head, this._screen);
    model.changed.connect(this._follow);
    this._follow();
  }

  /** Show the notebook as it was at this time of day. */
  async goTo(at: string): Promise<void> {
    const at_ms = await this._props.model.momentOf(at);
    if (at_ms !== null) {
      this._player?.pause();
      this._player?.seek(at_ms);
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._props.model.changed.disconnect(this._follow);
      this._player?.dispose();
      this._player = null;
    }
    super.dispose();
  }

  protected override onCloseRequest(): void {
    this.dispose();
  }

  private readonly _follow = (): void => {
    const { model, trans } = this._props;
    this._more.disabled = model.state === 'reading';
    switch (model.state) {
      case 'unread':
        break;
      case 'reading':
        this._told.textContent = trans.__('Putting the film together…');
        break;
      case 'failed':
        this._told.textContent = trans.__('No film: %1', model.problem);
        break;
      case 'shown':
        this._show();
    }
  };

  /** Play the newest film, from where the reader was. */
  private _show(): void {
    const { film } = this._props.model;
    if (film === null) {
      return;
    }
    this._told.textContent = this._since(film.last_seq);
    if (film.last_seq === this._shownSeq) {
      return;
    }
    const before = this._player;
    const at_ms = before?.at_ms;
    const wasPlaying = before?.playing === true;
    before?.dispose();
    const { address } = this._props;
    if (before === null && address !== '') {
      // Opening this changed JupyterLab's mode, and with it the address.
      window.history.replaceState(window.history.state, '', address);
    }
    this._player = mount(this._screen, film, { address: true, provenance: true });
    this._shownSeq = film.last_seq;
    if (at_ms !== undefined) {
      // The address may name where the reader began.
      this._player.seek(at_ms);
    }
    if (wasPlaying) {
      this._player.play();
    }
  }

  private _since(last_seq: number): string {
    const { trans } = this._props;
    if (this._shownSeq === null) {
      return trans.__(
        'What happened in this room so far. The candidate does not see this.'
      );
    }
    return last_seq === this._shownSeq
      ? trans.__('Nothing came since.')
      : trans.__('Up to now.');
  }

  private _player: Player | null = null;
  private _shownSeq: number | null = null;
  private readonly _told = document.createElement('span');
  private readonly _more = document.createElement('button');
  private readonly _screen = document.createElement('div');
}
