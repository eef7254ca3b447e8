"""Starts `python -m nbinterview_kernels.runner` and hears what it says.

The runner is in the room's environment, which has the sandbox; whoever asks may be in
another one. It gets no secret: of this process's variables only what is named here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from nbinterview.home import Setup

# Eight MiB of outputs, each character escaped at the worst.
_MAX_LINE_BYTES = 64 * 1024 * 1024
_STOP_S = 10.0
_PASSED_ON = ("PATH", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "NBINTERVIEW_KERNEL_UID")

Event = dict[str, Any]


@dataclass(frozen=True)
class Sandbox:
    """The three programs that running again takes, absolute."""

    python: str
    """Of an environment that has `nbinterview_kernels`: the room's."""
    kernel_python: str
    bwrap: str
    require: tuple[str, ...] = ()
    """The layers that the interview's policy requires; without them nothing runs."""

    @classmethod
    def from_setup(cls, setup: Setup) -> Sandbox:
        """Return what set-up installed."""
        return cls(str(setup.room_python), str(setup.kernel_python), str(setup.bwrap))

    def env(self, env: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the runner's whole environment."""
        return {
            **{name: env[name] for name in _PASSED_ON if name in env},
            "NBINTERVIEW_KERNEL_PYTHON": self.kernel_python,
            "NBINTERVIEW_BWRAP": self.bwrap,
        }


async def run_again(sandbox: Sandbox, task: Mapping[str, Any]) -> AsyncGenerator[Event]:
    """Yield the runner's events; the last one is `done` or `refused`, always.

    Close it (`contextlib.aclosing`) to end runner and kernel early.
    """
    process = await asyncio.create_subprocess_exec(
        *(sandbox.python, "-I", "-m", "nbinterview_kernels.runner"),
        *("--require", ",".join(sandbox.require)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=sandbox.env(),
        cwd="/",
        limit=_MAX_LINE_BYTES,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(ConnectionError):  # it says why, or its end does
            process.stdin.write(json.dumps(task).encode())
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            event: Event = json.loads(line)
            yield event
            if event["event"] in {"done", "refused"}:
                return
        status = await process.wait()
        words = f"It ended before its end (exit status {status})."
        yield {"event": "refused", "detail": words}
    finally:
        await asyncio.shield(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the runner, which ends its kernel; harmless when it has ended."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        # What it still writes is read: a full pipe would keep it.
        await asyncio.wait_for(process.communicate(), _STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
