"""Opening a journal whose file may be damaged: the whole records, and what was found.

SQLite repairs what a crash leaves. What a disk, a restored copy or a stray
program leaves, it does not notice, or gives up at. Here the journal goes on from
its last whole record, the damaged file is kept beside it, and both are said.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rfc8785

TAIL = 2000
"""Records at the end whose hashes are computed: about 0.3 s. Of the others only
number and form are looked at; the service has verified its copies of them."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    wire TEXT NOT NULL
)
"""
INSERT = "INSERT INTO records VALUES (?, ?, ?)"

_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24

Row = tuple[int, str, str]
"""Number, kind and wire JSON of one record."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What a journal opened with; `detail` is empty when nothing was wrong."""

    records: int
    set_aside: int = 0
    """Records in the damaged file that are not in the journal any more."""
    detail: str = ""

    def wire(self) -> dict[str, int | str]:
        """Return the `journal` field of `room.started`."""
        return {
            "records": self.records,
            "set_aside": self.set_aside,
            "detail": self.detail,
        }


def recover(path: Path, interview: str, now: datetime) -> Found:
    """Make the file at `path` one that opens, with nothing but whole records in it."""
    _finish(path)
    if not path.exists():
        return Found(0)
    rows, broken = _read(path)
    whole = _whole(rows, interview)
    torn = _torn_wal(path)
    if broken or whole < len(rows):
        kept_as = set_aside(path, now)
        lost = max(len(rows), broken.last_seq if broken else 0) - whole
        _rebuild(path, rows[:whole])
        why = broken.words if broken else f"Record {whole + 1} is damaged or missing."
        words = f"{why} What follows record {whole} was set aside as {kept_as}."
        found = Found(whole, lost, words)
    elif torn:
        kept_as = set_aside(path, now)
        words = f"{torn} The file as it was is kept as {kept_as}."
        found = Found(whole, 0, words)
    else:
        return Found(whole)
    log.error("The journal was damaged. %s", found.detail)
    return found


def set_aside(path: Path, now: datetime) -> str:
    """Copy the journal's files beside it, for good; return the copy's name."""
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    name = f"{path.stem}.damaged-{moment}{path.suffix}"
    for ending in ("", "-wal"):
        source = Path(f"{path}{ending}")
        if source.exists() and source.stat().st_size > 0:
            copy = path.with_name(name + ending)
            shutil.copy2(source, copy)
            _sync(copy)
    _sync(path.parent)
    return name


# ------------------------------------------------------------ what is there


@dataclass(frozen=True)
class _Broken:
    """SQLite could not read all of the file."""

    words: str
    last_seq: int


def _read(path: Path) -> tuple[list[Row], _Broken | None]:
    """Return the rows that can be read, in order, and what stopped that."""
    rows: list[Row] = []
    try:
        # Read only: the last writer to close would fold the log into the file.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                # One by one: those before the damage stay.
                for row in _rows(db):
                    rows.append(row)  # noqa: PERF402
                (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
                if state != "ok":
                    return rows, _Broken(f"Its file is damaged: {state}.", 0)
            except sqlite3.DatabaseError as error:
                if "no such table" in str(error):
                    return [], None  # it was killed before it held anything
                return rows, _Broken(f"Its file is damaged: {error}.", _last_seq(db))
    except sqlite3.Error as error:
        return rows, _Broken(f"Its file is damaged: {error}.", 0)
    return rows, None


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    yield from db.execute("SELECT seq, kind, wire FROM records ORDER BY seq")


def _last_seq(db: sqlite3.Connection) -> int:
    """Return the last number in a damaged file, if that much of it can be read."""
    with suppress(sqlite3.Error):
        (last,) = db.execute("SELECT max(seq) FROM records").fetchone()
        return int(last or 0)
    return 0


def _whole(rows: list[Row], interview: str) -> int:
    """Return how many rows are whole records in an unbroken sequence from 1."""
    for place, row in enumerate(rows, start=1):
        hashed = place > len(rows) - TAIL
        if row[0] != place or not _is_record(row, interview, hashed=hashed):
            return place - 1
    return len(rows)


def _is_record(row: Row, interview: str, *, hashed: bool) -> bool:
    seq, kind, wire = row
    try:
        fields = json.loads(wire)
        claimed = fields.pop("hash")
        named = (fields["interview"], fields["seq"], fields["kind"])
        if not hashed:
            return named == (interview, seq, kind)
        true_hash = hashlib.sha256(b"\x00" + rfc8785.dumps(fields)).hexdigest()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return named == (interview, seq, kind) and bool(claimed == true_hash)


def _torn_wal(path: Path) -> str:
    """Say what is wrong with the end of the write-ahead log; empty when nothing is.

    SQLite drops such an end without a word. What is left there of an older
    generation of the log has a smaller salt and is as it should be.
    """
    wal = Path(f"{path}-wal")
    size_bytes = wal.stat().st_size if wal.exists() else 0
    if size_bytes <= _WAL_HEADER_BYTES:
        return ""
    with wal.open("rb") as handle:
        header = handle.read(_WAL_HEADER_BYTES)
        page_bytes = int.from_bytes(header[8:12])
        salts = header[16:24]
        frame_bytes = _FRAME_HEADER_BYTES + page_bytes
        frames, rest_bytes = divmod(size_bytes - _WAL_HEADER_BYTES, frame_bytes)
        ours = strange = 0
        for number in range(frames):
            handle.seek(_WAL_HEADER_BYTES + number * frame_bytes + 8)
            found = handle.read(8)
            ours += found == salts
            strange += found != salts and not _is_older(found, salts)
    if rest_bytes or strange or ours > _valid_frames(path):
        return "The write-ahead log ends in something that is no whole record."
    return ""


def _is_older(salts: bytes, than: bytes) -> bool:
    behind = (int.from_bytes(than[:4]) - int.from_bytes(salts[:4])) % 2**32
    return 0 < behind < 2**16


def _valid_frames(path: Path) -> int:
    """Return how many frames of the log SQLite itself takes for whole."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
        index = Path(f"{path}-shm")  # its field mxFrame, in the machine's order
        return int.from_bytes(index.read_bytes()[16:20], "little")


# ------------------------------------------------------------- a file anew


def _rebuild(path: Path, rows: list[Row]) -> None:
    """Put a new file with these rows in the place of the damaged one."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute(SCHEMA)
        db.execute("BEGIN")
        db.executemany(INSERT, rows)
        db.execute("COMMIT")
    partial.chmod(0o600)
    partial.replace(_rebuilt(path))
    _sync(path.parent)
    _finish(path)


def _finish(path: Path) -> None:
    """Do the last steps of a rebuild, again if it was stopped among them.

    The old log has to go before the new file comes: SQLite would apply it.
    """
    if not _rebuilt(path).exists():
        return
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    _rebuilt(path).replace(path)
    _sync(path.parent)


def _rebuilt(path: Path) -> Path:
    return path.with_name(path.name + ".rebuilt")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
