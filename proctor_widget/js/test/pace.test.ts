import { describe, expect, it } from 'vitest';
import { Pace, RATES_HZ } from '../src/pace.js';

/** Runs a device on which a picture takes so long, and tells the rate at the end. */
function run(
  pace: Pace,
  busy_ms: number | ((at_ms: number) => number),
  from_ms: number,
  seconds: number,
  waiting_ms = 5
): number[] {
  const rates: number[] = [];
  let at_ms = from_ms;
  while (at_ms < from_ms + 1000 * seconds) {
    const busy = typeof busy_ms === 'number' ? busy_ms : busy_ms(at_ms);
    pace.measured(busy, busy + waiting_ms, at_ms);
    rates.push(pace.rate_hz);
    at_ms += Math.max(1000 / pace.rate_hz, busy + waiting_ms);
  }
  return rates;
}

const last = (rates: number[]): number | undefined => rates.at(-1);

describe('attention', () => {
  const saw = (pace: Pace, faces: number, from_ms: number, to_ms: number): void => {
    for (let at_ms = from_ms; at_ms < to_ms; at_ms += 100) {
      pace.saw(faces, at_ms);
    }
  };

  it('is given to a face that came, and then falls to 4 Hz', () => {
    const pace = new Pace();
    expect(pace.rate_hz).toBe(10);
    saw(pace, 1, 0, 1900);
    expect(pace.rate_hz).toBe(10);
    saw(pace, 1, 1900, 2200);
    expect(pace.rate_hz).toBe(4);
  });

  it('is back with the first picture in which a face is lost, and stays', () => {
    const pace = new Pace();
    saw(pace, 1, 0, 5000);
    pace.saw(0, 5100);
    expect(pace.rate_hz).toBe(10);
    saw(pace, 0, 5200, 60_000);
    expect(pace.rate_hz).toBe(10);
  });

  it('is given to a second face for as long as it stays', () => {
    const pace = new Pace();
    saw(pace, 1, 0, 5000);
    pace.saw(2, 5100);
    expect(pace.rate_hz).toBe(10);
    saw(pace, 2, 5200, 8000);
    expect(pace.rate_hz).toBe(10);
    saw(pace, 1, 8000, 10_200);
    expect(pace.rate_hz).toBe(4);
  });

  it('does not make a slow device faster', () => {
    const pace = new Pace();
    run(pace, 100, 0, 20);
    pace.saw(0, 20_000);
    expect(pace.rate_hz).toBe(3);
  });
});

describe('Pace', () => {
  it.each([
    [15, 10],
    [34, 10],
    [45, 7],
    [60, 5],
    [100, 3],
    [150, 2],
    [900, 2]
  ])('with %d ms a picture measures at %d Hz', (busy_ms, rate_hz) => {
    expect(last(run(new Pace(), busy_ms, 0, 20))).toBe(rate_hz);
  });

  it('takes no more than 35 % of a core where it can go slower', () => {
    for (let busy_ms = 5; busy_ms <= 170; busy_ms += 5) {
      const pace = new Pace();
      run(pace, busy_ms, 0, 20);
      expect(busy_ms * pace.rate_hz, `${busy_ms} ms`).toBeLessThanOrEqual(350);
    }
  });

  it('goes slower when answers wait, though measuring itself is quick', () => {
    expect(last(run(new Pace(), 20, 0, 20, 200))).toBe(3);
  });

  it('does not judge by the first pictures, which are slow everywhere', () => {
    const pace = new Pace();
    for (let i = 0; i < 4; i++) {
      pace.measured(400, 400, 100 * i);
    }
    expect(pace.rate_hz).toBe(10);
  });

  it('is not moved by one slow picture', () => {
    const pace = new Pace();
    run(pace, 15, 0, 5);
    pace.measured(100, 105, 5000);
    expect(pace.rate_hz).toBe(10);
  });

  it('slows down within a second and speeds up with patience, by one step', () => {
    const pace = new Pace();
    run(pace, 15, 0, 10);
    expect(last(run(pace, 90, 10_000, 1))).toBeLessThanOrEqual(5);
    run(pace, 90, 11_000, 10);
    expect(pace.rate_hz).toBe(3);
    const faster = run(pace, 15, 21_000, 30);
    expect(new Set(faster)).toEqual(new Set([3, 5, 7, 10]));
    expect(faster.findIndex(rate => rate === 5)).toBeGreaterThanOrEqual(15);
    expect(last(faster)).toBe(10);
  });

  it('does not swing where two rates are close', () => {
    const wobble = (at_ms: number): number => 35 + 8 * Math.sin(at_ms / 700);
    const pace = new Pace();
    run(pace, wobble, 0, 20);
    const rates = run(pace, wobble, 20_000, 60);
    const changes = rates.filter((rate, i) => i > 0 && rate !== rates[i - 1]);
    expect(changes.length).toBeLessThanOrEqual(2);
  });

  it('keeps to a lower limit that its host sets', () => {
    const pace = new Pace(4);
    expect(pace.rate_hz).toBe(4);
    run(pace, 15, 0, 30);
    expect(pace.rate_hz).toBe(4);
    expect(RATES_HZ).toContain(last(run(pace, 120, 30_000, 20)));
  });
});
