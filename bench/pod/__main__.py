"""`make bench-pod`: a kernel pod by CurveZMQ and by a gateway, and the local sandbox.

All run the same interpreter and packages on this machine, in turns. What a cluster
adds to a start is measured on a cluster (`make test-k8s`), not here.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench.command import measured
from bench.pod.ways import GATEWAY, POD, SANDBOX, Kernels, Way, kernels
from bench.rows import Report, Row, compare, interleaved, median, versions
from bench.sandbox.__main__ import kernel_python

SEED = 20261123
EXECUTE_BAR = 1.25
CELL = "sum(range(1000))"
Rounds = dict[str, list[list[float]]]


async def starts(made: Kernels, names: tuple[str, ...], rounds: int) -> Rounds:
    """Time new kernels to their first reply, in turns."""
    found: Rounds = {name: [] for name in names}
    for name in interleaved(names, rounds + 1):
        async with made.one(name) as way:
            found[name].append([await way.start_s()])
    # The first of each reads files that the others find in memory.
    return {name: values[1:] for name, values in found.items()}


async def running(
    made: Kernels,
    names: tuple[str, ...],
    rounds: int,
    time_s: Callable[[Way], Awaitable[list[float]]],
) -> Rounds:
    """Time what is done to kernels that run, in turns."""
    found: Rounds = {name: [] for name in names}
    for name in interleaved(names, rounds):
        async with made.one(name) as way:
            await way.start_s()
            found[name].append(await time_s(way))
    return found


def row(
    report: Report,
    measure: str,
    found: Rounds,
    names: tuple[str, str],
    bar: float | None = None,
) -> Row:
    """Return the row of two ways."""
    ours, peer = names
    one = compare(found[ours], found[peer], median, chance=report.chance())
    low, high = one.ratio
    return Row(
        measure=f"{measure}: {ours} beside {peer}",
        unit="s",
        ours=one.ours,
        peer=one.peer,
        ratio=one.ours / one.peer,
        low=low,
        high=high,
        bar=None if bar is None else f"at most {bar:.2f} x {peer}",
        holds=None if bar is None else high <= bar,
        n=f"{len(found[ours])} rounds each, medians",
        versions=versions(["jupyter_client", "jupyter_server", "pyzmq"]),
    )


def parts(report: Report, *, short: bool) -> dict[str, Callable[[], None]]:
    """Return what is measured, by name; `short` tries the code, not the machine."""
    names = (SANDBOX, POD, GATEWAY)
    pairs = ((POD, SANDBOX), (POD, GATEWAY))

    def timed(
        measure: str,
        ask: Callable[[Kernels], Awaitable[Rounds]],
        bar: float | None = None,
    ) -> None:
        report.look_at_machine()

        async def asked() -> Rounds:
            with kernels(kernel_python()) as made:
                return await ask(made)

        found = asyncio.run(asked())
        for pair in pairs:
            held = bar if pair[1] == SANDBOX else None
            report.add(row(report, measure, found, pair, held))

    async def cells(way: Way) -> list[float]:
        for _ in range(20):
            await way.run(CELL)
        return [await way.run(CELL) for _ in range(50 if short else 200)]

    async def interrupt(way: Way) -> list[float]:
        return [await way.interrupt_s() for _ in range(3)]

    async def restart(way: Way) -> list[float]:
        return [await way.restart_s()]

    few, many = (2, 3) if short else (10, 20)
    return {
        "start": lambda: timed(
            "start of a kernel to its first reply",
            lambda made: starts(made, names, many),
        ),
        "execute": lambda: timed(
            "reply to a small cell",
            lambda made: running(made, names, few, cells),
            EXECUTE_BAR,
        ),
        "interrupt": lambda: timed(
            "interrupt to the cell's reply",
            lambda made: running(made, names, few, interrupt),
        ),
        "restart": lambda: timed(
            "restart at once to the first reply",
            lambda made: running(made, names, few, restart),
        ),
    }


def main(arguments: list[str]) -> int:
    """Measure, write the result, and say by the exit code whether all of it holds."""
    return measured("bench-pod", SEED, parts, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
