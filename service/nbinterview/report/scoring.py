"""The itemised score, as `nbinterview_proctor.score` adds it up, for the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.report import words
from nbinterview.report.lanes import Record
from nbinterview.report.text import duration, line
from nbinterview.wording import BECAUSE
from nbinterview_proctor import replay
from nbinterview_proctor.accommodations import listed
from nbinterview_proctor.policy import Policy
from nbinterview_proctor.rates import NOT_MEASURED, Rate
from nbinterview_proctor.score import score, total

TIMES = "\N{MULTIPLICATION SIGN}"
NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True)
class ScoreItem:
    """One finding: what was found, how it adds up, and for how long it could be."""

    title: str
    sensor: str
    flags: int
    lasted: str
    adds_up: str
    points: str
    interval: str
    expected: str
    """How many flags are to be expected by mistake, in words."""
    measured: str
    not_counted: list[str]


@dataclass(frozen=True)
class ScoreView:
    """All findings of the policy, and their sum."""

    items: list[ScoreItem]
    total: str
    interval: str
    known_error: str


@dataclass(frozen=True)
class BaseRate:
    """One line of what base rates do to a flag."""

    cheating: str
    found: str
    flagged: str
    right: str
    innocent_per_1000: str


def score_view(
    records: Sequence[Record],
    length_s: float,
    policy: Mapping[str, Any],
    rates: Mapping[str, Rate],
    set_aside: Collection[str] = (),
) -> ScoreView | None:
    """Return the score, or None when the record's policy cannot be read."""
    try:
        held_under = Policy.from_dict(policy)
        # What this policy lacks beside the one of its name reads like what a candidate
        # did not agree to: not measurable.
        lines = score(
            listed(held_under),
            replay.flags(records),
            measured_s(held_under, records, length_s),
            episodes=[r["payload"] for r in records if r["kind"] == "episode"],
            rates=rates,
            set_aside=set_aside,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    summed = total(lines)
    errors = sorted({line(item["known_error"], 400) for item in lines})
    return ScoreView(
        [_item(item) for item in lines],
        f"{summed['points']:.2f}",
        _interval(summed),
        "; ".join(errors),
    )


def measured_s(
    policy: Policy, records: Sequence[Record], length_s: float
) -> dict[str, float]:
    """Return for how many seconds each finding could have been seen.

    A sensor says so itself; the notebook is on record all the time.
    """
    found = replay.measured(policy, records)
    whole = {r.rule: length_s for r in policy.active_rules if r.sensor == "notebook"}
    return {**found, **whole}


def base_rates() -> list[BaseRate]:
    """Return what `words.BASE_RATES` come to, by Bayes' rule."""
    return [
        BaseRate(
            cheating=f"{cheating:.0%}",
            found=f"{found:.0%}",
            flagged=f"{flagged:.0%}",
            right=f"{cheating * found / (cheating * found + honest * flagged):.0%}",
            innocent_per_1000=f"{1000 * honest * flagged:.0f}",
        )
        for cheating, found, flagged in words.BASE_RATES
        if (honest := 1 - cheating)
    ]


def _item(item: Mapping[str, Any]) -> ScoreItem:
    could_s = item["measured_s"]
    minutes = item["seconds"] / 60
    return ScoreItem(
        title=line(item["title"]),
        sensor=words.SOURCES.get(item["sensor"], ""),
        flags=item["flags"],
        lasted=duration(item["seconds"]) if item["flags"] else "",
        adds_up=(
            f"{item['flags']} {TIMES} {item['points_per_flag']:g}"
            f" + {minutes:.2f} min {TIMES} {item['points_per_minute']:g}"
        ),
        points=f"{item['points']:.2f}",
        interval=_interval(item) if item["flags"] else "",
        expected=_expected(item["expected_false"]) if item["flags"] else "",
        measured=duration(could_s) if could_s > 0 else NOT_MEASURABLE,
        not_counted=[_not_counted(one) for one in item["not_counted"]],
    )


def _interval(item: Mapping[str, Any]) -> str:
    low, high = item["points_low"], item["points_high"]
    return NOT_MEASURED if low is None else f"{low:.2f} to {high:.2f}"


def _expected(expected: Mapping[str, float] | None) -> str:
    if expected is None:
        return ""
    return (
        f"by mistake to be expected in this time: {expected['value']:.3f} (95 %: up to "
        f"{expected['high']:.3f})"
    )


def _not_counted(one: Mapping[str, Any]) -> str:
    lasted = f", {duration(one['seconds'])}" if one["seconds"] > 0 else ""
    reason = BECAUSE.get(one["because"], line(one["because"], 40))
    return f"{one['episodes']} not counted{lasted}: {reason}"
