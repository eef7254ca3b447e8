"""Faults of servers, kernels and keys, each once: the invariants hold, and soon.

Many seeds of each: `make chaos`.
"""

from __future__ import annotations

import pytest

from tests.chaos.catalog import Fault
from tests.chaos.once import SERVERS, holds, ids
from tests.chaos.stage import Stage


@pytest.mark.parametrize("fault", SERVERS, ids=ids(SERVERS))
def test_the_invariants_hold(fault: Fault, stage: Stage) -> None:
    holds(fault, stage)
