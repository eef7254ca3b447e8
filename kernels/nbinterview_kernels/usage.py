"""What a kernel uses of what it may: CPU, memory and disk, looked at from outside.

`parse_*` and `rate` are functions of texts and numbers; `sample` looks.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview_kernels import cgroup
from nbinterview_kernels.processes import descendants
from nbinterview_kernels.settings import HOME, Limits
from nbinterview_kernels.watchdog import memory_bytes

_WRITABLE = ("tmp", HOME.lstrip("/"), "dev/shm")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One look. `cpu_s` is CPU time since the start; None: not measurable here."""

    at_s: float
    cpu_s: float | None
    memory_bytes: int | None
    disk_bytes: int | None


@dataclass(frozen=True)
class Bounds:
    """What a kernel may use; None is not limited."""

    cpus: float | None
    memory_bytes: int
    disk_bytes: int


def bounds(limits: Limits, plan: cgroup.Plan) -> Bounds:
    """Return what holds under these limits and this control group."""
    disk_bytes = limits.tmp_bytes + limits.home_bytes + limits.shm_bytes
    cpus = limits.cpus if plan.cpu else None
    return Bounds(cpus, limits.memory_bytes, disk_bytes)


def parse_v1_cpu(text: str) -> float:
    """Return seconds of CPU time from cpuacct.usage (nanoseconds)."""
    return int(text) / 1e9


def parse_v2_cpu(text: str) -> float:
    """Return seconds of CPU time from cpu.stat."""
    found = dict(line.split() for line in text.splitlines())
    return int(found["usage_usec"]) / 1e6


def parse_process_cpu(text: str) -> float:
    """Return seconds from /proc/PID/stat: its own, and of children that ended."""
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_PER_S


def parse_memory(usage: str, stat: str) -> int:
    """Return bytes from a group's usage, without files that can be let go of."""
    sizes = dict(line.split() for line in stat.splitlines())
    # v1 counts the groups below only in its totals; v2 always.
    idle = sizes.get("total_inactive_file", sizes.get("inactive_file", "0"))
    return max(0, int(usage) - int(idle))


def rate(before: Sample | None, now: Sample) -> float | None:
    """Return CPU time over wall time between two looks; 1 is one core."""
    if before is None or before.cpu_s is None or now.cpu_s is None:
        return None
    wall_s = now.at_s - before.at_s
    # A process that ended between two looks takes its time out of the sum.
    return max(0.0, now.cpu_s - before.cpu_s) / wall_s if wall_s > 0 else None


def message(before: Sample | None, now: Sample, bound: Bounds) -> dict[str, Any]:
    """Return `UsageMessage` of live.schema.yaml."""
    share = rate(before, now)
    return {
        "type": "usage",
        "cpu_share": None if share is None else round(share, 3),
        "cpu_limit": bound.cpus,
        "memory_bytes": now.memory_bytes,
        "memory_limit_bytes": bound.memory_bytes,
        "disk_bytes": now.disk_bytes,
        "disk_limit_bytes": bound.disk_bytes,
    }


def sample(plan: cgroup.Plan, pid: int, now_s: float) -> Sample:
    """Look at a sandbox; `pid` is the outer bwrap."""
    pids = descendants(pid)
    return Sample(now_s, _cpu_s(plan, pids), _memory(plan, pids), _disk(pids))


class Meter:
    """Measures one kernel; keeps the look before, as CPU use is a difference."""

    def __init__(self, plan: cgroup.Plan, pid: int, bound: Bounds) -> None:
        self._plan = plan
        self._pid = pid
        self._bound = bound
        self._before: Sample | None = None

    def read(self, now_s: float) -> dict[str, Any]:
        """Look, and return `UsageMessage` of live.schema.yaml."""
        now = sample(self._plan, self._pid, now_s)
        before, self._before = self._before, now
        return message(before, now, self._bound)


def _cpu_s(plan: cgroup.Plan, pids: Iterable[int]) -> float | None:
    if plan.cpu_usage:
        parse = parse_v1_cpu if plan.version == "v1" else parse_v2_cpu
        try:
            return parse(Path(plan.cpu_usage).read_text("ascii"))
        except (OSError, KeyError, ValueError):
            return None
    total_s = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            total_s += parse_process_cpu(text)
    return total_s


def _memory(plan: cgroup.Plan, pids: Iterable[int]) -> int | None:
    names = {"v1": "memory.usage_in_bytes", "v2": "memory.current"}
    if plan.version not in names:
        return sum(map(memory_bytes, pids))
    group = Path(plan.directories[0])
    try:
        used = (group / names[plan.version]).read_text("ascii")
        return parse_memory(used, (group / "memory.stat").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _disk(pids: list[int]) -> int | None:
    # Process 1 is bwrap's own; what it starts sees the same directories.
    if not pids:
        return None
    total = 0
    for name in _WRITABLE:
        try:
            state = os.statvfs(f"/proc/{pids[-1]}/root/{name}")
        except OSError:
            return None
        total += (state.f_blocks - state.f_bfree) * state.f_frsize
    return total
