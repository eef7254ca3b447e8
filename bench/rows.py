"""Rows of a benchmark: ours and a peer measured in one run, and what was promised.

A row's `ratio` is ours divided by the peer's; `low` and `high` are the ends of its
bootstrap 95 % interval. It holds only when the worse end passes, and with it every
other bound of the row. Rounds are interleaved A B B A …, so that a machine that
grows slower grows slower for both; its load and its idle time are in the result.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
RESAMPLES = 2000
Statistic = Callable[[Sequence[float]], float]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies, interpolated."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return quantile(values, 0.95)


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


@dataclass(frozen=True)
class Comparison:
    """A statistic of both sides, and intervals for their ratio and difference."""

    ours: float
    peer: float
    ratio: tuple[float, float]
    difference: tuple[float, float]


def compare(
    ours: Sequence[Sequence[float]],
    peer: Sequence[Sequence[float]],
    statistic: Statistic,
    *,
    chance: random.Random,
) -> Comparison:
    """Compare two sides, each a list of rounds of measured values.

    Each round gives one statistic; the median of the rounds is compared. The
    bootstrap draws rounds, as values within a round depend on each other.
    """
    by_round = [[statistic(one) for one in side] for side in (ours, peer)]
    ratios, differences = [], []
    for _ in range(RESAMPLES):
        a, b = (median(chance.choices(side, k=len(side))) for side in by_round)
        ratios.append(a / b if b else float("inf"))
        differences.append(a - b)
    return Comparison(
        median(by_round[0]), median(by_round[1]), _ends(ratios), _ends(differences)
    )


def interval(
    values: Sequence[float], statistic: Statistic, *, chance: random.Random
) -> tuple[float, float]:
    """Return a bootstrap 95 % interval for a statistic of independent values."""
    return _ends(
        [
            statistic(chance.choices(values, k=len(values)))
            for _ in range(RESAMPLES if len(values) > 1 else 1)
        ]
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return quantile(values, 0.025), quantile(values, 0.975)


def interleaved(names: Sequence[str], rounds: int) -> Iterator[str]:
    """Yield names A B B A A B …, each so many times as there are rounds."""
    for number in range(rounds):
        yield from names if number % 2 == 0 else reversed(names)


@dataclass(frozen=True)
class Row:
    """One line of a benchmark. `low` and `high` bound `ratio`, or `ours` alone."""

    measure: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    bar: str | None = None
    """What was promised, in words; None for a number that is only reported."""
    holds: bool | None = None
    n: str = ""
    versions: str = ""
    """What the peer is."""
    note: str = ""


@dataclass
class Report:
    """All rows of one run."""

    name: str
    seed: int
    rows: list[Row] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    """The load average over one minute, looked at before each part."""
    idle: list[float] = field(default_factory=list)
    """The share of time the processors idled in the second before each part."""
    started: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds")
    )

    def chance(self) -> random.Random:
        """Return a source of chance that repeats itself with the seed."""
        return random.Random(self.seed)  # noqa: S311  # no secret

    def look_at_machine(self) -> None:
        """Remember how busy the machine is with other things."""
        self.load.append(round(os.getloadavg()[0], 2))
        self.idle.append(round(idle_share(1.0), 2))

    def add(self, *rows: Row) -> None:
        """Add rows and print them."""
        for row in rows:
            self.rows.append(row)
            print(line(row), flush=True)

    @property
    def holds(self) -> bool:
        """Say whether everything that was promised is kept."""
        return all(row.holds is not False for row in self.rows)

    def write(self) -> Path:
        """Write the result, and return where."""
        path = RESULTS / f"{self.name}.json"
        content = {**asdict(self), "machine": machine()}
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        return path


def line(row: Row) -> str:
    """Return a row as one line of text."""
    verdict = {True: "holds", False: "MISSED", None: "reported"}[row.holds]
    peer = "" if row.peer is None else f", peer {row.peer:.4g}"
    if row.ratio is not None:
        peer += f", ratio {row.ratio:.2f}"
    if row.low is not None and row.high is not None:
        peer += f" [{row.low:.3g}, {row.high:.3g}]"
    bar = f"; bar {row.bar}" if row.bar else ""
    return f"{verdict:8} {row.measure}: {row.ours:.4g} {row.unit}{peer}{bar} ({row.n})"


def machine() -> dict[str, Any]:
    """Return what this was measured on."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory_bytes / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions(names: Iterable[str]) -> str:
    """Return installed Python packages with their versions, in words."""
    return ", ".join(f"{name} {version(name)}" for name in names)


def idle_share(over_s: float) -> float:
    """Return the share of time that the processors idle, over so many seconds."""
    before = _ticks()
    time.sleep(over_s)
    after = _ticks()
    spent = [b - a for a, b in zip(before, after, strict=True)]
    return (spent[3] + spent[4]) / max(1, sum(spent))


def _ticks() -> list[int]:
    first = Path("/proc/stat").read_text("ascii").split("\n", 1)[0]
    return [int(field) for field in first.split()[1:9]]
