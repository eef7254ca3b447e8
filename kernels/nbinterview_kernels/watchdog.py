"""Looks after what no other layer bounds, from outside, about twice a second.

Always: the connection directory, which lies on the host (a kernel may make sockets
there, and without Landlock files), and the number of files in the sandbox's tmpfs, for
which bwrap sets no bound. Without a control group also its memory.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbinterview_kernels.processes import descendants

_MAX_ENTRIES = 64
_MAX_ENTRY_BYTES = 1 << 20
_MAX_TMPFS_FILES = 50_000
_TMPFS = ("tmp", "home/candidate", "dev/shm")
_OWN_MEMORY = re.compile(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)

INTERVAL_S = 0.5


@dataclass(frozen=True)
class Watch:
    """What is looked at, and the bounds. `memory_bytes` None: the kernel does that."""

    connection_dir: Path
    memory_bytes: int | None


def excess(watch: Watch, pid: int) -> str | None:
    """Return what is over its bound now: "connections", "memory", "files" or None.

    `pid` is the outer bwrap.
    """
    if _connections_overflow(watch.connection_dir):
        return "connections"
    pids = descendants(pid)
    if (
        watch.memory_bytes is not None
        and sum(map(memory_bytes, pids)) > watch.memory_bytes
    ):
        return "memory"
    if pids and _files(pids[-1]) > _MAX_TMPFS_FILES:
        return "files"
    return None


def _connections_overflow(directory: Path) -> bool:
    count = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                count += 1
                size = entry.stat(follow_symlinks=False).st_size
                if count > _MAX_ENTRIES or size > _MAX_ENTRY_BYTES:
                    return True
    except OSError:
        return False
    return False


def memory_bytes(pid: int) -> int:
    """Return a process's share of memory; pages shared by forks count once."""
    for name, pattern in (("smaps_rollup", _OWN_MEMORY), ("status", _RESIDENT)):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/{name}").read_text("ascii")
            return sum(map(int, pattern.findall(text))) * 1024
    return 0


def _files(pid: int) -> int:
    most = 0
    for name in _TMPFS:
        with contextlib.suppress(OSError):
            state = os.statvfs(f"/proc/{pid}/root/{name}")
            most = max(most, state.f_files - state.f_ffree)
    return most


class Watchdog:
    """Calls `bite(reason)` once when something is over its bound, then stops.

    A thread and not a task: it must not depend on an event loop that a long
    handler keeps busy.
    """

    def __init__(self, watch: Watch, pid: int, bite: Callable[[str], None]) -> None:
        self._watch = watch
        self._pid = pid
        self._bite = bite
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"kernel-watchdog-{pid}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when it has stopped."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            reason = excess(self._watch, self._pid)
            if reason is not None:
                self._bite(reason)
                return
