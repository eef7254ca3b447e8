/**
 * For pages that carry their film along: starts by itself.
 *
 * The film is the JSON of `<script type="application/json" id="nbinterview-film">`; the
 * player fills `#nbinterview-replay`, whose `data-at-ms` says where to begin.
 */
import type { Film } from './generated/film.js';
import { mount } from './mount.js';

function start(): void {
  const data = document.getElementById('nbinterview-film');
  const place = document.getElementById('nbinterview-replay');
  if (data === null || place === null) {
    return;
  }
  const film = JSON.parse(data.textContent) as Film;
  // The text of a long film is large, and has done its work.
  data.remove();
  const at_ms = Number(place.dataset['atMs'] ?? 0);
  mount(place, film, { address: true, at_ms });
}

if (document.readyState === 'loading') {
  document.addEventListener('DOMContentLoaded', start, { once: true });
} else {
  start();
}
