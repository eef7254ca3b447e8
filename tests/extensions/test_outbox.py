"""What waits for the disk has a limit: beyond it a page's edits stay with the page."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pycrdt import Doc, Text, create_update_message

from nbinterview_server.documents.custody import Custody
from nbinterview_server.documents.outbox import (
    MAX_WAITING_BYTES,
    Change,
    Outbox,
)
from nbinterview_server.documents.owners import Owners
from nbinterview_server.documents.rooms import RecordedRoom
from tests.extensions.harness import CANDIDATE

pytestmark = pytest.mark.asyncio


class Room:
    """A document's room up to its outbox, on a disk that takes nothing."""

    def __init__(self) -> None:
        self._outbox = Outbox()
        self._custody = Custody(Doc(), self._note, Owners())
        self._custody.restore([])
        self._writes: Counter[Any] = Counter()
        self._journal: Any = SimpleNamespace(is_full=False)
        self.broken = False

    def _note(self, author: str, update: bytes) -> None:
        self._outbox.put_nowait(Change(author, update, {}))

    _monotonic = staticmethod(lambda: 0.0)
    _sync: Any = RecordedRoom._sync
    _write = RecordedRoom._write

    def recorded(self) -> Iterator[str]:
        """Let the disk take all that waits."""
        while not self._outbox.empty():
            item = self._outbox.get_nowait()
            self._outbox.done(item)
            yield type(item).__name__


class Page:
    """A page that reads nothing and may write."""

    person = SimpleNamespace(hub_name=CANDIDATE, role="candidate")
    read_only = is_over = is_gone = False

    def took(self, time_s: float) -> None:
        """It may take as long as it does."""


def edits() -> Iterator[bytes]:
    """Give edits of a MiB each, as they come on the line."""
    doc: Doc[Any] = Doc()
    text = doc.get("text", type=Text)
    while True:
        before = doc.get_state()
        text += "x" * 1024 * 1024
        yield create_update_message(doc.get_update(before))[1:]


async def test_who_writes_more_than_the_disk_takes_waits_for_it() -> None:
    room, one = Room(), Page()
    typed = edits()
    written = 0
    while room._outbox.waiting_bytes < MAX_WAITING_BYTES:
        assert await room._sync(one, next(typed))
        written += 1
        assert written <= MAX_WAITING_BYTES // 1024**2
    waiting = asyncio.create_task(room._sync(one, next(typed)))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    assert [*room.recorded()].count("Saved") == written
    assert await waiting
    assert [*room.recorded()] == ["Change", "Saved"]
    assert room._outbox.waiting_bytes == 0


async def test_what_a_page_that_is_gone_still_waited_to_write_is_left_to_it() -> None:
    room, one = Room(), Page()
    room._outbox.put_nowait(Change("room", bytes(MAX_WAITING_BYTES), {}))
    waiting = asyncio.create_task(room._sync(one, next(edits())))
    await asyncio.sleep(0.1)
    one.is_gone = True
    assert await waiting is False
    assert [*room.recorded()] == ["Change"]
    assert not room._outbox.is_full
