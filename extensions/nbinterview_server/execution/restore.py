"""A branch's first kernel: brought to where the other interview's Python stood.

What was run there is run again, silently and in order, before anybody else's code.
What failed there may fail here; that stops nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from nbinterview_kernels.execute import Ended, Kernel, execute
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.journal import Entry, Journal, NotWritten

log = logging.getLogger(__name__)

READY_S = 60.0
LOOK_S = 0.2
RUN_LIMIT_S = 120.0


@dataclass(frozen=True)
class Branch:
    """Another interview at one moment: `Branch` of room.schema.yaml."""

    interview: str
    title: str
    at_ms: int
    runs: Sequence[tuple[str, Sequence[str]]]
    """Code, and the answers to its questions."""

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Branch:
        """Return the branch of a checked room config."""
        runs = [(one["code"], one["inputs"]) for one in wire["runs"]]
        return cls(wire["interview"], wire["title"], wire["at_ms"], runs)

    @property
    def moment(self) -> str:
        """The moment as a clock shows it, `00:23:10`."""
        minutes, seconds = divmod(self.at_ms // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02}:{minutes:02}:{seconds:02}"


class Restorer:
    """Restores the first kernel of a branch's room; `tell` shows how far it is."""

    def __init__(
        self,
        branch: Branch,
        journal: Journal,
        held: Callable[[str], AbstractContextManager[None]],
        tell: Callable[[str], None],
    ) -> None:
        self._branch = branch
        self._journal = journal
        self._held = held
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        earlier = journal.read(kinds=["kernel"])
        self._due = bool(branch.runs) and not any(
            one.facts["state"] == "restored" for one in earlier
        )

    def begin(self, kernel_id: str, manager: Any) -> None:
        """Begin with a kernel that was just started; no run begins before the end."""
        if not self._due:
            return
        self._due = False
        stack = ExitStack()
        stack.enter_context(self._held(kernel_id))
        self._task = asyncio.ensure_future(self._run(manager))
        self._task.add_done_callback(lambda _: stack.close())

    async def stop(self, *, restarting: bool) -> None:
        """Give up. When the kernel is only stopped, the next one is restored."""
        task, self._task = self._task, None
        if task is None or task.done():
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._due = not restarting
        if restarting:
            await self._record("Somebody restarted Python before the end.")

    async def _run(self, manager: Any) -> None:
        try:
            detail = await self._restore(manager)
        except Exception:
            log.exception("a branch's Python was not restored")
            detail = "Python does not answer, so nothing was run."
        await self._record(detail)

    async def _record(self, detail: str) -> None:
        try:
            payload = {"state": "restored", "detail": detail}
            await self._journal.insist([Entry("kernel", ROOM, payload)])
        except NotWritten:
            log.info("the room closes; not recorded: %s", detail)

    async def _restore(self, manager: Any) -> str:
        """Run everything; return in words what came of it."""
        total = len(self._branch.runs)
        moment = self._branch.moment
        self._tell(f"Bringing Python to {moment}: 0 of {total} runs")
        client = manager.client()
        client.start_channels(hb=False)
        failed = 0
        try:
            await client.wait_for_ready(timeout=READY_S)
            kernel = Kernel(client, manager.interrupt_kernel, manager.is_alive)
            for number, (code, inputs) in enumerate(self._branch.runs, start=1):
                ended = await execute(
                    kernel, code, inputs, _unseen, limit_s=RUN_LIMIT_S
                )
                if words := _why_no_more(ended):
                    await _alive_again(manager)
                    return f"{words} in run {number} of {total}; the rest is not run."
                failed += ended.status != "ok"
                self._tell(f"Bringing Python to {moment}: {number} of {total} runs")
        finally:
            client.stop_channels()
        return _outcome(moment, total, failed)


async def _alive_again(manager: Any) -> None:
    """Wait for Jupyter to start a dead kernel again: till then nothing may begin."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_S):
            while not await manager.is_alive():  # noqa: ASYNC110  # nobody tells us
                await asyncio.sleep(LOOK_S)


def _unseen(_kind: str, _content: object) -> None:
    """The outputs are in the notebook already."""


def _why_no_more(ended: Ended) -> str:
    if ended.status == "died":
        return "Python stopped"
    return "Python did not come to an end" if ended.stuck else ""


def _outcome(moment: str, total: int, failed: int) -> str:
    runs = "1 run" if total == 1 else f"{total} runs"
    words = f"Python is where it was at {moment}: {runs}"
    return f"{words}, {failed} of them with an error." if failed else f"{words}."
