"""What interviewers do about the watching: pause it, resume it, say what is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from nbinterview.errors import Conflict, Forbidden, Invalid
from nbinterview.schemas import check
from nbinterview_server.config import Person
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.refusals import Refusals
from nbinterview_server.stream import CandidateStream
from nbinterview_server.view import View

NOT_YOURS = (
    "Only interviewers pause the watching or change what is allowed. Ask them to."
)


def first(allows: Iterable[str]) -> Entry:
    """Return the record that a room's watching begins with."""
    payload = {"paused": False, "allows": list(allows), "reason": ""}
    return Entry("watching", ROOM, payload)


def check_action(message: Mapping[str, Any]) -> None:
    """Raise `Invalid`, naming the field, unless this is an `Action`."""
    check(dict(message), "live", "Action")
    if ("allows" in message) != (message["action"] == "set_allows"):
        raise Invalid("goes with set_allows, and only with it", field="allows")


class Watching:
    """Records each change as its interviewer's own; pages are told by the record."""

    def __init__(self, journal: Journal, view: View, stream: CandidateStream) -> None:
        self._journal = journal
        self._view = view
        self._stream = stream
        self._acting = asyncio.Lock()
        """One at a time, as each keeps what the one before left."""

    async def act(
        self, person: Person, message: Mapping[str, Any], refusals: Refusals
    ) -> None:
        """Do one `Action`; one that changes nothing leaves no record.

        Raises:
            Forbidden: only interviewers may; a `refused` record says who tried.
            Invalid: a field does not fit.
            Conflict: the interview is over.
            NotWritten: the disk refused.
        """
        if person.role != "interviewer":
            await refusals.note("action", NOT_YOURS, "type")
            raise Forbidden(NOT_YOURS, field="type")
        try:
            check_action(message)
        except Invalid as error:
            await refusals.note("live", error.detail, error.field or "")
            raise
        async with self._acting:
            await self._act(person, message)

    async def _act(self, person: Person, message: Mapping[str, Any]) -> None:
        if self._view.state == "ended":
            raise Conflict("The interview has ended.", field="action")
        now = self._view.watching
        paused, allows = now["paused"], sorted(message.get("allows", now["allows"]))
        if message["action"] != "set_allows":
            paused = message["action"] == "pause_watching"
        if (paused, allows) == (now["paused"], sorted(now["allows"])):
            return
        # What was measured before comes before it.
        await self._stream.flush()
        payload = {
            "paused": paused,
            "allows": allows,
            "reason": message.get("reason", ""),
        }
        await self._journal.append("watching", person.hub_name, payload)
