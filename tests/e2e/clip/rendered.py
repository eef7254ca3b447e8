"""A head in a known pose: the photograph laid over the canonical face mesh.

The depth of each landmark of the photograph is that of the canonical face (the mesh in
MediaPipe's own model bundle), put in the photograph's pose. The mesh and the hair
around it are turned about the middle of the head and seen by a camera with MediaPipe's
angle of view. So the angle between two pictures is known, whatever the photograph's
own is.

Signs as MediaPipe's: yaw + is the nose to image right, pitch + the nose down.
"""

from __future__ import annotations

import functools
import json
import math
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage.data
from scipy import interpolate

from tests.e2e.clip import build

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MODEL = (
    Path(__file__).parents[3]
    / "extensions/nbinterview_server/static/models/face_landmarker.task"
)
GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"
_PAD_PX = 130  # around the photograph, to have the head in the middle
_VIEW_PX = (448, 336)  # of the padded photograph: what the camera sees
_VIEW_DEG = 63.0  # vertical, as MediaPipe assumes it
_HAIR_CM = 2.0  # how far its outline is behind the rim of the face
_STEP_PX = 0.35  # between the points that are drawn


def render(yaw_deg: float, pitch_deg: float) -> Picture:
    """Return the 640x480 picture of the head turned so, without sensor noise."""
    portrait = skimage.data.astronaut()  # type: ignore[no-untyped-call]  # has no types
    photo = np.asarray(portrait, dtype=np.uint8)
    at, points_px = _head()
    x, y, z = _turn(yaw_deg, pitch_deg) @ points_px
    distance_px = _VIEW_PX[1] / 2 / math.tan(math.radians(_VIEW_DEG / 2))
    scale = distance_px / (distance_px - z)
    scene = build.with_head(
        photo, at, build.HEAD_X + x * scale, build.HEAD_Y - y * scale, -z
    )
    padded = np.pad(scene, ((_PAD_PX,) * 2, (_PAD_PX,) * 2, (0, 0)), mode="edge")
    left = round(build.HEAD_X + _PAD_PX - _VIEW_PX[0] / 2)
    top = round(build.HEAD_Y + _PAD_PX - _VIEW_PX[1] / 2)
    return build.crop(padded, (left, top, *_VIEW_PX), build.SIZE_PX)


def _turn(yaw_deg: float, pitch_deg: float) -> Floats:
    """Return the rotation; x to image right, y up, z to the camera."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    about_y = np.array(
        [
            [math.cos(yaw), 0, math.sin(yaw)],
            [0, 1, 0],
            [-math.sin(yaw), 0, math.cos(yaw)],
        ]
    )
    about_x = np.array(
        [
            [1, 0, 0],
            [0, math.cos(pitch), -math.sin(pitch)],
            [0, math.sin(pitch), math.cos(pitch)],
        ]
    )
    return np.asarray(about_y @ about_x)


@functools.cache
def _head() -> tuple[tuple[Floats, Floats], Floats]:
    """Return where the head's points are in the photograph, and in space.

    The latter in the photograph's pixels from the middle of the head, shape (3, n).
    """
    path = Path(__file__).with_name("astronaut_landmarks.json")
    marks_px = np.array(json.loads(path.read_text()), dtype=float)[:468, :2] * 512
    turned_cm, px_per_cm = _in_pose_of(marks_px * (1, -1), canonical_face())
    depth_px = turned_cm[:, 2] * px_per_cm
    ears_px = float(depth_px.min())  # the rim of the face, about the middle of the head
    hair_px = ears_px - _HAIR_CM * px_per_cm
    around = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    outline_px = np.column_stack(
        [
            build.HEAD_X + build.HEAD_HALF_WIDTH * np.cos(around),
            build.HEAD_Y + build.HEAD_HALF_HEIGHT * np.sin(around),
        ]
    )
    u, v = build.head_points(_STEP_PX)
    z = interpolate.LinearNDInterpolator(
        np.vstack([marks_px, outline_px]),
        np.append(depth_px, np.full(len(outline_px), hair_px)),
        fill_value=hair_px,
    )(u, v)
    return (u, v), np.vstack([u - build.HEAD_X, build.HEAD_Y - v, z - ears_px])


def _in_pose_of(marks_px: Floats, face_cm: Floats) -> tuple[Floats, float]:
    """Return the face turned as the marks are, and the marks' scale in px per cm.

    Only the marks' place in the picture counts (their depth is a guess of the model):
    the best affine view of the face, and the rotation next to it (scaled
    orthography, as POS of DeMenthon and Davis 1995).
    """
    source = face_cm - face_cm.mean(axis=0)
    target = marks_px - marks_px.mean(axis=0)
    view = np.linalg.lstsq(source, target, rcond=None)[0].T
    # By the width alone: a smile or an open mouth changes a face's height.
    px_per_cm = float(np.linalg.norm(view[0]))
    rows = np.vstack([view, np.cross(view[0], view[1]) / px_per_cm])
    u, _, vt = np.linalg.svd(rows)
    return source @ (u @ vt).T, px_per_cm


def canonical_face() -> Floats:
    """Return the 468 vertices of the canonical face in cm, shape (468, 3).

    Of the bundle's geometry metadata: field 1 is the mesh, its fields 3 the vertices'
    numbers, five for each (x, y, z and the texture's u, v).
    """
    with zipfile.ZipFile(MODEL) as bundle:
        metadata = bundle.read(GEOMETRY)
    mesh = next(value for field, value in _fields(metadata) if field == 1)
    numbers = [value for field, value in _fields(mesh) if field == 3]
    flat = struct.unpack(f"<{len(numbers)}f", b"".join(numbers))
    return np.array(flat, dtype=float).reshape(-1, 5)[:, :3]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each field of a protocol buffer that has bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            varint()
            continue
        length = 4 if key & 7 == 5 else varint()
        yield key >> 3, message[at : at + length]
        at += length
