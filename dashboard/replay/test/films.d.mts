import type { Film } from '../src/generated/film.js';

export function chance(seed: number): () => number;
export function anyFilm(seed: number, frames?: number): Film;
export function bigFilm(size?: {
  seed?: number;
  cells?: number;
  edits?: number;
  plots?: number;
  minutes?: number;
}): Film;
