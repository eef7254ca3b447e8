"""Opening, entering and closing rooms: the interview's state and the hub together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Unavailable
from nbinterview.ids import room_name
from nbinterview.service.db import Database
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import interviews, ledger
from nbinterview.service.domain.access import Caller
from nbinterview.service.domain.audit import AuditLog
from nbinterview.service.hub import Hub, RoomState
from nbinterview.service.settings import Settings

log = logging.getLogger(__name__)

# A room that just failed to start is not tried again by every page that waits.
RETRY_AFTER_S = 20
_POLL_S = 0.5


@dataclass(frozen=True)
class RoomStatus:
    """Where a room stands, for the page that waits for it."""

    state: Literal["starting", "ready", "failed"]
    detail: str


class Rooms:
    """The rooms of this service; `close` ends what runs in the background."""

    def __init__(
        self, database: Database, hub: Hub, settings: Settings, audit: AuditLog
    ) -> None:
        self._database = database
        self._hub = hub
        self._settings = settings
        self._audit = audit
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._starting: set[str] = set()
        self._failed_at: dict[str, datetime] = {}
        self._shipped: dict[str, asyncio.Event] = {}

    async def open(self, interview_id: str, who: Caller) -> None:
        """Open an interview and begin to start its room.

        When the hub does not answer the interview stays scheduled: `Unavailable`.
        """
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            is_new = interviews.mark_open(interview, now=self._settings.now())
            if is_new:
                await self._note(session, who, interview_id, "opened")
        try:
            await self._admit(interview_id)
        except Unavailable:
            if is_new:
                await self._reschedule(interview_id)
            raise
        self._start_later(interview_id)

    async def _note(
        self, session: AsyncSession, who: Caller | None, interview_id: str, did: str
    ) -> None:
        await self._audit.note(session, who, "interview", interview_id, did=did)

    async def _reschedule(self, interview_id: str) -> None:
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            if interview.state == "open":
                interview.state, interview.opened_at = "scheduled", None
                why = "not opened: the hub did not answer"
                await self._note(session, None, interview_id, why)

    async def _admit(self, interview_id: str) -> None:
        """Make the room's hub user, and let candidate and panel in."""
        room = room_name(interview_id)
        await self._hub.ensure_user(room)
        async with self._database.read() as session:
            present = await interviews.participants(
                session, [interview_id], present_only=True
            )
        for _, person in present:
            await self._hub.ensure_user(person.hub_name)
            await self._hub.share(room, person.hub_name)

    async def enter(self, interview_id: str) -> RoomStatus:
        """Make sure that the room of an open interview runs; say how far it is."""
        try:
            return await self._enter(interview_id)
        except Unavailable as error:
            return RoomStatus("failed", error.detail)

    async def _enter(self, interview_id: str) -> RoomStatus:
        state = await self._hub.room_state(room_name(interview_id))
        if state == "ready":
            self._failed_at.pop(interview_id, None)
            return RoomStatus("ready", "Your room is ready.")
        starting = RoomStatus("starting", "Your room is starting.")
        if interview_id in self._starting:
            return starting
        failed_at = self._failed_at.get(interview_id)
        wait = timedelta(seconds=RETRY_AFTER_S)
        if failed_at is not None and self._settings.now() < failed_at + wait:
            return RoomStatus("failed", "Something in the room went wrong.")
        if state == "stopped":
            await self._admit(interview_id)
            self._start_later(interview_id)
        return starting

    def _start_later(self, interview_id: str) -> None:
        """Start a room in the background: the hub answers when it runs, not before."""
        if interview_id not in self._starting:
            self._starting.add(interview_id)
            self._later(self._start(interview_id))

    async def _start(self, interview_id: str) -> None:
        try:
            state = await self._started(room_name(interview_id))
            failure = "it stopped again" if state == "stopped" else ""
        except Unavailable as error:
            failure = error.detail
        if failure:
            log.warning("room %s did not start: %s", interview_id, failure)
            self._failed_at[interview_id] = self._settings.now()
        self._starting.discard(interview_id)

    async def _started(self, room: str) -> RoomState:
        """Start a room's server; return where it stands when it starts no longer."""
        await self._hub.start_room(room)
        # The hub tells of a start's end to nobody who does not ask.
        while (state := await self._hub.room_state(room)) == "starting":  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        return state

    async def remove(self, interview_id: str, hub_name: str) -> None:
        """End somebody's right to enter a room."""
        await self._hub.unshare(room_name(interview_id), hub_name)

    async def end(self, interview_id: str, who: Caller | None) -> None:
        """End an interview; its room stops when it has shipped what it holds.

        `who` is None where the service does it by itself.
        """
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            if interviews.mark_ended(interview, now=self._settings.now()):
                await self._note(session, who, interview_id, "ended")
                if interview.opened_at is None:
                    interview.room_stopped_at = interview.ended_at
                    return
            elif interview.room_stopped_at is not None:
                return
        self._later(self._stop(interview_id))

    async def resume(self) -> None:
        """Stop the rooms of interviews that ended while this service was not there."""
        async with self._database.read() as session:
            due = await session.scalars(
                select(Interview.id)
                .where(Interview.state == "ended")
                .where(Interview.room_stopped_at.is_(None))
            )
        for interview_id in due:
            self._later(self._stop(interview_id))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self, interview_id: str) -> None:
        shipped = self._shipped.setdefault(interview_id, asyncio.Event())
        async with self._database.read() as session:
            if await ledger.has_ended(session, interview_id):
                shipped.set()
        try:
            await asyncio.wait_for(shipped.wait(), self._settings.room_stop_grace_s)
        except TimeoutError:
            log.warning("room %s did not report its end in time", interview_id)
        try:
            await self._hub.stop_room(room_name(interview_id))
        except Unavailable as error:
            # `resume` tries again at the next start.
            log.warning("room %s was not stopped: %s", interview_id, error.detail)
            return
        async with self._writing, self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            interview.room_stopped_at = self._settings.now()
        self._shipped.pop(interview_id, None)

    def has_shipped(self, interview_id: str) -> None:
        """Note that the record of an ended interview has come to its end."""
        if interview_id in self._shipped:
            self._shipped[interview_id].set()

    async def close(self) -> None:
        """Give up what runs in the background; it is resumed at the next start."""
        tasks = list(self._tasks)
        # A transaction that is cancelled may keep the database locked.
        async with self._writing:
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
