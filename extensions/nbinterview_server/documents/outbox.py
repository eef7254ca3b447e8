"""What a document's room says, in order, and how it is written.

Changes go to the journal and then to all pages; what is told to one page waits
behind the changes that it speaks of.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from pycrdt import Encoder

from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record
from nbinterview_server.config import Person
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.documents.trimming import joined
from nbinterview_server.journal import Entry

SAVED, REFUSED = 100, 101
"""Our messages, beside those of y-protocols; see how-the-parts-talk.md."""
MAX_WAITING_BYTES = 32 * 1024 * 1024
"""Of what waits for the disk; who writes more waits with it."""
ITEM_BYTES = 1024
"""What an item takes in memory beside what it says."""


class PageSocket(Protocol):
    """One page's connection to one Y room."""

    person: Person
    read_only: bool
    is_over: bool
    """The interview has ended, and what was on its way has come."""
    is_gone: bool
    """Its connection has closed."""
    path: str

    async def send(self, message: bytes) -> None:
        """Send one message; a page that is gone is no error."""

    def took(self, time_s: float) -> None:
        """Count how long a write of this page kept the room busy."""

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
    page: PageSocket | None = None
    """The one that made it, and has it; None for the server's own."""


@dataclass(frozen=True)
class Corrected:
    """A person's change, and what the room put right of it in the same turn."""

    change: Change
    inverse: bytes
    what: str
    """The names of what was put right."""

    @cached_property
    def both(self) -> bytes:
        """The one update that all but its author's page get."""
        return joined(self.change.update, self.inverse)


@dataclass(frozen=True)
class Answer:
    """What one page asked for; it may hold changes that wait before it."""

    page: PageSocket
    message: bytes


@dataclass(frozen=True)
class Saved:
    """This write of a page is on disk, or was without effect."""

    page: PageSocket
    write: int


@dataclass(frozen=True)
class Refusal:
    """This write of a page was not taken."""

    page: PageSocket
    write: int
    error: NBInterviewError
    ends: bool = True
    """The page is told, and the connection ended."""


Item = Change | Corrected | Answer | Saved | Refusal


def _size_bytes(item: Item) -> int:
    if isinstance(item, Change):
        return ITEM_BYTES + len(item.update)
    if isinstance(item, Corrected):
        return _size_bytes(item.change) + len(item.inverse)
    if isinstance(item, Answer):
        return ITEM_BYTES + len(item.message)
    return ITEM_BYTES


class Outbox(asyncio.Queue[Item]):
    """What is to be recorded and sent, in order; `done` with each after it was."""

    waiting_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the disk is so far behind that pages have to wait for it."""
        return self.waiting_bytes >= MAX_WAITING_BYTES

    def put_nowait(self, item: Item) -> None:
        """Put it behind what was said before."""
        super().put_nowait(item)
        self.waiting_bytes += _size_bytes(item)

    def done(self, item: Item) -> None:
        """Forget an item that was recorded and sent."""
        self.waiting_bytes -= _size_bytes(item)
        self.task_done()


def entries_of(item: Item, path: str) -> list[Entry]:
    """Return the records of an item."""
    if isinstance(item, Change):
        payload = document_payload(path, item.update, item.edit)
        return [Entry("document", item.author, payload)]
    if isinstance(item, Corrected):
        inverse = document_payload(path, item.inverse, {})
        return [
            *entries_of(item.change, path),
            Entry("document", ROOM, partial(_correcting, inverse, item.what)),
        ]
    if isinstance(item, Refusal):
        person = item.page.person.hub_name
        reason = item.error.detail
        return [refused_entry(person, "document", reason, write=item.write)]
    return []


def _correcting(payload: dict[str, Any], what: str, seq: int) -> dict[str, Any]:
    return {**payload, "corrects": seq - 1, "what": what}


def refused_entry(author: str, what: str, reason: str, **more: Any) -> Entry:
    """Return a `refused` record: what was not taken and why, none of its text."""
    return Entry("refused", author, {"what": what, "reason": reason, **more})


def document_payload(
    path: str, update: bytes, edit: Mapping[str, int]
) -> dict[str, Any]:
    """Return the payload of a `document` record."""
    encoded = base64.b64encode(update).decode("ascii")
    return {"path": path, "update": encoded, "edit": dict(edit)}


def updates_of(records: Sequence[Record], path: str) -> list[bytes]:
    """Return the Yjs updates of one document, in order."""
    return [update for _, update in authored_updates(records, path)]


def authored_updates(records: Iterable[Record], path: str) -> list[tuple[str, bytes]]:
    """Return the Yjs updates of one document with their authors, in order."""
    return [
        (record.author, base64.b64decode(record.facts["update"]))
        for record in records
        if not record.erased and record.facts["path"] == path
    ]


def saved_message(write: int) -> bytes:
    """Return the message that says how many writes are on disk."""
    encoder = Encoder()
    encoder.write_var_uint(SAVED)
    encoder.write_var_uint(write)
    return encoder.to_bytes()


def refused_message(refusal: Refusal) -> bytes:
    """Return the message that says which write was not taken, and why."""
    encoder = Encoder()
    encoder.write_var_uint(REFUSED)
    problem = {**refusal.error.problem(), "write": refusal.write}
    # ASCII: pycrdt writes the length in characters, readers count bytes.
    encoder.write_var_string(json.dumps(problem))
    return encoder.to_bytes()


def saved_writes(items: Sequence[Item]) -> dict[PageSocket, int]:
    """Return the newest saved write of each page."""
    return {item.page: item.write for item in items if isinstance(item, Saved)}
