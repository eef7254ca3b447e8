"""The journal's SQLite file: records, signed heads, what was erased.

Used by one thread at a time. A commit returns when it is on disk
(`synchronous=FULL`), or nothing of it is in the file.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store, to_store

BUSY_S = 7.0
"""So long another program may hold the file before a write fails."""
MINUTE_CHARS = len("2026-01-01T00:00")
ERASE_ROWS = 200
"""Rewritten in one commit; what is to be recorded waits for no more."""
RESERVE_BYTES = 1024 * 1024

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS records (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        wire BLOB NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS checkpoints (
        size INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        wire TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS erasures (
        id TEXT PRIMARY KEY,
        wire TEXT NOT NULL
    )""",
)
INSERT = "INSERT INTO records VALUES (?, ?, ?)"
INSERT_HEAD = "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)"
INSERT_ERASURE = "INSERT OR REPLACE INTO erasures VALUES (?, ?)"

Blob: TypeAlias = bytes | str
"""What is stored of a record; text in a journal of format 1."""
Row: TypeAlias = tuple[int, str, Blob]
"""Number, kind and what is stored of a record."""
Head: TypeAlias = tuple[int, str, str]
"""Size, time and wire JSON of a checkpoint."""

log = logging.getLogger(__name__)


def record_of(blob: Blob) -> Record:
    """Return the record of one of our own rows, without verifying it again."""
    return Record.stored(orjson.loads(from_store(blob)))


class JournalFile:
    """One connection that writes. Every method raises `sqlite3.Error` as it comes."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=BUSY_S
        )
        path.chmod(0o600)
        self._reserve = path.with_name("journal.reserve")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        # What is erased is overwritten, not only forgotten.
        self._db.execute("PRAGMA secure_delete = ON")
        for table in SCHEMA:
            self._db.execute(table)
        (self._page_bytes,) = self._db.execute("PRAGMA page_size").fetchone()
        self.used_bytes = 0
        """What the file's pages hold, without those that are free again."""
        self._measure()
        self._set_aside()

    def _set_aside(self) -> None:
        """Take some of the disk, for the room's last words when it is full."""
        try:
            with self._reserve.open("wb") as handle:
                os.posix_fallocate(handle.fileno(), 0, RESERVE_BYTES)
        except OSError as error:
            log.warning("nothing is set aside for the room's last words: %s", error)
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)

    def release(self) -> None:
        """Give back what was set aside: it is needed now."""
        self._reserve.unlink(missing_ok=True)

    def last_seq(self) -> int:
        """Return the newest record's number, 0 when there is none."""
        (last,) = self._db.execute("SELECT max(seq) FROM records").fetchone()
        return int(last or 0)

    def write(self, rows: Sequence[Row], head: Head | None = None) -> None:
        """Commit records, and the newest checkpoint with them."""
        self._roll_back()  # when that failed before, it has to be done first
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(INSERT, rows)
            if head is not None:
                self._keep(head)
            self._db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._measure()

    def probe(self) -> None:
        """Write and take back something: raises while the file takes nothing."""
        self._roll_back()
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute(INSERT_ERASURE, ["probe", "x" * 16384])
            self._db.execute("DELETE FROM erasures WHERE id = 'probe'")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            raise

    def heads(self) -> list[Head]:
        """Return the checkpoints that are kept, in order."""
        query = "SELECT size, time, wire FROM checkpoints ORDER BY size"
        return self._db.execute(query).fetchall()

    def replace(self, rows: Sequence[Row], *, keep: int) -> None:
        """Put rows in the place of all after `keep`, and forget heads over those."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM records WHERE seq > ?", [keep])
            self._db.execute("DELETE FROM checkpoints WHERE size > ?", [keep])
            self._db.executemany(INSERT, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            raise
        self._measure()

    def erase(self, after: int, to_seq: int, kinds: Sequence[str]) -> tuple[int, int]:
        """Erase payloads and salts of the next rows of these kinds (none: of all).

        Returns up to which number it came, and how many it erased. Call it again
        from there until it came to `to_seq`.
        """
        where, values = "seq > ? AND seq <= ?", [after, to_seq, *kinds]
        if kinds:
            where += f" AND kind IN ({', '.join('?' * len(kinds))})"
        query = f"SELECT seq, kind, wire FROM records WHERE {where} ORDER BY seq LIMIT {ERASE_ROWS}"  # noqa: S608, E501  # only '?' is put in
        rows: list[Row] = self._db.execute(query, values).fetchall()
        changed: list[tuple[Blob, int]] = []
        for seq, kind, blob in rows:
            record = record_of(blob)
            if not record.erased:
                left = record.without_payload()
                changed.append((to_store(left.wire_json, kind), seq))
        if changed:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                update = "UPDATE records SET wire = ? WHERE seq = ?"
                self._db.executemany(update, changed)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise
        came_to = rows[-1][0] if len(rows) == ERASE_ROWS else to_seq
        return came_to, len(changed)

    def erased(self, erasure_id: str, wire: Mapping[str, Any]) -> None:
        """Note what was erased, and leave nothing of it in the write-ahead log."""
        self._db.execute(INSERT_ERASURE, [erasure_id, json.dumps(dict(wire))])
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        if free * 2 > pages:
            self._db.execute("VACUUM")
        self.fold()
        self._measure()

    def erasures(self) -> list[dict[str, Any]]:
        """Return what was erased."""
        rows = self._db.execute("SELECT wire FROM erasures").fetchall()
        return [json.loads(wire) for (wire,) in rows]

    def fold(self) -> None:
        """Put the write-ahead log into the file, and cut it to nothing.

        Raises `sqlite3.OperationalError` while somebody reads from the log.
        """
        query = "PRAGMA wal_checkpoint(TRUNCATE)"
        (is_busy, _, _) = self._db.execute(query).fetchone()
        if is_busy:
            raise sqlite3.OperationalError("the write-ahead log is busy")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _keep(self, head: Head) -> None:
        """Keep the newest checkpoint, and of those before one a minute."""
        query = "SELECT size, time FROM checkpoints ORDER BY size DESC LIMIT 1"
        newest = self._db.execute(query).fetchone()
        if newest and newest[1][:MINUTE_CHARS] == head[1][:MINUTE_CHARS]:
            self._db.execute("DELETE FROM checkpoints WHERE size = ?", [newest[0]])
        self._db.execute(INSERT_HEAD, head)

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _measure(self) -> None:
        try:
            (pages,) = self._db.execute("PRAGMA page_count").fetchone()
            (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        except sqlite3.Error as error:
            # What was committed before stays so: the last count has to do.
            log.warning("the journal's size is not known: %s", error)
            return
        self.used_bytes = (pages - free) * self._page_bytes
