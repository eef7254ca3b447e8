import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Nudges } from '../src/watch/nudges';
import type { Warning } from '../src/wire';

let lastKeyMs: number;
let isVisible: boolean;
let nudges: Nudges;

function nudge(episode = 'nobody-1'): Warning {
  return {
    episode_id: episode,
    rule: 'nobody',
    text: `Are you there, ${episode}?`,
    at: '2026-11-23T13:00:00Z'
  };
}

const shown = (): string | undefined => nudges.shown?.episode_id;

beforeEach(() => {
  vi.useFakeTimers({ now: 100_000 });
  lastKeyMs = -Infinity;
  isVisible = true;
  nudges = new Nudges({
    nowMs: () => Date.now(),
    lastKeyAtMs: () => lastKeyMs,
    isVisible: () => isVisible
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a nudge', () => {
  it('comes at once where nobody types', () => {
    nudges.add(nudge());
    expect(shown()).toBe('nobody-1');
  });

  it('waits for a pause in typing', () => {
    lastKeyMs = Date.now();
    nudges.add(nudge());
    vi.advanceTimersByTime(1_000);
    lastKeyMs = Date.now(); // one more key
    vi.advanceTimersByTime(1_400);
    expect(shown()).toBeUndefined();
    vi.advanceTimersByTime(100);
    expect(shown()).toBe('nobody-1');
  });

  it('waits 5 s and no longer', () => {
    nudges = new Nudges({
      nowMs: () => Date.now(),
      lastKeyAtMs: () => Date.now(), // typing without end
      isVisible: () => true
    });
    nudges.add(nudge());
    vi.advanceTimersByTime(4_900);
    expect(shown()).toBeUndefined();
    vi.advanceTimersByTime(100);
    expect(shown()).toBe('nobody-1');
  });

  it('waits for a page that is in front', () => {
    isVisible = false;
    nudges.add(nudge());
    vi.advanceTimersByTime(60_000);
    expect(shown()).toBeUndefined();
    isVisible = true;
    vi.advanceTimersByTime(1_000);
    expect(shown()).toBe('nobody-1');
  });

  it('goes by itself', () => {
    nudges.add(nudge());
    vi.advanceTimersByTime(10_000);
    expect(shown()).toBeUndefined();
  });

  it('is one at a time, and the later one stays its time', () => {
    nudges.add(nudge('a'));
    vi.advanceTimersByTime(6_000);
    nudges.add(nudge('b'));
    expect(shown()).toBe('b');
    vi.advanceTimersByTime(6_000);
    expect(shown()).toBe('b');
    vi.advanceTimersByTime(4_000);
    expect(shown()).toBeUndefined();
  });

  it('is taken back when its cause is gone, shown or not', () => {
    nudges.add(nudge('a'));
    nudges.clear('b');
    expect(shown()).toBe('a');
    nudges.clear('a');
    expect(shown()).toBeUndefined();
    lastKeyMs = Date.now();
    nudges.add(nudge('c'));
    nudges.clear('c');
    vi.advanceTimersByTime(60_000);
    expect(shown()).toBeUndefined();
  });
});
