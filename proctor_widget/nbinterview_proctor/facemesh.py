"""From one FaceMesh result to the few named numbers of a `Frame`, in numpy.

The live room does this in the candidate's browser (`js/src/reduce.ts`), where
landmarks and pictures end. This is the same reduction for video files, so that
the rules are evaluated on exactly what they would see live. Golden vectors in
tests/proctor_widget/golden hold the two equal: change both or none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canonical import mesh_residual

LUMA_WIDTH_PX = 64
LUMA_HEIGHT_PX = 48
CROP_SIZE_PX = {"face": (32, 32), "left": (24, 16), "right": (24, 16)}
"""Width and height of the copy that each crop is measured on."""

_AROUND_EYE = (1.6, 1.0)  # of an eye's width: as wide as a lens of glasses
_WHITE_LUMA = 240  # from here on a pixel is almost white
_SMALLEST_PX = 4  # less of the picture than this says nothing

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
class Crop:
    """A part of the picture, in whole pixels."""

    x_px: int
    y_px: int
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


def sampled(rgb: NDArray[np.uint8], width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return a copy of another size.

    Bilinear between the four nearest pixels and no average over more, as a
    browser's canvas does it: averaging would hide the sensor noise by which a
    live picture differs from a still one.
    """
    rows = _taps(rgb.shape[0], height_px)
    columns = _taps(rgb.shape[1], width_px)
    picture = rgb[..., :3].astype(np.float64)
    mixed = sum(
        (row_share[:, None, None] * column_share[None, :, None])
        * picture[np.ix_(row, column)]
        for row, row_share in rows
        for column, column_share in columns
    )
    return np.asarray(np.floor(np.asarray(mixed) + 0.5), dtype=np.uint8)


def thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the 64x48 copy that luminance is measured on, shape (48, 64, 3)."""
    return sampled(rgb, LUMA_WIDTH_PX, LUMA_HEIGHT_PX)


def crops(found: Detection) -> dict[str, Crop]:
    """Return what `crop_copies` is to copy: the largest face, and around its eyes.

    By the names of `CROP_SIZE_PX`; a crop outside of the picture is missing.
    """
    faces = _by_size(found)
    if not faces:
        return {}
    size_px = (found.width_px, found.height_px)
    left, top, width, height = faces[0].box_px
    wanted = {"face": _clipped(left, top, left + width, top + height, size_px)}
    for name, eye in (("left", _LEFT), ("right", _RIGHT)):
        start, end = faces[0].points_px[[eye.start, eye.end]]
        half = np.array(_AROUND_EYE) * math.hypot(*(end - start)) / 2
        middle = (start + end) / 2
        corner, opposite = middle - half, middle + half
        wanted[name] = _clipped(corner[0], corner[1], opposite[0], opposite[1], size_px)
    return {name: crop for name, crop in wanted.items() if crop is not None}


def crop_copies(
    rgb: NDArray[np.uint8], wanted: Mapping[str, Crop]
) -> dict[str, NDArray[np.uint8]]:
    """Return small copies of these parts of the picture, by name."""
    return {
        name: sampled(
            rgb[
                crop.y_px : crop.y_px + crop.height_px,
                crop.x_px : crop.x_px + crop.width_px,
            ],
            *CROP_SIZE_PX[name],
        )
        for name, crop in wanted.items()
    }


def reduce(
    found: Detection,
    *,
    at_ms: float,
    inference_ms: float,
    luma: Floats,
    previous: Floats,
    crops: Mapping[str, Floats] | None = None,
    person: float | None = None,
) -> dict[str, Any]:
    """Return the `Frame` of live.schema.yaml for one picture.

    `luma` and `previous` are the luminance of this picture's 64x48 copy and of
    the one before, `crops` that of `crop_copies`, `person` the second opinion
    (`nbinterview_proctor.opinion`) where it was asked.
    """
    faces = _by_size(found)
    frame: dict[str, Any] = {
        "at_ms": _rounded(at_ms, 10),
        "faces": len(faces),
        **_picture_numbers(luma, previous),
        "inference_ms": _rounded(inference_ms, 10),
    }
    if faces:
        frame |= _face_numbers(faces[0]) | _crop_numbers(crops or {})
    if len(faces) > 1:
        frame |= _second_numbers(faces[1])
    if person is not None:
        frame["person"] = _rounded(person, 1e4)
    return frame


@dataclass(frozen=True)
class _Face:
    points_px: Floats
    box: tuple[float, float, float, float]
    """x, y, width, height around all landmarks, in shares of the picture."""
    box_px: tuple[float, float, float, float]
    pose: Floats | None


def _by_size(found: Detection) -> list[_Face]:
    """Return the faces, the largest first."""
    size_px = np.array([found.width_px, found.height_px], dtype=float)
    faces = []
    for index, face in enumerate(found.faces):
        points = np.asarray(face, dtype=float)[:, :2]
        left, top = np.min(points, axis=0)
        right, bottom = np.max(points, axis=0)
        box = (float(left), float(top), float(right - left), float(bottom - top))
        box_px = tuple(np.multiply(box, np.tile(size_px, 2)).tolist())
        pose = None
        if index < len(found.matrices):
            matrix = np.asarray(found.matrices[index], dtype=float)
            if matrix.shape == (4, 4) and np.isfinite(matrix).all():
                pose = matrix
        faces.append(_Face(points * size_px, box, box_px, pose))
    return sorted(faces, key=lambda face: -face.box[2] * face.box[3])


def _face_numbers(face: _Face) -> dict[str, Any]:
    numbers: dict[str, Any] = {"box": [_rounded(share, 1e4) for share in face.box]}
    if face.pose is not None:
        numbers["pose"] = [_rounded(n, 1e4) for n in face.pose.flatten(order="F")]
    residual = _residual(face)
    if residual is not None:
        numbers["mesh_residual"] = residual
    left = _eye_numbers(face.points_px, _LEFT)
    right = _eye_numbers(face.points_px, _RIGHT)
    if left is not None and right is not None:
        for side, eye in (("left", left), ("right", right)):
            numbers[f"iris_{side}"] = eye[0]
            numbers[f"iris_{side}_y"] = eye[1]
            numbers[f"eye_open_{side}"] = eye[2]
    return numbers


def _second_numbers(face: _Face) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "second_box": [_rounded(share, 1e4) for share in face.box]
    }
    residual = _residual(face)
    if residual is not None:
        numbers["second_mesh_residual"] = residual
    return numbers


def _residual(face: _Face) -> float | None:
    if face.pose is None:
        return None
    found = mesh_residual(face.points_px, face.pose, face.box_px[2])
    return None if found is None else _rounded(found, 1e4)


def _crop_numbers(luma: Mapping[str, Floats]) -> dict[str, float]:
    """Return the light on the face, and glare and contrast around the eyes."""
    numbers = {}
    if "face" in luma:
        numbers["face_luma_mean"] = min(255.0, _rounded(np.mean(luma["face"]), 100))
        numbers["face_luma_std"] = _rounded(np.std(luma["face"]), 100)
    for side in ("left", "right"):
        if side in luma:
            white = np.mean(luma[side] >= _WHITE_LUMA)
            numbers[f"glare_{side}"] = _rounded(white, 1e4)
            numbers[f"eye_luma_std_{side}"] = _rounded(np.std(luma[side]), 100)
    return numbers


def _clipped(
    left: float, top: float, right: float, bottom: float, size_px: tuple[int, int]
) -> Crop | None:
    if not all(map(math.isfinite, (left, top, right, bottom))):
        return None
    x_px, y_px = max(0, math.floor(left)), max(0, math.floor(top))
    width_px = min(size_px[0], math.ceil(right)) - x_px
    height_px = min(size_px[1], math.ceil(bottom)) - y_px
    if min(width_px, height_px) < _SMALLEST_PX:
        return None
    return Crop(x_px, y_px, width_px, height_px)


def _eye_numbers(points_px: Floats, eye: _Eye) -> tuple[float, float, float] | None:
    """Return iris position along the corner line, distance below it, lid distance.

    The first is 0 at the picture's left; the others are over eye width.
    """
    start = points_px[eye.start]
    line = points_px[eye.end] - start
    width_px = math.hypot(*line)
    if not width_px >= 1:
        return None
    iris = points_px[eye.iris] - start
    along = float(iris @ line) / width_px**2
    below = float(iris[1] * line[0] - iris[0] * line[1]) / width_px**2
    lids_px = points_px[eye.upper] - points_px[eye.lower]
    opened = math.hypot(*lids_px) / width_px
    if not (math.isfinite(along) and math.isfinite(opened)):
        return None
    return (
        _rounded(min(1.0, max(0.0, along)), 1e4),
        _rounded(below, 1e4),
        _rounded(opened, 1e4),
    )


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


def _rounded(value: float | np.floating[Any], steps: float) -> float:
    """Round half up to 1/`steps`; said this way because JavaScript must do the same."""
    return math.floor(float(value) * steps + 0.5) / steps
