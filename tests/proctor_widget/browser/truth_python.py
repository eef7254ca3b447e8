"""Python's `Frame`s of a clip of pictures, as JSON; runs in the evaluate environment.

    PYTHONPATH=proctor_widget:service:extensions \\
        EVALUATE_PYTHON truth_python.py CLIP.json

CLIP.json holds a list of `{"path", "at_ms"}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nbinterview_proctor.evaluate import measure


def frames(clip: list[dict[str, Any]]) -> Iterator[dict[str, Any] | None]:
    """Yield the frame of each picture; None for the first."""
    with measure.meter() as meter:
        for shown in clip:
            picture = np.asarray(Image.open(shown["path"]).convert("RGB"), np.uint8)
            yield meter.frame(picture, shown["at_ms"] / 1000)


if __name__ == "__main__":
    clip = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    json.dump(list(frames(clip)), sys.stdout)
