// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CalibrationModel } from '../src/watch/calibration';
import type { Calibration, ClientEvent } from '../src/wire';

const GOOD: Calibration = {
  state: 'taken',
  quality: 'good',
  detail: 'Known.',
  frames: 90
};

let said: string[];
let isDone: boolean;
let isRehearsal: boolean;
let model: CalibrationModel;

function say(event: ClientEvent): void {
  if (event.name === 'calibration') {
    said.push((event.target ?? event.state) + (event.rehearsal === true ? '?' : ''));
  }
}

// One screen, said by the browser.
Object.assign(screen, { isExtended: false });

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  isDone = isRehearsal = false;
  model = new CalibrationModel({
    report: say,
    isRehearsal: () => isRehearsal,
    done: () => {
      isDone = true;
    }
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Look at all places by the clock. */
function look(): void {
  model.begin('clock');
  vi.advanceTimersByTime(20_000);
}

describe('looking at places before the start', () => {
  it('says how good it was, in the room’s words', () => {
    model.begin('clock');
    vi.advanceTimersByTime(17_500);
    expect(model.view).toEqual({ at: 'judging' });
    model.told(GOOD);
    expect(model.view).toEqual({ at: 'judged', calibration: GOOD, mayRepeat: true });
    expect(isDone).toBe(false);
    model.skip();
    expect(isDone).toBe(true);
    expect(said.filter(each => each === 'skipped')).toEqual([]);
  });

  it('may be done once more, and no more than that', () => {
    look();
    model.told(GOOD);
    look();
    expect(said.filter(each => each === 'finished')).toHaveLength(2);
    model.told(GOOD);
    expect(model.view).toMatchObject({ at: 'judged', mayRepeat: false });
  });

  it('waits for no answer for ever', () => {
    model.begin('clock');
    vi.advanceTimersByTime(17_500 + 5_000);
    expect(model.view).toMatchObject({ at: 'judged', calibration: null });
  });

  it('takes no late answer for that of another run', () => {
    model.told(GOOD);
    expect(model.view).toEqual({ at: 'intro' });
    model.begin('clock');
    model.told(GOOD);
    expect(model.view).toMatchObject({ at: 'place' });
  });

  it('can be left out before it begins and in the middle, said once each', () => {
    model.skip();
    expect(said).toEqual(['skipped']);
    expect(isDone).toBe(true);
    isDone = false;
    model.begin('person');
    model.next();
    model.skip();
    expect(said).toEqual(['skipped', 'began', 'centre', 'skipped']);
    expect(isDone).toBe(true);
  });

  it('says of practice that it is practice', () => {
    isRehearsal = true;
    model.begin('person');
    expect(said).toEqual(['began?']);
  });

  it('says nothing any more once the interview ended', () => {
    model.begin('clock');
    model.cancel();
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(['began', 'centre']);
    expect(isDone).toBe(false);
  });
});
