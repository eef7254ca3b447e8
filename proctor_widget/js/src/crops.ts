/**
 * Light on the face and around the eyes: where to look, and the numbers. Pure.
 *
 * Each crop is drawn very small, reduced to two numbers, and gone.
 */
import type { Frame } from './generated/live.js';
import type { Detection, Point } from './reduce.js';

/** A part of the picture, in whole pixels. */
export interface Crop {
  x_px: number;
  y_px: number;
  width_px: number;
  height_px: number;
}

export const CROP_NAMES = ['face', 'left', 'right'] as const;
/** The largest face, and the surroundings of the person's own left and right eye. */
export type CropName = (typeof CROP_NAMES)[number];

/** Size of the copy that is measured. */
export const CROP_SIZE_PX: Record<CropName, readonly [number, number]> = {
  face: [32, 32],
  left: [24, 16],
  right: [24, 16]
};

/** Of an eye's width: what is around it, as wide as a lens of glasses. */
const AROUND_EYE = { width: 1.6, height: 1 };
/** From here on a pixel is almost white. */
const WHITE_LUMA = 240;
/** Less of the picture than this says nothing. */
const SMALLEST_PX = 4;

const CORNERS = { left: [362, 263], right: [33, 133] } as const;

/** What to look at for one face, clipped to the picture; a crop outside is missing. */
export function cropsOf(
  face: readonly Point[],
  box: readonly number[],
  size: Pick<Detection, 'width_px' | 'height_px'>
): Partial<Record<CropName, Crop>> {
  const [x = NaN, y = NaN, width = NaN, height = NaN] = box;
  const crops: Partial<Record<CropName, Crop>> = {};
  const put = (name: CropName, crop: Crop | null): void => {
    if (crop !== null) {
      crops[name] = crop;
    }
  };
  const { width_px, height_px } = size;
  put(
    'face',
    clipped(
      x * width_px,
      y * height_px,
      (x + width) * width_px,
      (y + height) * height_px,
      size
    )
  );
  for (const eye of ['left', 'right'] as const) {
    const [start, end] = CORNERS[eye].map(index => face[index]);
    if (start !== undefined && end !== undefined) {
      put(eye, aroundEye(start, end, size));
    }
  }
  return crops;
}

function aroundEye(
  start: Point,
  end: Point,
  size: Pick<Detection, 'width_px' | 'height_px'>
): Crop | null {
  const across_px = (end.x - start.x) * size.width_px;
  const eye_px = Math.hypot(across_px, (end.y - start.y) * size.height_px);
  const x_px = ((start.x + end.x) / 2) * size.width_px;
  const y_px = ((start.y + end.y) / 2) * size.height_px;
  const half_px = (AROUND_EYE.width * eye_px) / 2;
  const tall_px = (AROUND_EYE.height * eye_px) / 2;
  return clipped(x_px - half_px, y_px - tall_px, x_px + half_px, y_px + tall_px, size);
}

function clipped(
  left_px: number,
  top_px: number,
  right_px: number,
  bottom_px: number,
  size: Pick<Detection, 'width_px' | 'height_px'>
): Crop | null {
  const x_px = Math.max(0, Math.floor(left_px));
  const y_px = Math.max(0, Math.floor(top_px));
  const width_px = Math.min(size.width_px, Math.ceil(right_px)) - x_px;
  const height_px = Math.min(size.height_px, Math.ceil(bottom_px)) - y_px;
  // Said this way so that a landmark that is no number gives no crop either.
  return width_px >= SMALLEST_PX && height_px >= SMALLEST_PX
    ? { x_px, y_px, width_px, height_px }
    : null;
}

/** The numbers of the crops, from their luminance. */
export function cropNumbers(
  luma: Partial<Record<CropName, Float64Array>>
): Partial<Frame> {
  const numbers: Partial<Frame> = {};
  if (luma.face !== undefined) {
    const { mean, std } = meanAndStd(luma.face);
    numbers.face_luma_mean = Math.min(255, rounded(mean, 100));
    numbers.face_luma_std = rounded(std, 100);
  }
  if (luma.left !== undefined) {
    numbers.glare_left = whiteShare(luma.left);
    numbers.eye_luma_std_left = rounded(meanAndStd(luma.left).std, 100);
  }
  if (luma.right !== undefined) {
    numbers.glare_right = whiteShare(luma.right);
    numbers.eye_luma_std_right = rounded(meanAndStd(luma.right).std, 100);
  }
  return numbers;
}

export function meanAndStd(luma: Float64Array): { mean: number; std: number } {
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  const squares = luma.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / luma.length) };
}

function whiteShare(luma: Float64Array): number {
  const white = luma.reduce((n, value) => n + (value >= WHITE_LUMA ? 1 : 0), 0);
  return rounded(white / luma.length, 1e4);
}

/** Round half up to 1/`steps`; said this way because Python must do the same. */
export function rounded(value: number, steps: number): number {
  return Math.floor(value * steps + 0.5) / steps;
}
