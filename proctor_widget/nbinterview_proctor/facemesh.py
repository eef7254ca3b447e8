"""From one FaceMesh result to the few named numbers of a `Frame`, in numpy.

The live room does this in the candidate's browser (`js/src/reduce.ts`), where
landmarks and pictures end. This is the same reduction for video files, so that
the rules are evaluated on exactly what they would see live. Golden vectors in
tests/proctor_widget/golden hold the two equal: change both or none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LUMA_WIDTH_PX = 64
LUMA_HEIGHT_PX = 48

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """What the detector found in one picture."""

    faces: Sequence[Floats]
    """For each face 478 landmarks, shape (478, ≥ 2), in shares of the picture."""
    matrices: Sequence[Floats]
    """For each face the 4x4 transformation matrix, as MediaPipe's Python gives it."""
    width_px: int
    height_px: int


@dataclass(frozen=True)
class _Eye:
    """Landmarks of one eye; the corners from the picture's left to its right."""

    start: int
    end: int
    iris: int
    upper: int
    lower: int


# "Left" is the person's own left, which is on the picture's right.
_RIGHT = _Eye(start=33, end=133, iris=468, upper=159, lower=145)
_LEFT = _Eye(start=362, end=263, iris=473, upper=386, lower=374)


def luminance(rgb: NDArray[np.uint8]) -> Floats:
    """Return the BT.601 luminance (0 to 255) of RGB bytes, shape (h, w, ≥ 3)."""
    return np.asarray(rgb[..., :3].astype(np.float64) @ (0.299, 0.587, 0.114))


def thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the 64x48 copy that luminance is measured on, shape (48, 64, 3).

    Bilinear between the four nearest pixels and no average over more, as a
    browser's canvas does it: averaging would hide the sensor noise by which a
    live picture differs from a still one.
    """
    rows = _taps(rgb.shape[0], LUMA_HEIGHT_PX)
    columns = _taps(rgb.shape[1], LUMA_WIDTH_PX)
    picture = rgb[..., :3].astype(np.float64)
    mixed = sum(
        (row_share[:, None, None] * column_share[None, :, None])
        * picture[np.ix_(row, column)]
        for row, row_share in rows
        for column, column_share in columns
    )
    return np.asarray(np.floor(np.asarray(mixed) + 0.5), dtype=np.uint8)


def reduce(
    found: Detection,
    *,
    at_ms: float,
    inference_ms: float,
    luma: Floats,
    previous: Floats,
) -> dict[str, Any]:
    """Return the `Frame` of live.schema.yaml for one picture.

    `luma` and `previous` are the luminance of this picture's 64x48 copy and of
    the one before.
    """
    boxes = [_bounding_box(face) for face in found.faces]
    frame: dict[str, Any] = {
        "at_ms": _rounded(at_ms, 10),
        "faces": len(found.faces),
        **_picture_numbers(luma, previous),
        "inference_ms": _rounded(inference_ms, 10),
    }
    if not boxes:
        return frame
    largest = max(range(len(boxes)), key=lambda i: boxes[i][2] * boxes[i][3])
    frame["box"] = [_rounded(share, 1e4) for share in boxes[largest]]
    if largest < len(found.matrices):
        pose = np.asarray(found.matrices[largest], dtype=float).flatten(order="F")
        if pose.shape == (16,) and np.isfinite(pose).all():
            frame["pose"] = [_rounded(number, 1e4) for number in pose]
    size = np.array([found.width_px, found.height_px], dtype=float)
    points = np.asarray(found.faces[largest], dtype=float)[:, :2] * size
    left, right = _eye_numbers(points, _LEFT), _eye_numbers(points, _RIGHT)
    if left is not None and right is not None:
        frame["iris_left"], frame["eye_open_left"] = left
        frame["iris_right"], frame["eye_open_right"] = right
    return frame


def _bounding_box(face: Floats) -> tuple[float, float, float, float]:
    """Return x, y, width, height around all landmarks, in shares of the picture."""
    left, top = np.min(face[:, :2], axis=0)
    right, bottom = np.max(face[:, :2], axis=0)
    return float(left), float(top), float(right - left), float(bottom - top)


def _eye_numbers(points_px: Floats, eye: _Eye) -> tuple[float, float] | None:
    """Return iris position (0 at the picture's left), lid distance over eye width."""
    start = points_px[eye.start]
    line = points_px[eye.end] - start
    width_px = math.hypot(*line)
    if not width_px >= 1:
        return None
    along = float((points_px[eye.iris] - start) @ line) / width_px**2
    lids_px = points_px[eye.upper] - points_px[eye.lower]
    opened = math.hypot(*lids_px) / width_px
    if not (math.isfinite(along) and math.isfinite(opened)):
        return None
    return _rounded(min(1.0, max(0.0, along)), 1e4), _rounded(opened, 1e4)


def _picture_numbers(luma: Floats, previous: Floats) -> dict[str, float]:
    """Return brightness, contrast and change: they tell a covered or frozen camera."""
    diff = float(np.mean(np.abs(luma - previous)))
    return {
        "luma_mean": min(255.0, _rounded(float(np.mean(luma)), 100)),
        "luma_std": _rounded(float(np.std(luma)), 100),
        # Exactly 0 means a still picture, so a tiny change must not be rounded to it.
        "frame_diff": 0.0 if diff == 0 else max(0.001, _rounded(diff, 1000)),
    }


def _taps(size: int, wanted: int) -> list[tuple[NDArray[np.intp], Floats]]:
    """Return both neighbours of each wanted position on an axis, and their shares."""
    position = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    lower = np.floor(position)
    share = position - lower
    clip = size - 1
    return [
        (np.clip(lower, 0, clip).astype(np.intp), 1 - share),
        (np.clip(lower + 1, 0, clip).astype(np.intp), share),
    ]


def _rounded(value: float, steps: float) -> float:
    """Round half up to 1/`steps`; said this way because JavaScript must do the same."""
    return math.floor(float(value) * steps + 0.5) / steps
