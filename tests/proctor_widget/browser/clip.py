"""A camera clip of a person who sits still: a portrait, with a sensor's noise."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

WIDTH_PX, HEIGHT_PX = 640, 480
#: Chromium plays .mjpeg at this rate, whatever the file says.
FPS = 30


def write_clip(path: Path, seconds: float) -> None:
    """Write concatenated JPEG frames, which is all that .mjpeg is."""
    # NASA's photograph, in the public domain; scikit-image has no annotations.
    portrait = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    head = portrait.crop((115, 0, 335, 220)).resize((400, 400))
    room = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (96, 96, 92))
    room.paste(head, (120, 40))
    still = np.asarray(room, dtype=np.float64)
    rng = np.random.default_rng(1)
    with path.open("wb") as stream:
        for _ in range(round(seconds * FPS)):
            # Without noise a clip looks frozen, and rightly so.
            noisy = np.clip(still + rng.normal(0, 2, still.shape), 0, 255)
            jpeg = io.BytesIO()
            Image.fromarray(noisy.astype(np.uint8)).save(jpeg, "JPEG", quality=88)
            stream.write(jpeg.getvalue())
