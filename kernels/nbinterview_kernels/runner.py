"""`python -m nbinterview_kernels.runner`: run cells again, in a sandbox of their own.

Reads one JSON from stdin:

    {"cells": [{"key", "code", "inputs": [text, …], "fresh": false}, …],
     "stop_on_error": bool, "cell_timeout_s": number, "total_timeout_s": number}

and writes a JSON line for each event: `started` {layers}, `running` {key},
`cell` {key, status, execution_count, outputs, duration_ms, detail}, and at the end
`done` {detail}, or `refused` {detail} when the cells could not be run at all.
A cell that is `fresh` gets a new kernel. `inputs` answer its calls of input().

The kernel is the one that a room starts, with its limits and its outputs' limits;
`--require landlock,cgroup` asks for what a policy's `sandbox.require` names.
It ends with this process, and this process with the one that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

from nbinterview_kernels import kernelspec
from nbinterview_kernels.execute import Ended, Kernel, execute
from nbinterview_kernels.options import add_require
from nbinterview_kernels.outputs import Collector
from nbinterview_kernels.refusal import SandboxRefused, no_python
from nbinterview_kernels.settings import MIB

READY_S = 60.0
# What a kernel sends is read at once; these bound what can pile up before that.
MAX_MESSAGE_BYTES = 256 * MIB
MAX_MESSAGES = 100
MAX_ADDRESS_SPACE_BYTES = 4096 * MIB
_PR_SET_PDEATHSIG = 1

REFUSED = 2
"""Exit status when no cell could be run."""

Say = Callable[[dict[str, Any]], None]

DEATHS = {
    "memory": "Python was stopped: it used more memory than it may.",
    "files": "Python was stopped: it wrote more than it may.",
    "connections": "Python was stopped: it lost its connection.",
}


@dataclass(frozen=True)
class Cell:
    """One cell to run."""

    key: str
    code: str
    inputs: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True)
class Task:
    """What is asked of one runner."""

    cells: tuple[Cell, ...]
    stop_on_error: bool
    cell_timeout_s: float
    total_timeout_s: float

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Return the task; ValueError, KeyError or TypeError when it is none."""
        found = json.loads(text)
        return cls(
            tuple(
                Cell(
                    key=str(one["key"]),
                    code=str(one["code"]),
                    inputs=tuple(map(str, one.get("inputs", ()))),
                    fresh=bool(one.get("fresh", False)),
                )
                for one in found["cells"]
            ),
            stop_on_error=bool(found["stop_on_error"]),
            cell_timeout_s=float(found["cell_timeout_s"]),
            total_timeout_s=float(found["total_timeout_s"]),
        )


class OneSpec(KernelSpecManager):
    """Knows the sandboxed kernel and no other; nothing of it is on disk."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the one name; it has no directory."""
        return {kernelspec.NAME: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the spec; raises NoSuchKernel, or SandboxRefused without a Python."""
        if kernel_name != kernelspec.NAME:
            raise NoSuchKernel(kernel_name)
        python = os.environ.get("NBINTERVIEW_KERNEL_PYTHON", "")
        if not python:
            raise SandboxRefused(no_python(python, "it is not set"))
        return KernelSpec(**kernelspec.content(python))


def _manager(required: Sequence[str]) -> Any:
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    context.setsockopt(zmq.RCVHWM, MAX_MESSAGES)
    settings = {"BubblewrapProvisioner": {"required_layers": list(required)}}
    return AsyncKernelManager(
        context=context,
        kernel_name=kernelspec.NAME,
        kernel_spec_manager=OneSpec(),
        config=Config(settings),
    )


@dataclass
class Session:
    """A fresh kernel; `close` leaves nothing of it."""

    manager: Any
    client: Any = None

    async def start(self) -> None:
        """Start it and wait until it answers; raises SandboxRefused, RuntimeError."""
        await self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        await self.client.wait_for_ready(timeout=READY_S)

    @property
    def layers(self) -> dict[str, Any]:
        """Which protections are in force."""
        found: dict[str, Any] = self.manager.provisioner.layers
        return found

    @property
    def kernel(self) -> Kernel:
        """What a cell is run on."""
        return Kernel(self.client, self.manager.interrupt_kernel, self.manager.is_alive)

    def death(self) -> str:
        """Return in words why it ended by itself."""
        reason = self.manager.provisioner.last_death
        return DEATHS.get(reason, f"Python stopped by itself ({reason}).")

    async def close(self) -> None:
        """End the kernel and everything in its sandbox."""
        if self.client is not None:
            self.client.stop_channels()
        if self.manager.has_kernel:
            await self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy(linger=0)


class Runner:
    """Runs a task's cells in order; a kernel that is gone is replaced, as in a room."""

    def __init__(self, task: Task, say: Say, required: Sequence[str] = ()) -> None:
        self._task = task
        self._required = required
        self._say = say
        self._session: Session | None = None
        self._until_s = time.monotonic() + task.total_timeout_s

    async def run(self) -> None:
        """Run them all, until the time is up, or until one fails if so asked."""
        async with self._closing():
            session = await self._fresh()
            self._say({"event": "started", "layers": session.layers})
            detail = await self._cells()
        self._say({"event": "done", "detail": detail})

    async def _cells(self) -> str:
        """Return why not all cells were run, or nothing."""
        for number, cell in enumerate(self._task.cells):
            left_s = self._until_s - time.monotonic()
            if left_s <= 0:
                return f"The time was up after {self._task.total_timeout_s:g} s."
            session = self._session
            if session is None or (cell.fresh and number > 0):
                session = await self._fresh()
            self._say({"event": "running", "key": cell.key})
            status = await self._cell(
                session, cell, min(self._task.cell_timeout_s, left_s)
            )
            if status != "ok" and self._task.stop_on_error:
                return ""
        return ""

    async def _cell(self, session: Session, cell: Cell, limit_s: float) -> str:
        shown = Collector()
        ended = await execute(
            session.kernel, cell.code, cell.inputs, shown.take, limit_s=limit_s
        )
        detail = _detail(ended, session, cell, limit_s)
        if ended.stuck or ended.status == "died":
            await self._close()
        self._say(
            {
                "event": "cell",
                "key": cell.key,
                "status": ended.status,
                "execution_count": ended.execution_count,
                "outputs": shown.outputs(),
                "duration_ms": ended.duration_ms,
                "detail": detail,
            }
        )
        return ended.status

    async def _fresh(self) -> Session:
        await self._close()
        self._session = Session(_manager(self._required))
        await self._session.start()
        return self._session

    @contextlib.asynccontextmanager
    async def _closing(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.shield(self._close())

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _detail(ended: Ended, session: Session, cell: Cell, limit_s: float) -> str:
    if ended.status == "died":
        return session.death()
    if ended.status == "timeout":
        return f"It was stopped after {limit_s:.0f} s."
    if ended.unanswered:
        return f"It asked for more than the {len(cell.inputs)} answers on record."
    return ""


def say(event: Mapping[str, Any]) -> None:
    """Write one event as a line."""
    line = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def follow_parent() -> None:
    """End when the process that started this one ends, however it does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")


def bound_memory() -> None:
    """Let this process fail rather than grow without end; the kernel sets its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE_BYTES, hard))


async def _run(task: Task, required: Sequence[str]) -> int:
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, this.cancel)
    try:
        await Runner(task, say, required).run()
    except SandboxRefused as error:
        say({"event": "refused", "detail": str(error)})
        return REFUSED
    except RuntimeError as error:  # jupyter_client's word for a kernel that is silent
        say({"event": "refused", "detail": f"Python does not answer: {error}"})
        return REFUSED
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    return 0


def main() -> int:
    """Run the task on stdin; return the exit status."""
    parser = argparse.ArgumentParser(prog="nbinterview_kernels.runner")
    add_require(parser)
    required = parser.parse_args().require
    follow_parent()
    bound_memory()
    # A kernel's last words are a candidate's: not for the log of whoever started us.
    logging.disable(logging.WARNING)
    try:
        task = Task.from_json(sys.stdin.read())
    except (ValueError, KeyError, TypeError) as error:
        say({"event": "refused", "detail": f"This is no task for the runner: {error}"})
        return REFUSED
    return asyncio.run(_run(task, required))


if __name__ == "__main__":
    sys.exit(main())
