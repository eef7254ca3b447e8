"""`make bench-ledger`: the record's speed, size and proof, beside its peers."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench.command import measured
from bench.ledger import appending, events, forging, proving, shown, weighing
from bench.rows import Report

SEED = 20261123


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""

    def many_events() -> None:
        rounds, seconds, sockets = (1, 1.0, 20) if short else (7, 5.0, events.SOCKETS)
        events.measure(report, rounds=rounds, seconds=seconds, sockets=sockets)

    def show() -> None:
        rounds, count, rooms, seconds = (1, 20, 2, 3.0) if short else (7, 150, 50, 60.0)
        shown.measure(report, rounds=rounds, count=count, rooms=rooms, seconds=seconds)

    def append() -> None:
        rounds, count = (2, 500) if short else (9, 10_000)
        appending.measure(report, rounds=rounds, count=count)

    def prove() -> None:
        size, proofs = (10_000, 200) if short else (1_000_000, 5_000)
        proving.inclusion(report, size=size, proofs=proofs)

    def verify() -> None:
        count, rounds = (5_000, 2) if short else (1_000_000, 5)
        proving.verification(report, count=count, rounds=rounds)

    def weigh() -> None:
        people, seconds = (1, 300) if short else (8, weighing.HOUR_S)
        weighing.measure(report, people=people, seconds=seconds)

    def forge() -> None:
        forging.bundles(report, count=100 if short else 100_000)

    def request() -> None:
        forging.requests(report, count=200 if short else 10_000)

    return {
        "events": many_events,
        "live": show,
        "append": append,
        "proofs": prove,
        "verify": verify,
        "size": weigh,
        "forge": forge,
        "requests": request,
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-ledger", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
