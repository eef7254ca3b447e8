"""The itemised score: what was found, added up line by line. Never a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nbinterview_proctor.policy import Policy, Rule

#: Until somebody imports labelled recordings of people, no error rate is known.
KNOWN_ERROR = "not measured on people yet"


@dataclass(frozen=True)
class Item:
    """One line of the score: one rule of the policy."""

    rule: str
    sensor: str
    title: str
    episodes: int
    seconds: float
    points_per_flag: float
    points_per_minute: float
    points: float
    measured_s: float
    """For how long its sensor could measure for it; 0 means nothing is known."""
    known_error: str = KNOWN_ERROR


def score(
    policy: Policy, flags: Iterable[Mapping[str, Any]], measured: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return one line for each rule of the policy, found or not.

    `flags` as `Flag` of live.schema.yaml (`replay.flags`), `measured` as seconds
    by rule (`replay.measured`). Points add up: so many for each flag, so many
    for each minute. The sum ranks what to look at first; it decides nothing.
    """
    found = list(flags)
    return [asdict(_item(rule, found, measured)) for rule in policy.active_rules]


def _item(
    rule: Rule, flags: list[Mapping[str, Any]], measured: Mapping[str, float]
) -> Item:
    mine = [flag for flag in flags if flag["rule"] == rule.rule]
    seconds = sum(float(flag["evidence"].get("duration_s", 0.0)) for flag in mine)
    points = rule.points_per_flag * len(mine) + rule.points_per_minute * seconds / 60
    return Item(
        rule=rule.rule,
        sensor=rule.sensor,
        title=rule.title,
        episodes=len(mine),
        seconds=round(seconds, 3),
        points_per_flag=rule.points_per_flag,
        points_per_minute=rule.points_per_minute,
        points=round(points, 2),
        measured_s=round(measured.get(rule.rule, 0.0), 3),
    )
