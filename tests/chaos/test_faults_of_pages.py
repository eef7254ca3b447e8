"""Faults of pages, lines and disks, each once: the invariants hold, and soon.

Many seeds of each: `make chaos`.
"""

from __future__ import annotations

import pytest

from tests.chaos.catalog import Fault
from tests.chaos.once import PAGES, holds, ids
from tests.chaos.stage import Stage


@pytest.mark.parametrize("fault", PAGES, ids=ids(PAGES))
def test_the_invariants_hold(fault: Fault, stage: Stage) -> None:
    holds(fault, stage)
