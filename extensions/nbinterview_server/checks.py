"""Restart-and-run-all in the room: the notebook as it is, in a second sandbox.

The candidate's kernel and page know nothing of it. One at a time; the record holds
who asked, and what came out.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from http import HTTPStatus
from typing import Any

import tornado.web
from jupyter_server.base.handlers import APIHandler

from nbinterview.errors import Conflict, NBInterviewError
from nbinterview.ledger.check import Checking
from nbinterview.ledger.notebook import document_updates, rebuild
from nbinterview.ledger.records import format_time
from nbinterview.ledger.runs import last_inputs
from nbinterview.runner_process import Sandbox, run_again
from nbinterview.schemas.live_types import Check
from nbinterview_server.authorizer import person_of
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.execution.sessions import answer
from nbinterview_server.fanout import Fanout
from nbinterview_server.journal import Entry, Journal, NotWritten
from nbinterview_server.view import PANEL, View

log = logging.getLogger(__name__)

_RUN_KINDS = ("execution.requested", "execution.input", "execution.finished")


class Checks:
    """The checks of one room; `close` ends the one that runs."""

    def __init__(
        self,
        journal: Journal,
        view: View,
        fanout: Fanout,
        sandbox: Sandbox,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._view = view
        self._fanout = fanout
        self._sandbox = sandbox
        self._new_id = new_id
        self._clock = clock
        self._asking = False
        self._task: asyncio.Task[None] | None = None

    async def ask(self, hub_name: str) -> Check:
        """Begin a check of the notebook as it is; return how it stands.

        Raises `Conflict` while another one runs, before the notebook was opened, and
        after the end.
        """
        if self._view.state == "ended":
            raise Conflict("The interview has ended. Check it on its page.")
        if self._asking or (self._task is not None and not self._task.done()):
            raise Conflict("A check is running already. Its result comes by itself.")
        self._asking = True
        try:
            checking = await self._begin(hub_name)
        finally:
            self._asking = False
        self._task = asyncio.ensure_future(self._run(checking))
        return checking.wire()

    async def _begin(self, hub_name: str) -> Checking:
        records = await self._journal.aread(kinds=["document", *_RUN_KINDS])
        documents = [one for one in records if one.kind == "document"]
        if not documents:
            raise Conflict("The notebook was not opened yet.")
        updates = document_updates(one.facts for one in documents)
        checking = Checking(
            self._new_id(),
            asked_by=hub_name,
            asked_at=format_time(self._clock()),
            seq=documents[-1].seq,
            notebook=await asyncio.to_thread(rebuild, updates),
            inputs=last_inputs(one.wire() for one in records if one.kind in _RUN_KINDS),
        )
        found = checking.wire()
        payload = {
            "check_id": found["check_id"],
            "state": "asked",
            "seq": found["seq"],
            "total": found["total"],
        }
        await self._journal.append("check", hub_name, payload)
        self._tell(checking)
        return checking

    async def _run(self, checking: Checking) -> None:
        try:
            async with aclosing(run_again(self._sandbox, checking.task())) as events:
                async for event in events:
                    if checking.take(event) and checking.running:
                        self._tell(checking)
        except asyncio.CancelledError:
            checking.fail("The room was closed while it ran.")
        except Exception:
            log.exception("a check could not be made")
            checking.fail("Something went wrong. The reason is in the server's log.")
        try:
            # The record tells the pages: what they see is never ahead of it.
            await self._journal.insist([Entry("check", ROOM, checking.wire())])
        except NotWritten:
            log.info("the room closes; a check's end is not recorded")

    def _tell(self, checking: Checking) -> None:
        message = {"type": "check", "check": checking.wire()}
        self._view.check = message
        self._fanout.tell(PANEL, message)

    async def close(self) -> None:
        """End the check that runs, its kernel too, and record that."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class CheckHandler(APIHandler):
    """`POST nbinterview/api/v1/check`."""

    def initialize(self, checks: Checks) -> None:
        """Take the checks from the route."""
        self._checks = checks

    @tornado.web.authenticated
    async def post(self) -> None:
        """Begin a check; what becomes of it comes over the live socket."""
        try:
            check: Any = await self._checks.ask(person_of(self).hub_name)
        except NBInterviewError as error:
            answer(self, error)
            return
        self.set_status(HTTPStatus.ACCEPTED)
        self.finish(json.dumps(check))
