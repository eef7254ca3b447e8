/**
 * An interview as a film: the notebook as it was at any moment, with runs, outputs,
 * authors and flags. No framework, no HTML strings, no network: it plays the film it is given.
 *
 *     import { mount } from '@nbinterview/replay';
 *     import '@nbinterview/replay/style/replay.css';
 *     const player = mount(element, film, { address: true });
 */
export type * from './generated/film.js';
export { SPEEDS } from './interface.js';
export { mount } from './mount.js';
export type { Action, Mount, Options, Player, Speed } from './interface.js';
