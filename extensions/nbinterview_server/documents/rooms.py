"""The Y rooms: every change under its author's name, on disk, then broadcast.

One queue orders everything a room sends: changes go to the journal and then to
all pages; answers to one page wait behind the changes they already contain.
So nobody ever sees an edit that the record does not hold, and when the disk
refuses, the room stands still until it takes the record again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_server_ydoc.rooms import DocumentRoom, TransientRoom
from pycrdt import (
    TransactionEvent,
    YMessageType,
    YSyncMessageType,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    is_awareness_disconnect_message,
    read_message,
)

from nbinterview.errors import Invalid, TooLarge
from nbinterview.ledger.records import Record
from nbinterview_server.config import Person
from nbinterview_server.documents.authorship import ROOM, author, written_by
from nbinterview_server.documents.awareness import Owners, rewrite
from nbinterview_server.documents.edits import EditCounter
from nbinterview_server.journal import Entry, Journal, NotWritten
from nbinterview_server.pacing import Pace

MAX_UPDATE_BYTES = 8 * 1024 * 1024
"""Of one message; its record, in base64, stays below the journal's limit."""
AWARENESS_PER_S = 100.0
BURST_AWARENESS = 200
TOO_FAST_S = 10.0
"""So far ahead of its pace, a page is not believed to be one."""

# Codes of closing a websocket. JupyterLab shows the reason of an UNSUPPORTED one and
# offers to load the page again; after a RESTART it connects again by itself.
UNSUPPORTED, POLICY, RESTART = 1003, 1008, 1012
_TOO_LARGE = json.dumps(
    {
        "reason": "too_large",
        "errorReason": "This edit is too large.",
        "reloadable": True,
    }
)

log = logging.getLogger(__name__)


class PageSocket(Protocol):
    """One page's connection to one Y room."""

    person: Person
    read_only: bool
    path: str

    async def send(self, message: bytes) -> None:
        """Send one message; a page that is gone is no error."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the connection."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over what the page sends until it is gone."""


@dataclass(frozen=True)
class Change:
    """One Yjs update, on whose behalf it was made, and what it did to the cells."""

    author: str
    update: bytes
    edit: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
    """What one page asked for; it may hold changes that wait before it."""

    page: PageSocket
    message: bytes


def document_payload(
    path: str, update: bytes, edit: Mapping[str, int]
) -> dict[str, Any]:
    """Return the payload of a `document` record."""
    encoded = base64.b64encode(update).decode("ascii")
    return {"path": path, "update": encoded, "edit": dict(edit)}


def updates_of(records: Sequence[Record], path: str) -> list[bytes]:
    """Return the Yjs updates of one document, in order."""
    return [
        base64.b64decode(record.payload["update"])
        for record in records
        if record.payload["path"] == path
    ]


class NamedRoom:
    """Serves pages; who they are comes from their connection, not from them."""

    clients: set[PageSocket]
    ydoc: Any
    awareness: Any

    def _prepare(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._owners = Owners()
        self._monotonic = monotonic

    async def serve(self, channel: PageSocket) -> None:
        """Serve one page until it is gone."""
        self.clients.add(channel)
        pace = Pace(AWARENESS_PER_S, BURST_AWARENESS, self._monotonic)
        try:
            await channel.send(create_sync_message(self.ydoc))
            async for message in channel:
                if message[0] == YMessageType.AWARENESS:
                    ahead_s = pace.delay_s()
                    if ahead_s > TOO_FAST_S:
                        channel.close(POLICY, "too many messages")
                        return
                    if ahead_s > 0:
                        continue  # the next one says where the cursor is
                await self._take(channel, message)
        finally:
            self.clients.discard(channel)

    async def _take(self, page: PageSocket, message: bytes) -> None:
        try:
            if message[0] == YMessageType.SYNC:
                await self._sync(page, message[1:])
            elif message[0] == YMessageType.AWARENESS:
                await self._aware(page, message)
        except (Invalid, ValueError, IndexError, RuntimeError, AssertionError) as error:
            # What Yjs cannot read must not end the room for everybody.
            log.warning("a message of %s refused: %s", page.person.hub_name, error)
            await self._not_understood(page, message, error)

    async def _sync(self, page: PageSocket, message: bytes) -> None:
        raise NotImplementedError

    async def _not_understood(
        self, page: PageSocket, message: bytes, error: Exception
    ) -> None:
        """Hook: tell the page that its message could not be applied."""

    async def _aware(self, page: PageSocket, message: bytes) -> None:
        update = rewrite(read_message(message[1:]), page.person, self._owners)
        if update is None:
            return
        renamed = create_awareness_message(update)
        leaving = is_awareness_disconnect_message(renamed[1:])
        for client in list(self.clients):
            # The sender too: it is how a page knows that its connection lives.
            if not (leaving and client is page):
                await client.send(renamed)
        self.awareness.apply_awareness_update(update, self)


class PresenceRoom(NamedRoom, TransientRoom):  # type: ignore[misc]  # untyped
    """Lab's global awareness: states only. Its document stays empty for everybody."""

    def __init__(self, room_id: str, **kwargs: Any) -> None:
        super().__init__(room_id, **kwargs)
        self._prepare()

    async def _sync(self, page: PageSocket, message: bytes) -> None:
        if message[0] == YSyncMessageType.SYNC_STEP1:
            reply = handle_sync_message(message, self.ydoc)
            assert reply is not None
            await page.send(reply)


class RecordedRoom(NamedRoom, DocumentRoom):  # type: ignore[misc]  # untyped
    """The interview's notebook, rebuilt from the journal, never from the file."""

    ready: bool
    broken = False
    """Its document holds a change that cannot be recorded: another room is needed."""
    _subscription: Any

    def __init__(
        self, room_id: str, *args: Any, journal: Journal, **kwargs: Any
    ) -> None:
        super().__init__(room_id, *args, **kwargs)
        self._prepare()
        self._journal = journal
        self._path = str(self._document.path)
        self._outbox: asyncio.Queue[Change | Answer] = asyncio.Queue()

    async def initialize(self) -> None:
        """Load the notebook: what the journal holds, or the template's file."""
        if self.ready:
            return
        with written_by(ROOM):
            async with self._update_lock:
                if self._subscription is not None:
                    return
                # Its own task: anyio ties a thread to the task that reads a file, and
                # a page's never ends, so that the server would not either.
                rebuilt = await asyncio.create_task(self._load())
                self._edits = EditCounter(self._document.ycells)
                self._subscription = self.ydoc.observe(self._note)
                if rebuilt:
                    self._nothing_runs()
                self.ready = True
            if rebuilt:
                self._save_to_disc()

    async def _load(self) -> bool:
        model = await self._file.load_content(self._file_format, self._file_type)
        records = await self._journal.aread(kinds=["document"])
        updates = updates_of(records, self._path)
        if not updates:
            await self._apply_deterministic_source_content(model["content"])
            first = document_payload(self._path, self.ydoc.get_update(), {})
            await self._journal.append("document", ROOM, first)
            return False
        for update in updates:
            self.ydoc.apply_update(update)
        return True

    def _nothing_runs(self) -> None:
        """After a restart no cell is running, whatever the document last said."""
        with self.ydoc.transaction():
            for cell in self._document.ycells:
                if cell.get("execution_state") == "running":
                    cell["execution_state"] = "idle"
                metadata = cell.get("metadata")
                if metadata is not None and "jupyter_server_nbmodel" in metadata:
                    del metadata["jupyter_server_nbmodel"]

    async def _maybe_save_document(self, *args: Any, **kwargs: Any) -> None:
        with written_by(ROOM):
            await super()._maybe_save_document(*args, **kwargs)

    async def _watch_ready(self) -> None:
        """The base class would observe late; `initialize` does it in time."""

    def _note(self, event: TransactionEvent) -> None:
        self._outbox.put_nowait(Change(author(), event.update, self._edits.take()))

    async def _sync(self, page: PageSocket, message: bytes) -> None:
        if page.read_only and message[0] != YSyncMessageType.SYNC_STEP1:
            return
        if len(message) > MAX_UPDATE_BYTES:
            log.warning("an edit of %s is too large", page.person.hub_name)
            page.close(UNSUPPORTED, _TOO_LARGE)
            return
        with written_by(page.person.hub_name):
            reply = handle_sync_message(message, self.ydoc)
        if reply is not None:
            self._outbox.put_nowait(Answer(page, reply))

    async def _not_understood(
        self, page: PageSocket, message: bytes, error: Exception
    ) -> None:
        await self._handle_sync_message_error(error, message, page)

    async def _broadcast_updates(self) -> None:
        while True:
            waiting = [await self._outbox.get()]
            while not self._outbox.empty():
                waiting.append(self._outbox.get_nowait())
            try:
                await self._record(waiting)
            except NotWritten:
                return  # the room closes; what is not on disk was seen by nobody
            except (TooLarge, Invalid):
                log.exception("a change cannot be recorded, nobody has seen it")
                self._give_up()
                return
            for item in waiting:
                await self._send(item)
                self._outbox.task_done()

    def _give_up(self) -> None:
        """Send the pages away, to a room made anew from what the journal holds."""
        self.broken = True
        for client in list(self.clients):
            client.close(RESTART, "the document is loaded again")

    async def _record(self, waiting: Sequence[Change | Answer]) -> None:
        entries = [
            Entry(
                "document",
                item.author,
                document_payload(self._path, item.update, item.edit),
            )
            for item in waiting
            if isinstance(item, Change)
        ]
        if entries:
            await self._journal.insist(entries)

    async def _send(self, item: Change | Answer) -> None:
        if isinstance(item, Answer):
            await item.page.send(item.message)
            return
        message = create_update_message(item.update)
        for client in list(self.clients):
            await client.send(message)

    async def flush(self) -> None:
        """Wait until everything said so far is on disk and broadcast."""
        if not self.broken:
            await self._outbox.join()
