"""The canonical face: a few of its points, and how well a found face fits them.

The points are the 33 landmarks by which MediaPipe itself fits the pose, in
centimetres, x to the person's left, y up, z to the camera. Source:
`geometry_pipeline_metadata_landmarks.binarypb` in the model bundle
(face_landmarker.task), vertex buffer and Procrustes basis. `js/src/canonical.ts`
is the same in the browser.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Landmark, x, y, z.
_CANONICAL = np.array(
    [
        (4, 0.0, -0.463, 7.587),
        (6, 0.0, 2.473, 5.789),
        (10, 0.0, 8.262, 4.482),
        (33, -4.446, 2.664, 3.173),
        (54, -6.279, 6.615, 1.426),
        (67, -3.524, 8.006, 3.729),
        (117, -5.259, 0.946, 2.974),
        (119, -3.301, 0.862, 3.873),
        (121, -1.821, 1.468, 4.224),
        (127, -7.743, 2.365, -2.005),
        (129, -1.786, -0.978, 4.85),
        (132, -7.271, -2.891, -2.252),
        (133, -1.856, 2.585, 3.758),
        (136, -5.085, -7.179, 0.715),
        (143, -6.408, 2.236, 1.561),
        (147, -6.235, -1.944, 1.664),
        (198, -1.247, 0.23, 5.681),
        (205, -3.833, -1.537, 4.138),
        (263, 4.446, 2.664, 3.173),
        (284, 6.279, 6.615, 1.426),
        (297, 3.524, 8.006, 3.729),
        (346, 5.259, 0.946, 2.974),
        (348, 3.301, 0.862, 3.873),
        (350, 1.821, 1.468, 4.224),
        (356, 7.743, 2.365, -2.005),
        (358, 1.786, -0.978, 4.85),
        (361, 7.271, -2.891, -2.252),
        (362, 1.856, 2.585, 3.758),
        (365, 5.085, -7.179, 0.715),
        (372, 6.408, 2.236, 1.561),
        (376, 6.235, -1.944, 1.664),
        (420, 1.247, 0.23, 5.681),
        (425, 3.833, -1.537, 4.138),
    ]
)
LANDMARKS = _CANONICAL[:, 0].astype(int)
POINTS_CM = _CANONICAL[:, 1:]


def mesh_residual(points_px: Floats, pose: Floats, width_px: float) -> float | None:
    """Return how far landmarks are from a rigid, scaled copy of the canonical face.

    Root mean square over the share of the face's width; None where that has no
    value. The canonical points are turned by the pose, seen from afar, and laid
    on the landmarks by the best shift, scale and turn in the picture (least
    squares, the points as complex numbers). So the place in the picture does not
    matter, where the pose's own position is off at the edges. A mesh on something
    that is no face fits badly. `points_px` has shape (478, 2), `pose` (4, 4).
    """
    if len(points_px) <= LANDMARKS.max() or not width_px > 0:
        return None
    turned = POINTS_CM @ pose[:3, :3].T
    source = _centred(turned[:, 0] - 1j * turned[:, 1])
    length = float(np.sum(np.abs(source) ** 2))
    if not length > 0:
        return None
    target = _centred(points_px[LANDMARKS, 0] + 1j * points_px[LANDMARKS, 1])
    scale = np.vdot(source, target) / length
    squares = np.abs(target - scale * source) ** 2
    residual = math.sqrt(float(np.mean(squares))) / width_px
    return residual if math.isfinite(residual) else None


def _centred(points: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.asarray(points - np.mean(points))
