/** What a page that embeds the player needs to know. */
import type { Film } from './generated/film.js';

export const SPEEDS = [1, 2, 4, 8, 16] as const;
export type Speed = (typeof SPEEDS)[number];

/** A button of the embedding page, beside the player's own: "Open a branch here". */
export interface Action {
  label: string;
  /** Called with the moment that is shown and the last record that it contains. */
  run: (at_ms: number, seq: number) => void;
}

export interface Options {
  /** Where to begin. The address wins, if it names a moment. */
  at_ms?: number;
  /** Go where the page's address says (`#t=23:10`), at first and when it changes. */
  address?: boolean;
  /** `auto` follows JupyterLab's theme where there is one, else the system's. */
  theme?: 'auto' | 'light' | 'dark';
  speed?: Speed;
  skip_idle?: boolean;
  /** Keep the cell in view in which something happens. */
  follow?: boolean;
  /** Show beside every line where its text comes from. */
  provenance?: boolean;
  actions?: readonly Action[];
}

export interface Player {
  /** Resolved when the film can be seen: at once, but for a very long one. */
  readonly ready: Promise<void>;
  readonly at_ms: number;
  /** The last record that the shown moment contains; 0 before the first. */
  readonly seq: number;
  readonly playing: boolean;
  /** Show a moment. Before the player is ready, the last one asked for is kept. */
  seek: (at_ms: number) => void;
  play: () => void;
  pause: () => void;
  /**
   * Hear of every moment that somebody went to, and of where playing stopped; not of
   * each step while it plays. Gives back how to stop hearing.
   */
  onSeek: (heard: (at_ms: number, seq: number) => void) => () => void;
  /** Stop, and leave the element empty. */
  dispose: () => void;
}

/** Make a player inside of an element, which it fills. */
export type Mount = (element: HTMLElement, film: Film, options?: Options) => Player;
