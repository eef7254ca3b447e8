"""The itemised score: what was found, added up line by line. Never a verdict.

Each line is one finding of the policy: so many points for each flag and for each
minute of it. What was recorded and did not count is in the line too, with its reason
and no points. Where error rates were measured on people, a line says how many of its
flags are to be expected by mistake, and its points have an interval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nbinterview_proctor.policy import Policy, Rule
from nbinterview_proctor.policyold import current
from nbinterview_proctor.rates import NOT_MEASURED, Interval, Rate

#: Why a finding has no points: a reviewer set its flag aside, or as `Episode.because`.
SET_ASIDE = "set_aside"

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class NotCounted:
    """Findings of one line that add no points, for one reason."""

    because: str
    episodes: int
    seconds: float


@dataclass(frozen=True)
class Item:
    """One line of the score: one finding of the policy."""

    rule: str
    sensor: str
    title: str
    flags: int
    seconds: float
    points_per_flag: float
    points_per_minute: float
    points: float
    measured_s: float
    """For how long its sensor could measure for it; 0 means nothing is known."""
    not_counted: tuple[NotCounted, ...]
    expected_false: Interval | None
    """How many flags are to be expected by mistake in this time; None is unknown."""
    points_low: float | None
    """The points without all the false flags that there may have been."""
    points_high: float | None
    known_error: str
    """Where the error rates come from, in words."""


def score(
    policy: Policy,
    flags: Iterable[Mapping[str, Any]],
    measured: Mapping[str, float],
    *,
    episodes: Iterable[Mapping[str, Any]] = (),
    rates: Mapping[str, Rate] | None = None,
    set_aside: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return one line for each finding of the policy, found or not.

    `flags` as `Flag` of live.schema.yaml (`replay.flags`), `measured` as seconds by
    rule (`replay.measured`), `episodes` as `Episode`: what did not count. `set_aside`
    are the episode ids of flags that a reviewer set aside. Points add up over lines.
    The sum ranks what to look at first; it decides nothing.
    """
    found, recorded = list(flags), list(episodes)
    return [
        asdict(
            _item(
                rule,
                [flag for flag in found if current(flag["rule"]) == rule.rule],
                [one for one in recorded if current(one["rule"]) == rule.rule],
                measured.get(rule.rule, 0.0),
                (rates or {}).get(rule.rule),
                set_aside,
            )
        )
        for rule in policy.active_rules
    ]


def _item(
    rule: Rule,
    flags: list[Mapping[str, Any]],
    episodes: list[Mapping[str, Any]],
    measured_s: float,
    rate: Rate | None,
    set_aside: Collection[str],
) -> Item:
    counted = [flag for flag in flags if flag["episode_id"] not in set_aside]
    aside = [{**f, "because": SET_ASIDE} for f in flags if f["episode_id"] in set_aside]
    seconds = sum(map(_duration_s, counted))
    points = rule.points_per_flag * len(counted) + rule.points_per_minute * seconds / 60
    expected = expected_false(rate, measured_s)
    low, high = _bounds(points, len(counted), expected)
    return Item(
        rule=rule.rule,
        sensor=rule.sensor,
        title=rule.title,
        flags=len(counted),
        seconds=round(seconds, 3),
        points_per_flag=rule.points_per_flag,
        points_per_minute=rule.points_per_minute,
        points=round(points, 2),
        measured_s=round(measured_s, 3),
        not_counted=_not_counted([*aside, *episodes]),
        expected_false=expected,
        points_low=low,
        points_high=high,
        known_error=NOT_MEASURED if rate is None else _words(rate),
    )


def expected_false(rate: Rate | None, measured_s: float) -> Interval | None:
    """Return how many flags of honest people this time brings: rate times hours."""
    per_hour = rate.per_hour if rate else None
    if per_hour is None:
        return None
    hours = measured_s / _SECONDS_PER_HOUR
    return Interval(per_hour.value * hours, per_hour.low * hours, per_hour.high * hours)


def total(items: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the sum of the lines; its interval where each line that counts has one.

    The bounds are summed as well, which is wider than they are together: nobody has
    measured how errors of different findings go together.
    """
    lines = list(items)
    measured = [line for line in lines if line["points_low"] is not None]
    known = bool(measured) and all(line in measured for line in lines if line["points"])

    def bound(key: str) -> float | None:
        if not known:
            return None
        return round(sum(float(line[key]) for line in lines if line["points"]), 2)

    return {
        "points": round(sum(line["points"] for line in lines), 2),
        "points_low": bound("points_low"),
        "points_high": bound("points_high"),
    }


def _bounds(
    points: float, flags: int, expected: Interval | None
) -> tuple[float | None, float | None]:
    """Return the points that remain without the expected false flags, most and least.

    Each flag has the same chance to be a false one, so the share that they are of all
    flags is taken off.
    """
    if expected is None:
        return None, None
    if not flags:
        return 0.0, 0.0

    def left(false: float) -> float:
        return round(points * (1 - min(1.0, false / flags)), 2)

    return left(expected.high), left(expected.low)


def _not_counted(episodes: Iterable[Mapping[str, Any]]) -> tuple[NotCounted, ...]:
    by_reason: dict[str, list[float]] = {}
    for episode in episodes:
        by_reason.setdefault(str(episode["because"]), []).append(_duration_s(episode))
    return tuple(
        NotCounted(because, len(lasted_s), round(sum(lasted_s), 3))
        for because, lasted_s in by_reason.items()
    )


def _duration_s(found: Mapping[str, Any]) -> float:
    return float(found["evidence"].get("duration_s", 0.0))


def _words(rate: Rate) -> str:
    people = "1 person" if rate.subjects == 1 else f"{rate.subjects} people"
    return f"{rate.source}: {people}, {rate.honest_hours:.3g} honest hours"
