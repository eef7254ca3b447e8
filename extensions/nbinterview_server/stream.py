"""The candidate's stream: checked, on disk, acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nbinterview.errors import Conflict, Forbidden, Invalid, NBInterviewError
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.records import Record
from nbinterview.schemas import check
from nbinterview_server.config import Person
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.packing import Pack, unmeasured
from nbinterview_server.pageclock import AFTER_END_S, PageClocks
from nbinterview_server.proof import Proof
from nbinterview_server.refusals import Refusals
from nbinterview_server.view import View
from nbinterview_server.watch import Watch

PACK_S = 1.0
"""So long frames wait for others to share a record, while they call for nothing."""
MAX_COMMENTS = 200
"""Of one interview: everybody's pages show them all."""
MAX_AHEAD = 1_000_000
"""So far a message's number may be ahead of the last one stored of its page load."""
PAGES = frozenset({"event", "observations"})
"""Kinds of records that are a page's messages, dated by its clock."""
OVER = "The interview has ended; nothing more goes on its record."

EVENTS = {
    "consent": "ConsentEvent",
    "watch": "WatchEvent",
    "visibility": "VisibilityEvent",
    "window_focus": "WindowFocusEvent",
    "fullscreen": "FullscreenEvent",
    "clipboard": "ClipboardEvent",
    "camera": "CameraEvent",
    "detector": "DetectorEvent",
    "beats": "BeatsEvent",
    "page": "PageEvent",
    "display": "DisplayEvent",
    "device": "DeviceEvent",
    "typing": "TypingEvent",
    "calibration": "CalibrationEvent",
    "comment": "CommentEvent",
}

Message = Mapping[str, Any]

log = logging.getLogger(__name__)


def check_message(message: Message) -> None:
    """Raise `Invalid`, naming the field, unless this can be a page's record."""
    _check_form(message)
    # Found now and not when it is written: others wait in the same record.
    canonical(dict(message))


def _check_form(message: Message) -> None:
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


def check_comment(view: View, event: Message) -> None:
    """Raise unless this comment is to something, and not one too many."""
    if event["name"] != "comment":
        return
    about = event.get("episode_id")
    if about is not None and not view.knows_episode(about):
        raise Invalid(
            "There is no such nudge, warning or flag.", field="event.episode_id"
        )
    if len(view.comments) >= MAX_COMMENTS:
        raise Conflict(
            f"You have written {MAX_COMMENTS} comments, and all are on the record. "
            "After the interview you can answer each finding once more.",
            field="event.text",
        )


class CandidateStream:
    """What all pages of the candidate say."""

    def __init__(
        self,
        journal: Journal,
        view: View,
        watch: Watch,
        proof: Proof,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.view = view
        self.watch = watch
        self.proof = proof
        self.monotonic = monotonic
        self.clocks = PageClocks()
        self._journal = journal
        self.ended_s: float | None = None
        """When the interview ended, on the room's steady clock."""
        self._writing = asyncio.Lock()
        self._pages: set[PageStream] = set()

    def open(
        self,
        person: Person,
        refusals: Refusals,
        tell: Callable[[Message], None],
        failed: Callable[[NBInterviewError], None],
        *,
        connection: str = "",
    ) -> PageStream:
        """Return what takes the messages of one connection.

        `tell` gets the acknowledgements, `failed` what could not be written later.
        """
        page = PageStream(self, person, refusals, tell, failed, connection)
        self._pages.add(page)
        return page

    def closed(self, page: PageStream) -> None:
        """Forget a page that is gone."""
        self._pages.discard(page)

    async def flush(self) -> None:
        """Write what is being packed, of every page, if the disk takes it."""
        for page in list(self._pages):
            try:
                await page.flush()
            except NBInterviewError as error:
                log.warning("a page's last second waits: %s", error.detail)

    def recall(self, record: Record) -> None:
        """Take up one record of before this start, after the view."""
        self.proof.recall(record)
        if record.payload is None:
            return
        if record.kind == "interview.state" and self.view.state == "ended":
            self.ended_s = self.proof.room_s(record.time)
        elif record.kind in PAGES and record.monotonic_ms is not None:
            at_s, boot_id = self.proof.room_s(record.time), record.payload["boot_id"]
            self.clocks.skew_ms(boot_id, record.monotonic_ms, at_s)

    def go_on(self) -> None:
        """Begin after the last record of before this start."""
        if self.ended_s is None:
            # The room's clock may have been set meanwhile: only the end asks for them.
            self.clocks = PageClocks()
        self.proof.go_on()

    def hear(self, record: Record) -> None:
        """Listen to the journal, after the view."""
        if record.kind == "interview.state" and self.view.state == "ended":
            self.ended_s = self.monotonic()
        self.proof.hear(record)

    def check_time(self, message: Message) -> None:
        """Raise `Forbidden` for what was said after the end.

        What waited in the browser since before it is taken, however late.
        """
        if self.ended_s is None:
            return
        boot_id, said_ms = message["boot_id"], message["monotonic_ms"]
        said_s = self.clocks.said_s(boot_id, said_ms, self.monotonic())
        if said_s > self.ended_s + AFTER_END_S:
            raise Forbidden(OVER, field="monotonic_ms")

    async def write(self, make: Callable[[], Sequence[Entry]]) -> None:
        """Write records of a page, made when its turn has come; then they are on disk.

        A page that lost its connection sends again on a new one what the old one has
        not written yet, so what is stored is looked at in turn.
        """
        async with self._writing:
            if entries := make():
                await self._journal.append_all(entries)


class PageStream:
    """Takes one connection's events and observations into the journal, once each.

    Its messages are written in their order. Observations wait for others to share
    a record, but not when folding them would call for something: then, and for
    every event, what waits is written with it in one commit.
    """

    def __init__(
        self,
        stream: CandidateStream,
        person: Person,
        refusals: Refusals,
        tell: Callable[[Message], None],
        failed: Callable[[NBInterviewError], None],
        connection: str,
    ) -> None:
        self._stream = stream
        self._connection = connection
        self._person = person
        self._refusals = refusals
        self._tell = tell
        self._failed = failed
        self._turn = asyncio.Lock()
        """One message at a time: while one is written, the next waits."""
        self._pack: Pack | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    async def take(self, message: Message) -> None:
        """Take one message; its acknowledgement is told once it is on disk.

        Raises:
            Forbidden: only the candidate's page that counts is listened to, and none
                after the end.
            Invalid: a field does not fit; a `refused` record says so without it.
            Conflict: it does not fit the present state.
            NotWritten: the disk refused. The page must send it again first.
        """
        if self._person.role != "candidate":
            raise Forbidden("Only the candidate's page sends events.", field="type")
        try:
            check_message(message)
        except Invalid as error:
            await self._refusals.note("live", error.detail, error.field or "")
            raise
        proof, connection = self._stream.proof, self._connection
        proof.spoke(connection, message)
        proof.taking(connection, begins=True)
        try:
            async with self._turn:
                await self._take(message)
        finally:
            proof.taking(connection, begins=False)

    async def _take(self, message: Message) -> None:
        boot_id, number = message["boot_id"], message["client_seq"]
        if number <= self._stored(boot_id):
            self._acknowledge(boot_id, number)
            return
        if self._waits(boot_id, number):
            return
        try:
            message = self._new(message)
        except (Invalid, Forbidden) as error:
            await self._refusals.note("live", error.detail, error.field or "")
            raise
        if message["type"] == "event":
            check_comment(self._stream.view, message["event"])
            await self._write(message)
        else:
            await self._add(message)

    def _new(self, message: Message) -> Message:
        """Return a message that was not taken yet, marked where its clock jumped."""
        stream, boot_id = self._stream, message["boot_id"]
        stream.check_time(message)
        if message["client_seq"] > self._stored(boot_id) + MAX_AHEAD:
            raise Invalid("this number is too far ahead", field="client_seq")
        if message["type"] == "observations":
            stream.proof.check_counts(self._connection, message)
            stream.proof.observed(self._connection, message["frames"])
        now_s = stream.monotonic()
        skew_ms = stream.clocks.skew_ms(boot_id, message["monotonic_ms"], now_s)
        return message if skew_ms is None else {**message, "clock": skew_ms}

    def _waits(self, boot_id: str, number: int) -> bool:
        """Whether a message of this number is in the pack already."""
        pack = self._pack
        return pack is not None and pack.boot_id == boot_id and number <= pack.last_seq

    async def _add(self, message: Message) -> None:
        if self._stream.view.watching["paused"]:
            message = unmeasured(message)
        if self._pack is not None and not self._pack.fits(message):
            await self._write()
        if self._pack is None:
            self._pack = Pack(message["boot_id"])
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PACK_S, self._is_due)
        now_s = self._stream.monotonic()
        self._pack.add(message, now_s)
        if self._stream.watch.foresees(self._pack.entry(self._person.hub_name, now_s)):
            await self._write()

    async def _write(self, event: Message | None = None) -> None:
        """Write the pack, and with it the event that came after; then acknowledge."""
        pack, proof = self._pack, self._stream.proof
        beats = None if pack is None else proof.unwritten.of(pack.boot_id)
        await self._stream.write(lambda: self._entries(pack, event, beats))
        if pack is not None and beats is not None:
            proof.unwritten.written(pack.boot_id, beats["last"])
        self._pack = None
        if self._timer is not None:
            self._timer.cancel()
        told = {} if pack is None else {pack.boot_id: pack.last_seq}
        if event is not None:
            told[event["boot_id"]] = event["client_seq"]
        for boot_id, number in told.items():
            self._acknowledge(boot_id, number)

    def _entries(
        self,
        pack: Pack | None,
        event: Message | None,
        beats: dict[str, int] | None,
    ) -> list[Entry]:
        """Return the records of what is not stored yet."""
        found, author = [], self._person.hub_name
        if pack is not None and (
            pack.last_seq > (after_seq := self._stored(pack.boot_id))
        ):
            now_s = self._stream.monotonic()
            found.append(pack.entry(author, now_s, after_seq, beats))
        if event is not None and event["client_seq"] > self._stored(event["boot_id"]):
            found.append(_entry(author, event))
        return found

    def _stored(self, boot_id: str) -> int:
        return self._stream.view.acknowledged.get(boot_id, 0)

    def _acknowledge(self, boot_id: str, number: int) -> None:
        self._tell({"type": "ack", "boot_id": boot_id, "client_seq": number})

    def _is_due(self) -> None:
        self._late = asyncio.ensure_future(self._flush_late())

    async def _flush_late(self) -> None:
        try:
            await self.flush()
        except NBInterviewError as error:
            self._failed(error)

    async def flush(self) -> None:
        """Write what is being packed. Raises `NotWritten`."""
        async with self._turn:
            await self._write()

    async def close(self) -> None:
        """Write what is being packed, if the disk takes it: the page has gone.

        What is not written was not acknowledged; the page sends it when it is back.
        """
        try:
            await self.flush()
        except NBInterviewError as error:
            log.warning("a page's last second is not recorded: %s", error.detail)
        finally:
            self._stream.closed(self)


def _entry(author: str, message: Message) -> Entry:
    payload = {
        key: value
        for key, value in message.items()
        if key not in {"type", "monotonic_ms", "clock"}
    }
    if "clock" in message:
        payload["clock"] = {"skew_ms": message["clock"]}
    kind = str(message["type"])
    return Entry(kind, author, payload, message["monotonic_ms"])
