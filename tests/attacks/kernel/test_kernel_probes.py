"""Every probe that a kernel survives, in one kernel of ours: none succeeds."""

from __future__ import annotations

import os
from pathlib import Path

from tests.attacks.kernel import ours
from tests.attacks.kernel.target import standing, untouched

# What only a control group bounds; the record then says that it is not there.
NEEDS = {"more_processors_than_one": "cpu_limit"}


def test_no_probe_succeeds(tmp_path: Path) -> None:
    with standing(os.getpid()) as target:
        found, layers = ours.quick(target, tmp_path)
        assert untouched(target), target.visits
    assert len(found) >= 60
    open_here = {name for name, layer in NEEDS.items() if not layers[layer]}
    succeeded = {name: how for name, done, how in found if done}
    assert succeeded.keys() <= open_here, succeeded
