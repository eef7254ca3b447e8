import { describe, expect, it } from 'vitest';
import { mayMeasure, PAINT_MS } from '../src/turn.js';

const NEVER = -Infinity;

describe('a picture that is due', () => {
  it('is taken at once where nobody types', () => {
    expect(mayMeasure(1000, NEVER, 990)).toBe(true);
    expect(mayMeasure(1000, 700, 990)).toBe(true);
  });

  it('waits until a key is painted, and is taken right after it', () => {
    expect(mayMeasure(1000, 995, 990)).toBe(false);
    expect(mayMeasure(995 + PAINT_MS, 995, 990)).toBe(true);
  });

  it('is not taken when the next key may come any moment', () => {
    expect(mayMeasure(1100, 995, 1090)).toBe(false);
  });

  it('does not wait for ever, however fast somebody types', () => {
    const taken = [];
    let due_ms = 0;
    for (let at_ms = 0; at_ms < 10_000; at_ms += 5) {
      if (at_ms >= due_ms && mayMeasure(at_ms, at_ms - (at_ms % 20), due_ms)) {
        taken.push(at_ms);
        due_ms = at_ms + 250;
      }
    }
    expect(taken.length).toBeGreaterThanOrEqual(18);
  });
});
