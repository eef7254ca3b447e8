"""The service as people run it: a process of its own, beside a real hub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.hub_process import RunningHub, stop, wait_until_up


def environment(hub: RunningHub, **more: str) -> dict[str, str]:
    """Return the environment that the supervisor gives to the service."""
    return {
        "PATH": "/usr/bin:/bin",
        "NBINTERVIEW_HOME": str(hub.home.path),
        "NBINTERVIEW_SETUP": os.environ["NBINTERVIEW_SETUP"],
        **hub.addresses.env(),
        **more,
    }


@contextmanager
def running_service(
    hub: RunningHub, log: Path, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `python -m nbinterview.service`; stop it at the end, by SIGTERM."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "nbinterview.service"],
            env=environment(hub, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_up(process, hub.addresses.service_api + "/health", log)
            yield process
        finally:
            stop(process)
    assert process.returncode in {0, -15}, log.read_text()
