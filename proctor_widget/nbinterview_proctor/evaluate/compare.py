"""What was found beside what is true: counts by finding and clip.

A flag is *false* where nothing at all is labelled while it lasts; its hours are
those in which the sensor measured and nothing was labelled. A labelled stretch is
*found* when a flag of the same finding overlaps it. A flag of another finding in
a labelled stretch is neither: it is counted as `other`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from nbinterview_proctor.evaluate.labels import ClipLabels

Span = tuple[float, float]
"""From and to, in seconds of the clip."""

Level = Literal["recorded", "nudge", "warning", "flag"]
LEVELS: tuple[Level, ...] = ("recorded", "nudge", "warning", "flag")


@dataclass(frozen=True)
class Episode:
    """One finding in a clip, and how far it went."""

    rule: str
    level: Level
    start_s: float
    end_s: float
    flagged_s: float | None
    because: str
    """Why it did not count; empty for a flag."""
    evidence: Mapping[str, float | str | bool]


@dataclass(frozen=True)
class Tally:
    """What is counted for one finding; tallies add up."""

    honest_s: float = 0.0
    false_flags: int = 0
    false_warnings: int = 0
    false_nudges: int = 0
    cheats: int = 0
    found: int = 0
    other: int = 0

    def __add__(self, more: Tally) -> Tally:
        """Return both together."""
        return Tally(
            *(getattr(self, f.name) + getattr(more, f.name) for f in fields(Tally))
        )


def tally(
    rule: str,
    episodes: Iterable[Episode],
    measured: Sequence[Span],
    labels: ClipLabels,
    seen_s: float,
) -> Tally:
    """Count one finding in one clip, of which `seen_s` seconds were seen."""
    mine = [each for each in episodes if each.rule == rule]
    flags = [each for each in mine if each.level == "flag"]
    labelled = [
        (each.start_s, min(each.end_s, seen_s), each.what)
        for each in labels.stretches
        if each.start_s < seen_s
    ]
    truths = [(start, end) for start, end, what in labelled if what == rule]
    anything = [(start, end) for start, end, _ in labelled]
    beside = [each for each in mine if not _meets(each, anything)]
    return Tally(
        honest_s=_length(without(measured, anything)),
        false_flags=sum(each.level == "flag" for each in beside),
        false_warnings=sum(each.level == "warning" for each in beside),
        false_nudges=sum(each.level == "nudge" for each in beside),
        cheats=len(truths),
        found=sum(any(_meets(flag, [truth]) for flag in flags) for truth in truths),
        other=sum(
            _meets(flag, anything) and not _meets(flag, truths) for flag in flags
        ),
    )


def without(spans: Sequence[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what is left of `spans` outside of `taken`."""
    left = list(spans)
    for start, end in taken:
        left = [
            part
            for a, b in left
            for part in ((a, min(b, start)), (max(a, end), b))
            if part[0] < part[1]
        ]
    return left


def _meets(episode: Episode, spans: Iterable[Span]) -> bool:
    return any(episode.start_s < end and start < episode.end_s for start, end in spans)


def _length(spans: Iterable[Span]) -> float:
    return sum(end - start for start, end in spans)
