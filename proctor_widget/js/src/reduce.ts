/**
 * From one detector result to the few named numbers of a `Frame`.
 *
 * Landmarks and pictures end here: nothing else in this package lets either go on,
 * but for `meshPoints`, which goes to the person's own view on their own page.
 * No rule lives here; `nbinterview_proctor.geometry` makes angles and zones of it.
 * `nbinterview_proctor/facemesh.py` is the same reduction in Python, and golden
 * vectors hold the two equal (tests/proctor_widget/golden).
 */
import { meshResidual } from './canonical.js';
import { cropNumbers, cropsOf, meanAndStd, rounded } from './crops.js';
import type { Crop, CropName } from './crops.js';
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
  /** Luminance of the crops that `crops()` named, as far as they were drawn. */
  crops?: Partial<Record<CropName, Float64Array>>;
  /** What the second opinion says, 0 to 1, where it was asked. */
  person?: number | null;
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
  const [first, second] = bySize(found);
  const person = capture.person ?? null;
  return {
    at_ms: rounded(capture.at_ms, 10),
    faces: found.faces.length,
    ...pictureNumbers(capture.luma, capture.previous),
    inference_ms: rounded(capture.inference_ms, 10),
    ...(first && faceNumbers(first, found)),
    ...(first && cropNumbers(capture.crops ?? {})),
    ...(second && secondNumbers(second, found)),
    ...(person !== null && { person: rounded(person, 1e4) })
  };
}

/** The parts of the picture that `Capture.crops` wants; none without a face. */
export function crops(found: Detection): Partial<Record<CropName, Crop>> {
  const [first] = bySize(found);
  return first === undefined ? {} : cropsOf(first.points, first.box, found);
}

/**
 * The largest face to be drawn over its picture: x, y, x, y and so on in shares of the
 * picture, in MediaPipe's order; empty without a face. For the person's own eyes only.
 */
export function meshPoints(found: Detection): Float32Array<ArrayBuffer> {
  const [first] = bySize(found);
  return new Float32Array(first?.points.flatMap(({ x, y }) => [x, y]) ?? []);
}

interface Face {
  points: readonly Point[];
  box: [number, number, number, number];
  pose: readonly number[] | null;
}

/** The faces, the largest first. */
function bySize(found: Detection): Face[] {
  return found.faces
    .map((points, i) => {
      const pose = found.matrices[i];
      const whole = pose?.length === 16 && pose.every(Number.isFinite);
      return { points, box: boundingBox(points), pose: whole ? pose : null };
    })
    .sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]);
}

function faceNumbers(face: Face, size: Detection): Partial<Frame> {
  const left = eyeNumbers(face.points, LEFT, size);
  const right = eyeNumbers(face.points, RIGHT, size);
  const residual = residualOf(face, size);
  return {
    box: face.box.map(share => rounded(share, 1e4)),
    ...(face.pose && { pose: face.pose.map(number => rounded(number, 1e4)) }),
    ...(residual !== null && { mesh_residual: residual }),
    ...(left !== null &&
      right !== null && {
        iris_left: left.along,
        iris_right: right.along,
        iris_left_y: left.below,
        iris_right_y: right.below,
        eye_open_left: left.open,
        eye_open_right: right.open
      })
  };
}

function secondNumbers(face: Face, size: Detection): Partial<Frame> {
  const residual = residualOf(face, size);
  return {
    second_box: face.box.map(share => rounded(share, 1e4)),
    ...(residual !== null && { second_mesh_residual: residual })
  };
}

function residualOf(face: Face, size: Detection): number | null {
  if (face.pose === null) {
    return null;
  }
  const width_px = face.box[2] * size.width_px;
  const residual = meshResidual(face.points, face.pose, width_px, size);
  return residual === null ? null : rounded(residual, 1e4);
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

/**
 * Iris position along the corner line, 0 at the picture's left; its distance below that
 * line and the lids' distance, over eye width; null when the eye is too small in the
 * picture to have a width.
 */
function eyeNumbers(
  face: readonly Point[],
  eye: Eye,
  size: { width_px: number; height_px: number }
): { along: number; below: number; open: number } | null {
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
  const below = (iris.y * line.x - iris.x * line.y) / (width_px * width_px);
  const open = Math.hypot(lids.x, lids.y) / width_px;
  if (!Number.isFinite(along) || !Number.isFinite(open)) {
    return null;
  }
  return {
    along: rounded(Math.min(1, Math.max(0, along)), 1e4),
    below: rounded(below, 1e4),
    open: rounded(open, 1e4)
  };
}

/** Brightness, contrast and change: they tell a covered or a frozen camera. */
function pictureNumbers(
  luma: Float64Array,
  previous: Float64Array
): Pick<Frame, 'luma_mean' | 'luma_std' | 'frame_diff'> {
  const { mean, std } = meanAndStd(luma);
  let change = 0;
  luma.forEach((value, i) => {
    change += Math.abs(value - (previous[i] ?? 0));
  });
  const diff = change / luma.length;
  return {
    luma_mean: Math.min(255, rounded(mean, 100)),
    luma_std: rounded(std, 100),
    // Exactly 0 means a still picture, so a tiny change must not be rounded to it.
    frame_diff: diff === 0 ? 0 : Math.max(0.001, rounded(diff, 1000))
  };
}

function minus(a: Point, b: Point): Point {
  return { x: a.x - b.x, y: a.y - b.y };
}
