"""The service as people run it: a process of its own, beside a real hub."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.service.hub_process import RunningHub


def environment(hub: RunningHub) -> dict[str, str]:
    """Return the environment that the supervisor gives to the service."""
    return {
        "PATH": "/usr/bin:/bin",
        "NBINTERVIEW_HOME": str(hub.home.path),
        **hub.addresses.env(),
    }


@contextmanager
def running_service(hub: RunningHub, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start `python -m nbinterview.service`; stop it at the end, by SIGTERM."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "nbinterview.service"],
            env=environment(hub),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_up(process, hub.addresses.service_api + "/health", log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
    assert process.returncode in {0, -15}, log.read_text()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url, trust_env=False, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
