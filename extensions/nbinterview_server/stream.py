"""The candidate's stream: checked, on disk, acknowledged; and its silences."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from nbinterview.errors import Forbidden, Invalid
from nbinterview.schemas import check
from nbinterview_server.config import Person
from nbinterview_server.journal import Journal, NotWritten
from nbinterview_server.refusals import Refusals
from nbinterview_server.view import View

SILENCE_S = 3.0
CHECK_EVERY_S = 0.5

EVENTS = {
    "consent": "ConsentEvent",
    "watch": "WatchEvent",
    "visibility": "VisibilityEvent",
    "window_focus": "WindowFocusEvent",
    "fullscreen": "FullscreenEvent",
    "clipboard": "ClipboardEvent",
    "camera": "CameraEvent",
    "detector": "DetectorEvent",
    "page": "PageEvent",
}

log = logging.getLogger(__name__)


def check_message(message: Mapping[str, Any]) -> None:
    """Raise `Invalid`, naming the field, unless this is an event or observations."""
    if message.get("type") == "observations":
        check(dict(message), "live", "Observations")
        return
    event = message.get("event")
    name = event.get("name") if isinstance(event, dict) else None
    if isinstance(event, dict):
        definition = EVENTS.get(name) if isinstance(name, str) else None
        if definition is None:
            raise Invalid("this event is not known", field="event.name")
        try:
            check(event, "live", definition)
        except Invalid as error:
            field = ".".join(filter(None, ["event", error.field]))
            raise Invalid(error.detail, field=field) from error
    check(dict(message), "live", "Event")


class CandidateStream:
    """Takes the candidate's events and observations into the journal, once each."""

    def __init__(
        self, journal: Journal, view: View, *, monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._view = view
        self._monotonic = monotonic
        self._heard_s = monotonic()
        self._taking = asyncio.Lock()

    async def take(
        self, person: Person, message: Mapping[str, Any], refusals: Refusals
    ) -> dict[str, Any]:
        """Return the acknowledgement of one message that is now on disk.

        Raises:
            Forbidden: only the candidate's page is listened to.
            Invalid: a field does not fit; a `refused` record says so without it.
            NotWritten: the disk refused. The page must send it again first.
        """
        if person.role != "candidate":
            raise Forbidden("Only the candidate's page sends events.", field="type")
        try:
            check_message(message)
        except Invalid as error:
            await refusals.note("live", error.detail, error.field or "")
            raise
        async with self._taking:
            self._heard_s = self._monotonic()
            await self._end_silence()
            boot_id, number = message["boot_id"], message["client_seq"]
            if number > self._view.acknowledged.get(boot_id, 0):
                await self._write(person, message)
        return {"type": "ack", "boot_id": boot_id, "client_seq": number}

    async def _write(self, person: Person, message: Mapping[str, Any]) -> None:
        payload = {
            key: value
            for key, value in message.items()
            if key not in {"type", "monotonic_ms"}
        }
        await self._journal.append(
            str(message["type"]), person.hub_name, payload, message["monotonic_ms"]
        )

    async def watch_silence(self) -> None:
        """Record a gap whenever the candidate's page says nothing for too long."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                await self.check_silence()
            except NotWritten as error:
                log.warning("silence not recorded: %s", error.detail)

    async def check_silence(self) -> None:
        """Open or close the gap that the present moment calls for."""
        silent_s = self._monotonic() - self._heard_s
        wanted = self._view.watching and self._view.state != "ended"
        if not wanted:
            async with self._taking:
                await self._end_silence()
        elif silent_s > SILENCE_S and not self._view.silent:
            detail = f"nothing heard for {silent_s:.1f} s"
            payload = {"what": "live", "state": "began", "detail": detail}
            await self._journal.append("gap", "room", payload)

    async def _end_silence(self) -> None:
        if self._view.silent:
            payload = {"what": "live", "state": "ended", "detail": ""}
            await self._journal.append("gap", "room", payload)
