"""The journal beside bare SQLite with the same bytes, batches and durability."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.crash.writer import payloads
from bench.ledger.record_server import AUTHOR, INTERVIEW, JOURNAL, QUOTA_BYTES
from bench.rows import Report, Row, compare, interleaved, median
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.journal_file import INSERT, SCHEMA

BATCH = 50
AT_LEAST = 0.5
Rows = Sequence[tuple[int, str, bytes]]


def entries(count: int, seed: int) -> list[Entry]:
    """Return what is appended: events of many sizes, most of them small."""
    every = payloads(seed)
    found: list[Entry] = []
    while len(found) < count:
        payload = next(every)
        if len(payload["text"]) <= 4000:
            found.append(Entry("event", AUTHOR, payload))
    return found


def ours_per_s(directory: Path, given: Sequence[Entry]) -> float:
    """Append in batches, each awaited; return records a second."""
    directory.mkdir()

    async def run() -> float:
        journal = Journal(
            directory / JOURNAL,
            INTERVIEW,
            clock=lambda: datetime.now(UTC),
            salt=lambda: secrets.token_hex(16),
            quota_bytes=QUOTA_BYTES,
        )
        began_s = time.perf_counter()
        for first in range(0, len(given), BATCH):
            await journal.append_all(given[first : first + BATCH])
        took_s = time.perf_counter() - began_s
        journal.close()
        return len(given) / took_s

    return asyncio.run(run())


def stored(directory: Path) -> Rows:
    """Return a journal's rows as they are on disk."""
    with closing(sqlite3.connect(directory / JOURNAL)) as db:
        query = "SELECT seq, kind, wire FROM records ORDER BY seq"
        return db.execute(query).fetchall()


def raw_per_s(directory: Path, rows: Rows) -> float:
    """Insert the very same rows in the same batches, as durably."""
    directory.mkdir()
    with closing(sqlite3.connect(directory / JOURNAL, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        for table in SCHEMA:
            db.execute(table)
        began_s = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(INSERT, rows[first : first + BATCH])
            db.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began_s)


def measure(report: Report, *, rounds: int, count: int) -> None:
    """Append by turns, and add the row."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-append-"))
    took: dict[str, list[list[float]]] = {"ours": [], "raw": []}
    given = entries(count, report.seed)
    try:
        ours_per_s(top / "first", given)
        rows = stored(top / "first")
        for turn, name in enumerate(interleaved(list(took), rounds)):
            directory = top / f"{turn}"
            rate = (
                ours_per_s(directory, given)
                if name == "ours"
                else raw_per_s(directory, rows)
            )
            took[name].append([rate])
            print(f"  {name}: {rate:,.0f} a second", flush=True)
    finally:
        shutil.rmtree(top)
    result = compare(took["ours"], took["raw"], median, chance=report.chance())
    report.add(
        Row(
            measure="append to the journal, beside bare SQLite",
            unit="records/s",
            ours=result.ours,
            peer=result.peer,
            ratio=result.ours / result.peer,
            low=result.ratio[0],
            high=result.ratio[1],
            bar=f"at least {AT_LEAST:g} x",
            holds=result.ratio[0] >= AT_LEAST,
            n=f"{rounds} rounds x {count} records, {BATCH} in a commit",
            versions=f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL, "
            "the rows that the journal wrote",
        )
    )
