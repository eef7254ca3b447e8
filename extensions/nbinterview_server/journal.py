"""The room's record: one writer, one sequence, on disk before anybody is told.

`append` resolves only after SQLite has committed with `synchronous=FULL`.
Everything waiting at that moment shares one commit (group commit), so that a
burst costs one flush. A failed commit raises to all who waited on it, takes no
number, and nothing is told to anybody. Nothing overtakes it either: `writer.py`.

Listeners hear every record in order, in the event loop, before the one who
appended it goes on. What pages are told, what the proctoring engine sees and the
tree whose heads are signed hang on them, so none can ever be ahead of the record.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from nbinterview.ledger.records import Record, format_time
from nbinterview.ledger.stored import from_store, to_store
from nbinterview.ledger.tree import Tree
from nbinterview_server.config import QUOTA_BYTES
from nbinterview_server.journal_file import (
    Blob,
    Head,
    JournalFile,
    Row,
    record_of,
)
from nbinterview_server.recovery import Found, recover, set_aside
from nbinterview_server.storage import Reading, full_words
from nbinterview_server.writer import (
    MAX_RECORD_BYTES,
    Entry,
    NotWritten,
    RecordFull,
    Waiting,
    Writer,
)

__all__ = ["MAX_RECORD_BYTES", "Entry", "Journal", "NotWritten", "RecordFull"]

Listener = Callable[[Record], None]
Folded = TypeVar("Folded")

HELD_S = 3.0
"""So long a record waits for a journal that is held, before it is refused."""
PAGE_RECORDS = 200
"""Held at a time by who reads all of them: each may be MiBs, packed to little."""
MAX_WAITING = 5000
"""Records that wait for the disk; who brings more waits before the journal."""

log = logging.getLogger(__name__)


class Journal:
    """The append-only record of one interview, in one SQLite file."""

    def __init__(
        self,
        path: Path,
        interview: str,
        *,
        clock: Callable[[], datetime],
        salt: Callable[[], str],
        quota_bytes: int = QUOTA_BYTES,
    ) -> None:
        self._path = path
        self._clock = clock
        self._listeners: list[Listener] = []
        self._open = asyncio.Event()
        self._open.set()
        self._less = asyncio.Event()
        self._in_turn = asyncio.Lock()
        self._before = 0
        """How many wait before the journal."""
        self._held = ""
        self._final = ""
        self.found: Found = recover(path, interview, clock())
        self.tree = Tree(self.found.leaves)
        """Of the records that listeners have heard of. The event loop's."""
        self._file = JournalFile(path)
        self._writer = Writer(
            self._file,
            interview,
            salt=salt,
            quota_bytes=quota_bytes,
            deliver=self._deliver,
        )
        self._reader = sqlite3.connect(path, check_same_thread=False)
        self._reader_lock = threading.Lock()
        self._closed = False

    @property
    def last_seq(self) -> int:
        """The number of the newest record on disk, 0 when there is none."""
        return self._writer.last_seq

    @property
    def is_full(self) -> bool:
        """Whether nothing that people bring is taken any more."""
        return self._writer.is_full

    def full_words(self) -> str:
        """Return what to tell who brings something then."""
        return full_words(self._writer.quota_bytes)

    def reading(self) -> Reading:
        """Return how the writing goes, at this moment."""
        return Reading(
            trouble=self._writer.trouble,
            waiting=self._writer.waiting,
            waits_s=self._writer.waits_s(),
            used_bytes=self._file.used_bytes,
            quota_bytes=self._writer.quota_bytes,
        )

    # ------------------------------------------------------- before it is open

    def hold(self, words: str) -> None:
        """Take and show nothing until `release`; who cannot wait is told `words`."""
        self._held = words
        self._open.clear()

    def release(self) -> None:
        """Take records from now on."""
        self._open.set()

    def adopt(self, records: Sequence[Record], *, keep: int) -> None:
        """Continue record `keep` by records that were written here before.

        What the journal has after it is set aside. Blocks. Only while it is held,
        as no listener hears of these.
        """
        lost = self.last_seq - keep
        words = f"{len(records)} records came back from the service."
        if lost > 0:
            with suppress(sqlite3.OperationalError):
                self._file.fold()  # else the log is set aside with it
            name = set_aside(self._path, self._clock())
            words = f"It differed from the service's copy and was set aside as {name}."
        rows: list[Row] = [
            (one.seq, one.kind, to_store(one.wire_json, one.kind)) for one in records
        ]
        self._file.replace(rows, keep=keep)
        leaves = [self.tree.leaf(place) for place in range(keep)]
        self.tree = Tree([*leaves, *(one.leaf for one in records)])
        self._writer.last_seq = keep + len(records)
        self.found = replace(
            self.found,
            records=self.last_seq,
            set_aside=self.found.set_aside + max(0, lost),
            detail=f"{self.found.detail} {words}".strip(),
        )

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record from now on, in order."""
        self._listeners.append(listener)

    # ---------------------------------------------------------------- writing

    async def append(
        self,
        kind: str,
        author: str,
        payload: Mapping[str, Any],
        monotonic_ms: float | None = None,
    ) -> Record:
        """Return the record once it is on disk.

        Raises:
            NotWritten: the disk refused; the record does not exist.
            RecordFull: the record has reached its quota, and this is of a person.
            TooLarge: the record would not reach the service.
            Invalid: the payload has no canonical form.
        """
        entry = Entry(kind, author, payload, monotonic_ms)
        return (await self.append_all([entry]))[0]

    async def append_all(self, entries: Sequence[Entry]) -> list[Record]:
        """Append several records, all of them or none."""
        try:
            async with asyncio.timeout(HELD_S):
                await self._admitted()
        except TimeoutError:
            words = "" if self._open.is_set() else self._held
            words = words or self._writer.trouble or "The disk is too slow."
            raise NotWritten(words) from None
        return await self._write(entries, insistent=False)

    async def insist(self, entries: Sequence[Entry]) -> list[Record]:
        """Append what the server itself saw: it waits in its place while the disk
        refuses, and nothing that is insisted on later is written before it.

        Raises `NotWritten` only when the room closes; `TooLarge` and `Invalid`
        as `append` does.
        """
        while True:
            try:
                async with asyncio.timeout(HELD_S):
                    await self._admitted()
                break
            except TimeoutError:
                if self._closed:
                    raise NotWritten("The room is closing.") from None
        return await self._write(entries, insistent=True)

    async def _admitted(self) -> None:
        """Wait, in turn, while the journal is held or too much waits for the disk."""
        # The lock is free for a moment between two who wait for it: it does not tell.
        if self._is_free() and not self._before:
            return
        self._before += 1
        try:
            async with self._in_turn:
                await self._open.wait()
                while not self._is_free():
                    self._less.clear()
                    await self._less.wait()
        finally:
            self._before -= 1

    def _is_free(self) -> bool:
        return self._open.is_set() and self._writer.waiting < MAX_WAITING

    def finish(self, words: str) -> None:
        """Take nothing more, but for the last record: who tries is told `words`."""
        self._final = words

    async def last(self, entry: Entry) -> Record:
        """Append the record after which there is none: see `append`."""
        return (await self._write([entry], insistent=False, last=True))[0]

    async def _write(
        self, entries: Sequence[Entry], *, insistent: bool, last: bool = False
    ) -> list[Record]:
        if self._closed or (self._final and not last):
            raise NotWritten(self._final or "The room is closing.")
        waiting = self._writer.put(
            entries, format_time(self._clock()), insistent=insistent
        )
        # Shielded: who stops waiting must not keep the others from hearing.
        try:
            return await asyncio.shield(waiting.written)
        finally:
            self._less.set()

    def keep(self, head: Head) -> None:
        """Store a checkpoint of this journal's tree."""
        if not self._closed:
            self._writer.keep(head)

    async def work(self, work: Callable[[JournalFile], Any]) -> Any:
        """Do other work on the file, between two commits; return what it returns."""
        if self._closed:
            raise NotWritten("The room is closing.")
        return await self._writer.work(work)

    def _deliver(self, written: list[tuple[Waiting, list[Record]]]) -> None:
        for waiting, records in written:
            for record in records:
                self.tree.append(record.leaf)
                for listener in self._listeners:
                    try:
                        listener(record)
                    except Exception:  # it is on disk; say so to its author
                        log.exception("a listener failed at record %d", record.seq)
            if not waiting.written.done():
                waiting.written.set_result(records)

    # ---------------------------------------------------------------- reading

    def read(
        self,
        after: int = 0,
        *,
        kinds: Sequence[str] = (),
        limit: int = -1,
        erased: bool = False,
    ) -> list[Record]:
        """Return records after a number, in order. Blocks; short on purpose.

        Those whose payload was erased only when `erased`.
        """
        where, values = "seq > ?", [after, *kinds]
        if kinds:
            where += f" AND kind IN ({', '.join('?' * len(kinds))})"
        found = map(record_of, self._blobs(where, [*values, limit]))
        return [one for one in found if erased or not one.erased]

    def records(self, *, kinds: Sequence[str] = ()) -> Iterator[Record]:
        """Give every record in order, also erased ones. Blocks for a page at a time."""
        after = 0
        while page := self.read(after, kinds=kinds, limit=PAGE_RECORDS, erased=True):
            yield from page
            after = page[-1].seq

    def _blobs(self, where: str, values: Sequence[object]) -> list[Blob]:
        query = f"SELECT wire FROM records WHERE {where} ORDER BY seq LIMIT ?"  # noqa: S608  # only '?' is put in
        with self._reader_lock:
            return [blob for (blob,) in self._reader.execute(query, values)]

    def _wires(self, after: int, limit: int, max_bytes: int) -> list[bytes]:
        query = "SELECT wire FROM records WHERE seq > ? ORDER BY seq LIMIT ?"
        found: list[bytes] = []
        size_bytes = 0
        with self._reader_lock:
            rows = self._reader.execute(query, [after, limit])
            for (blob,) in rows:
                wire = from_store(blob)
                size_bytes += len(wire)
                if found and size_bytes > max_bytes:
                    break
                found.append(wire)
            rows.close()
        return found

    async def awires(
        self, after: int, *, limit: int, max_bytes: int = 2**63
    ) -> list[bytes]:
        """Return the JSON of records: shipping must not parse it.

        At most `max_bytes` of it, but one record at least.
        """
        await self._open.wait()
        return await asyncio.to_thread(self._wires, after, limit, max_bytes)

    async def aread(
        self,
        after: int = 0,
        *,
        kinds: Sequence[str] = (),
        limit: int = -1,
        erased: bool = False,
    ) -> list[Record]:
        """`read` without holding the event loop up; waits while the journal is held."""
        await self._open.wait()
        return await asyncio.to_thread(
            self.read, after, kinds=kinds, limit=limit, erased=erased
        )

    async def fold(
        self, fold: Callable[[Iterator[Record]], Folded], *, kinds: Sequence[str] = ()
    ) -> Folded:
        """Return what `fold` makes of `records`, read as by `aread`."""
        await self._open.wait()
        return await asyncio.to_thread(lambda: fold(self.records(kinds=kinds)))

    def close(self) -> None:
        """Write what waits, then stop."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        with self._reader_lock:
            self._reader.close()
