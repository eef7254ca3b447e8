import { describe, expect, it } from 'vitest';
import type { Frame } from '../src/generated/live.js';
import { hint, sight, SIGHT_FRAMES } from '../src/sight.js';

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

describe('hint', () => {
  it.each([
    [40, 'dim'],
    [120, 'none'],
    [240, 'bright']
  ])('light %d: %s', (luma_mean, expected) => {
    expect(hint(many({ luma_mean }))).toBe(expected);
  });
});
