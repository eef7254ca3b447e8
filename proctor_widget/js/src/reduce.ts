/**
 * From one detector result to the few named numbers of a `Frame`.
 *
 * Landmarks and pictures end here: nothing else in this package lets either go on.
 * No rule lives here; `nbinterview_proctor.geometry` makes angles and zones of it.
 * `nbinterview_proctor/facemesh.py` is the same reduction in Python, and golden
 * vectors hold the two equal (tests/proctor_widget/golden).
 */
import type { Frame } from './generated/live.js';

/** Size of the luminance copy; the only thing ever kept of a picture, for one frame. */
export const LUMA_WIDTH_PX = 64;
export const LUMA_HEIGHT_PX = 48;

/** A point in shares of the picture: x to the right, y down. */
export interface Point {
  x: number;
  y: number;
}

/** What the detector found in one picture. */
export interface Detection {
  /** 478 FaceMesh landmarks for each face. */
  faces: readonly (readonly Point[])[];
  /** A 4x4 matrix, column-major, for each face. */
  matrices: readonly (readonly number[])[];
  /** Size of the picture, since lengths are measured in its pixels. */
  width_px: number;
  height_px: number;
}

/** The circumstances of the frame. */
export interface Capture {
  at_ms: number;
  inference_ms: number;
  /** Luminance, 0 to 255, of this picture and of the one before. */
  luma: Float64Array;
  previous: Float64Array;
}

/**
 * Landmarks of one eye. "Left" is the person's own left, on the picture's right.
 * `start` and `end` are the corners, from the picture's left to its right.
 */
interface Eye {
  start: number;
  end: number;
  iris: number;
  upper: number;
  lower: number;
}
const RIGHT: Eye = { start: 33, end: 133, iris: 468, upper: 159, lower: 145 };
const LEFT: Eye = { start: 362, end: 263, iris: 473, upper: 386, lower: 374 };

/** BT.601 luminance of RGBA bytes. */
export function luminance(rgba: Uint8ClampedArray): Float64Array {
  const luma = new Float64Array(rgba.length / 4);
  for (let i = 0, j = 0; i < luma.length; i++, j += 4) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(j, j + 3);
    luma[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  return luma;
}

/** Reduce one detection to the numbers that leave the device. */
export function reduce(found: Detection, capture: Capture): Frame {
  const boxes = found.faces.map(boundingBox);
  const largest = indexOfLargest(boxes.map(box => box[2] * box[3]));
  const frame: Frame = {
    at_ms: rounded(capture.at_ms, 10),
    faces: found.faces.length,
    ...pictureNumbers(capture.luma, capture.previous),
    inference_ms: rounded(capture.inference_ms, 10)
  };
  const face = found.faces[largest];
  const box = boxes[largest];
  if (face === undefined || box === undefined) {
    return frame;
  }
  frame.box = box.map(share => rounded(share, 1e4));
  const pose = found.matrices[largest];
  if (pose?.length === 16 && pose.every(Number.isFinite)) {
    frame.pose = pose.map(number => rounded(number, 1e4));
  }
  const left = eyeNumbers(face, LEFT, found);
  const right = eyeNumbers(face, RIGHT, found);
  if (left !== null && right !== null) {
    frame.iris_left = left.iris;
    frame.iris_right = right.iris;
    frame.eye_open_left = left.open;
    frame.eye_open_right = right.open;
  }
  return frame;
}

/** x, y, width, height around all landmarks, in shares of the picture. */
function boundingBox(face: readonly Point[]): [number, number, number, number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of face) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}

function indexOfLargest(areas: readonly number[]): number {
  return areas.reduce(
    (best, area, index) => (area > (areas[best] ?? -Infinity) ? index : best),
    0
  );
}

/**
 * Iris position along the corner line, 0 at the picture's left, and lid distance over
 * eye width; null when the eye is too small in the picture to have a width.
 */
function eyeNumbers(
  face: readonly Point[],
  eye: Eye,
  size: { width_px: number; height_px: number }
): { iris: number; open: number } | null {
  const at = (index: number): Point => {
    const point = face[index];
    return point === undefined
      ? { x: NaN, y: NaN }
      : { x: point.x * size.width_px, y: point.y * size.height_px };
  };
  const start = at(eye.start);
  const line = minus(at(eye.end), start);
  const width_px = Math.hypot(line.x, line.y);
  if (!(width_px >= 1)) {
    return null;
  }
  const iris = minus(at(eye.iris), start);
  const lids = minus(at(eye.upper), at(eye.lower));
  const along = (iris.x * line.x + iris.y * line.y) / (width_px * width_px);
  const open = Math.hypot(lids.x, lids.y) / width_px;
  if (!Number.isFinite(along) || !Number.isFinite(open)) {
    return null;
  }
  return {
    iris: rounded(Math.min(1, Math.max(0, along)), 1e4),
    open: rounded(open, 1e4)
  };
}

/** Brightness, contrast and change: they tell a covered or a frozen camera. */
function pictureNumbers(
  luma: Float64Array,
  previous: Float64Array
): Pick<Frame, 'luma_mean' | 'luma_std' | 'frame_diff'> {
  const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
  let squares = 0;
  let change = 0;
  luma.forEach((value, i) => {
    squares += (value - mean) ** 2;
    change += Math.abs(value - (previous[i] ?? 0));
  });
  const diff = change / luma.length;
  return {
    luma_mean: Math.min(255, rounded(mean, 100)),
    luma_std: rounded(Math.sqrt(squares / luma.length), 100),
    // Exactly 0 means a still picture, so a tiny change must not be rounded to it.
    frame_diff: diff === 0 ? 0 : Math.max(0.001, rounded(diff, 1000))
  };
}

function minus(a: Point, b: Point): Point {
  return { x: a.x - b.x, y: a.y - b.y };
}

/** Round half up to 1/`steps`; said this way because Python must do the same. */
function rounded(value: number, steps: number): number {
  return Math.floor(value * steps + 0.5) / steps;
}
