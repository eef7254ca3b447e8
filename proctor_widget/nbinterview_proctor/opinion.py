"""The second opinion: is somebody in the picture in which no face was found?

A face model alone calls about a third of honest pictures with a turned, masked or
half-covered face "nobody". So a model of persons is asked then, at a low rate. What
it was measured to be worth: docs/explanation/second-opinion.md. In the browser it
is `js/src/opinion.ts`. Only asking needs Python's `mediapipe`.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .facemesh import sampled

MODEL_NAME = "selfie_segmentation.tflite"
"""Beside face_landmarker.task; `scripts/fetch_model.py` fetches both."""

_SIDE_PX = 256  # the model's own size, whatever the picture's
_BLOCK_PX = 8
_SUREST_BLOCKS = 32  # a head at arm's length covers more of the 1024
_EVERY_MS = 1000  # at most so often, while no face is found


class Asking:
    """Says when to ask: with the first picture without a face, then once a second."""

    def __init__(self) -> None:
        """Start without a picture."""
        self._last_ms = -np.inf

    def due(self, faces: int, at_ms: float) -> bool:
        """Tell whether to ask for this picture, in which so many faces were found."""
        if faces > 0:
            self._last_ms = -np.inf
            return False
        if at_ms - self._last_ms < _EVERY_MS:
            return False
        self._last_ms = at_ms
        return True


def surest(mask: NDArray[np.floating[Any]]) -> float:
    """Return how sure the model is of a person, 0 to 1.

    The mean of the surest 32 blocks of a 256x256 mask, an area of 3 % of the picture.
    """
    across = _SIDE_PX // _BLOCK_PX
    blocks = np.asarray(mask, dtype=np.float64).reshape(
        across, _BLOCK_PX, across, _BLOCK_PX
    )
    top = np.sort(blocks.mean(axis=(1, 3)), axis=None)[-_SUREST_BLOCKS:]
    return float(np.clip(np.floor(np.mean(top) * 1e4 + 0.5) / 1e4, 0, 1))


class SecondOpinion:
    """The model of persons, loaded; a context manager."""

    def __init__(self, model: Path) -> None:
        """Load the model, the file `MODEL_NAME`."""
        # Imported here, since the live room knows this module and not mediapipe.
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        self._segmenter = vision.ImageSegmenter.create_from_options(
            vision.ImageSegmenterOptions(
                base_options=BaseOptions(model_asset_path=str(model)),
                output_category_mask=False,
                output_confidence_masks=True,
            )
        )

    def ask(self, rgb: NDArray[np.uint8]) -> float:
        """Return how sure it is that somebody is in the picture, 0 to 1.

        It looks twice, the second time in the mirror: what is at an edge it often
        sees from one side only. `rgb` has shape (h, w, ≥ 3).
        """
        small = sampled(rgb, _SIDE_PX, _SIDE_PX)
        return max(self._look(small), self._look(small[:, ::-1]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._segmenter.close()

    def _look(self, rgb: NDArray[np.uint8]) -> float:
        image = self._mediapipe.Image(
            self._mediapipe.ImageFormat.SRGB, np.ascontiguousarray(rgb)
        )
        [mask] = self._segmenter.segment(image).confidence_masks
        return surest(mask.numpy_view().squeeze())
