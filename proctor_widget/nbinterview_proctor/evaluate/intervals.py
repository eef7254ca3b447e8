"""How sure a rate or a share is: a bootstrap by subject, else exact bounds.

People differ more than the hours of one person do, so whole subjects are drawn
(the cluster bootstrap of Davison & Hinkley 1997, section 3.8, percentile bounds).
Where it can say nothing, with a single subject or where nothing ever happened,
the bounds are the exact ones of `nbinterview_proctor.rates`, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nbinterview_proctor import rates

DRAWS = 2000
_BOUNDS = (2.5, 97.5)
BY_SUBJECT = "bootstrap by subject"
POISSON = "Poisson"
WILSON = "Wilson"

Counts = Mapping[str, tuple[float, float]]
"""By subject: how often, and among how many hours or how many."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % bounds, and where these come from."""

    value: float
    low: float
    high: float
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


def per_hour(counts: Counts, seed: int) -> Interval | None:
    """Return events an hour; None where no hour was seen."""
    events = round(sum(count for count, _ in counts.values()))
    hours = sum(among for _, among in counts.values())
    if hours <= 0:
        return None
    exact = rates.poisson(events)
    drawn = _bootstrap(counts, seed)
    if drawn is None:
        return Interval(events / hours, exact.low / hours, exact.high / hours, POISSON)
    return Interval(events / hours, *drawn, BY_SUBJECT)


def share(counts: Counts, seed: int) -> Interval | None:
    """Return a share; None where there was nothing to find."""
    count = round(sum(count for count, _ in counts.values()))
    among = round(sum(among for _, among in counts.values()))
    if among == 0:
        return None
    drawn = _bootstrap(counts, seed)
    if drawn is None:
        exact = rates.wilson(count, among)
        return Interval(exact.value, exact.low, exact.high, WILSON)
    return Interval(count / among, *drawn, BY_SUBJECT)


def _bootstrap(counts: Counts, seed: int) -> tuple[float, float] | None:
    """Return the percentile bounds of the ratio; None where they say nothing."""
    per_subject = np.array([counts[subject] for subject in sorted(counts)], dtype=float)
    subjects = len(per_subject)
    if subjects < 2:
        return None
    random = np.random.default_rng(seed)
    drawn = random.multinomial(subjects, np.full(subjects, 1 / subjects), size=DRAWS)
    events, among = (drawn @ per_subject).T
    ratios = events[among > 0] / among[among > 0]
    if ratios.size == 0 or np.ptp(ratios) == 0:
        return None
    low, high = np.percentile(ratios, _BOUNDS)
    return float(low), float(high)
