import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CROP_SIZE_PX, type CropName } from '../src/crops.js';
import type { Frame } from '../src/generated/live.js';
import { crops, luminance, meshPoints, reduce, type Detection } from '../src/reduce.js';

interface Vector {
  width_px: number;
  height_px: number;
  at_ms: number;
  inference_ms: number;
  faces: [number, number][][];
  matrices: number[][];
  rgb: string;
  previous_rgb: string;
  crops: Partial<Record<CropName, { box: number[]; rgb: string }>>;
  person: number | null;
  frame: Frame;
}

const folder = new URL('../../../tests/proctor_widget/golden/', import.meta.url);
const names = readdirSync(folder).filter(name => /^(?!policy).*\.json$/.test(name));

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
    previous: luminance(rgba(vector.previous_rgb)),
    crops: Object.fromEntries(
      Object.entries(vector.crops).map(([name, { rgb }]) => [
        name,
        luminance(rgba(rgb))
      ])
    ),
    person: vector.person
  });
}

/** One step of the rounding: sums in another order may fall on its other side. */
const STEP: Record<string, number> = {
  luma_mean: 0.01,
  luma_std: 0.01,
  frame_diff: 0.001,
  face_luma_mean: 0.01,
  face_luma_std: 0.01,
  eye_luma_std_left: 0.01,
  eye_luma_std_right: 0.01
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

describe('crops', () => {
  it.each(names)('%s', name => {
    const vector = load(name);
    const found = Object.entries(crops(detection(vector))).map(([crop, box]) => [
      crop,
      [box.x_px, box.y_px, box.width_px, box.height_px]
    ]);
    const wanted = Object.entries(vector.crops).map(([crop, { box }]) => [crop, box]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  });

  it('were drawn in the size that both ends know', () => {
    for (const [name, { rgb }] of Object.entries(load('centre.json').crops)) {
      const [width_px, height_px] = CROP_SIZE_PX[name as CropName];
      expect(Buffer.from(rgb, 'base64')).toHaveLength(width_px * height_px * 3);
    }
  });

  it('are none outside of the picture, and none of what is no number', () => {
    const centre = detection(load('centre.json'));
    const moved = (x: number): Detection => ({
      ...centre,
      faces: centre.faces.map(face => face.map(p => ({ x: p.x + x, y: p.y })))
    });
    expect(crops(moved(2))).toEqual({});
    expect(crops(moved(NaN))).toEqual({});
  });
});

describe('meshPoints', () => {
  it('is every point of the largest face, x before y', () => {
    const [small = []] = detection(load('centre.json')).faces;
    const large = small.map(({ x, y }) => ({ x: 1.5 * x, y: 1.5 * y }));
    const found = { ...detection(load('centre.json')), faces: [small, large] };
    const points = meshPoints(found);
    expect(points).toHaveLength(2 * 478);
    expect(points).toEqual(Float32Array.from(large.flatMap(({ x, y }) => [x, y])));
  });

  it('is empty without a face', () => {
    const nobody = { ...detection(load('centre.json')), faces: [], matrices: [] };
    expect(meshPoints(nobody)).toHaveLength(0);
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

  it('measures light only where a crop was drawn', () => {
    const found = detection(centre);
    const luma = new Float64Array(3072).fill(50);
    const left = new Float64Array(384).fill(255);
    const frame = reduce(found, {
      at_ms: 1,
      inference_ms: 1,
      luma,
      previous: luma,
      crops: { left }
    });
    expect(frame).toMatchObject({ glare_left: 1, eye_luma_std_left: 0 });
    expect(frame).not.toHaveProperty('glare_right');
    expect(frame).not.toHaveProperty('face_luma_mean');
  });

  it('copes with landmarks that are too few', () => {
    const faces = [(centre.faces[0] ?? []).slice(0, 100).map(([x, y]) => ({ x, y }))];
    const frame = reduced(centre, { ...detection(centre), faces });
    expect(frame).not.toHaveProperty('eye_open_left');
    expect(frame).not.toHaveProperty('mesh_residual');
    expect(crops({ ...detection(centre), faces })).toHaveProperty('face');
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
    expect(size).toBeLessThan(900);
  });
});
