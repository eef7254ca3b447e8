import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../src/generated/live.js';
import { luminance, reduce, type Detection } from '../src/reduce.js';

interface Vector {
  width_px: number;
  height_px: number;
  at_ms: number;
  inference_ms: number;
  faces: [number, number][][];
  matrices: number[][];
  rgb: string;
  previous_rgb: string;
  frame: Frame;
}

const folder = new URL('../../../tests/proctor_widget/golden/', import.meta.url);
const names = readdirSync(folder).filter(name => name.endsWith('.json'));

function load(name: string): Vector {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector;
}

function rgba(base64: string): Uint8ClampedArray {
  const rgb = Buffer.from(base64, 'base64');
  const pixels = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let i = 0; i < rgb.length / 3; i++) {
    pixels.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
  }
  return pixels;
}

function detection(vector: Vector): Detection {
  return {
    faces: vector.faces.map(face => face.map(([x, y]) => ({ x, y }))),
    matrices: vector.matrices,
    width_px: vector.width_px,
    height_px: vector.height_px
  };
}

function reduced(vector: Vector, found = detection(vector)): Frame {
  return reduce(found, {
    at_ms: vector.at_ms,
    inference_ms: vector.inference_ms,
    luma: luminance(rgba(vector.rgb)),
    previous: luminance(rgba(vector.previous_rgb))
  });
}

/** One step of the rounding: sums in another order may fall on its other side. */
const STEP: Record<string, number> = {
  luma_mean: 0.01,
  luma_std: 0.01,
  frame_diff: 0.001
};

describe('golden vectors', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(8);
  });

  it.each(names)('%s', name => {
    const vector = load(name);
    const frame = reduced(vector);
    expect(Object.keys(frame).sort()).toEqual(Object.keys(vector.frame).sort());
    for (const [key, expected] of Object.entries(vector.frame)) {
      const found = [frame[key as keyof Frame]].flat();
      const wanted = [expected as number | number[]].flat();
      expect(found).toHaveLength(wanted.length);
      wanted.forEach((number, i) => {
        const off = Math.abs((found[i] ?? NaN) - number);
        expect(off, `${key}[${i}]`).toBeLessThanOrEqual((STEP[key] ?? 1e-4) * 1.01);
      });
    }
  });
});

describe('reduce', () => {
  const centre = load('centre.json');

  it('leaves out a matrix that is no number', () => {
    const found = detection(centre);
    const matrices = found.matrices.map(matrix => [NaN, ...matrix.slice(1)]);
    expect(reduced(centre, { ...found, matrices })).not.toHaveProperty('pose');
  });

  it('leaves out eyes without a width', () => {
    const faces = [centre.faces[0]?.map(() => ({ x: 0.5, y: 0.5 })) ?? []];
    const frame = reduced(centre, { ...detection(centre), faces });
    expect(frame).not.toHaveProperty('iris_left');
    expect(frame.faces).toBe(1);
  });

  it('copes with landmarks that are too few', () => {
    const faces = [(centre.faces[0] ?? []).slice(0, 100).map(([x, y]) => ({ x, y }))];
    const frame = reduced(centre, { ...detection(centre), faces });
    expect(frame).not.toHaveProperty('eye_open_left');
  });

  it('never says 0 for a picture that changed at all', () => {
    const luma = new Float64Array(3072).fill(50);
    const previous = luma.slice();
    previous[7] = 50.5;
    const capture = { at_ms: 1, inference_ms: 1 };
    const nobody = { faces: [], matrices: [], width_px: 640, height_px: 480 };
    expect(reduce(nobody, { ...capture, luma, previous }).frame_diff).toBe(0.001);
    expect(reduce(nobody, { ...capture, luma, previous: luma }).frame_diff).toBe(0);
  });

  it('holds nothing but the named numbers of the schema', () => {
    const size = JSON.stringify(reduced(centre)).length;
    expect(size).toBeLessThan(600);
  });
});
