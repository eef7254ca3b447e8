/** The films and moments that Python wrote: both play alike. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compile } from '../src/film/timeline.js';
import type { Film, FilmCell } from '../src/generated/film.js';
import { spread } from './naive.js';

interface Golden {
  film: Film;
  states: { at_ms: number; cells: FilmCell[] }[];
}

const folder = new URL('golden/', import.meta.url);
const names = readdirSync(folder).filter(name => name.endsWith('.json'));

it('there are golden films', () => {
  expect(names.length).toBeGreaterThan(0);
});

it.each(names)('%s plays as it does in Python', name => {
  const { film, states } = JSON.parse(
    readFileSync(new URL(name, folder), 'utf8')
  ) as Golden;
  const timeline = compile(film);
  expect(states.length).toBeGreaterThan(0);
  for (const { at_ms, cells } of states) {
    const played = timeline.momentAt(at_ms).cells.map(each => ({
      cell: each.handle,
      id: each.id,
      type: each.type,
      source: each.source,
      spans: spread(
        each.stretches.map(({ moved, ...span }) => (moved ? { ...span, moved } : span))
      ),
      outputs: each.outputs,
      count: each.count,
      locked: each.locked
    }));
    expect(played).toEqual(
      cells.map(({ spans, ...cell }) => ({ ...cell, spans: spread(spans) }))
    );
  }
});
