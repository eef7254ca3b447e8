"""`make bench-collab`: everything about the shared notebook, beside its peers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from bench.collab import latency, network, rejoin, replay, sizes, trials
from bench.command import measured
from bench.rows import Report

SEED = 20261122


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""

    def one_room() -> None:
        rounds, edits = (2, 30) if short else (9, 200)
        asyncio.run(latency.measure(report, count=1, rounds=rounds, edits=edits))

    def many_rooms() -> None:
        count, rounds, edits = (3, 2, 5) if short else (20, 7, 40)
        asyncio.run(latency.measure(report, count=count, rounds=rounds, edits=edits))

    def protocol() -> None:
        trials_, edits = (2, 200) if short else (6, 2000)
        asyncio.run(rejoin.by_protocol(report, trials=trials_, edits=edits))

    def browsers() -> None:
        if not network.available():
            print("  left out: this machine lets us make no network namespace")
            return
        trials_, edits, offline_s = (1, 100, 8.0) if short else (6, 2000, 60.0)
        asyncio.run(
            rejoin.in_browsers(report, trials=trials_, edits=edits, offline_s=offline_s)
        )

    def schedules() -> None:
        on_core, on_servers = (40, 2) if short else (500, 25)
        trials.measure(report, on_core=on_core, on_servers=on_servers)

    def journal() -> None:
        asyncio.run(sizes.journal(report, typed_s=120 if short else 3600))

    def film() -> None:
        replay.making(report, repeats=1 if short else 5)
        replay.watching(report, seeks=40 if short else 300)

    return {
        "latency-1": one_room,
        "latency-20": many_rooms,
        "rejoin-protocol": protocol,
        "rejoin-browser": browsers,
        "schedules": schedules,
        "journal": journal,
        "replay": film,
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-collab", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
