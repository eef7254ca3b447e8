"""`make bench-widget`: what watching costs, beside peers, and a flag's whole way."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from bench.command import measured
from bench.rows import Report
from bench.widget import cost, rooms

SEED = 20261124
Part = Callable[[Playwright, Path], None]


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""

    def steady(play: Playwright, folder: Path) -> None:
        rounds, window_s = (2, 6.0) if short else (5, 15.0)
        cost.steady(report, play, folder, rounds=rounds, window_s=window_s)

    def absent(play: Playwright, folder: Path) -> None:
        cost.absent(report, play, folder, count=4 if short else 40)

    def second_start(play: Playwright, folder: Path) -> None:
        cost.second_start(report, play, folder)

    def typing(play: Playwright, folder: Path) -> None:
        rounds, keys = (2, 40) if short else (9, 100)
        rooms.typing(report, play, folder, rounds=rounds, keys=keys)

    def slow(play: Playwright, folder: Path) -> None:
        rooms.slow(report, play, folder, watch_s=10 if short else 30)

    def flag_way(play: Playwright, folder: Path) -> None:
        rooms.flag_way(report, play, folder, count=4 if short else 50)

    def alone(part: Part) -> Callable[[], None]:
        # Each its own: playwright's event loop would stay open under other parts.
        def run() -> None:
            with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
                part(play, Path(folder))

        return run

    return {
        "steady": alone(steady),
        "absent": alone(absent),
        "second-start": alone(second_start),
        "typing": alone(typing),
        "slow": alone(slow),
        "flag-way": alone(flag_way),
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-widget", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
