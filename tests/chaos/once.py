"""A fault of the matrix, played once in the everyday suite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.chaos.catalog import MATRIX, Fault
from tests.chaos.stage import Stage

SEED = 20261123
SLACK = 3.0
"""Two tests share the machine here; `make chaos` holds the bounds themselves."""
AROUND_A_ROOM = {1, 2, 3, 4, 5, 6, 18, 20}
"""Faults of servers, kernels and keys; the others are of pages, lines and disks."""
SERVERS = [fault for fault in MATRIX if fault.number in AROUND_A_ROOM]
PAGES = [fault for fault in MATRIX if fault.number not in AROUND_A_ROOM]


def ids(faults: Sequence[Fault]) -> list[str]:
    """Return the names of tests."""
    return [f"{one.number}-{one.title.replace(' ', '_')}" for one in faults]


def holds(fault: Fault, stage: Stage) -> None:
    """Play a trial; the six invariants hold, and it is over soon."""
    trial = asyncio.run(fault.play(stage, SEED + fault.number))
    assert trial.verdict.holds, str(trial.verdict)
    times = trial.history.times()
    assert fault.bounds.keys() <= times.keys()
    for name, most in fault.bounds.items():
        # How much a flood is felt is measured alone: `test_floods`, `make chaos`.
        if name not in fault.units:
            assert max(times[name]) <= SLACK * most, name
