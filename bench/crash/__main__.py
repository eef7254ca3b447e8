"""`make crash`: what crashes leave of a record, the room's and what others use."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.command import measured
from bench.crash.killed import Killed
from bench.crash.points import Losses, replayed
from bench.crash.trace import traced
from bench.rows import Report, Row, versions

SEED = 20261123
LEAST_POINTS = 1_000
RECOVERS_WITHIN_S = 2.0
KILLS_OF_ONE = 5
"""Of one journal, which stays below its quota."""
PEERS = {
    "normal": "SQLite with a write-ahead log and synchronous=NORMAL",
    "events": "jupyter_events with a file handler, as POST /api/events emits",
}


def points(report: Report, *, records: int, random_states: int, at_least: int) -> None:
    """Trace the three writers with the same records, and reopen every crash."""
    report.look_at_machine()
    done = {kind: trace(report, kind, records, random_states) for kind in ALL}
    ours = done.pop("ours")
    n = f"{ours.points} crash points, {ours.states} states"
    for kind, peer in done.items():
        report.add(
            Row(
                measure="states after a crash that lack an acknowledged record, "
                f"beside {kind}",
                unit="states",
                ours=ours.losing,
                peer=peer.losing,
                bar=f"none in at least {at_least:,} crash points",
                holds=ours.losing == 0 and ours.points >= at_least,
                n=f"{n}; {kind}: {peer.states} states",
                versions=PEERS[kind],
                note=f"{PEERS[kind]}: at most {peer.most_lost} acknowledged records "
                "lost in one state",
            )
        )
    report.add(
        Row(
            measure="torn or invented records accepted after a crash",
            unit="states",
            ours=len(ours.torn),
            bar="none",
            holds=not ours.torn,
            n=n,
            note="; ".join(ours.torn[:3]),
        ),
        Row(
            measure="the slowest reopening after a crash",
            unit="s",
            ours=ours.longest_s,
            bar=f"at most {RECOVERS_WITHIN_S:g} s",
            holds=ours.longest_s <= RECOVERS_WITHIN_S,
            n=n,
        ),
    )


ALL = ("ours", *PEERS)


def trace(report: Report, kind: str, records: int, random_states: int) -> Losses:
    """Trace one writer, and reopen every crash of it."""
    top = Path(tempfile.mkdtemp(prefix="nbi-trace-"))
    try:
        ops = traced(kind, top / kind, records=records, seed=report.seed)
    finally:
        shutil.rmtree(top)
    print(f"  {kind}: {len(ops)} operations", flush=True)

    def tell(found: Losses) -> None:
        if found.points % 500 == 0:
            print(f"  {kind}: {found.points} points", flush=True)

    return replayed(kind, ops, seed=report.seed, random_states=random_states, tell=tell)


def kills(report: Report, *, times: int) -> None:
    """Kill writers so many times, `KILLS_OF_ONE` of each journal."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-killed-"))
    every: list[Killed] = []
    try:
        for first in range(0, times, KILLS_OF_ONE):
            one = Killed("ours", top / str(first), report.seed + first)
            one.run(min(KILLS_OF_ONE, times - first))
            every.append(one)
            shutil.rmtree(top / str(first))
            print(f"  killed {first + one.kills} of {times}", flush=True)
    finally:
        shutil.rmtree(top)
    acknowledged = sum(len(one.acknowledged) for one in every)
    lost = sum(one.lost for one in every)
    torn = [words for one in every for words in one.torn]
    report.add(
        Row(
            measure="acknowledged records lost, or torn ones accepted, after kill -9",
            unit="records",
            ours=lost + len(torn),
            bar="none",
            holds=lost == 0 and not torn,
            n=f"{times} kills, {acknowledged} acknowledged records",
            versions=versions(["jupyter_events"]),
            note="; ".join(torn[:3])
            or "the slowest reopening took "
            f"{max(one.longest_s for one in every):.2f} s",
        )
    )


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""
    return {
        "points": lambda: points(
            report,
            records=12 if short else 400,
            random_states=1 if short else 2,
            at_least=50 if short else LEAST_POINTS,
        ),
        "kills": lambda: kills(report, times=3 if short else 200),
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("crash", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
