"""Every fault of the matrix once: the six invariants hold, and it is over soon.

Many seeds of each, and how soon at the 95th percentile: `make chaos`. What is measured
beside other work (how much a flood is felt) is bounded there and in `test_floods`.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.catalog import MATRIX, Fault
from tests.chaos.stage import Stage

SEED = 20261123
SLACK = 3.0
"""Two tests share the machine here."""


def _name(fault: Fault) -> str:
    return f"{fault.number}-{fault.title.replace(' ', '_')}"


@pytest.mark.parametrize("fault", MATRIX, ids=_name)
def test_the_invariants_hold(fault: Fault, stage: Stage) -> None:
    trial = asyncio.run(fault.play(stage, SEED + fault.number))
    assert trial.verdict.holds, str(trial.verdict)
    times = trial.history.times()
    assert fault.bounds.keys() <= times.keys()
    for name, most in fault.bounds.items():
        if name not in fault.units:
            assert max(times[name]) <= SLACK * most, name
