"""The candidate's stream: checked, on disk, acknowledged; and its silences."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rfc8785

from nbinterview.errors import Conflict, Forbidden, Invalid, NBInterviewError
from nbinterview.schemas import check
from nbinterview_server.config import Person
from nbinterview_server.journal import Entry, Journal, NotWritten
from nbinterview_server.packing import Pack, unmeasured
from nbinterview_server.refusals import Refusals
from nbinterview_server.view import View
from nbinterview_server.watch import Watch

SILENCE_S = 3.0
CHECK_EVERY_S = 0.5
PACK_S = 1.0
"""So long frames wait for others to share a record, while they call for nothing."""
MAX_COMMENTS = 200
"""Of one interview: everybody's pages show them all."""

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
    try:
        rfc8785.dumps(dict(message))
    except (ValueError, TypeError, RecursionError) as error:
        # Found now and not when it is written: others wait in the same record.
        raise Invalid(f"no record can hold this: {error}") from error


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
    """What all pages of the candidate say, and when none says anything."""

    def __init__(
        self,
        journal: Journal,
        view: View,
        watch: Watch,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.view = view
        self.watch = watch
        self.monotonic = monotonic
        self._journal = journal
        self._heard_s = monotonic()
        self._writing = asyncio.Lock()
        self._pages: set[PageStream] = set()

    def open(
        self,
        person: Person,
        refusals: Refusals,
        tell: Callable[[Message], None],
        failed: Callable[[NBInterviewError], None],
    ) -> PageStream:
        """Return what takes the messages of one connection.

        `tell` gets the acknowledgements, `failed` what could not be written later.
        """
        page = PageStream(self, person, refusals, tell, failed)
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

    async def heard(self) -> None:
        """Note that a page spoke just now, which ends a silence."""
        self._heard_s = self.monotonic()
        async with self._writing:
            await self._end_silence()

    async def write(self, make: Callable[[], Sequence[Entry]]) -> None:
        """Write records of a page, made when its turn has come; then they are on disk.

        A page that lost its connection sends again on a new one what the old one has
        not written yet, so what is stored is looked at in turn.
        """
        async with self._writing:
            if entries := make():
                await self._journal.append_all(entries)

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
        silent_s = self.monotonic() - self._heard_s
        wanted = self.view.started and self.view.state != "ended"
        if not wanted:
            async with self._writing:
                await self._end_silence()
        elif silent_s > SILENCE_S and not self.view.silent:
            detail = f"nothing heard for {silent_s:.1f} s"
            payload = {"what": "live", "state": "began", "detail": detail}
            await self._journal.append("gap", "room", payload)

    async def _end_silence(self) -> None:
        if self.view.silent:
            payload = {"what": "live", "state": "ended", "detail": ""}
            await self._journal.append("gap", "room", payload)


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
    ) -> None:
        self._stream = stream
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
            Forbidden: only the candidate's page is listened to.
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
        await self._stream.heard()
        async with self._turn:
            await self._take(message)

    async def _take(self, message: Message) -> None:
        boot_id, number = message["boot_id"], message["client_seq"]
        if number <= self._stored(boot_id):
            self._acknowledge(boot_id, number)
        elif self._waits(boot_id, number):
            return
        elif message["type"] == "event":
            check_comment(self._stream.view, message["event"])
            await self._write(message)
        else:
            await self._add(message)

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
        pack = self._pack
        await self._stream.write(lambda: self._entries(pack, event))
        self._pack = None
        if self._timer is not None:
            self._timer.cancel()
        told = {} if pack is None else {pack.boot_id: pack.last_seq}
        if event is not None:
            told[event["boot_id"]] = event["client_seq"]
        for boot_id, number in told.items():
            self._acknowledge(boot_id, number)

    def _entries(self, pack: Pack | None, event: Message | None) -> list[Entry]:
        """Return the records of what is not stored yet."""
        found, author = [], self._person.hub_name
        if pack is not None and (
            pack.last_seq > (after_seq := self._stored(pack.boot_id))
        ):
            found.append(pack.entry(author, self._stream.monotonic(), after_seq))
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
        if key not in {"type", "monotonic_ms"}
    }
    kind = str(message["type"])
    return Entry(kind, author, payload, message["monotonic_ms"])
