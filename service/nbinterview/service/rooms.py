"""Opening, entering and closing rooms: the interview's state and the hub together."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview.ids import room_name
from nbinterview.service.db import Database
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import interviews, ledger
from nbinterview.service.hub import Hub
from nbinterview.service.settings import Settings

log = logging.getLogger(__name__)

# A room that just failed to start is not tried again by every page that waits.
RETRY_AFTER_S = 20


@dataclass(frozen=True)
class RoomStatus:
    """Where a room stands, for the page that waits for it."""

    state: Literal["starting", "ready", "failed"]
    detail: str


class Rooms:
    """The rooms of this service; `close` ends what runs in the background."""

    def __init__(self, database: Database, hub: Hub, settings: Settings) -> None:
        self._database = database
        self._hub = hub
        self._settings = settings
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: dict[str, tuple[datetime, str]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._shipped: dict[str, asyncio.Event] = {}

    async def open(self, interview_id: str) -> None:
        """Open an interview and start its room.

        When the hub cannot do it the interview stays scheduled: `Unavailable`.
        """
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            before = interview.state
            interviews.mark_open(interview, now=self._settings.now())
        try:
            await self._admit(interview_id)
            await self._hub.start_room(room_name(interview_id))
        except NBInterviewError:
            if before == "scheduled":
                await self._reschedule(interview_id)
            raise

    async def _reschedule(self, interview_id: str) -> None:
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            if interview.state == "open":
                interview.state, interview.opened_at = "scheduled", None

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
        async with self._locks.setdefault(interview_id, asyncio.Lock()):
            try:
                return await self._enter(interview_id)
            except Unavailable as error:
                self._failed[interview_id] = (self._settings.now(), error.detail)
                return RoomStatus("failed", error.detail)

    async def _enter(self, interview_id: str) -> RoomStatus:
        room = room_name(interview_id)
        state = await self._hub.room_state(room)
        if state == "ready":
            self._failed.pop(interview_id, None)
            return RoomStatus("ready", "Your room is ready.")
        if state == "starting":
            return RoomStatus("starting", "Your room is starting.")
        if state == "stopping":
            return RoomStatus("starting", "Your room is being restarted.")
        failed_at, reason = self._failed.get(interview_id, (None, ""))
        wait = timedelta(seconds=RETRY_AFTER_S)
        if failed_at is not None and self._settings.now() < failed_at + wait:
            return RoomStatus("failed", reason)
        # Noted before the try: a room that dies while starting counts as failed.
        self._failed[interview_id] = (
            self._settings.now(),
            "The room did not start. It is tried again shortly.",
        )
        await self._admit(interview_id)
        await self._hub.start_room(room)
        return RoomStatus("starting", "Your room is starting.")

    async def remove(self, interview_id: str, hub_name: str) -> None:
        """End somebody's right to enter a room."""
        await self._hub.unshare(room_name(interview_id), hub_name)

    async def end(self, interview_id: str) -> None:
        """End an interview; its room stops when it has shipped what it holds."""
        async with self._database.write() as session:
            interview = await interviews.get(session, interview_id)
            if interviews.mark_ended(interview, now=self._settings.now()):
                if interview.opened_at is None:
                    interview.room_stopped_at = interview.ended_at
                    return
            elif interview.room_stopped_at is not None:
                return
        self._stop_later(interview_id)

    async def resume(self) -> None:
        """Stop the rooms of interviews that ended while this service was not there."""
        async with self._database.read() as session:
            due = await session.scalars(
                select(Interview.id)
                .where(Interview.state == "ended")
                .where(Interview.room_stopped_at.is_(None))
            )
        for interview_id in due:
            self._stop_later(interview_id)

    def _stop_later(self, interview_id: str) -> None:
        task = asyncio.create_task(self._stop(interview_id), name=interview_id)
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
        async with self._database.write() as session:
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
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
