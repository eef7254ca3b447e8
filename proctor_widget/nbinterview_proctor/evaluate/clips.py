"""Clips as pictures in time: video files, and folders of pictures.

One picture is in memory at a time, whatever the length of the clip.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Read when OpenCV loads: a damaged clip is told in our words, and a playlist that
# calls itself a video may open no address.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file"

import cv2

from nbinterview.errors import Invalid

Picture = NDArray[np.uint8]

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
#: A room's camera is asked for 640; more than this only costs time and memory.
MAX_WIDTH_PX = 1280
_RAW_SUFFIXES = frozenset({".mjpeg", ".mjpg", ".h264", ".264", ".m4v"})
_NO_RATE_FPS = 25.0
"""What FFmpeg takes for a stream that says nothing."""


@dataclass(frozen=True)
class Clip:
    """One clip that can be read."""

    path: Path
    name: str
    fps: float | None
    """Given by hand, for a clip whose file does not say it."""
    duration_s: float | None
    """None where the file does not say it."""


@dataclass(frozen=True)
class Sample:
    """One picture of a clip."""

    at_s: float
    rgb: Picture


def probe(path: Path, name: str, *, rate_hz: float, fps: float | None) -> Clip:
    """Return a clip that can be read; `Invalid` says why it cannot."""
    if path.is_dir():
        files = pictures_in(path)
        if not files:
            raise Invalid(f"{path} holds no pictures ({_suffixes()}).")
        read_picture(files[0])
        fps = fps or rate_hz
        return Clip(path, name, fps, len(files) / fps)
    if not path.is_file():
        raise Invalid(f"{path}: there is no such file or folder.")
    given = fps if path.suffix.lower() in _RAW_SUFFIXES else None
    with _opened(path) as capture:
        if not capture.grab():
            raise Invalid(f"{path} has no pictures that can be read.")
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        rate = given or capture.get(cv2.CAP_PROP_FPS) or _NO_RATE_FPS
    # A raw stream is guessed at from its size, and an hour may be far off.
    known = count > 0 and path.suffix.lower() not in _RAW_SUFFIXES
    return Clip(path, name, given, count / rate if known else None)


def samples(clip: Clip, rate_hz: float) -> Iterator[Sample]:
    """Yield the pictures of a clip in order, at most `rate_hz` of them a second."""
    due_s = 0.0
    for at_s, read in _every(clip):
        if at_s < due_s - 1e-6:
            continue
        yield Sample(at_s, read())
        due_s = max(due_s + 1 / rate_hz, at_s + 0.5 / rate_hz)


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of their names, 2 before 10."""
    found = [p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES]
    return sorted(found, key=_natural)


def read_picture(path: Path) -> Picture:
    """Return one picture as RGB, shape (height, width, 3)."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if picture is None:
        raise Invalid(f"{path} is no picture that can be read.")
    return _rgb(picture)


# ------------------------------------------------------------ helpers


def _every(clip: Clip) -> Iterator[tuple[float, Any]]:
    """Yield the time of each picture, and how to read it: most are passed over."""
    if clip.path.is_dir():
        fps = clip.fps or _NO_RATE_FPS
        for index, path in enumerate(pictures_in(clip.path)):
            yield index / fps, lambda path=path: read_picture(path)
        return
    with _opened(clip.path) as capture:
        fps = clip.fps or capture.get(cv2.CAP_PROP_FPS) or _NO_RATE_FPS
        index, before_s = 0, -1.0
        while capture.grab():
            at_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if clip.fps is not None:
                at_s = index / fps
            elif at_s <= before_s:
                at_s = before_s + 1 / fps  # a container that lost its times
            yield at_s, lambda: _retrieved(capture, clip.path)
            index, before_s = index + 1, at_s


def _retrieved(capture: Any, path: Path) -> Picture:
    found, picture = capture.retrieve()
    if not found:
        raise Invalid(f"{path} holds a picture that cannot be read.")
    return _rgb(picture)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    # By its absolute path: neither a device's number nor an address.
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise Invalid(f"{path} is no video that can be read.")
        yield capture
    finally:
        capture.release()


def _rgb(picture: Any) -> Picture:
    height, width = picture.shape[:2]
    if width > MAX_WIDTH_PX:
        size = (MAX_WIDTH_PX, max(1, round(height * MAX_WIDTH_PX / width)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _suffixes() -> str:
    return ", ".join(sorted(PICTURE_SUFFIXES))
