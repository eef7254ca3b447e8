"""From a clip's pictures to `Frame`s: Python MediaPipe, as the worker does it.

What becomes of a result is `nbinterview_proctor.facemesh`; this only asks the models.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from mediapipe import Image, ImageFormat
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from nbinterview.errors import Unavailable
from nbinterview_proctor import facemesh, opinion

MAX_FACES = 2
Picture = NDArray[np.uint8]


class Meter:
    """Measures the pictures of one clip, in order."""

    def __init__(self, landmarker: Any, second: opinion.SecondOpinion) -> None:
        self._landmarker = landmarker
        self._second = second
        self._asking = opinion.Asking()
        self._previous: facemesh.Floats | None = None
        self._last_ms = 0

    def frame(self, rgb: Picture, at_s: float) -> dict[str, Any] | None:
        """Return the `Frame`; None for the first picture, which the second needs."""
        began_s = time.perf_counter()
        # MediaPipe insists on increasing whole milliseconds.
        self._last_ms = max(self._last_ms + 1, int(1000 * at_s))
        result = self._landmarker.detect_for_video(_image(rgb), self._last_ms)
        inference_ms = 1000 * (time.perf_counter() - began_s)
        luma = facemesh.luminance(facemesh.thumbnail(rgb))
        before, self._previous = self._previous, luma
        if before is None:
            return None
        found = _detection(result, rgb)
        ask = self._asking.due(len(found.faces), 1000 * at_s)
        return facemesh.reduce(
            found,
            at_ms=1000 * at_s,
            inference_ms=inference_ms,
            luma=luma,
            previous=before,
            crops=_crops(rgb, found),
            person=self._second.ask(rgb) if ask else None,
        )


@contextmanager
def meter() -> Iterator[Meter]:
    """Open the models for one clip: nothing of another clip is remembered."""
    with _landmarker(vision.RunningMode.VIDEO) as landmarker, _second() as second:
        yield Meter(landmarker, second)


@contextmanager
def still() -> Iterator[Callable[[Picture], dict[str, Any]]]:
    """Open the models for single pictures, each for itself."""
    with _landmarker(vision.RunningMode.IMAGE) as landmarker, _second() as second:

        def look(rgb: Picture) -> dict[str, Any]:
            found = _detection(landmarker.detect(_image(rgb)), rgb)
            luma = facemesh.luminance(facemesh.thumbnail(rgb))
            return facemesh.reduce(
                found,
                at_ms=0.0,
                inference_ms=0.0,
                luma=luma,
                previous=luma,
                crops=_crops(rgb, found),
                person=None if found.faces else second.ask(rgb),
            )

        yield look


def model(name: str) -> Path:
    """Return a model's file, the same one that browsers get."""
    server = importlib.util.find_spec("nbinterview_server")
    if server is None or server.origin is None:
        raise Unavailable("nbinterview is not installed whole: its models are missing.")
    found = Path(server.origin).parent / "static/models" / name
    if not found.is_file():
        raise Unavailable(f"{found} is missing. Run  python scripts/fetch_model.py")
    return found


# ------------------------------------------------------------ the models


def _landmarker(mode: Any) -> Any:
    """Return the face model as the worker opens it, on the processor."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model("face_landmarker.task"))),
        running_mode=mode,
        num_faces=MAX_FACES,
        output_face_blendshapes=False,
        output_facial_transformation_matrixes=True,
    )
    return vision.FaceLandmarker.create_from_options(options)


def _second() -> opinion.SecondOpinion:
    return opinion.SecondOpinion(model(opinion.MODEL_NAME))


def _detection(result: Any, rgb: Picture) -> facemesh.Detection:
    return facemesh.Detection(
        [np.array([(p.x, p.y, p.z) for p in face]) for face in result.face_landmarks],
        result.facial_transformation_matrixes,
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
    )


def _crops(rgb: Picture, found: facemesh.Detection) -> dict[str, facemesh.Floats]:
    copies = facemesh.crop_copies(rgb, facemesh.crops(found))
    return {name: facemesh.luminance(copy) for name, copy in copies.items()}


def _image(rgb: Picture) -> Any:
    return Image(ImageFormat.SRGB, np.ascontiguousarray(rgb))
