"""`make bench-flags`: how soon an interviewer sees a flag, journal and all."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bench.command import measured
from bench.flags.latency import quick_policy, times_ms, typing
from bench.rows import Report, Row, interval, p95
from tests.custody.service_process import Services
from tests.extensions.harness import RoomServer, room_config

SEED = 20261123
BAR_MS = 150.0


async def measure(*, flags: int, rooms: int, people_type: bool) -> list[float]:
    """Return the times of flags in so many rooms at once."""
    top = Path(tempfile.mkdtemp(prefix="nbi-flags-"))
    services = Services(rooms, room_config(policy=quick_policy()))
    servers = [RoomServer(top / str(n), services[n]) for n in range(rooms)]
    try:
        for server in servers:
            await server.start()
        async with AsyncExitStack() as stack:
            if people_type:
                for server in servers:
                    await stack.enter_async_context(typing(server))
            took = await asyncio.gather(*(times_ms(one, flags) for one in servers))
        return [each for one in took for each in one]
    finally:
        for server in servers:
            server.stop()
        services.close()
        shutil.rmtree(top)


def row(report: Report, measure_: str, took_ms: list[float]) -> Row:
    """Return the row of one part."""
    low, high = interval(took_ms, p95, chance=report.chance())
    return Row(
        measure=measure_,
        unit="ms",
        ours=p95(took_ms),
        low=low,
        high=high,
        bar=f"at most {BAR_MS:g} ms",
        holds=high <= BAR_MS,
        n=f"{len(took_ms)} flags",
        note="from the message with the completing frame, through the journal's commit "
        "of the frame and of the flag, to the interviewer's socket; 10 frames a second",
    )


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""

    def part(name: str, rooms: int, flags: int, *, people_type: bool) -> None:
        report.look_at_machine()
        count = 3 if short else flags
        took_ms = asyncio.run(
            measure(flags=count, rooms=rooms, people_type=people_type)
        )
        report.add(row(report, name, took_ms))

    return {
        "quiet": lambda: part(
            "flag to the interviewer, one quiet room, p95", 1, 100, people_type=False
        ),
        "typing": lambda: part(
            "flag to the interviewer, two people type, p95", 1, 100, people_type=True
        ),
        "rooms": lambda: part(
            "flag to the interviewer, five rooms at once, two people type in each, p95",
            2 if short else 5,
            40,
            people_type=True,
        ),
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-flags", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
