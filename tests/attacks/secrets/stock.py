"""The same harvest in a stock JupyterHub, whose kernel has its token within reach."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.reach import KERNEL_PROBE, unpacked
from tests.attacks.secrets.harvest import tokens_of
from tests.attacks.secrets.replay import Replay, Route
from tests.attacks.stock_hub import running_stock_hub

# It sees the whole machine, also what is not JupyterHub's: only what is its own counts.
_PROBE = KERNEL_PROBE.replace("/proc/[0-9]*/", "/proc/self/").replace(
    "for top in (", "for top in () and ("
)


def leaks(folder: Path) -> tuple[int, int]:
    """Return how many strings of a stock kernel open something, of how many."""
    folder.mkdir(parents=True)
    with running_stock_hub(folder, "ada") as hub:
        blobs = list(unpacked(hub.run(_PROBE)).items())
        found = tokens_of([(f"kernel {name}", data) for name, data in blobs])
        host = f"127.0.0.1:{hub.port}"
        routes = [
            Route("stock hub", host, "GET", "/hub/api/user"),
            Route("stock hub", host, "GET", "/hub/api/users/ada"),
            Route("stock server", host, "GET", "/user/ada/api/contents"),
            Route("stock server", host, "GET", "/user/ada/api/kernels"),
        ]
        accepted = Replay(hub.port).accepted(found, routes)
        return len({text for text, *_ in accepted}), len(found)
