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
    """Kill writers of one journal so many times."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-killed-"))

    def tell(number: int) -> None:
        if number % max(1, times // 5) == 0:
            print(f"  killed {number} of {times}", flush=True)

    try:
        ours = Killed("ours", top / "ours", report.seed)
        ours.run(times, tell)
    finally:
        shutil.rmtree(top)
    n = f"{ours.kills} kills, {len(ours.acknowledged)} acknowledged records"
    report.add(
        Row(
            measure="acknowledged records lost, or torn ones accepted, after kill -9",
            unit="records",
            ours=ours.lost + len(ours.torn),
            bar="none",
            holds=ours.lost == 0 and not ours.torn,
            n=n,
            versions=versions(["jupyter_events"]),
            note="; ".join(ours.torn[:3])
            or f"the slowest reopening took {ours.longest_s:.2f} s",
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
