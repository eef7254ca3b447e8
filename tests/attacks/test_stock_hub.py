"""The stock hub that attacks are compared with leaves nothing running."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.attacks.stock_hub import running_stock_hub


def test_a_killed_hub_leaves_no_process_behind(tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    with running_stock_hub(tmp_path, "ada"):
        [hub] = set(psutil.Process().children()) - before
        started = hub.children(recursive=True)
        assert any("jupyterhub.singleuser" in one.cmdline() for one in started)
        hub.kill()
        _, alive = psutil.wait_procs(started, timeout=60)
    for one in alive:
        one.kill()
    assert alive == []
