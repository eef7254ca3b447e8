"""`make bench-sandbox`: what the sandbox costs at a kernel's start, and a warm restart.

Both sides run the same interpreter and packages by the same jupyter_client, in turns,
from the request to the first cell's reply.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bench.command import measured
from bench.rows import Report, Row, compare, interleaved, median, versions
from bench.sandbox.kernels import BARE, Timed
from nbinterview_kernels import kernelspec
from nbinterview_kernels.provisioner import POOL

SEED = 20261122
START_BAR, RESTART_BAR = 1.25, 0.30
_NAMES = ("ours", "bare")
Rounds = dict[str, list[list[float]]]


def kernel_python() -> str:
    """Return the interpreter that set-up made for candidates."""
    named = os.environ.get("NBINTERVIEW_KERNEL_PYTHON")
    setup = Path(os.environ["NBINTERVIEW_SETUP"])
    return named or str(json.loads(setup.read_text("utf-8"))["kernel_python"])


async def starts(python: str, rounds: int) -> Rounds:
    """Time starts of new kernels, in turns."""
    found: Rounds = {name: [] for name in _NAMES}
    for name in interleaved(_NAMES, rounds + 1):
        timed = Timed.of(python, kernelspec.NAME if name == "ours" else BARE)
        try:
            found[name].append([await timed.start_s()])
        finally:
            await timed.end()
    # The first of each reads files that the others find in memory.
    return {name: values[1:] for name, values in found.items()}


async def restarts(python: str, rounds: int, *, warm: bool) -> tuple[Rounds, int, int]:
    """Time restarts after a crash, in turns.

    Returns the times, how often a new kernel knew what the dead one did, and the
    memory of a kernel that waits, in bytes.
    """
    timed = {
        "ours": Timed.of(python, kernelspec.NAME, warm=warm),
        "bare": Timed.of(python, BARE),
    }
    found: Rounds = {name: [] for name in _NAMES}
    carried = memory_bytes = 0
    try:
        for each in timed.values():
            await each.start_s()
        for name in interleaved(_NAMES, rounds):
            await timed[name].run("it = 'of the dead kernel'")
            if warm:
                await timed["ours"].waiting()
                memory_bytes = max(memory_bytes, POOL.memory_bytes)
            found[name].append([await timed[name].restart_s()])
            reply = await timed[name].run("1")
            carried += "of the dead kernel" in json.dumps(reply)
            if warm and name == "ours":
                assert timed["ours"].manager.provisioner.layers["warm"] is True
    finally:
        for each in timed.values():
            await each.end()
    return found, carried, memory_bytes


def row(report: Report, measure: str, found: Rounds, bar: float | None) -> Row:
    """Return the row of two sides."""
    one = compare(found["ours"], found["bare"], median, chance=report.chance())
    low, high = one.ratio
    return Row(
        measure=measure,
        unit="s",
        ours=one.ours,
        peer=one.peer,
        ratio=one.ours / one.peer,
        low=low,
        high=high,
        bar=None if bar is None else f"at most {bar:.2f} x bare",
        holds=None if bar is None else high <= bar,
        n=f"{len(found['ours'])} each, medians",
        versions=versions(["jupyter_client"]) + ", ipykernel of the same environment",
    )


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""
    python, rounds = kernel_python(), 4 if short else 25

    async def start() -> None:
        report.look_at_machine()
        found = await starts(python, rounds)
        report.add(
            row(report, "start of a kernel to its first reply", found, START_BAR)
        )

    async def cold() -> None:
        report.look_at_machine()
        found, _, _ = await restarts(python, rounds, warm=False)
        report.add(row(report, "restart after a crash, none waiting", found, None))

    async def warm() -> None:
        report.look_at_machine()
        found, carried, memory_bytes = await restarts(python, rounds, warm=True)
        name = "restart after a crash, one waiting"
        report.add(
            row(report, name, found, RESTART_BAR),
            Row(
                measure="kernels that knew what the dead one did",
                unit="kernels",
                ours=carried,
                bar="none",
                holds=carried == 0,
                n=f"{2 * rounds} restarts",
            ),
            Row(
                measure="memory of a kernel that waits",
                unit="MiB",
                ours=round(memory_bytes / 2**20, 1),
                n="the most seen",
            ),
        )

    return {
        "start": lambda: asyncio.run(start()),
        "cold": lambda: asyncio.run(cold()),
        "warm": lambda: asyncio.run(warm()),
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-sandbox", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
