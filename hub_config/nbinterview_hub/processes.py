"""Processes on this machine: start, stop, and leave none behind (Linux)."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from nbinterview.redaction import RedactedLog, Redaction

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
# A program that ran this long was well; its next failure is a first one again.
STEADY_S = 60.0
# A process that survives SIGKILL hangs in the kernel; waiting longer helps nobody.
UNKILLABLE_S = 5.0
# A log is waited for so long when something that the program left holds it open.
LOG_END_S = 1.0


def restart_delay_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row (from 1)."""
    return min(FIRST_DELAY_S * 2.0 ** min(failures - 1, 10), LONGEST_DELAY_S)


def become_subreaper() -> None:
    """Make orphaned descendants ours, so that stopping can find them all."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _die_with_parent() -> None:
    """Runs in a new child: it is told to stop when the supervisor is killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def reap_orphans(own: Collection[int]) -> None:
    """Collect ended processes that fell to us; asyncio collects those in `own`."""
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if process.pid not in own and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)


def descendants(*, apart_from: Collection[int] = ()) -> list[psutil.Process]:
    """Return all running processes below this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if (
                process.pid not in apart_from
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


def signal_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each that is still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


async def sweep(*, apart_from: Collection[int], grace_s: float) -> None:
    """End all other descendants: SIGTERM, and after `grace_s` SIGKILL."""
    loop = asyncio.get_running_loop()
    signal_all(descendants(apart_from=apart_from), signal.SIGTERM)
    deadline = loop.time() + grace_s
    while left := descendants(apart_from=apart_from):
        reap_orphans(apart_from)
        if loop.time() > deadline + UNKILLABLE_S:
            return
        if loop.time() > deadline:
            signal_all(left, signal.SIGKILL)
        await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Program:
    """What to run; `env` is the whole environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    redact: Redaction = field(default_factory=Redaction)
    """Takes secrets out of the log."""


@dataclass
class Child:
    """A program that is kept running until it is told to stop."""

    program: Program
    say: Callable[[str], None]
    on_restart: Callable[[], None] = lambda: None
    failures: int = field(default=0, init=False)
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def pid(self) -> int | None:
        """The running process, or None between two runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    async def run(self) -> None:
        """Keep the program running; return when it has ended after `stop`."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started_s = loop.time()
            status = await self._run_once()
            if self._stopping.is_set():
                return
            if loop.time() - started_s >= STEADY_S:
                self.failures = 0
            self.failures += 1
            delay_s = restart_delay_s(self.failures)
            self.say(
                f"The {self.program.name} stopped ({_words(status)}); starting it "
                f"again in {delay_s:g} s. Its log: {self.program.log}"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)

    async def _run_once(self) -> int:
        log = RedactedLog(self.program.log, self.program.redact)
        try:
            # A session of its own: Ctrl-C in the terminal is for the supervisor,
            # which stops the parts in order.
            self._process = await asyncio.create_subprocess_exec(
                *self.program.argv,
                env=dict(self.program.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log.fileno(),
                stderr=log.fileno(),
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
            if self.failures:
                self.on_restart()
            return await self._process.wait()
        finally:
            await asyncio.to_thread(log.close, timeout_s=LOG_END_S)

    def release(self) -> None:
        """Do not start it again when it ends."""
        self._stopping.set()

    async def stop(self, *, grace_s: float) -> None:
        """End it: SIGTERM, and after `grace_s` SIGKILL."""
        self.release()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await self.ended(grace_s=grace_s)

    async def ended(self, *, grace_s: float) -> None:
        """Wait for its end, and after `grace_s` kill it."""
        process = self._process
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _words(status: int) -> str:
    return f"exit code {status}" if status >= 0 else f"signal {-status}"
