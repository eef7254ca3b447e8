"""Runs of cells: on record before they start and after they end.

jupyter-server-nbmodel queues and runs them. It gets its kernel from us, so each
run passes through `_Client.execute_interactive`, where it begins and ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jupyter_server_nbmodel.execution_stack import ExecutionStack

from nbinterview_server.documents.authorship import KERNEL, written_by
from nbinterview_server.execution.outputs import (
    OUTPUT_TYPES,
    Hook,
    Outputs,
    message_type,
    size_bytes,
    tidy_question,
    tidy_reply,
)
from nbinterview_server.journal import Entry, Journal, NotWritten

log = logging.getLogger(__name__)

READY_S = 30.0
RETRY_S = 0.2


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

    def count(self, message: Mapping[str, Any]) -> None:
        """Count one message of the kernel."""
        if message_type(message) in OUTPUT_TYPES:
            self.outputs += 1
            self.output_bytes += size_bytes(message["content"]) or 0


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
        self._new_id = new_id
        self._monotonic = monotonic
        self._open: dict[str, dict[str, Run]] = {}
        """By kernel, then by the request of jupyter-server-nbmodel."""
        self._lost: dict[str, asyncio.Future[str]] = {}
        self._answering: set[str] = set()
        """Kernels that answered since they were started."""
        self._held: dict[str, asyncio.Event] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self.stack = ExecutionStack(_Kernels(kernels, self), collaboration)

    async def ask(
        self, author: str, kernel_id: str, code: str, metadata: Mapping[str, Any]
    ) -> str:
        """Record the request, then queue it; return nbmodel's request id."""
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

    def lost(self, kernel_id: str, why: str) -> None:
        """End what was asked of this kernel so far: it will never answer."""
        self._answering.discard(kernel_id)
        for run in self._open.get(kernel_id, {}).values():
            run.lost = why
        waiting = self._lost.get(kernel_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(why)

    @contextmanager
    def held(self, kernel_id: str) -> Iterator[None]:
        """Let no run begin, as its kernel is being replaced."""
        self._held[kernel_id] = asyncio.Event()
        try:
            yield
        finally:
            self._held.pop(kernel_id).set()

    async def ready(self, kernel_id: str, client: Any) -> None:
        """Wait until the kernel answers; what is sent to a dying one is lost."""
        while (held := self._held.get(kernel_id)) is not None:
            await held.wait()
        if kernel_id in self._answering:
            return
        deadline_s = self._monotonic() + READY_S
        while True:
            try:
                await client.wait_for_ready(timeout=READY_S)
                break
            except RuntimeError:  # between two processes there is none
                if self._monotonic() > deadline_s:
                    raise
                await asyncio.sleep(RETRY_S)
        self._answering.add(kernel_id)

    async def run(self, kernel_id: str, execute: Any, code: str, hook: Hook) -> Any:
        """Run one cell to its end, or until its kernel is lost; return the reply."""
        request, run = self._running(kernel_id)
        began_s = self._monotonic()
        outputs = Outputs(hook)

        def shown(message: dict[str, Any]) -> None:
            try:
                run.count(message)
                outputs.take(message)
            except Exception:  # whatever a kernel sends must not end its run
                log.warning("an output of the kernel was left out", exc_info=True)

        def ours(message: dict[str, Any]) -> None:
            run.count(message)
            hook(message)

        if run.lost:
            reply = _lost(run.lost, ours)
        else:
            reply = await self._race(kernel_id, execute(code, shown), ours)
        ended = tidy_reply(reply.get("content"))
        duration_ms = round((self._monotonic() - began_s) * 1000)
        self._open[kernel_id].pop(request, None)
        await self._finished(run, ended, duration_ms)
        # After this the worker may have dropped what was queued behind an error.
        asyncio.get_running_loop().call_soon(self._sweep, kernel_id)
        return {"content": ended}

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
            dropped = self._finished(runs.pop(request), {"status": "aborted"}, 0)
            task = asyncio.ensure_future(dropped)
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _finished(
        self, run: Run, reply: Mapping[str, Any], duration_ms: int
    ) -> None:
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
            await self._journal.insist([Entry("execution.finished", KERNEL, payload)])
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


class _Kernels:
    """The kernel manager as jupyter-server-nbmodel sees it."""

    def __init__(self, kernels: Any, runs: Runs) -> None:
        self._kernels = kernels
        self._runs = runs

    def get_kernel(self, kernel_id: str) -> _Kernel:
        """Return the kernel, whose clients report to us."""
        return _Kernel(self._kernels.get_kernel(kernel_id), kernel_id, self._runs)

    def interrupt_kernel(self, kernel_id: str) -> Any:
        """Interrupt what runs."""
        return self._kernels.interrupt_kernel(kernel_id)


@dataclass(frozen=True)
class _Kernel:
    kernel: Any
    kernel_id: str
    runs: Runs

    def client(self) -> _Client:
        return _Client(self.kernel.client(), self.kernel_id, self.runs)


class _Client:
    """A kernel client whose runs are recorded; everything else is the client's."""

    def __init__(self, client: Any, kernel_id: str, runs: Runs) -> None:
        self._client = client
        self._kernel_id = kernel_id
        self._runs = runs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def wait_for_ready(self) -> None:
        """Nothing: each run makes sure, and goes on trying."""

    async def execute_interactive(
        self, code: str, output_hook: Hook, stdin_hook: Hook | None
    ) -> Any:
        """Run code; what it prints goes to `output_hook`."""

        async def execute(code: str, hook: Hook) -> Any:
            await self._runs.ready(self._kernel_id, self._client)
            return await self._client.execute_interactive(
                code, output_hook=hook, stdin_hook=stdin_hook and asked
            )

        def asked(message: dict[str, Any]) -> None:
            assert stdin_hook is not None
            try:
                stdin_hook(tidy_question(message))
            except Exception:  # whatever a kernel asks must not end its run
                log.warning("a question of the kernel was left out", exc_info=True)

        return await self._runs.run(self._kernel_id, execute, code, output_hook)
