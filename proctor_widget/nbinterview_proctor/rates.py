"""Measured error rates of findings, with their uncertainty.

Somebody who has labelled recordings of people runs `nbinterview evaluate --labels`
and imports what it measured. Until then nothing is known, and that is what is said.

Numbers of false episodes are Poisson: their bounds are Garwood's exact ones (1936).
Shares are binomial: their bounds are Wilson's score interval (1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: The two-sided 95 % quantile of the normal distribution.
Z95 = 1.959963985
#: What two-sided 95 % bounds leave out at each end.
TAIL = 0.025
#: Until somebody imports labelled recordings of people, no error rate is known.
NOT_MEASURED = "not measured on people yet"


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """What labelled recordings said about one finding."""

    rule: str
    false_episodes: int
    """Flags on stretches where the labels have no such thing."""
    honest_hours: float
    """How long people could be measured, outside of labels."""
    found: int
    cheats: int
    """Labelled episodes, and how many of them were flagged."""
    subjects: int
    source: str
    """Which recordings, in words."""
    engine_version: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rate:
        """Return one that was imported; `ValueError` says what is wrong with it."""
        rate = cls(
            rule=_text(data, "rule"),
            false_episodes=_count(data, "false_episodes"),
            honest_hours=_amount(data, "honest_hours"),
            found=_count(data, "found"),
            cheats=_count(data, "cheats"),
            subjects=_count(data, "subjects"),
            source=_text(data, "source"),
            engine_version=_text(data, "engine_version"),
        )
        if rate.found > rate.cheats:
            raise ValueError("found is more than there were cheats")
        if rate.false_episodes and not rate.honest_hours:
            raise ValueError("false_episodes were counted in no honest_hours")
        return rate

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON that `from_dict` reads back."""
        return asdict(self)

    @property
    def per_hour(self) -> Interval | None:
        """False episodes in an honest hour; None when no honest hour was measured."""
        if self.honest_hours <= 0:
            return None
        counted = poisson(self.false_episodes)
        hours = self.honest_hours
        return Interval(
            counted.value / hours, counted.low / hours, counted.high / hours
        )

    @property
    def sensitivity(self) -> Interval | None:
        """The share of labelled episodes that were found; None when there was none."""
        return wilson(self.found, self.cheats) if self.cheats else None


def read(data: Any) -> dict[str, Rate]:
    """Return rates by finding from JSON: a mapping by rule, or a list of rates.

    Raises `ValueError` that names the finding at fault.
    """
    if isinstance(data, Mapping):
        items = [
            (str(rule), {"rule": rule, **_mapping(rate)}) for rule, rate in data.items()
        ]
    elif isinstance(data, list):
        items = [(str(_mapping(r).get("rule")), dict(_mapping(r))) for r in data]
    else:
        raise ValueError("rates must be a mapping by finding, or a list")  # noqa: TRY004 - one error type
    found: dict[str, Rate] = {}
    for rule, rate in items:
        try:
            found[rule] = Rate.from_dict(rate)
        except ValueError as error:
            raise ValueError(f"rates of {rule}: {error}") from error
        if found[rule].rule != rule:
            raise ValueError(f"rates of {rule} are those of {found[rule].rule}")
    return found


def poisson(count: int) -> Interval:
    """Return the 95 % bounds of a Poisson mean of which `count` were seen.

    Garwood's: the means under which so many or more, or so many or fewer, would be
    seen with a probability of 2.5 %.
    """
    top = count + 10 * math.sqrt(count + 1) + 10
    low = _solved(lambda mean: 1 - _at_most(count - 1, mean), TAIL, top)
    high = _solved(lambda mean: 1 - _at_most(count, mean), 1 - TAIL, top)
    return Interval(float(count), low if count else 0.0, high)


def _at_most(count: int, mean: float) -> float:
    """Return the probability that a Poisson number of this mean is at most `count`."""
    if mean <= 0 or count < 0:
        return 1.0 if count >= 0 else 0.0
    log_mean = math.log(mean)
    return math.fsum(
        math.exp(k * log_mean - mean - math.lgamma(k + 1)) for k in range(count + 1)
    )


def _solved(rising: Callable[[float], float], target: float, top: float) -> float:
    """Return where a rising function between 0 and `top` reaches `target`."""
    low, high = 0.0, top
    for _ in range(60):  # halved so often, a double has no more digits
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def wilson(count: int, among: int) -> Interval:
    """Return the 95 % bounds of a share of which `count` among `among` were seen."""
    if among < 1 or not 0 <= count <= among:
        raise ValueError(f"{count} of {among} is no share")
    share = count / among
    z2 = Z95**2
    middle = (share + z2 / (2 * among)) / (1 + z2 / among)
    spread = share * (1 - share) / among + z2 / (4 * among**2)
    half = Z95 * math.sqrt(spread) / (1 + z2 / among)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(share, 0.0 if count == 0 else low, 1.0 if count == among else high)


# ------------------------------------------------------------ strict reading


def _mapping(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError("a rate must be a mapping")  # noqa: TRY004 - one error type
    return data


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value or len(value) > 500:
        raise ValueError(f"{key} must be words")
    return value


def _count(data: Mapping[str, Any], key: str) -> int:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{key} must be a whole number of at least 0")
    return value


def _amount(data: Mapping[str, Any], key: str) -> float:
    value: Any = data.get(key)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise ValueError(f"{key} must be a number of at least 0")
    return float(value)
