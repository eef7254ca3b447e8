"""Runs of cells: on record before they start and after they end.

jupyter-server-nbmodel queues and runs them. It gets its kernel from us, so each
run passes through `Client.execute_interactive`, where it begins and ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nbinterview.errors import Conflict
from nbinterview_kernels.outputs import ATTEMPTS, OUTPUT_TYPES, attempts
from nbinterview_server.documents.authorship import KERNEL, written_by
from nbinterview_server.execution.cell import Cell, Displays
from nbinterview_server.execution.cells import Cells
from nbinterview_server.execution.channel import tell_pages
from nbinterview_server.execution.clients import Kernels
from nbinterview_server.execution.conversation import connect_anew
from nbinterview_server.execution.output_widgets import OutputWidgets
from nbinterview_server.execution.outputs import (
    Hook,
    Outputs,
    content_bytes,
    message_type,
    tidy_reply,
)
from nbinterview_server.execution.paced import Paced
from nbinterview_server.execution.stack import Stack
from nbinterview_server.journal import Entry, Journal, NotWritten

log = logging.getLogger(__name__)

READY_S = 30.0
RETRY_S = 0.2
ENDED_S = 3.0
"""So long the next run waits for this one's end to be on record."""
FLUSHES = 20
"""So often a run's end waits for the document, some seconds each time."""


@dataclass
class Run:
    """One execution that was asked for, and what it gave so far."""

    execution_id: str
    author: str
    cell_id: str
    outputs: int = 0
    output_bytes: int = 0
    lost: str = ""
    """Why this will not come to an end; empty while it may."""
    began_s: float | None = None
    """When the kernel was asked; None while it is not."""
    question: Mapping[str, Any] | None = None
    """Prompt and `password` of the answer that is waited for."""
    answered: bool = False
    """Whether an answer is on record that the kernel does not have yet."""
    attempts: dict[str, int] = field(default_factory=dict)
    """How often it tried to reach the network or start a program, as it says."""

    def count(self, message: Mapping[str, Any]) -> None:
        """Count one message of the kernel."""
        if message_type(message) in OUTPUT_TYPES:
            self.outputs += 1
            self.output_bytes += content_bytes(message)
        elif message_type(message) == ATTEMPTS:
            for kind, number in attempts(message["content"]).items():
                self.attempts[kind] = max(number, self.attempts.get(kind, 0))

    def attempted(self) -> list[Entry]:
        """Return the records of its attempts: one for each kind, with their number."""
        payload = {
            "state": "attempt",
            "execution_id": self.execution_id,
            "cell_id": self.cell_id,
        }
        return [
            Entry("kernel", KERNEL, {**payload, "detail": kind, "count": number})
            for kind, number in sorted(self.attempts.items())
        ]


class Runs:
    """Asks jupyter-server-nbmodel to run code, and records it."""

    def __init__(
        self,
        journal: Journal,
        kernels: Any,
        collaboration: Any,
        *,
        new_id: Callable[[], str],
        monotonic: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._collaboration = collaboration
        self._new_id = new_id
        self.monotonic = monotonic
        self._open: dict[str, dict[str, Run]] = {}
        """By kernel, then by the request of jupyter-server-nbmodel."""
        self._now: dict[str, Run] = {}
        """By kernel: what it runs."""
        self._lost: dict[str, asyncio.Future[str]] = {}
        self._answering: set[str] = set()
        """Kernels that answered since they were started."""
        self._held: dict[str, list[asyncio.Event]] = {}
        """By kernel: who holds it, each until its event is set."""
        self._widgets: dict[str, OutputWidgets] = {}
        self._displays: dict[str, Displays] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self.stack = Stack(Kernels(kernels, self), Cells(collaboration), self._sweep)

    async def ask(
        self, author: str, kernel_id: str, code: str, metadata: Mapping[str, Any]
    ) -> str:
        """Record the request, then queue it; return nbmodel's request id."""
        self._sweep(kernel_id)
        run = Run(self._new_id(), author, str(metadata.get("cell_id") or ""))
        payload = {
            "execution_id": run.execution_id,
            "cell_id": run.cell_id,
            "code": code,
        }
        await self._journal.append("execution.requested", author, payload)
        with written_by(KERNEL):  # the worker that writes outputs inherits it
            request: str = self.stack.put(kernel_id, code, dict(metadata))
        self._open.setdefault(kernel_id, {})[request] = run
        return request

    async def answer(self, author: str, kernel_id: str, value: str) -> None:
        """Record somebody's answer to `input()`, then give it to the kernel.

        Raises `Conflict` when nothing is asked, or somebody else was faster.
        """
        run = self._now.get(kernel_id)
        question = run.question if run else None
        if run is None or question is None:
            raise Conflict("Nothing is being asked at the moment.", field="input")
        run.question = None
        payload = {"execution_id": run.execution_id, **question}
        if not question["password"]:
            payload["value"] = value
        try:
            await self._journal.append("execution.input", author, payload)
        except BaseException:
            run.question = question
            raise
        run.answered = True
        try:
            await self.stack.send_input(kernel_id, value)
        finally:
            run.answered = False

    def may_answer(self, kernel_id: str) -> bool:
        """Say whether the kernel may have an answer now: one that is on record."""
        run = self._now.get(kernel_id)
        return run is not None and run.answered

    def output_widgets(self, kernel_id: str) -> OutputWidgets:
        """Return what the Output widgets of a kernel show."""
        found = self._widgets.get(kernel_id)
        if found is None:
            later = asyncio.get_running_loop().call_later
            found = OutputWidgets(partial(tell_pages, kernel_id), later)
            self._widgets[kernel_id] = found
        return found

    def lost(self, kernel_id: str, why: str) -> None:
        """End what was asked of this kernel so far: it will never answer."""
        self._answering.discard(kernel_id)
        self._widgets.pop(kernel_id, None)
        self._displays.pop(kernel_id, None)
        for run in self._open.get(kernel_id, {}).values():
            run.lost = why
        waiting = self._lost.get(kernel_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(why)

    @contextmanager
    def held(self, kernel_id: str) -> Iterator[None]:
        """Let no run begin, as its kernel is being replaced, or by several at once."""
        released = asyncio.Event()
        holds = self._held.setdefault(kernel_id, [])
        holds.append(released)
        try:
            yield
        finally:
            holds.remove(released)
            if not holds:
                del self._held[kernel_id]
            released.set()

    def doubt(self, kernel_id: str) -> None:
        """Connect to this kernel anew before the next run."""
        self._answering.discard(kernel_id)

    async def ready(self, kernel_id: str, client: Any) -> None:
        """Wait until the kernel answers; what is sent to a dying one is lost."""
        while holds := self._held.get(kernel_id):
            await holds[0].wait()
        if kernel_id in self._answering:
            return
        connect_anew(client)
        deadline_s = self.monotonic() + READY_S
        while True:
            try:
                await client.wait_for_ready(timeout=READY_S)
                break
            except RuntimeError:  # between two processes there is none
                if self.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(RETRY_S)
        self._answering.add(kernel_id)

    async def run(
        self,
        kernel_id: str,
        execute: Callable[[Run, Hook], Coroutine[Any, Any, Any]],
        hook: Hook,
    ) -> Any:
        """Run one cell to its end, or until its kernel is lost; return the reply."""
        request, run = self._running(kernel_id)
        self._now[kernel_id] = run
        cell = Cell.of(hook, self._displays.setdefault(kernel_id, Displays()))

        def write(messages: Sequence[dict[str, Any]]) -> None:
            outputs.charge(cell.write(messages))

        paced = Paced(write)
        outputs = Outputs(paced.take)

        def shown(message: dict[str, Any]) -> None:
            try:
                run.count(message)
                outputs.take(message)
            except Exception:  # whatever a kernel sends must not end its run
                log.warning("an output of the kernel was left out", exc_info=True)

        def ours(message: dict[str, Any]) -> None:
            run.count(message)
            paced.take(message)

        if run.lost:
            reply = _lost(run.lost, ours)
        else:
            reply = await self._race(kernel_id, execute(run, shown), ours)
        await paced.drain()
        await self._ended(kernel_id, request, tidy_reply(reply.get("content")))
        return {"content": tidy_reply(reply.get("content"))}

    async def _ended(
        self, kernel_id: str, request: str, reply: Mapping[str, Any]
    ) -> None:
        """Record a run's end; the next one waits for it, but not for ever."""
        run = self._open[kernel_id].pop(request)
        del self._now[kernel_id]
        if run.question is not None:
            # Else the page would be asked for ever. Nothing reaches the kernel.
            await self.stack.send_input(kernel_id, "")
        began_s = run.began_s
        ran_s = 0.0 if began_s is None else self.monotonic() - began_s
        recorded = self._tell_end(run, reply, round(ran_s * 1000))
        await asyncio.wait({recorded}, timeout=ENDED_S)
        # After this the worker may have dropped what was queued behind an error.
        asyncio.get_running_loop().call_soon(self._sweep, kernel_id)

    async def _race(
        self, kernel_id: str, execution: Coroutine[Any, Any, Any], hook: Hook
    ) -> Any:
        """Return the kernel's reply, or the one it will never give."""
        lost = self._lost[kernel_id] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(execution)
        try:
            await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                return _lost(lost.result(), hook)
            return task.result()
        except Exception as error:  # a kernel's reply can break its reader anywhere
            log.warning("a run has no answer", exc_info=True)
            # It would end the worker of jupyter-server-nbmodel for good.
            why = str(error) if isinstance(error, RuntimeError) else "it made no sense"
            return _lost(f"The kernel does not answer: {why[:200]}", hook)
        finally:
            task.cancel()
            self._lost.pop(kernel_id, None)

    def _running(self, kernel_id: str) -> tuple[str, Run]:
        for request in self.stack.pending(kernel_id):
            if request["request_status"] == "running":
                found = str(request["request_id"])
                return found, self._open[kernel_id][found]
        raise LookupError(f"kernel {kernel_id} runs what nobody asked for")

    def _sweep(self, kernel_id: str) -> None:
        """Record as aborted what will not run any more."""
        alive = {one["request_id"] for one in self.stack.pending(kernel_id)}
        runs = self._open.get(kernel_id, {})
        for request in [one for one in runs if one not in alive]:
            self._tell_end(runs.pop(request), {"status": "aborted"}, 0)

    def _tell_end(
        self, run: Run, reply: Mapping[str, Any], duration_ms: int
    ) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._finished(run, reply, duration_ms))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task

    async def _outputs_recorded(self) -> None:
        """Wait until the document's changes so far are on disk.

        A disk that refuses is waited for; who types all the time is not.
        """
        for _ in range(FLUSHES):
            try:
                await self._collaboration.ywebsocket_server.flush()
            except TimeoutError:
                log.warning("the document's changes are not on disk yet")
            else:
                return

    async def _finished(
        self, run: Run, reply: Mapping[str, Any], duration_ms: int
    ) -> None:
        await self._outputs_recorded()
        payload = {
            "execution_id": run.execution_id,
            "cell_id": run.cell_id,
            "status": reply["status"],
            "execution_count": reply.get("execution_count"),
            "outputs": run.outputs,
            "output_bytes": run.output_bytes,
            "duration_ms": duration_ms,
        }
        try:
            await self._journal.insist(
                [*run.attempted(), Entry("execution.finished", KERNEL, payload)]
            )
        except NotWritten:
            log.info("the room closes; a run's end is not recorded")

    async def close(self) -> None:
        """Stop running."""
        try:
            await self.stack.dispose()
        except (TimeoutError, asyncio.CancelledError):
            log.info("a cell was still running")


def _lost(why: str, hook: Hook) -> dict[str, Any]:
    """Show in the cell why it will not end; return the reply it never got."""
    content = {"ename": "KernelLost", "evalue": why, "traceback": [why]}
    hook({"header": {"msg_type": "error"}, "content": content})
    return {"content": {"status": "error", "execution_count": None}}
