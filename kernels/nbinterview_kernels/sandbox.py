"""Starts one sandboxed command: the effects around `command` and `cgroup`."""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview_kernels import cgroup, command, landlock, processes, seccomp
from nbinterview_kernels.settings import STAGE, STAGE_SPEC, SandboxSettings

_HERE = Path(__file__).parent
_STDERR_BYTES = 64 * 1024
READY_DEADLINE_S = 20.0
GONE_DEADLINE_S = 5.0


@dataclass(frozen=True)
class Layers:
    """Which layers are in force; `report` is for the journal."""

    bwrap: str
    bwrap_version: str
    host_uid: int
    landlock_abi: int
    seccomp: seccomp.Program
    cgroup: cgroup.Plan

    def lacking(self, required: Iterable[str]) -> list[str]:
        """Return which of `required` (of `settings.LAYERS`) are not in force."""
        there = {
            "seccomp": True,
            "landlock": self.landlock_abi > 0,
            "cgroup": self.cgroup.version != "none",
            "cpu_limit": self.cgroup.cpu,
        }
        return [name for name in required if not there[name]]

    def report(self) -> dict[str, Any]:
        """Return plain values. `weaker` names what a stronger machine would add."""
        weaker = []
        if self.landlock_abi == 0:
            weaker.append("no Landlock: the second lock on files is missing")
        elif self.landlock_abi < 6:
            weaker.append("old Landlock: signals within the sandbox are not scoped")
        if self.cgroup.version == "none":
            weaker.append(
                "no control group: memory is watched from outside, CPU is not limited"
            )
        elif not self.cgroup.cpu:
            weaker.append("the control group does not limit CPU")
        return {
            "bwrap": self.bwrap,
            "bwrap_version": self.bwrap_version,
            "uid": self.host_uid,
            "seccomp": True,
            "seccomp_unknown": list(self.seccomp.unknown),
            "landlock_abi": self.landlock_abi,
            "cgroup": self.cgroup.version,
            "cpu_limit": self.cgroup.cpu,
            "memory_watchdog": self.cgroup.version == "none",
            "weaker": weaker,
        }


class StartFailed(Exception):
    """The sandbox did not come to stand; `stderr` is what it said."""

    def __init__(self, stderr: str) -> None:
        super().__init__(stderr)
        self.stderr = stderr


class Sandbox:
    """One started sandbox. Make it with `start`, then `wait_ready`.

    Not to be started from a thread that ends: bwrap dies with the thread.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], ready_fd: int, stderr_fd: int
    ) -> None:
        self.process = process
        self._ready_fd = ready_fd
        self._stderr_fd = stderr_fd
        self._inside_fd = -1
        """Readable when process 1 of the sandbox is gone, and with it all others."""

    def wait_ready(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Return when every lock is in force and the command runs; or StartFailed."""
        descriptor, self._ready_fd = self._ready_fd, -1
        with _closing(descriptor):
            readable, _, _ = select.select([descriptor], [], [], deadline_s)
            ready = os.read(descriptor, 1) == b"1" if readable else False
        if not ready:
            self.kill()
            self.process.wait()
            raise StartFailed(self.stderr())
        for inside in processes.children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                self._inside_fd = os.pidfd_open(inside)

    def wait_gone(self, deadline_s: float = GONE_DEADLINE_S) -> None:
        """Return when nothing in it runs any more.

        The outer process can end first, when it is killed: the others follow at once,
        but not at the same time.
        """
        if self._inside_fd >= 0:
            select.select([self._inside_fd], [], [], deadline_s)

    def kill(self) -> None:
        """End everything in it at once; harmless to repeat.

        From the inside: process 1 first, which takes all others along. bwrap then
        ends by itself, so that waiting for it means that all are gone.
        """
        alive = self.process.poll() is None
        if alive and not processes.kill_children(self.process.pid):
            self.process.kill()

    def stderr(self) -> str:
        """Return what the sandbox's processes wrote to stderr (at most 64 KiB)."""
        if self._stderr_fd < 0:
            return ""
        data = os.pread(self._stderr_fd, _STDERR_BYTES, 0)
        return data.rstrip(b"\0").decode("utf-8", "replace")

    def close(self) -> None:
        """Let go of the descriptors; the process must have ended."""
        for descriptor in (self._stderr_fd, self._ready_fd, self._inside_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._stderr_fd = self._ready_fd = self._inside_fd = -1


def start(settings: SandboxSettings, layers: Layers, argv: Sequence[str]) -> Sandbox:
    """Start `argv` in a sandbox. The control group must exist already."""
    ready_read, ready_write = os.pipe2(os.O_CLOEXEC)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_closing(ready_write))
        task = command.stage_task(settings, layers.landlock_abi, ready_write, argv)
        data = {path: _memory(stack, text) for path, text in _data(task).items()}
        filter_fd = _memory(stack, layers.seccomp.bpf)
        arguments = command.bwrap_arguments(settings, filter_fd, data)
        args_fd = _memory(stack, "\0".join([*arguments, ""]).encode())
        outer = command.launcher_task(
            settings, layers.bwrap, args_fd, layers.cgroup.procs
        )
        stderr_fd = _bounded_stderr()
        process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(_HERE / "launcher.py"),
                _plain(outer).hex(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=stderr_fd,
            stderr=stderr_fd,
            env={},
            cwd="/",
            start_new_session=True,
            pass_fds=(ready_write, args_fd, filter_fd, *data.values()),
        )
    return Sandbox(process, ready_read, stderr_fd)


def _data(task: dict[str, Any]) -> dict[str, bytes]:
    return {
        **{path: text.encode() for path, text in command.ETC.items()},
        STAGE: (_HERE / "stage.py").read_bytes(),
        STAGE_SPEC: _plain(task),
    }


def _plain(task: dict[str, Any]) -> bytes:
    """Return plain values as every Python from 2.5 on reads them."""
    return marshal.dumps(task, 2)


def _memory(stack: contextlib.ExitStack, data: bytes) -> int:
    """Return a descriptor with `data`, at its start."""
    descriptor = os.memfd_create("nbinterview", os.MFD_CLOEXEC)
    stack.enter_context(_closing(descriptor))
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _bounded_stderr() -> int:
    """Return a descriptor that takes 64 KiB and no more.

    The kernel's raw stderr must reach neither the server's log nor a disk.
    """
    descriptor = os.memfd_create("stderr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, _STDERR_BYTES)
    seals = fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def probe(bwrap: str, version: str, uid: int, plan: cgroup.Plan) -> Layers:
    """Look which layers this machine has; raises seccomp.SeccompMissing."""
    return Layers(bwrap, version, uid, landlock.abi(), seccomp.program(), plan)
