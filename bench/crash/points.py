"""Every crash of a trace, reopened: what was acknowledged and is gone, what is torn."""

from __future__ import annotations

import json
import logging
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.crash.disk import Crash, crashes, lay_out
from bench.crash.trace import Op
from bench.crash.writer import EVENTS, INTERVIEW, JOURNAL, PLAIN, name_of
from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record
from nbinterview_server.journal import Journal

Kept = dict[int, str]
"""What a reopened record holds: by number, what tells it from any other."""
MEMORY = Path("/dev/shm")  # noqa: S108  # states are many, and gone at once


class Torn(AssertionError):
    """A reopened record holds what nobody wrote."""


def read_ours(directory: Path) -> Kept:
    """Open a room's journal as a room does, and check each record by itself."""
    journal = Journal(
        directory / JOURNAL,
        INTERVIEW,
        clock=lambda: datetime.now(UTC),
        salt=lambda: "0" * 32,
    )
    try:
        found = {}
        for number, record in enumerate(journal.read(erased=True), start=1):
            try:
                same = Record.from_wire(record.wire()) == record
            except NBInterviewError as error:
                raise Torn(f"record {number} does not verify: {error}") from error
            if record.seq != number or not same:
                raise Torn(f"record {number} is not what it says")
            found[record.seq] = record.hash
        if journal.last_seq != len(found):
            raise Torn(f"{len(found)} records, and the last is {journal.last_seq}")
        return found
    finally:
        journal.close()


def read_normal(directory: Path) -> Kept:
    """Open SQLite; what it cannot read is gone."""
    if not (directory / PLAIN).exists():
        return {}
    with suppress(sqlite3.Error), closing(sqlite3.connect(directory / PLAIN)) as db:
        rows = db.execute("SELECT seq, wire FROM records").fetchall()
        return {seq: name_of(wire) for seq, wire in rows}
    return {}


def read_events(directory: Path) -> Kept:
    """Read the event bus's file; a line that is no JSON is gone."""
    found: Kept = {}
    path = directory / EVENTS
    if not path.exists():
        return found
    for line in path.read_bytes().splitlines():
        with suppress(ValueError, KeyError, TypeError):
            event = json.loads(line)
            payload = {"number": event["number"], "text": event["text"]}
            found[event["number"]] = name_of(json.dumps(payload))
    return found


READERS: dict[str, Callable[[Path], Kept]] = {
    "ours": read_ours,
    "normal": read_normal,
    "events": read_events,
}


@dataclass
class Losses:
    """What all crashes of a trace did."""

    points: int = 0
    states: int = 0
    losing: int = 0
    """States without something that was acknowledged."""
    most_lost: int = 0
    torn: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    """The slowest reopening."""


def told(ops: Sequence[Op]) -> list[tuple[int, str]]:
    """Return all acknowledgements of a trace, in order."""
    lines = b"".join(op.data for op in ops if op.kind == "ack").decode().splitlines()
    pairs = (line.split(" ", 1) for line in lines)
    return [(int(number), name) for number, name in pairs]


def replayed(
    kind: str,
    ops: Sequence[Op],
    *,
    seed: int,
    random_states: int = 2,
    every: int = 1,
    tell: Callable[[Losses], None] = lambda _losses: None,
) -> Losses:
    """Reopen the record after every crash of a trace."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    acknowledged = told(ops)
    written = dict(acknowledged)
    found = Losses()
    where = MEMORY if MEMORY.is_dir() else None
    logging.getLogger("nbinterview_server.recovery").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="nbi-crash-", dir=where) as top:
        seen = 0
        for crash in crashes(
            ops, chance=chance, random_states=random_states, every=every
        ):
            if crash.point != seen:
                seen, found.points = crash.point, found.points + 1
                tell(found)
            _reopen(kind, crash, acknowledged, written, Path(top) / "state", found)
    return found


def _reopen(
    kind: str,
    crash: Crash,
    acknowledged: Sequence[tuple[int, str]],
    written: Kept,
    directory: Path,
    found: Losses,
) -> None:
    lay_out(crash.files, directory)
    found.states += 1
    where = f"after operation {crash.point}, {crash.how}"
    began_s = time.perf_counter()
    try:
        kept = READERS[kind](directory)
    except Torn as error:
        found.torn.append(f"{where}: {error}")
        return
    except (NBInterviewError, sqlite3.Error) as error:
        found.torn.append(f"{where}: does not open: {error}")
        return
    finally:
        found.longest_s = max(found.longest_s, time.perf_counter() - began_s)
        shutil.rmtree(directory)
    lost = sum(
        kept.get(seq) != name for seq, name in acknowledged[: crash.acknowledged]
    )
    found.losing += lost > 0
    found.most_lost = max(found.most_lost, lost)
    strange = [seq for seq, name in kept.items() if written.get(seq) != name]
    if strange:
        found.torn.append(f"{where}: nobody wrote record {strange[0]} like this")
