import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ILive, IRoom, IWatch } from '../tokens';
import type { Sensor } from '../wire';

/** Asks the candidate, then watches what was agreed to. */
export const watchPlugin: JupyterFrontEndPlugin<IWatch | null> = {
  id: '@nbinterview/lab:watch',
  description: 'Consent, camera check and watching, on the candidate’s page only.',
  autoStart: true,
  provides: IWatch,
  requires: [ILive, IRoom],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    translator: ITranslator | null
  ): IWatch | null => {
    if (live === null || room === null) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const watch = new Watch();
    void live.ready.then(async welcome => {
      if (welcome.role === 'candidate') {
        const { watchCandidate } = await import('./candidate');
        watch.follow(watchCandidate(app, live, room, trans));
      }
    });
    return watch;
  }
};

/** Nothing is active before the room said that this page is the candidate's. */
class Watch implements IWatch {
  get isWatching(): boolean {
    return this._followed?.isWatching ?? false;
  }

  get active(): ReadonlySet<Sensor> {
    return this._followed?.active ?? new Set();
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  follow(followed: IWatch): void {
    this._followed = followed;
    followed.activeChanged.connect(() => {
      this._activeChanged.emit();
    }, this);
    this._activeChanged.emit();
  }

  private _followed: IWatch | null = null;
  private readonly _activeChanged = new Signal<this, void>(this);
}
