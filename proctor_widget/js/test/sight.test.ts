import { describe, expect, it } from 'vitest';
import type { Frame } from '../src/generated/live.js';
import { hint, remember, sight, SIGHT_FRAMES } from '../src/sight.js';

const base: Frame = {
  at_ms: 0,
  faces: 1,
  box: [0.4, 0.3, 0.25, 0.4],
  luma_mean: 120,
  luma_std: 50,
  frame_diff: 0.8,
  inference_ms: 50
};
const many = (changes: Partial<Frame>, count = SIGHT_FRAMES): Frame[] =>
  Array.from({ length: count }, () => ({ ...base, ...changes }));

describe('sight', () => {
  it.each([
    ['one', {}],
    ['nobody', { faces: 0 }],
    ['several', { faces: 2 }],
    ['small', { box: [0.5, 0.5, 0.08, 0.1] }],
    ['covered', { faces: 0, luma_mean: 3, luma_std: 0.5 }],
    ['covered', { faces: 0, luma_mean: 200, luma_std: 1 }],
    ['dark', { faces: 0, luma_mean: 12, luma_std: 9 }],
    ['frozen', { frame_diff: 0 }]
  ] as [string, Partial<Frame>][])('says %s', (expected, changes) => {
    expect(sight(many(changes))).toBe(expected);
  });

  it('is loading before the first frame', () => {
    expect(sight([])).toBe('loading');
  });

  it('is not moved by one blink of the detector', () => {
    expect(sight([...many({}, 6), ...many({ faces: 0 }, 1)])).toBe('one');
  });

  it('needs more than one still frame to call a picture frozen', () => {
    expect(sight(many({ frame_diff: 0 }, SIGHT_FRAMES - 1))).toBe('one');
  });

  it('looks at the newest frames only', () => {
    expect(sight([...many({ faces: 0 }, 50), ...many({})])).toBe('one');
  });
});

describe('the second opinion', () => {
  const lost: Partial<Frame> = { faces: 0 };
  /** Pictures of so many ms each, of which the first has an opinion. */
  const asked = (person: number, count: number, period_ms = 100): Frame[] =>
    many(lost, count).map((frame, i) => ({
      ...frame,
      at_ms: i * period_ms,
      ...(i === 0 && { person })
    }));

  it.each([
    ['somebody', 0.9],
    ['somebody', 0.5],
    ['nobody', 0.49],
    ['nobody', 0.05]
  ])('says %s at %d', (expected, person) => {
    expect(sight(asked(person, SIGHT_FRAMES))).toBe(expected);
  });

  it('holds until it is asked again, and not for ever', () => {
    expect(sight(asked(0.9, 30))).toBe('somebody');
    expect(sight(asked(0.9, 32))).toBe('nobody');
  });

  it('is the newest one', () => {
    const [first, ...rest] = asked(0.1, 10).map(f => ({ ...f, at_ms: f.at_ms + 1000 }));
    const again = { ...first, person: 0.1 } as Frame;
    expect(sight([...asked(0.9, 10), again, ...rest])).toBe('nobody');
  });

  it('says nothing about a face that is found, or a covered or dark picture', () => {
    expect(sight([...asked(0.9, 3), ...many({ at_ms: 300 }, 6)])).toBe('one');
    const covered = { luma_mean: 3, luma_std: 0.5 };
    const dark = { luma_mean: 12, luma_std: 9 };
    expect(sight(asked(0.9, 8).map(f => ({ ...f, ...covered })))).toBe('covered');
    expect(sight(asked(0.9, 8).map(f => ({ ...f, ...dark })))).toBe('dark');
  });

  it('is remembered at ten pictures a second and at two', () => {
    const kept = (frames: Frame[]): Frame[] => frames.reduce<Frame[]>(remember, []);
    expect(sight(kept(asked(0.9, 30)))).toBe('somebody');
    expect(sight(kept(asked(0.9, 7, 500)))).toBe('somebody');
    expect(kept(asked(0.9, 1000))).toHaveLength(31);
    expect(kept(asked(0.9, 1000, 500))).toHaveLength(SIGHT_FRAMES);
  });
});

describe('hint', () => {
  it.each([
    [40, 'dim'],
    [120, 'none'],
    [240, 'bright']
  ])('light %d: %s', (luma_mean, expected) => {
    expect(hint(many({ luma_mean }))).toBe(expected);
  });
});
