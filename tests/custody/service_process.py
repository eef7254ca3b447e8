"""The stand-in for the service in a process of its own.

Beside a latency measurement it must not share the interpreter with the clients.
`python -m tests.custody.service_process` reads how many, as what, from one line of
JSON, prints their addresses as another, and serves until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from tests.extensions.harness import room_config
from tests.extensions.stand_in import StandIn

ROOT = Path(__file__).resolve().parents[2]


class Services:
    """Several stand-ins in one other process."""

    def __init__(self, count: int, config: dict[str, Any] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it tells of every killed server
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"count": count, "config": config or room_config()}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        self._apis: list[str] = json.loads(self._process.stdout.readline())

    def __getitem__(self, number: int) -> StandIn:
        """Return what a room server needs of one of them: its address."""
        return cast("StandIn", _Elsewhere(self._apis[number]))

    def close(self) -> None:
        """End them all."""
        self._process.communicate(timeout=30)


class _Elsewhere:
    """A stand-in's address."""

    def __init__(self, api: str) -> None:
        self.api = api

    def close(self) -> None:
        """Nothing: its process ends with the others'."""


def main() -> None:
    """Serve until the input ends."""
    asked = json.loads(sys.stdin.readline())
    services = [StandIn(asked["config"]) for _ in range(asked["count"])]
    print(json.dumps([service.api for service in services]), flush=True)
    sys.stdin.read()
    for service in services:
        service.close()


if __name__ == "__main__":
    main()
