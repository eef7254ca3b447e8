"""Free ports for the servers that tests start."""

from __future__ import annotations

import os
import random
import socket

FIRST = 20_000
"""Below the ports that the system gives to outgoing connections."""
A_WORKER = 4_000
_random = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses and no other worker of this run is given."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = FIRST + int(worker) % 3 * A_WORKER
    found: list[int] = []
    for port in _random.sample(range(first, first + A_WORKER), A_WORKER):
        if len(found) == count:
            break
        if _is_free(port):
            found.append(port)
    return found


def free_port() -> int:
    """Return a port that nobody uses and no other worker of this run is given."""
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
