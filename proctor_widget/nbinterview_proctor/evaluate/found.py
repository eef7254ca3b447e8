"""What came of one clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview_proctor.evaluate.compare import Episode, Tally
from nbinterview_proctor.evaluate.labels import ClipLabels
from nbinterview_proctor.evaluate.timeline import Run


@dataclass(frozen=True)
class ClipResult:
    """One clip, or its part that was seen before a Ctrl-C."""

    name: str
    labels: ClipLabels
    complete: bool
    seen_s: float
    pictures: int
    calibration: Mapping[str, Any] | None
    sensor: Sequence[tuple[float, str, str]]
    timeline: Sequence[Run]
    episodes: Sequence[Episode]
    tallies: Mapping[str, Tally]
    """By finding."""
    varied: Sequence[Mapping[str, Tally]]
    """The same under each variant of the policy."""
