"""From the sessions' results to the rows of the report, resampled by person."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.fairness.cheats import KINDS
from bench.fairness.ours import POLICIES
from bench.fairness.peers import PEERS
from bench.rows import RESAMPLES, Row, quantile

BUDGET_PER_HOUR = 0.05
#: What a policy without a camera cannot see.
CAMERA_KINDS = frozenset({"second_person", "leaves", "phone", "copies"})

Result = Mapping[str, Any]
Measure = Callable[[Sequence[Result]], float]


@dataclass(frozen=True)
class Estimate:
    """A measure with its bootstrap 95 % interval, persons drawn."""

    value: float
    low: float
    high: float


def by_person(results: Iterable[Result]) -> list[list[Result]]:
    """Return the results in one list a person."""
    found: dict[int, list[Result]] = {}
    for result in results:
        found.setdefault(result["person"], []).append(result)
    return list(found.values())


def estimate(
    persons: Sequence[Sequence[Result]], measure: Measure, chance: random.Random
) -> Estimate:
    """Return a measure of all sessions, and what it is when other persons are drawn."""
    drawn = []
    for _ in range(RESAMPLES):
        sample = chance.choices(persons, k=len(persons))
        value = measure([result for person in sample for result in person])
        if not math.isnan(value):
            drawn.append(value)
    value = measure([result for person in persons for result in person])
    return Estimate(value, quantile(drawn, 0.025), quantile(drawn, 0.975))


# ------------------------------------------------------------ measures


def per_hour(rule: str) -> Measure:
    """Return the measure of false episodes in an honest hour."""

    def measure(results: Sequence[Result]) -> float:
        hours = sum(result["hours"] for result in results)
        flags = sum(len(result["rules"][rule]["false"]) for result in results)
        return float(flags / hours)

    return measure


def wrongly(rule: str) -> Measure:
    """Return the measure of honest sessions with at least one flag."""
    return _share(lambda result: bool(result["rules"][rule]["false"]))


def found(rule: str, kinds: Iterable[str] = KINDS, what: str = "found") -> Measure:
    """Return the measure of cheats of these kinds found; `chance`: without a cheat."""
    wanted = frozenset(kinds)
    return _share(lambda r: bool(r["rules"][rule][what]), lambda r: r["kind"] in wanted)


def beyond(rule: str) -> Measure:
    """Return the measure of cheats found less what is flagged without a cheat there.

    Youden's J of a rule on the cheats' stretches: a rule that flags everything has 0.
    """
    return difference(found(rule), found(rule, what="chance"))


def _share(
    true: Callable[[Result], bool], counted: Callable[[Result], bool] = lambda _: True
) -> Measure:
    def measure(results: Sequence[Result]) -> float:
        of = [result for result in results if counted(result)]
        return sum(map(true, of)) / len(of) if of else math.nan

    return measure


def difference(one: Measure, other: Measure) -> Measure:
    """Return the measure of by how much one is more than the other."""
    return lambda results: one(results) - other(results)


# ------------------------------------------------------------ rows


def rows(results: Sequence[Result], chance: random.Random) -> list[Row]:
    """Return every row of the report."""
    persons = by_person(results)
    hours = sum(result["hours"] for result in results)
    n = f"{len(results)} sessions of {len(persons)} people, {hours:.0f} h"
    made = Rows(persons, chance, hours, n)
    return [*made.false(), *made.wrongly(), *made.found(), *made.kinds()]


@dataclass(frozen=True)
class Rows:
    """Makes the rows from results that are sorted by person."""

    persons: Sequence[Sequence[Result]]
    chance: random.Random
    hours: float
    n: str

    def false(self) -> Iterable[Row]:
        """Yield false episodes per honest hour."""
        for name in (*POLICIES, *PEERS):
            got = estimate(self.persons, per_hour(name), self.chance)
            # Of nothing seen, the bootstrap knows no upper end: Poisson's is 3 / hours.
            high = max(got.high, 3 / self.hours)
            note = f"95 % interval {got.low:.3f} to {high:.3f}"
            note += self._causes(name)
            measure = f"false episodes in an honest hour, {name}"
            if name in POLICIES:
                held = high <= BUDGET_PER_HOUR
                bar = f"≤ {BUDGET_PER_HOUR}"
                yield Row(
                    *(measure, "", got.value, None, None, got.low, high),
                    *(bar, held, self.n, "", note),
                )
            else:
                ours = per_hour("standard")(self._all)
                yield Row(measure, "", ours, got.value, n=self.n, note=note)

    def _causes(self, name: str) -> str:
        causes = Counter(
            flag[0] for result in self._all for flag in result["rules"][name]["false"]
        )
        listed = ", ".join(f"{cause} {count}" for cause, count in causes.most_common())
        return f"; by cause: {listed}" if listed else ""

    def wrongly(self) -> Iterable[Row]:
        """Yield honest sessions with at least one flag."""
        for name in (*POLICIES, *PEERS):
            yield self._row("honest sessions wrongly flagged", name, wrongly)

    def found(self) -> Iterable[Row]:
        """Yield cheats found, and what is flagged at the same moments without one."""
        for name in (*POLICIES, *PEERS):
            yield self._row("cheats found", name, found)
        for name in (*POLICIES, *PEERS):
            yield self._row(
                "flagged at the same moments of the honest twin",
                name,
                lambda rule: found(rule, what="chance"),
            )
        for name in (*POLICIES, *PEERS):
            words = "cheats found beyond what is flagged there without one"
            yield self._row(words, name, beyond)
        for name in ("standard", "strict"):
            yield self._best(name)

    def _row(self, words: str, name: str, of: Callable[[str], Measure]) -> Row:
        got = estimate(self.persons, of(name), self.chance)
        note = f"95 % interval {_percent(got.low)} to {_percent(got.high)}"
        measure = f"{words}, {name}"
        if name in POLICIES:
            value = 100 * got.value
            return Row(measure, "%", value, n=self.n, note=note)
        ours = 100 * of("standard")(self._all)
        return Row(measure, "%", ours, 100 * got.value, n=self.n, note=note)

    def _best(self, name: str) -> Row:
        """Compare a policy with the peer that finds most."""
        best = max(PEERS, key=lambda peer: found(peer)(self._all))
        more = estimate(self.persons, difference(found(name), found(best)), self.chance)
        note = f"more by {100 * more.value:.1f} points, 95 % interval "
        note += f"{100 * more.low:.1f} to {100 * more.high:.1f}; the peer is {best}"
        ours, peer = (100 * found(rule)(self._all) for rule in (name, best))
        measure = f"cheats found, {name} beside the peer that finds most"
        return Row(
            *(measure, "%", ours, peer, ours / peer if peer else None, None, None),
            *("at least the peer's, as estimated", ours >= peer, self.n, "", note),
        )

    def kinds(self) -> Iterable[Row]:
        """Yield cheats found by kind: standard, and every rule in the note."""
        for kind in KINDS:
            shares = {
                name: found(name, [kind])(self._all) for name in (*POLICIES, *PEERS)
            }
            best = max(PEERS, key=lambda peer: shares[peer])
            note = ", ".join(f"{k} {_percent(v)}" for k, v in shares.items())
            number = sum(result["kind"] == kind for result in self._all)
            yield Row(
                f"cheats found, {kind.replace('_', ' ')}",
                *("%", 100 * shares["standard"], 100 * shares[best]),
                n=f"{number} sessions",
                note=note,
            )

    @property
    def _all(self) -> list[Result]:
        return [result for person in self.persons for result in person]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
