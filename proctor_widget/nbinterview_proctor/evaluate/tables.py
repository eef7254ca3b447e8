"""Counts over all clips: by finding, by condition, over thresholds, as rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview_proctor import engine
from nbinterview_proctor.evaluate import intervals
from nbinterview_proctor.evaluate.compare import Tally
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.intervals import Interval
from nbinterview_proctor.evaluate.sweep import Variant, by_rule
from nbinterview_proctor.rates import Rate

#: Every clip.
ALL = "all"
#: All findings together, as the budget counts.
ANY = "any"


@dataclass(frozen=True)
class Row:
    """Counts of one finding among some clips, with their intervals."""

    condition: str
    rule: str
    clips: int
    subjects: int
    counted: Tally
    false_per_hour: Interval | None
    found_share: Interval | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "condition": self.condition,
            "rule": self.rule,
            "clips": self.clips,
            "subjects": self.subjects,
            **counts(self.counted),
            "false_per_hour": self.false_per_hour and self.false_per_hour.to_dict(),
            "found_share": self.found_share and self.found_share.to_dict(),
        }


def counts(counted: Tally) -> dict[str, Any]:
    """Return a tally as plain JSON, its time in hours."""
    return {
        "honest_hours": counted.honest_s / 3600,
        "false_episodes": counted.false_flags,
        "false_warnings": counted.false_warnings,
        "false_nudges": counted.false_nudges,
        "cheats": counted.cheats,
        "found": counted.found,
        "other": counted.other,
    }


def findings(
    results: Sequence[ClipResult], rules: Iterable[str], seed: int
) -> list[Row]:
    """Return one row for each finding over all clips, and one for any of them."""
    return _rows(ALL, results, rules, seed)


def conditions(
    results: Sequence[ClipResult], rules: Iterable[str], seed: int
) -> list[Row]:
    """Return the same for the clips of each condition that labels name."""
    rules = list(rules)
    names = sorted({name for each in results for name in each.labels.conditions})
    return [
        row
        for name in names
        for row in _rows(
            name, [r for r in results if name in r.labels.conditions], rules, seed
        )
    ]


def rates(
    results: Sequence[ClipResult], rules: Iterable[str], source: str
) -> list[Rate]:
    """Return what `nbinterview error-rates import` takes."""
    subjects = len({each.labels.subject for each in results})
    found = []
    for rule in rules:
        counted = _sum(each.tallies[rule] for each in results)
        found.append(
            Rate(
                rule=rule,
                false_episodes=counted.false_flags,
                honest_hours=counted.honest_s / 3600,
                found=counted.found,
                cheats=counted.cheats,
                subjects=subjects,
                source=source,
                engine_version=engine.ENGINE_VERSION,
            )
        )
    return found


@dataclass(frozen=True)
class Point:
    """One finding under one changed threshold."""

    rule: str
    parameter: str
    value: float
    chosen: bool
    """Whether it is the policy's own value."""
    counted: Tally
    false_per_hour: Interval | None
    found_share: Interval | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "rule": self.rule,
            "parameter": self.parameter,
            "value": self.value,
            "chosen": self.chosen,
            **counts(self.counted),
            "false_per_hour": self.false_per_hour and self.false_per_hour.to_dict(),
            "found_share": self.found_share and self.found_share.to_dict(),
        }


def sweeps(
    results: Sequence[ClipResult],
    variants: Sequence[Variant],
    rules: Iterable[str],
    seed: int,
) -> list[Point]:
    """Return each finding over each threshold that was varied."""
    found = []
    for rule in rules:
        for parameter, values in by_rule(variants, rule).items():
            for value, variant in values:
                index = variants.index(variant)
                tallies = [(r.labels.subject, r.varied[index][rule]) for r in results]
                found.append(
                    Point(
                        rule=rule,
                        parameter=parameter,
                        value=value,
                        chosen=variant.factor == 1.0,
                        counted=_sum(counted for _, counted in tallies),
                        false_per_hour=_false_per_hour(tallies, seed),
                        found_share=_found_share(tallies, seed),
                    )
                )
    return found


# ------------------------------------------------------------ sums

_Tallies = Sequence[tuple[str, Tally]]
"""Subject and counts, clip by clip."""


def _rows(
    condition: str, results: Sequence[ClipResult], rules: Iterable[str], seed: int
) -> list[Row]:
    rules = list(rules)
    return [
        *(_row(condition, rule, results, _of(rule), seed) for rule in rules),
        _row(condition, ANY, results, _together(rules), seed),
    ]


def _row(
    condition: str,
    rule: str,
    results: Sequence[ClipResult],
    of: Callable[[Mapping[str, Tally]], Tally],
    seed: int,
) -> Row:
    tallies = [(each.labels.subject, of(each.tallies)) for each in results]
    return Row(
        condition=condition,
        rule=rule,
        clips=len(results),
        subjects=len({subject for subject, _ in tallies}),
        counted=_sum(counted for _, counted in tallies),
        false_per_hour=_false_per_hour(tallies, seed),
        found_share=_found_share(tallies, seed),
    )


def _of(rule: str) -> Callable[[Mapping[str, Tally]], Tally]:
    return lambda tallies: tallies[rule]


def _together(rules: Sequence[str]) -> Callable[[Mapping[str, Tally]], Tally]:
    """All findings of one clip: counts add up, the hours are the same hours."""

    def together(tallies: Mapping[str, Tally]) -> Tally:
        mine = [tallies[rule] for rule in rules]
        added = _sum(mine)
        hours = max((each.honest_s for each in mine), default=0.0)
        return Tally(**{**vars(added), "honest_s": hours})

    return together


def _false_per_hour(tallies: _Tallies, seed: int) -> Interval | None:
    pairs = [(who, (each.false_flags, each.honest_s / 3600)) for who, each in tallies]
    return intervals.per_hour(_by_subject(pairs), seed)


def _found_share(tallies: _Tallies, seed: int) -> Interval | None:
    pairs = [(who, (each.found, each.cheats)) for who, each in tallies]
    return intervals.share(_by_subject(pairs), seed)


def _by_subject(
    pairs: Iterable[tuple[str, tuple[float, float]]],
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for who, (count, among) in pairs:
        counted, so_far = found.get(who, (0.0, 0.0))
        found[who] = counted + count, so_far + among
    return found


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
