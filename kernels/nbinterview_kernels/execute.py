"""One cell on a kernel's client, to its end or its limit, whatever the kernel does.

A kernel that runs a candidate's code may never answer, answer nonsense, flood its
channels or end. Nothing of that may keep the one who asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbinterview_kernels.outputs import count

GRACE_S = 5.0
"""For an interrupted cell to end, and for the outputs behind a reply to come."""
_LOOK_S = 0.2

Status = Literal["ok", "error", "died", "timeout"]
Hook = Callable[[str, Mapping[str, Any]], None]
"""Takes one message of the run: its type and its content."""


@dataclass(frozen=True)
class Ended:
    """How a cell ended. `stuck`: the kernel still runs it and has to go."""

    status: Status
    execution_count: int | None
    duration_ms: int
    stuck: bool = False
    unanswered: bool = False
    """It asked for more input than there was."""


@dataclass(frozen=True)
class Kernel:
    """A running kernel: its asynchronous client, and what its manager does for us."""

    client: Any
    interrupt: Callable[[], Awaitable[None]]
    is_alive: Callable[[], Awaitable[bool]]


async def execute(
    kernel: Kernel, code: str, inputs: Sequence[str], hook: Hook, *, limit_s: float
) -> Ended:
    """Run `code`, answer its questions from `inputs`, hand its messages to `hook`."""
    began_s = time.monotonic()
    request = kernel.client.execute(
        code,
        store_history=True,
        allow_stdin=bool(inputs),
        stop_on_error=False,
    )
    talk = _Talk(kernel, request, hook)
    replied = asyncio.ensure_future(talk.reply())
    dead = asyncio.ensure_future(talk.death())
    idle = asyncio.ensure_future(talk.outputs())
    asked = asyncio.ensure_future(talk.questions(list(inputs)))
    try:
        in_time = await _first(replied, dead, limit_s=limit_s)
        if not in_time:
            await kernel.interrupt()
            await _first(replied, dead, limit_s=GRACE_S)
        if replied.done():
            await _first(idle, dead, limit_s=GRACE_S)
        reply = replied.result() if replied.done() else {}
        return Ended(
            status=_status(reply, in_time=in_time, died=dead.done()),
            execution_count=count(reply.get("execution_count")),
            duration_ms=round((time.monotonic() - began_s) * 1000),
            stuck=not replied.done(),
            unanswered=asked.done(),
        )
    finally:
        for task in (replied, dead, idle, asked):
            task.cancel()
        await asyncio.gather(replied, dead, idle, asked, return_exceptions=True)


def _status(reply: Mapping[str, Any], *, in_time: bool, died: bool) -> Status:
    if died:
        return "died"
    if not in_time:
        return "timeout"
    return "ok" if reply.get("status") == "ok" else "error"


async def _first(*tasks: asyncio.Future[Any], limit_s: float) -> bool:
    done, _ = await asyncio.wait(
        tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
    )
    return bool(done)


class _Talk:
    """The kernel's side of one request."""

    def __init__(self, kernel: Kernel, request: str, hook: Hook) -> None:
        self._kernel = kernel
        self._request = request
        self._hook = hook

    async def reply(self) -> Mapping[str, Any]:
        """Return the reply's content."""
        while True:
            kind, content = await self._next(self._kernel.client.shell_channel)
            if kind == "execute_reply":
                return content

    async def outputs(self) -> None:
        """Hand on what the run shows; return when the kernel is idle again."""
        while True:
            kind, content = await self._next(self._kernel.client.iopub_channel)
            if kind == "status" and content.get("execution_state") == "idle":
                return
            self._hook(kind, content)

    async def questions(self, inputs: list[str]) -> None:
        """Answer from `inputs`; at one question too many interrupt, and return."""
        while True:
            kind, _ = await self._next(self._kernel.client.stdin_channel)
            if kind != "input_request":
                continue
            if not inputs:
                await self._kernel.interrupt()
                return
            self._kernel.client.input(inputs.pop(0))

    async def death(self) -> None:
        """Return when the kernel has ended."""
        while await self._kernel.is_alive():  # noqa: ASYNC110  # nobody tells us
            await asyncio.sleep(_LOOK_S)

    async def _next(self, channel: Any) -> tuple[str, Mapping[str, Any]]:
        """Return type and content of the next message of this run."""
        while True:
            # A flood is always there to be read; the clock must run all the same.
            await asyncio.sleep(0)
            try:
                message = await channel.get_msg(timeout=None)
                parent = message["parent_header"].get("msg_id")
                kind, content = message["header"].get("msg_type"), message["content"]
            except Exception:  # noqa: BLE001, S112  # whatever it sends is no message
                continue
            if parent == self._request and isinstance(content, Mapping):
                return str(kind), content
