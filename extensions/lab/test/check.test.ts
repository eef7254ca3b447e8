/** The check's model and words. */

import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { CheckModel } from '../src/check/model';
import { resultWords, verdict } from '../src/check/words';
import { kernelNotice } from '../src/room/kernel';
import type { Check } from '../src/wire';
import { trans } from './helpers';

function check(changes: Partial<Check> = {}): Check {
  return {
    check_id: 'one',
    state: 'running',
    asked_by: 'p-aaaaaaaaaa',
    asked_at: '2026-11-22T09:00:00.000000Z',
    seq: 9,
    total: 4,
    done: 1,
    clean: null,
    agree: null,
    cells: [],
    detail: '',
    ...changes
  };
}

class Told {
  check: Check | null = null;
  readonly signal = new Signal<object, { check: Check }>(this);
  readonly heard = (): typeof this.signal => this.signal;
}

function made(ask: () => Promise<Check>): { model: CheckModel; told: Told } {
  const told = new Told();
  return { model: new CheckModel(told as never, ask), told };
}

describe('the model', () => {
  it('follows what the room tells, and asks once at a time', async () => {
    let asked = 0;
    const { model, told } = made(() => {
      asked += 1;
      return Promise.resolve(check({ done: 0 }));
    });
    expect(model.check).toBeNull();
    const first = model.ask();
    expect(model.isFree).toBe(false);
    await Promise.all([first, model.ask()]);
    expect(asked).toBe(1);
    expect(model.check?.done).toBe(0);
    await model.ask();
    expect(asked).toBe(1);
    told.signal.emit({ check: check({ state: 'finished', done: 4 }) });
    expect(model.isFree).toBe(true);
  });

  it('does not fall behind news that came before the answer', async () => {
    const { model, told } = made(() => {
      told.signal.emit({ check: check({ done: 2 }) });
      return Promise.resolve(check({ done: 0 }));
    });
    await model.ask();
    expect(model.check?.done).toBe(2);
  });

  it('says why there is none, until the next news', async () => {
    const { model, told } = made(() => Promise.reject(new Error('Not now.')));
    await model.ask();
    expect(model.problem).toBe('Not now.');
    expect(model.isFree).toBe(true);
    told.signal.emit({ check: check() });
    expect(model.problem).toBe('');
  });
});

describe('words', () => {
  it.each([
    [check(), '1 of 4 cells'],
    [check({ state: 'failed' }), 'It could not be checked.'],
    [
      check({ state: 'finished', clean: true, agree: true }),
      'Yes, and everything shows the same.'
    ],
    [
      check({ state: 'finished', clean: true, agree: false }),
      'It runs without an error, but not everything shows the same.'
    ],
    [
      check({ state: 'finished', clean: false, agree: false }),
      'No, it does not run to its end.'
    ]
  ])('%#', (found, words) => {
    expect(verdict(found, trans)).toBe(words);
  });

  it('names each result differently', () => {
    const results = ['same', 'differs', 'new', 'error', 'not_run'] as const;
    const words = results.map(result => resultWords(result, trans));
    expect(new Set(words).size).toBe(results.length);
  });

  it('tells how far a branch’s Python is, and nothing of an ordinary start', () => {
    const starting = { type: 'kernel', state: 'starting', detail: '' } as const;
    const none = (): void => undefined;
    expect(kernelNotice(starting, none, trans)).toBeNull();
    const detail = 'Bringing Python to 00:23:10: 3 of 12 runs';
    const notice = kernelNotice({ ...starting, detail }, none, trans);
    expect(notice?.text).toContain('3 of 12 runs');
  });
});
