"""The journal's one writer: groups of entries, in their order, one commit each.

What was insisted on keeps its place while the disk refuses, and is tried again
until it is written. What was only asked for fails at once, and so does everything
that was asked for before its author could know of the failure: nothing overtakes
a write that failed.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nbinterview.errors import Invalid, NBInterviewError, TooLarge, Unavailable
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import to_store
from nbinterview_server.encoding import new_record
from nbinterview_server.journal_file import Head, JournalFile, Row
from nbinterview_server.storage import full_words, words_of

MAX_GROUP = 500
"""Writes that share a commit at most."""
RETRY_S = 0.25
PROBE_S = 0.5
"""So often a disk that refused is asked again when nothing waits for it."""
MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Half of what the service takes in one request."""
CLIENT_KINDS = frozenset(
    {
        "event",
        "observations",
        "document",
        "check",
        "execution.requested",
        "execution.input",
    }
)
"""What people bring, and what a full record takes no more of."""

Payload: TypeAlias = Mapping[str, Any]

log = logging.getLogger(__name__)


class NotWritten(Unavailable):
    """The disk did not take the record; nothing was acknowledged."""

    title = "Not saved"


class RecordFull(NotWritten):
    """The record reached its quota; the room's own records are still written."""

    title = "The record is full"


@dataclass(frozen=True)
class Entry:
    """What a record is made from; number, salt and hash come with the commit."""

    kind: str
    author: str
    payload: Payload | Callable[[int], Payload]
    """What it says; or what makes that of the record's number."""
    monotonic_ms: float | None = None


@dataclass(frozen=True, eq=False)
class Waiting:
    """Entries that are written together or not at all, and who waits for them."""

    entries: Sequence[Entry]
    time: str
    written: asyncio.Future[list[Record]]
    insistent: bool
    failures_known: int
    """How many failed commits its author's loop had heard of."""
    since_s: float


@dataclass(frozen=True, eq=False)
class Job:
    """Other work on the file, in its turn."""

    work: Callable[[JournalFile], Any]
    done: asyncio.Future[Any]


@dataclass
class Batch:
    """What one commit writes."""

    written: list[tuple[Waiting, list[Record]]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    seq: int = 0
    """The last number in it."""


class Writer:
    """Owns the thread that writes. The loop's side hears `deliver` and `fail`."""

    def __init__(
        self,
        file: JournalFile,
        interview: str,
        *,
        salt: Callable[[], str],
        quota_bytes: int,
        deliver: Callable[[list[tuple[Waiting, list[Record]]]], None],
    ) -> None:
        self.last_seq = file.last_seq()
        self.failures = 0
        """Failed commits so far."""
        self.trouble = ""
        """Why the last commit failed; empty when it did not."""
        self.waiting = 0
        """Records that were asked for and are neither written nor refused yet."""
        self.quota_bytes = quota_bytes
        self._file = file
        self._interview = interview
        self._salt = salt
        self._deliver = deliver
        self._failures_known = 0
        self._queue: queue.SimpleQueue[Waiting | Job | None] = queue.SimpleQueue()
        self._held: deque[Waiting] = deque()
        """What was insisted on and failed: first in the next commit."""
        self._begun: Waiting | None = None
        self._head: Head | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # A daemon: a server that fails must end. `close` waits for what is queued.
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # ----------------------------------------------------- the event loop

    def put(self, entries: Sequence[Entry], time_: str, *, insistent: bool) -> Waiting:
        """Queue entries; who waits awaits `written`."""
        self._loop = asyncio.get_running_loop()
        waiting = Waiting(
            entries,
            time_,
            self._loop.create_future(),
            insistent,
            self._failures_known,
            time.monotonic(),
        )
        self.waiting += len(entries)
        self._queue.put(waiting)
        return waiting

    async def work(self, work: Callable[[JournalFile], Any]) -> Any:
        """Do other work on the file, in its turn; raise what it raises."""
        self._loop = asyncio.get_running_loop()
        job = Job(work, self._loop.create_future())
        self._queue.put(job)
        return await asyncio.shield(job.done)

    def keep(self, head: Head) -> None:
        """Store a checkpoint with the next commit, or soon by itself."""
        self._head = head
        self._queue.put(Job(_nothing, _Nobody()))  # type: ignore[arg-type]

    def waits_s(self) -> float:
        """Return how long the first of those that wait has been waiting."""
        begun = self._begun
        return time.monotonic() - begun.since_s if begun is not None else 0.0

    @property
    def is_full(self) -> bool:
        """Whether the record has reached its quota."""
        return self._file.used_bytes >= self.quota_bytes

    def close(self) -> None:
        """Write what waits, once more at least, then close the file. Blocks."""
        self._queue.put(None)
        self._thread.join()

    # ------------------------------------------------- the writer's thread

    def _run(self) -> None:
        last = False
        while not last:
            group, jobs, last = self._collect()
            if group or self._held or self._head is not None:
                self._commit([*self._held, *group])
            elif self.trouble:
                self._probe()
            for job in jobs:
                self._do(job)
        self._fail([*self._held, *self._late()], NotWritten("The room is closing."))
        self._file.close()

    def _late(self) -> Iterator[Waiting]:
        """Give what was asked for when the room was closing already."""
        with suppress(queue.Empty):
            while True:
                one = self._queue.get_nowait()
                if isinstance(one, Waiting):
                    yield one

    def _collect(self) -> tuple[list[Waiting], list[Job], bool]:
        group: list[Waiting] = []
        jobs: list[Job] = []
        for one in self._items():
            if one is None:
                return group, jobs, True
            if isinstance(one, Job):
                jobs.append(one)
                if one.work is not _nothing:
                    break  # it has its turn: after these, before what follows
            else:
                group.append(one)
                if len(group) >= MAX_GROUP:
                    break
        return group, jobs, False

    def _items(self) -> Iterator[Waiting | Job | None]:
        """Give what is queued: wait for the first of it, but not for more."""
        patience_s = RETRY_S if self._held else PROBE_S if self.trouble else None
        try:
            yield self._queue.get(timeout=patience_s)
            while True:
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def _commit(self, group: list[Waiting]) -> None:
        self._begun = group[0] if group else None
        batch = self._encoded(group)
        head, self._head = self._head, None
        try:
            if batch.rows or head is not None:
                self._file.write(batch.rows, head)
        except Exception as error:  # noqa: BLE001  # of whatever kind: it goes on
            self._head = self._head or head
            self._not_committed(batch, error)
        else:
            self._committed(batch)

    def _committed(self, batch: Batch) -> None:
        if self.trouble:
            log.warning("the journal is written again")
        self.trouble = ""
        self._held.clear()
        self._begun = None  # before anybody is told and asks
        self.last_seq = batch.seq
        if batch.written:
            self._tell(self._delivered, batch.written)

    def _not_committed(self, batch: Batch, error: Exception) -> None:
        words = words_of(error)
        if words != self.trouble:
            log.error("%s (%s)", words, error)
        self.trouble = words
        self.failures += 1
        self._held = deque(one for one, _ in batch.written if one.insistent)
        self._begun = self._held[0] if self._held else None
        failed = [one for one, _ in batch.written if not one.insistent]
        self._fail(failed, NotWritten(words))

    def _probe(self) -> None:
        try:
            self._file.probe()
        except sqlite3.Error as error:
            self.trouble = words_of(error)
        else:
            log.warning("the journal can be written again")
            self.trouble = ""

    def _do(self, job: Job) -> None:
        if isinstance(job.done, _Nobody):
            return
        try:
            answer = job.work(self._file)
        except Exception as error:  # noqa: BLE001  # whoever waits for it hears
            self._tell(job.done.set_exception, error)
        else:
            self._tell(job.done.set_result, answer)

    def _encoded(self, group: list[Waiting]) -> Batch:
        batch = Batch(seq=self.last_seq)
        full = self.is_full
        for waiting in group:
            if not waiting.insistent and waiting.failures_known < self.failures:
                # Its author does not know yet that something before it failed.
                why = self.trouble or "Something before it could not be written."
                self._fail([waiting], NotWritten(why))
                continue
            if full and not waiting.insistent and _is_clients(waiting):
                self._fail([waiting], RecordFull(full_words(self.quota_bytes)))
                continue
            try:
                records, rows = self._encode(waiting, batch.seq)
            except NBInterviewError as error:
                self._fail([waiting], error)
            except (ValueError, TypeError, RecursionError) as error:
                self._fail([waiting], Invalid(f"not a record: {error}"))
            except Exception as error:  # whoever made it must hear; others go on
                log.exception("a record could not be made")
                self._fail([waiting], Invalid(f"not a record: {error!r}"))
            else:
                batch.written.append((waiting, records))
                batch.rows += rows
                batch.seq += len(records)
        return batch

    def _encode(self, waiting: Waiting, seq: int) -> tuple[list[Record], list[Row]]:
        records: list[Record] = []
        rows: list[Row] = []
        for entry in waiting.entries:
            seq += 1
            payload = entry.payload
            record, wire = new_record(
                self._interview,
                seq,
                waiting.time,
                entry.kind,
                entry.author,
                payload(seq) if callable(payload) else payload,
                self._salt(),
                entry.monotonic_ms,
            )
            if len(wire) > MAX_RECORD_BYTES:
                raise TooLarge(
                    f"A record has at most {MAX_RECORD_BYTES} bytes, "
                    f"this one {len(wire)}."
                )
            records.append(record)
            rows.append((seq, entry.kind, to_store(wire, entry.kind)))
        return records, rows

    def _fail(self, group: Sequence[Waiting], error: NBInterviewError) -> None:
        # Also when nobody is to be told: the loop has to know of the failure.
        self._tell(self._failed, group, error, self.failures)

    def _tell(self, how: Callable[..., None], *what: Any) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(how, *what)
        except RuntimeError:
            # The loop is gone: the server was stopped. What is written stays.
            return

    # ------------------------------------------- the event loop hears of it

    def _delivered(self, written: list[tuple[Waiting, list[Record]]]) -> None:
        self.waiting -= sum(len(records) for _, records in written)
        self._deliver(written)

    def _failed(
        self, group: Sequence[Waiting], error: NBInterviewError, failures: int
    ) -> None:
        self._failures_known = max(self._failures_known, failures)
        for waiting in group:
            self.waiting -= len(waiting.entries)
            if not waiting.written.done():
                waiting.written.set_exception(error)


class _Nobody:
    """Waits for nothing: the work is done with the commit."""


def _nothing(_file: JournalFile) -> None:
    """A checkpoint is kept with the commit."""


def _is_clients(waiting: Waiting) -> bool:
    return any(
        entry.kind in CLIENT_KINDS and entry.author.startswith("p-")
        for entry in waiting.entries
    )
