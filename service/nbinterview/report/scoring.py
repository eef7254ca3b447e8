"""The itemised score, as `nbinterview_proctor.score` adds it up, for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.report import words
from nbinterview.report.lanes import Record
from nbinterview.report.text import duration, line
from nbinterview_proctor import replay
from nbinterview_proctor.policy import Policy
from nbinterview_proctor.score import score

TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class ScoreItem:
    """One rule: what was found, how it adds up, and for how long it could be found."""

    title: str
    sensor: str
    flags: int
    lasted: str
    adds_up: str
    points: str
    measured: str


@dataclass(frozen=True)
class ScoreView:
    """All rules of the policy, and their sum."""

    items: list[ScoreItem]
    total: str
    known_error: str


def score_view(
    records: Sequence[Record], policy: Mapping[str, Any]
) -> ScoreView | None:
    """Return the score, or None when the record's policy cannot be read."""
    try:
        held_under = Policy.from_dict(policy)
        measured_s = replay.measured(held_under, records)
        lines = score(held_under, replay.flags(records), measured_s)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    total = sum(item["points"] for item in lines)
    errors = sorted({line(item["known_error"]) for item in lines})
    return ScoreView([_item(item) for item in lines], f"{total:.2f}", ", ".join(errors))


def _item(item: Mapping[str, Any]) -> ScoreItem:
    measured_s = item["measured_s"]
    minutes = item["seconds"] / 60
    return ScoreItem(
        title=line(item["title"]),
        sensor=words.SENSORS.get(item["sensor"], ""),
        flags=item["episodes"],
        lasted=duration(item["seconds"]) if item["episodes"] else "",
        adds_up=(
            f"{item['episodes']} {TIMES} {item['points_per_flag']:g}"
            f" + {minutes:.2f} min {TIMES} {item['points_per_minute']:g}"
        ),
        points=f"{item['points']:.2f}",
        measured=duration(measured_s) if measured_s > 0 else "not at all",
    )
