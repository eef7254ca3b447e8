/** The player as an anywidget: for notebooks and Voila. */
import type { Film } from './generated/film.js';
import { mount } from './mount.js';
import type { Player } from './interface.js';

/** What the kernel and this page share. */
interface Traits {
  film: Film;
  /** The moment that is shown. The kernel may set it; the page tells where one went. */
  at_ms: number;
}

/** The part of anywidget's model that is used here. */
interface Model {
  get<K extends keyof Traits>(key: K): Traits[K];
  set<K extends keyof Traits>(key: K, value: Traits[K]): void;
  save_changes(): void;
  on(event: `change:${keyof Traits}`, callback: () => void): void;
  off(event: `change:${keyof Traits}`, callback: () => void): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  let player: Player | null = null;
  const open = (): void => {
    player?.dispose();
    player = null;
    const film = model.get('film');
    // A widget may be made before it has its film.
    if ('frames' in film) {
      player = mount(el, film, { at_ms: model.get('at_ms') });
      player.onSeek(at_ms => {
        model.set('at_ms', Math.round(at_ms));
        model.save_changes();
      });
    }
  };
  const go = (): void => {
    const at_ms = model.get('at_ms');
    if (player && Math.round(player.at_ms) !== at_ms) {
      player.seek(at_ms);
    }
  };
  model.on('change:film', open);
  model.on('change:at_ms', go);
  open();
  return () => {
    model.off('change:film', open);
    model.off('change:at_ms', go);
    player?.dispose();
  };
}

export default { render };
