"""`nbinterview/api/v1/live`: the one socket between a page and its room."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.iostream import IOStream, StreamBufferFullError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nbinterview.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NBInterviewError,
    TooLarge,
    Unavailable,
)
from nbinterview.schemas import check
from nbinterview_server.authorizer import person_of
from nbinterview_server.config import Person
from nbinterview_server.journal import NotWritten, RecordFull
from nbinterview_server.pacing import Pace
from nbinterview_server.view import PANEL
from nbinterview_server.witnessing import check_report, report_entry

if TYPE_CHECKING:
    from nbinterview_server.room import Room

MAX_MESSAGE_BYTES = 64 * 1024
# Above this the connection is closed; between the two a problem says why.
MAX_FRAME_BYTES = 1024 * 1024
# So much may wait for a page that does not read; a welcome is some 20 KB.
MAX_UNREAD_BYTES = 4 * 1024 * 1024
# A page sends about 12 frames a second, and some events; after a minute offline it
# sends what it kept.
MESSAGES_PER_S = 40.0
BURST_MESSAGES = 1000
UNKNOWN = "this kind of message is not known"
KINDS = {"event", "observations", "action", "beat", "lease", "witness"}

log = logging.getLogger(__name__)


class LiveHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One page. Its authenticated user decides the role, never the page."""

    person: Person

    def initialize(self, room: Room) -> None:
        """Take the room from the route."""
        self._room = room
        self._connection: str | None = None
        self._reports = 0
        self._by_room = False
        """The room ended this connection, as it could not go on with it."""
        self._was_full = False
        """Something was refused since the record is full."""
        self._pace = Pace(MESSAGES_PER_S, BURST_MESSAGES, room.monotonic)

    def set_default_headers(self) -> None:
        """A websocket has none of a page's headers."""

    @property
    def max_message_size(self) -> int:
        """Bytes at which tornado closes the connection."""
        return MAX_FRAME_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Upgrade for a person of this interview."""
        self.person = person_of(self)
        self._refusals = self._room.refusals.of(self.person.hub_name)
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Limit what waits for a page that does not read."""
        super().open(*args, **kwargs)
        if stream := self._stream_below():
            stream.max_write_buffer_size = MAX_UNREAD_BYTES

    async def on_message(self, message: str | bytes) -> None:
        """Answer one message. Tornado hands over the next one only after this."""
        # Slowed and not refused: so speaks a page, too, that was offline for an hour.
        await asyncio.sleep(self._pace.delay_s())
        if self._by_room:
            return  # said before the page knew of it; it says all that again
        parsed: dict[str, Any] = {}
        try:
            parsed = _parse(message)
            await self._take(parsed)
        except NBInterviewError as error:
            self._answer(error, parsed)

    def _tell_message(self, message: Mapping[str, Any]) -> None:
        self.tell(json.dumps(message))

    def _not_saved(self, error: NBInterviewError) -> None:
        """Hear that what was taken some moments ago could not be written."""
        self._answer(error, {})

    def _answer(self, error: NBInterviewError, parsed: dict[str, Any]) -> None:
        self.tell(json.dumps(_problem(error, parsed)))
        if isinstance(error, RecordFull):
            # A new connection would hear the same: this one stays, also for beats.
            self._was_full = True
        elif isinstance(error, Unavailable):
            # What follows must not overtake what was not saved.
            self._by_room = True
            self.close(1013, "not saved, please send again")

    async def _take(self, parsed: dict[str, Any]) -> None:
        kind = parsed.get("type")
        if kind == "hello":
            check(parsed, "live", "Hello")
            await self._welcome(parsed["boot_id"])
        elif kind not in KINDS:
            await self._refusals.note("live", UNKNOWN, "type")
            raise Invalid(UNKNOWN, field="type")
        elif self._connection is None:
            raise Conflict("Say hello first.", field="type")
        elif kind == "action":
            await self._room.watching.act(self.person, parsed, self._refusals)
        elif kind == "witness":
            await self._witness(parsed)
        elif kind in {"beat", "lease"}:
            await self._prove(self._connection, parsed)
        else:
            self._check_turn()
            await self._stream.take(parsed)

    def _check_turn(self) -> None:
        """Raise `NotWritten` when something before this waits to be said again."""
        if self._was_full and not self._room.journal.is_full:
            raise NotWritten("The record has room again.")

    async def _prove(self, connection: str, parsed: dict[str, Any]) -> None:
        """Take a beat, or give this page the lease."""
        if self.person.role != "candidate":
            raise Forbidden("Only the candidate's page proves anything.", field="type")
        try:
            if parsed["type"] == "beat":
                self._room.stream.proof.beat(connection, parsed)
            else:
                check(parsed, "live", "TakeLease")
                self._room.stream.proof.take_lease(connection, parsed["boot_id"])
        except Invalid as error:
            what = parsed["type"]
            await self._refusals.note(what, error.detail, error.field or "")
            raise

    async def _witness(self, parsed: dict[str, Any]) -> None:
        """Record that this browser kept a checkpoint that the record denies."""
        if self.person.role not in PANEL:
            raise Forbidden("Only the panel's pages are witnesses.", field="type")
        check_report(parsed, self._reports)
        self._reports += 1
        await self._room.journal.append_all(
            [report_entry(self.person.hub_name, parsed)]
        )

    async def _welcome(self, boot_id: str) -> None:
        proof = self._room.stream.proof
        if self._connection is None:
            self._room.arrivals.take("arrivals", self.person.hub_name)
            browser = self.request.headers.get("User-Agent", "")
            self._connection = await self._room.join(self.person, browser)
            self._stream = self._room.stream.open(
                self.person,
                self._refusals,
                self._tell_message,
                self._not_saved,
                connection=self._connection,
            )
            if self.ws_connection is None:  # gone while this was written
                self.on_close()
                return
            self._room.fanout.add(self)
            if self.person.role == "candidate":
                proof.open(
                    self._connection,
                    boot_id,
                    self.person.hub_name,
                    self._tell_message,
                    self._ping,
                )
        proof.check_hello(self._connection, boot_id)
        if self.person.role == "candidate":
            # So that the page does not send again what another connection brought.
            await self._room.stream.flush()
        proved = proof.welcome(self._connection)
        self.tell(json.dumps(self._room.welcome(self.person, proved)))
        for message in self._room.trust.greetings(self.person):
            self.tell(json.dumps(message))
        if self._room.view.check and self.person.role in PANEL:
            self.tell(json.dumps(self._room.view.check))

    def on_close(self) -> None:
        """Record that the page has gone."""
        self._room.fanout.remove(self)
        if self._connection is not None:
            self._room.stream.proof.close(self._connection, by_room=self._by_room)
            self._room.leave_soon(self.person, self._connection, self._stream)
            self._connection = None

    def on_pong(self, data: bytes) -> None:
        """Hear that the browser is there; its page may still stand still."""
        # Else Jupyter Server takes the page for gone.
        super().on_pong(data)  # type: ignore[no-untyped-call]
        if self._connection is not None:
            self._room.stream.proof.ponged(self._connection, data)

    def _ping(self, data: bytes) -> None:
        try:
            self.ping(data)
        except (WebSocketClosedError, StreamBufferFullError):
            log.debug("a page was gone before it was asked")

    def tell(self, text: str) -> None:
        """Send one message; a page that is gone is no error."""
        try:
            self.write_message(text)
        except WebSocketClosedError:
            log.debug("a page was gone before it was told")
        except StreamBufferFullError:
            log.warning("a page does not read what it is told, and is let go")
            self._let_go()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close it, also for a page that does not read."""
        try:
            super().close(code, reason)
        except StreamBufferFullError:
            self._let_go()

    def _let_go(self) -> None:
        """End the connection without a word, as none would be read."""
        if stream := self._stream_below():
            stream.close()

    def _stream_below(self) -> IOStream | None:
        return None if self.ws_connection is None else self.ws_connection.stream


def _parse(message: str | bytes) -> dict[str, Any]:
    if len(message) > MAX_FRAME_BYTES or not isinstance(message, str):
        raise Invalid("a message is JSON text")
    try:
        parsed = json.loads(message, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("this is not JSON") from error
    if not isinstance(parsed, dict):
        raise Invalid("a message is a JSON object")
    if len(message.encode()) > MAX_MESSAGE_BYTES:
        raise _TooLargeMessage(parsed)
    return parsed


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class _TooLargeMessage(TooLarge):
    """Knows which message it was, so that the page can let go of it."""

    def __init__(self, parsed: dict[str, Any]) -> None:
        super().__init__(f"A message has at most {MAX_MESSAGE_BYTES} bytes.")
        self.parsed = parsed


def _problem(error: NBInterviewError, parsed: dict[str, Any]) -> dict[str, Any]:
    if isinstance(error, _TooLargeMessage):
        parsed = error.parsed
    found: dict[str, Any] = {**error.problem(), "type": "problem"}
    if isinstance(parsed.get("boot_id"), str):
        found["boot_id"] = parsed["boot_id"][:36]
    if isinstance(parsed.get("client_seq"), int):
        found["client_seq"] = parsed["client_seq"]
    return found
