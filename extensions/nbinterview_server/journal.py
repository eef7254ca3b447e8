"""The room's record: one writer, one sequence, on disk before anybody is told.

`append` resolves only after SQLite has committed with `synchronous=FULL`.
Everything waiting at that moment shares one commit (group commit), so that a
burst costs one flush. A failed commit raises to all who waited on it, takes no
number, and nothing is told to anybody.

Listeners hear every record in order, in the event loop, before the one who
appended it goes on. What pages are told and what the proctoring engine sees
hangs on them, so neither can ever be ahead of the record.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nbinterview.errors import Invalid, NBInterviewError, TooLarge, Unavailable
from nbinterview.ledger.records import Record, format_time
from nbinterview_server.recovery import INSERT, SCHEMA, Found, recover, set_aside

Listener = Callable[[Record], None]

MAX_GROUP = 500
RETRY_S = 0.5
HELD_S = 3.0
"""So long a record waits for a journal that is held, before it is refused."""
MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Half of what the service takes in one request."""

log = logging.getLogger(__name__)


class NotWritten(Unavailable):
    """The disk did not take the record; nothing was acknowledged."""

    title = "Not saved"


@dataclass(frozen=True)
class Entry:
    """What a record is made from; number, salt and hash come with the commit."""

    kind: str
    author: str
    payload: Mapping[str, Any] | Callable[[int], Mapping[str, Any]]
    """What it says; or what makes that of the record's number."""
    monotonic_ms: float | None = None


@dataclass(frozen=True)
class _Waiting:
    entries: Sequence[Entry]
    time: str
    written: asyncio.Future[list[Record]]


class Journal:
    """The append-only record of one interview, in one SQLite file."""

    def __init__(
        self,
        path: Path,
        interview: str,
        *,
        clock: Callable[[], datetime],
        salt: Callable[[], str],
    ) -> None:
        self._path = path
        self._interview = interview
        self._clock = clock
        self._salt = salt
        self._listeners: list[Listener] = []
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._open = asyncio.Event()
        self._open.set()
        self._held = ""
        self.found: Found = recover(path, interview, clock())
        self._db = _connect(path)
        self._last_seq = self._read_last_seq()
        self._reader = sqlite3.connect(path, check_same_thread=False)
        self._reader_lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        # A daemon: a server that fails must end. `close` waits for what is queued.
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    @property
    def last_seq(self) -> int:
        """The number of the newest record on disk, 0 when there is none."""
        return self._last_seq

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
        lost = self._last_seq - keep
        words = f"{len(records)} records came back from the service."
        if lost > 0:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            name = set_aside(self._path, self._clock())
            words = f"It differed from the service's copy and was set aside as {name}."
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM records WHERE seq > ?", [keep])
        self._db.executemany(
            INSERT, [(one.seq, one.kind, _wire(one)) for one in records]
        )
        self._db.execute("COMMIT")
        self._last_seq = keep + len(records)
        self.found = replace(
            self.found,
            records=self._last_seq,
            set_aside=self.found.set_aside + max(0, lost),
            detail=f"{self.found.detail} {words}".strip(),
        )

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record from now on, in order."""
        self._listeners.append(listener)

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
            TooLarge: the record would not reach the service.
            Invalid: the payload has no canonical form.
        """
        entry = Entry(kind, author, payload, monotonic_ms)
        return (await self.append_all([entry]))[0]

    async def append_all(self, entries: Sequence[Entry]) -> list[Record]:
        """Append several records, all of them or none."""
        await self._admitted()
        if self._closed:
            raise NotWritten("The room is closing.")
        self._loop = asyncio.get_running_loop()
        waiting = _Waiting(
            entries, format_time(self._clock()), self._loop.create_future()
        )
        self._queue.put(waiting)
        # Shielded: who stops waiting must not keep the others from hearing.
        return await asyncio.shield(waiting.written)

    async def _admitted(self) -> None:
        try:
            async with asyncio.timeout(HELD_S):
                await self._open.wait()
        except TimeoutError:
            raise NotWritten(self._held) from None

    async def insist(self, entries: Sequence[Entry]) -> list[Record]:
        """Append what the server itself saw: again and again while the disk refuses.

        Raises `NotWritten` only when the room closes; `TooLarge` and `Invalid`
        as `append` does.
        """
        while True:
            try:
                return await self.append_all(entries)
            except NotWritten as error:
                if self._closed:
                    raise
                log.warning("%s Trying again.", error.detail)
                await asyncio.sleep(RETRY_S)

    def read(
        self, after: int = 0, *, kinds: Sequence[str] = (), limit: int = -1
    ) -> list[Record]:
        """Return records after a number, in order. Blocks; short on purpose."""
        where, values = "seq > ?", [after, *kinds]
        if kinds:
            where += f" AND kind IN ({', '.join('?' * len(kinds))})"
        return [_record(wire) for wire in self._wires(where, [*values, limit])]

    def _wires(self, where: str, values: Sequence[object]) -> list[str]:
        query = f"SELECT wire FROM records WHERE {where} ORDER BY seq LIMIT ?"  # noqa: S608  # only '?' is put in
        with self._reader_lock:
            return [wire for (wire,) in self._reader.execute(query, values)]

    async def awires(self, after: int, *, limit: int) -> list[str]:
        """Return the JSON of records as it is on disk: shipping must not parse it."""
        await self._open.wait()
        return await asyncio.to_thread(self._wires, "seq > ?", [after, limit])

    async def aread(
        self, after: int = 0, *, kinds: Sequence[str] = (), limit: int = -1
    ) -> list[Record]:
        """`read` without holding the event loop up; waits while the journal is held."""
        await self._open.wait()
        return await asyncio.to_thread(self.read, after, kinds=kinds, limit=limit)

    def close(self) -> None:
        """Write what waits, then stop."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        with self._reader_lock:
            self._reader.close()

    # ------------------------------------------------- the writer's thread

    def _write(self) -> None:
        while True:
            group, last = self._collect()
            if group:
                self._commit(group)
            if last:
                self._db.close()
                return

    def _collect(self) -> tuple[list[_Waiting], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        written: list[tuple[_Waiting, list[Record]]] = []
        seq = self._last_seq
        rows: list[tuple[int, str, str]] = []
        for waiting in group:
            records = [
                self._record(entry, waiting.time, seq + number)
                for number, entry in enumerate(waiting.entries, start=1)
            ]
            try:
                rows += [(one.seq, one.kind, _limited(_wire(one))) for one in records]
            except NBInterviewError as error:
                self._tell(self._fail, waiting, error)
                continue
            except (ValueError, TypeError, RecursionError) as error:
                self._tell(self._fail, waiting, Invalid(f"not a record: {error}"))
                continue
            seq += len(records)
            written.append((waiting, records))
        try:
            self._insert(rows)
        except sqlite3.Error as error:
            words = f"The room cannot write its record: {error}."
            for waiting, _ in written:
                self._tell(self._fail, waiting, NotWritten(words))
            return
        self._last_seq = seq
        for waiting, records in written:
            self._tell(self._deliver, waiting, records)

    def _insert(self, rows: list[tuple[int, str, str]]) -> None:
        if not rows:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(INSERT, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _record(self, entry: Entry, time: str, seq: int) -> Record:
        payload = entry.payload
        return Record(
            interview=self._interview,
            seq=seq,
            time=time,
            kind=entry.kind,
            author=entry.author,
            payload=payload(seq) if callable(payload) else payload,
            salt=self._salt(),
            monotonic_ms=entry.monotonic_ms,
        )

    def _tell(self, how: Callable[..., None], waiting: _Waiting, what: object) -> None:
        try:
            waiting.written.get_loop().call_soon_threadsafe(how, waiting, what)
        except RuntimeError:
            # The loop is gone: the server was stopped. What is written stays.
            return

    # ----------------------------------------------------- the event loop

    def _deliver(self, waiting: _Waiting, records: list[Record]) -> None:
        for record in records:
            for listener in self._listeners:
                try:
                    listener(record)
                except Exception:  # it is on disk; say so to its author
                    log.exception("a listener failed at record %d", record.seq)
        waiting.written.set_result(records)

    @staticmethod
    def _fail(waiting: _Waiting, error: Exception) -> None:
        waiting.written.set_exception(error)

    def _read_last_seq(self) -> int:
        (last,) = self._db.execute("SELECT max(seq) FROM records").fetchone()
        return int(last or 0)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        path, check_same_thread=False, isolation_level=None, timeout=10
    )
    path.chmod(0o600)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(SCHEMA)
    return db


def _wire(record: Record) -> str:
    return json.dumps(record.wire(), ensure_ascii=False, separators=(",", ":"))


def _limited(wire: str) -> str:
    size_bytes = len(wire.encode())
    if size_bytes > MAX_RECORD_BYTES:
        raise TooLarge(
            f"A record has at most {MAX_RECORD_BYTES} bytes, this one {size_bytes}."
        )
    return wire


def _record(wire: str) -> Record:
    fields = json.loads(wire)
    del fields["format"], fields["hash"]
    return Record(**fields)
