import type { Film } from '@nbinterview/replay';
import { describe, expect, it } from 'vitest';

import { ReplayModel } from '../src/replay/model';

const START = Date.UTC(2026, 10, 22, 13, 0, 0);
const at = (second: number): string => new Date(START + second * 1000).toISOString();

function film(last_seq: number, duration_ms: number): Film {
  return {
    format: 1,
    interview: 'abcdefghij',
    title: 'Churn',
    started_at: at(0),
    duration_ms,
    last_seq,
    people: {},
    frames: [],
    marks: [],
    images: {}
  };
}

/** A room whose film grows by ten seconds with each reading. */
function growing(): { model: ReplayModel; asked: () => number } {
  let asked = 0;
  const model = new ReplayModel(() => {
    asked += 1;
    return Promise.resolve(film(asked, asked * 10_000));
  });
  return { model, asked: () => asked };
}

describe('the replay', () => {
  it('reads the film when asked, and not before', async () => {
    const { model, asked } = growing();
    expect([model.state, asked()]).toEqual(['unread', 0]);
    await model.load();
    expect([model.state, model.film?.last_seq]).toEqual(['shown', 1]);
  });

  it('asks the room once for all who wait', async () => {
    const { model, asked } = growing();
    await Promise.all([model.load(), model.load(), model.momentOf(at(3))]);
    expect(asked()).toBe(1);
    await model.load();
    expect(asked()).toBe(2);
  });

  it('knows the moment of a time of day', async () => {
    const { model } = growing();
    expect(await model.momentOf(at(4))).toBe(4000);
    expect(await model.momentOf(at(-30))).toBe(0);
  });

  it('reads on for what happened after the film was read', async () => {
    const { model, asked } = growing();
    await model.load();
    expect(await model.momentOf(at(15))).toBe(15_000);
    expect(asked()).toBe(2);
    expect(await model.momentOf(at(60))).toBe(30_000);
  });

  it('keeps the film it has when the room cannot be reached', async () => {
    let isAway = false;
    const model = new ReplayModel(() =>
      isAway ? Promise.reject(new Error('away')) : Promise.resolve(film(1, 5000))
    );
    const states: string[] = [];
    model.changed.connect(() => states.push(model.state));
    await model.load();
    isAway = true;
    await model.load();
    expect(states).toEqual(['reading', 'shown', 'reading', 'failed']);
    expect([model.problem, model.film?.last_seq]).toEqual(['away', 1]);
    isAway = false;
    await model.load();
    expect(model.state).toBe('shown');
  });

  it('has no moment without a film', async () => {
    const model = new ReplayModel(() => Promise.reject(new Error('away')));
    expect(await model.momentOf(at(1))).toBeNull();
  });
});
