/**
 * The canonical face: a few of its points, and how well a found face fits them. Pure.
 *
 * The points are the 33 landmarks by which MediaPipe itself fits the pose, in
 * centimetres, x to the person's left, y up, z to the camera. Source:
 * `geometry_pipeline_metadata_landmarks.binarypb` in the model bundle
 * (face_landmarker.task), vertex buffer and Procrustes basis.
 */
import type { Point } from './reduce.js';

/** Landmark, x, y, z. */
const CANONICAL: readonly (readonly [number, number, number, number])[] = [
  [4, 0.0, -0.463, 7.587],
  [6, 0.0, 2.473, 5.789],
  [10, 0.0, 8.262, 4.482],
  [33, -4.446, 2.664, 3.173],
  [54, -6.279, 6.615, 1.426],
  [67, -3.524, 8.006, 3.729],
  [117, -5.259, 0.946, 2.974],
  [119, -3.301, 0.862, 3.873],
  [121, -1.821, 1.468, 4.224],
  [127, -7.743, 2.365, -2.005],
  [129, -1.786, -0.978, 4.85],
  [132, -7.271, -2.891, -2.252],
  [133, -1.856, 2.585, 3.758],
  [136, -5.085, -7.179, 0.715],
  [143, -6.408, 2.236, 1.561],
  [147, -6.235, -1.944, 1.664],
  [198, -1.247, 0.23, 5.681],
  [205, -3.833, -1.537, 4.138],
  [263, 4.446, 2.664, 3.173],
  [284, 6.279, 6.615, 1.426],
  [297, 3.524, 8.006, 3.729],
  [346, 5.259, 0.946, 2.974],
  [348, 3.301, 0.862, 3.873],
  [350, 1.821, 1.468, 4.224],
  [356, 7.743, 2.365, -2.005],
  [358, 1.786, -0.978, 4.85],
  [361, 7.271, -2.891, -2.252],
  [362, 1.856, 2.585, 3.758],
  [365, 5.085, -7.179, 0.715],
  [372, 6.408, 2.236, 1.561],
  [376, 6.235, -1.944, 1.664],
  [420, 1.247, 0.23, 5.681],
  [425, 3.833, -1.537, 4.138]
];

/**
 * How far the face's landmarks are from a rigid, scaled copy of the canonical face:
 * root mean square over the share of the face's width; null where that has no value.
 *
 * The canonical points are turned by the pose, seen from afar, and laid on the
 * landmarks by the best shift, scale and turn in the picture (least squares, the
 * points as complex numbers). So the place in the picture does not matter, where
 * the pose's own position is off at the edges. A mesh on something that is no face
 * fits badly.
 */
export function meshResidual(
  face: readonly Point[],
  pose: readonly number[],
  width_px: number,
  size: { width_px: number; height_px: number }
): number | null {
  const found = CANONICAL.map(([landmark]) => {
    const point = face[landmark];
    return {
      x: (point?.x ?? NaN) * size.width_px,
      y: (point?.y ?? NaN) * size.height_px
    };
  });
  const turned = CANONICAL.map(([, x, y, z]) => ({
    x: row(pose, 0, x, y, z),
    y: -row(pose, 1, x, y, z)
  }));
  const from = centred(turned);
  const to = centred(found);
  const length = sum(from, point => point.x ** 2 + point.y ** 2);
  const scale = {
    x: sum(from, (a, i) => a.x * (to[i]?.x ?? NaN) + a.y * (to[i]?.y ?? NaN)) / length,
    y: sum(from, (a, i) => a.x * (to[i]?.y ?? NaN) - a.y * (to[i]?.x ?? NaN)) / length
  };
  const squares = sum(
    from,
    (a, i) =>
      ((to[i]?.x ?? NaN) - scale.x * a.x + scale.y * a.y) ** 2 +
      ((to[i]?.y ?? NaN) - scale.x * a.y - scale.y * a.x) ** 2
  );
  const residual = Math.sqrt(squares / from.length) / width_px;
  return Number.isFinite(residual) ? residual : null;
}

/** One row of the rotation of a column-major 4x4 matrix, applied to a point. */
function row(
  pose: readonly number[],
  index: number,
  x: number,
  y: number,
  z: number
): number {
  const at = (column: number): number => pose[index + 4 * column] ?? NaN;
  return at(0) * x + at(1) * y + at(2) * z;
}

function centred(points: readonly Point[]): Point[] {
  const x = sum(points, point => point.x) / points.length;
  const y = sum(points, point => point.y) / points.length;
  return points.map(point => ({ x: point.x - x, y: point.y - y }));
}

function sum(
  points: readonly Point[],
  of: (point: Point, i: number) => number
): number {
  return points.reduce((total, point, i) => total + of(point, i), 0);
}
