import { describe, expect, it, vi } from 'vitest';

// The vendor's bundle wants a browser; only what is pure is tested here.
vi.mock('@mediapipe/tasks-vision', () => ({ ImageSegmenter: {} }));
const { Asking, surest } = await import('../src/opinion.js');

/** Every question that a run of pictures leads to; `faces` at each 100 ms. */
function asked(faces: readonly number[]): number[] {
  const asking = new Asking();
  return faces.flatMap((count, i) => (asking.due(count, 100 * i) ? [100 * i] : []));
}

const times = (count: number, faces: number): number[] =>
  Array.from({ length: count }, () => faces);

describe('Asking', () => {
  it('never asks while a face is found', () => {
    expect(asked([...times(30, 1), ...times(30, 2)])).toEqual([]);
  });

  it('asks with the first picture without a face, then once a second', () => {
    expect(asked([...times(5, 1), ...times(25, 0)])).toEqual([500, 1500, 2500]);
  });

  it('asks at once when a face was there in between', () => {
    expect(asked([0, 0, 0, 1, 0, 0])).toEqual([0, 400]);
  });
});

describe('surest', () => {
  const mask = (of: (x: number, y: number) => number): Float32Array =>
    Float32Array.from({ length: 256 * 256 }, (_, i) =>
      of(i % 256, Math.floor(i / 256))
    );

  // The same masks as in tests/proctor_widget/test_opinion.py.
  it.each([
    ['nobody', () => 0, 0],
    ['everywhere', () => 1, 1],
    ['faint everywhere', () => 0.25, 0.25],
    ['a head', (x: number, y: number) => (x < 64 && y < 64 ? 1 : 0), 1],
    ['half of the area', (x: number, y: number) => (x < 32 && y < 32 ? 1 : 0), 0.5],
    ['sprinkled', (x: number, y: number) => ((x + y) % 2 === 0 ? 1 : 0), 0.5],
    ['a slope', (x: number) => x / 256, 0.9824]
  ] as [string, (x: number, y: number) => number, number][])(
    '%s',
    (_name, of, expected) => {
      expect(surest(mask(of))).toBeCloseTo(expected, 4);
    }
  );
});
