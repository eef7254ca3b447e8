"""Control groups: where a sandbox's group goes and which values it gets.

`v1_plan`, `v2_plan` and `choose` are functions of paths and values;
`create`, `members` and `remove` are the effects.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbinterview_kernels.settings import Limits

_CPU_PERIOD_US = 100_000
# Beside a limit, a small share: when the machine is busy, the server goes first.
_CPU_SHARES, _CPU_WEIGHT = 256, 25
# bwrap's own two processes are in the group, too.
_PIDS_OF_BWRAP = 4
_REMOVE_DEADLINE_S = 3.0


@dataclass(frozen=True)
class Plan:
    """One group: directories to make, (file, value) to write, files to join by.

    `optional` may fail: a machine without swap accounting has no such file.
    """

    version: str
    directories: tuple[str, ...] = ()
    writes: tuple[tuple[str, str], ...] = ()
    optional: tuple[tuple[str, str], ...] = ()
    cpu: bool = False
    cpu_usage: str = ""
    """The file that tells the CPU time used; empty where there is none."""

    @property
    def procs(self) -> tuple[str, ...]:
        """The files a process writes itself into."""
        return tuple(f"{path}/cgroup.procs" for path in self.directories)


NONE = Plan("none")


@dataclass(frozen=True)
class Mounts:
    """Where the controllers are mounted: v1 by name, and the v2 tree."""

    v1: Mapping[str, str]
    v2: str | None


def parse_mounts(mountinfo: str) -> Mounts:
    """Read the text of /proc/self/mountinfo."""
    v1: dict[str, str] = {}
    v2: str | None = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        path = before.split(" ")[4]
        if kind == "cgroup":
            for name in options.split(","):
                if name in ("memory", "pids", "cpu", "cpuacct"):
                    v1.setdefault(name, path)
        elif kind == "cgroup2":
            v2 = v2 or path
    return Mounts(v1, v2)


def parse_own_v2(text: str) -> str:
    """Return this process's path in the v2 tree, from /proc/self/cgroup."""
    for line in text.splitlines():
        if line.startswith("0::"):
            return line[3:]
    return "/"


def v2_parents(mount: str, own: str) -> list[str]:
    """Return the groups that may hold a new one, the nearest first.

    A group with processes cannot pass controllers on, so it is rarely our own.
    """
    found = [posixpath.normpath(f"{mount}/{own}")]
    while found[-1].startswith(mount + "/"):
        found.append(posixpath.dirname(found[-1]))
    return [path for path in found if path.startswith(mount)]


def v1_plan(mounts: Mapping[str, str], name: str, limits: Limits) -> Plan:
    """Return the plan for v1: one directory a controller."""
    memory, pids = f"{mounts['memory']}/{name}", f"{mounts['pids']}/{name}"
    limit = str(limits.memory_bytes)
    directories = [memory, pids]
    writes = [
        (f"{memory}/memory.limit_in_bytes", limit),
        (f"{pids}/pids.max", str(limits.processes + _PIDS_OF_BWRAP)),
    ]
    if "cpu" in mounts:
        cpu = f"{mounts['cpu']}/{name}"
        if cpu not in directories:
            directories.append(cpu)
        quota_us = int(_CPU_PERIOD_US * limits.cpus)
        writes += [
            (f"{cpu}/cpu.cfs_period_us", str(_CPU_PERIOD_US)),
            (f"{cpu}/cpu.cfs_quota_us", str(quota_us)),
            (f"{cpu}/cpu.shares", str(_CPU_SHARES)),
        ]
    usage = ""
    if "cpuacct" in mounts:
        accounts = f"{mounts['cpuacct']}/{name}"
        directories.append(accounts)
        usage = f"{accounts}/cpuacct.usage"
    swap = ((f"{memory}/memory.memsw.limit_in_bytes", limit),)
    unique = tuple(dict.fromkeys(directories))
    return Plan("v1", unique, tuple(writes), swap, "cpu" in mounts, usage)


def v2_plan(parent: str, name: str, limits: Limits, *, cpu: bool) -> Plan:
    """Return the plan for v2: one directory with all controllers."""
    group = f"{parent}/{name}"
    writes = [
        (f"{group}/memory.max", str(limits.memory_bytes)),
        (f"{group}/pids.max", str(limits.processes + _PIDS_OF_BWRAP)),
    ]
    if cpu:
        quota_us = int(_CPU_PERIOD_US * limits.cpus)
        writes += [
            (f"{group}/cpu.max", f"{quota_us} {_CPU_PERIOD_US}"),
            (f"{group}/cpu.weight", str(_CPU_WEIGHT)),
        ]
    optional = (
        (f"{group}/memory.swap.max", "0"),
        (f"{group}/memory.oom.group", "1"),
    )
    # Of v2, the time is counted whether or not there is a controller for it.
    return Plan("v2", (group,), tuple(writes), optional, cpu, f"{group}/cpu.stat")


def choose(
    name: str,
    limits: Limits,
    mounts: Mounts,
    own_v2: str,
    controllers: Callable[[str], frozenset[str]],
    may_write: Callable[[str], bool],
) -> Plan:
    """Return the strongest plan that this machine allows.

    `controllers` tells which ones a v2 group hands to its children;
    `may_write` whether a group can be made in a directory.
    """
    if mounts.v2 is not None:
        for parent in v2_parents(mounts.v2, own_v2):
            given = controllers(parent)
            if {"memory", "pids"} <= given and may_write(parent):
                return v2_plan(parent, name, limits, cpu="cpu" in given)
    usable = {key: path for key, path in mounts.v1.items() if may_write(path)}
    if {"memory", "pids"} <= usable.keys():
        return v1_plan(usable, name, limits)
    return NONE


def plan(name: str, limits: Limits) -> Plan:
    """Look at this machine and return its plan for a group called `name`."""
    try:
        mounts = parse_mounts(Path("/proc/self/mountinfo").read_text("utf-8"))
        own = parse_own_v2(Path("/proc/self/cgroup").read_text("utf-8"))
    except OSError:
        return NONE
    return choose(name, limits, mounts, own, _controllers, _may_write)


def _controllers(group: str) -> frozenset[str]:
    try:
        text = Path(group, "cgroup.subtree_control").read_text("ascii")
    except OSError:
        return frozenset()
    return frozenset(text.split())


def _may_write(group: str) -> bool:
    procs = f"{group}/cgroup.procs"
    return os.access(group, os.W_OK) and os.access(procs, os.W_OK)


def create(wanted: Plan) -> None:
    """Make the group and set its values; raises OSError, then nothing is left."""
    try:
        for path in wanted.directories:
            Path(path).mkdir()
        for path, value in wanted.writes:
            Path(path).write_text(value, "ascii")
    except OSError:
        remove(wanted)
        raise
    for path, value in wanted.optional:
        with contextlib.suppress(OSError):
            Path(path).write_text(value, "ascii")


def members(wanted: Plan) -> set[int]:
    """Return the processes in the group."""
    found: set[int] = set()
    for path in wanted.procs:
        with contextlib.suppress(OSError):
            found.update(map(int, Path(path).read_text("ascii").split()))
    return found


def end(wanted: Plan) -> None:
    """Kill what is left in the group and remove it."""
    for pid in members(wanted):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    remove(wanted)


def out_of_memory(wanted: Plan) -> bool:
    """Tell whether the kernel killed something in the group for its memory."""
    names = {"v1": "memory.oom_control", "v2": "memory.events"}
    if wanted.version not in names:
        return False
    try:
        text = Path(wanted.directories[0], names[wanted.version]).read_text("ascii")
    except OSError:
        return False
    counts = dict(line.split()[:2] for line in text.splitlines())
    return int(counts.get("oom_kill", "0")) > 0


def remove(wanted: Plan, deadline_s: float = _REMOVE_DEADLINE_S) -> None:
    """Remove the group; its last processes may still be on their way out."""
    until = time.monotonic() + deadline_s
    for path in wanted.directories:
        while True:
            try:
                Path(path).rmdir()
            except FileNotFoundError:
                break
            except OSError:
                if time.monotonic() > until:
                    break
                time.sleep(0.01)
            else:
                break
