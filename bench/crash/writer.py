"""Writers that are traced, or killed: each tells in a file what it acknowledged.

`python -m bench.crash.writer KIND DIRECTORY RECORDS SEED`. A line of the file `acks`
is written when the one who asked has been told, and never before: the record's number,
a space, what tells it from every other record.

- `ours`: the room's journal, with several pages that write at once;
- `normal`: SQLite with a write-ahead log and `synchronous=NORMAL`, the same records;
- `events`: what stock `POST /api/events` does, jupyter_events' logger with a handler
  that writes to a file (without one, the default, it keeps nothing at all).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import random
import secrets
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbinterview_server.journal import Entry, Journal

INTERVIEW = "crashcrash"
AUTHOR = "p-candidate2"
PAGES = 6
ACKS = "acks"
JOURNAL = "journal.sqlite"
PLAIN = "plain.sqlite"
EVENTS = "events.jsonl"
SCHEMA_ID = "https://nbinterview.invalid/bench/event"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "One event",
    "type": "object",
    "properties": {"number": {"type": "integer"}, "text": {"type": "string"}},
    "required": ["number", "text"],
}
Acknowledge = Callable[[int, str], None]


def payloads(seed: int) -> Iterator[dict[str, Any]]:
    """Yield what is recorded: mostly small, some over many pages of the file."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    number = 0
    while True:
        number += 1
        size = chance.choice((40, 200, 400, 900, 4_000, 30_000))
        yield {"number": number, "text": chance.randbytes(size // 2).hex()}


def acknowledging(directory: Path) -> Acknowledge:
    """Return how this process tells that a record is kept."""
    handle = os.open(directory / ACKS, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def acknowledge(number: int, name: str) -> None:
        os.write(handle, f"{number} {name}\n".encode())

    return acknowledge


async def ours(directory: Path, count: int, seed: int) -> None:
    """Write into the room's journal, from several pages at once."""
    acknowledge = acknowledging(directory)
    journal = Journal(
        directory / JOURNAL,
        INTERVIEW,
        clock=lambda: datetime.now(UTC),
        salt=lambda: secrets.token_hex(16),
    )
    every = payloads(seed)
    left = count

    async def page(number: int) -> None:
        nonlocal left
        chance = random.Random(seed + number)  # noqa: S311  # no secret
        while left > 0:
            size = min(left, chance.choice((1, 1, 1, 2, 5)))
            left -= size
            entries = [Entry("event", AUTHOR, next(every)) for _ in range(size)]
            for record in await journal.append_all(entries):
                acknowledge(record.seq, record.hash)

    await asyncio.gather(*(page(number) for number in range(PAGES)))
    journal.close()


def normal(directory: Path, count: int, seed: int) -> None:
    """Write the same into SQLite as it is often set up."""
    acknowledge = acknowledging(directory)
    db = sqlite3.connect(directory / PLAIN, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, wire TEXT)"
    )
    for number, payload in zip(range(1, count + 1), payloads(seed), strict=False):
        wire = json.dumps(payload)
        db.execute("INSERT INTO records VALUES (?, ?)", [number, wire])
        acknowledge(number, name_of(wire))
    db.close()


def events(directory: Path, count: int, seed: int) -> None:
    """Write the same by the event bus of jupyter_server."""
    from jupyter_events import EventLogger

    acknowledge = acknowledging(directory)
    handler = logging.FileHandler(directory / EVENTS)
    bus = EventLogger(handlers=[handler])
    bus.register_event_schema(SCHEMA)
    for number, payload in zip(range(1, count + 1), payloads(seed), strict=False):
        bus.emit(schema_id=SCHEMA_ID, data=payload)
        acknowledge(number, name_of(json.dumps(payload)))


def name_of(wire: str) -> str:
    """Return what tells one record of a peer from another."""
    return hashlib.sha256(wire.encode()).hexdigest()


def main(arguments: list[str]) -> None:
    """Write, and end."""
    kind, directory, count, seed = arguments
    given = Path(directory), int(count), int(seed)
    if kind == "ours":
        asyncio.run(ours(*given))
    else:
        {"normal": normal, "events": events}[kind](*given)


if __name__ == "__main__":
    main(sys.argv[1:])
