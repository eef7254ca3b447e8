"""Processes of a sandbox, seen from the host."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, parents before children."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = list(children(waiting.pop(0)))
        found += below
        waiting += below
    return found


def children(pid: int) -> Iterable[int]:
    """Yield a process's own children."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for task in tasks:
        with contextlib.suppress(OSError):
            text = (task / "children").read_text("ascii")
            yield from map(int, text.split())


def kill_children(pid: int) -> bool:
    """Kill the children of `pid`, none that it has become meanwhile; tell if any."""
    killed = False
    for child in list(children(pid)):
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(child)
            try:
                if child in children(pid):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    killed = True
            finally:
                os.close(descriptor)
    return killed
