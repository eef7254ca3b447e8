"""Restart-and-run-all of an interview's last notebook, in the background.

The notebook runs in a sandbox on this machine, in a process of the room's environment.
What came out is kept; a check that this process did not live to see is said to be so.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, NBInterviewError
from nbinterview.ids import new_id
from nbinterview.ledger.check import Checking
from nbinterview.ledger.notebook import document_updates, rebuild
from nbinterview.ledger.records import format_time
from nbinterview.ledger.rerun import required_layers
from nbinterview.ledger.runs import last_inputs
from nbinterview.runner_process import Sandbox, run_again
from nbinterview.service.db import Database
from nbinterview.service.db.models import Interview, NotebookCheck
from nbinterview.service.domain import erasures, interviews, ledger

log = logging.getLogger(__name__)

AT_ONCE = 2
_KINDS = ["document", "execution.requested", "execution.input", "execution.finished"]


async def of_interview(
    session: AsyncSession, interview_id: str
) -> list[dict[str, Any]]:
    """Return the checks of one interview (`Check`), newest first."""
    found = await session.scalars(
        select(NotebookCheck.result)
        .where(NotebookCheck.interview_id == interview_id)
        .order_by(NotebookCheck.asked_at.desc(), NotebookCheck.id)
    )
    return list(found)


class Checks:
    """Makes checks, two at once; `close` ends those that run."""

    def __init__(
        self,
        database: Database,
        find_sandbox: Callable[[], Sandbox],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._find_sandbox = find_sandbox
        self._now = now
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def resume(self) -> None:
        """Mark as failed what ran when this service was last stopped."""
        async with self._database.write() as session:
            running = await session.scalars(
                select(NotebookCheck).where(NotebookCheck.state == "running")
            )
            for check in running:
                check.state = "failed"
                words = "The service was restarted while it ran. Ask again."
                check.result = {**check.result, "state": "failed", "detail": words}

    async def ask(self, interview_id: str, hub_name: str) -> None:
        """Begin a check; `Conflict` before the end, and while another one runs."""
        async with self._database.read() as session:
            await self._due(session, interview_id)
            gone = await erasures.of_interview(session, interview_id)
            wires = [
                wire async for wire in ledger.lines(session, interview_id, kinds=_KINDS)
            ]
        now = self._now()
        checking = await asyncio.to_thread(_checking, wires, hub_name, now)
        row = NotebookCheck(
            id=checking.wire()["check_id"],
            interview_id=interview_id,
            asked_at=now,
            state="running",
            result=dict(checking.wire()),
        )
        async with self._database.write() as session:
            interview = await self._due(session, interview_id)
            now_gone = await erasures.of_interview(session, interview_id)
            if len(now_gone) != len(gone):
                raise Conflict("Something of this interview is just being erased.")
            session.add(row)
        required = required_layers(interview.policy)
        task = asyncio.create_task(self._run(checking, required))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _due(self, session: AsyncSession, interview_id: str) -> Interview:
        interview = await interviews.get(session, interview_id)
        if interview.state != "ended":
            raise Conflict("The interview goes on. Check the notebook in its room.")
        running = await session.scalar(
            select(NotebookCheck.id)
            .where(NotebookCheck.interview_id == interview_id)
            .where(NotebookCheck.state == "running")
        )
        if running is not None:
            raise Conflict("A check of this interview is running already.")
        return interview

    async def _run(self, checking: Checking, required: tuple[str, ...]) -> None:
        try:
            async with self._places:
                sandbox = replace(self._find_sandbox(), require=required)
                events = run_again(sandbox, checking.task())
                async with aclosing(events):
                    async for event in events:
                        if checking.take(event) and checking.running:
                            await self._keep(checking)
        except NBInterviewError as error:
            checking.fail(error.detail)
        except Exception:
            log.exception("a check could not be made")
            checking.fail("Something went wrong. The reason is in the service's log.")
        await self._keep(checking)

    async def _keep(self, checking: Checking) -> None:
        found = checking.wire()
        async with self._database.write() as session:
            row = await session.get(NotebookCheck, found["check_id"])
            if row is None:
                return  # erased while it ran, and so is what it found
            row.state, row.result = found["state"], dict(found)

    async def close(self) -> None:
        """End what runs, kernels too; `resume` says so at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _checking(wires: list[bytes], hub_name: str, now: datetime) -> Checking:
    records = [record for record in map(json.loads, wires) if record["payload"]]
    documents = [record for record in records if record["kind"] == "document"]
    if not documents:
        raise Conflict(
            "The notebook of this interview was never opened, or has been erased."
        )
    return Checking(
        new_id(),
        asked_by=hub_name,
        asked_at=format_time(now),
        seq=documents[-1]["seq"],
        notebook=rebuild(document_updates(one["payload"] for one in documents)),
        inputs=last_inputs(
            record for record in records if record["kind"] != "document"
        ),
    )
