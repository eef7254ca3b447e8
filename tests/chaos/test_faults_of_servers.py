"""Faults of servers, kernels and keys, each once: the invariants hold, and soon.

Many seeds of each: `make chaos`.
"""

from __future__ import annotations

import pytest

from tests.chaos.catalog import Fault
from tests.chaos.faults_platform import key_rotated
from tests.chaos.once import SERVERS, holds, ids
from tests.chaos.stage import Stage


@pytest.mark.parametrize("fault", SERVERS, ids=ids(SERVERS))
def test_the_invariants_hold(fault: Fault, stage: Stage) -> None:
    holds(fault, stage)


def test_the_platforms_key_is_replaced(stage: Stage) -> None:
    # Fault 20 loses the room's key instead, with the seed that is played here.
    bounds = {"a checkpoint by the new key": 3.0}
    holds(Fault(20, "the platform's key rotated", key_rotated, bounds), stage)
