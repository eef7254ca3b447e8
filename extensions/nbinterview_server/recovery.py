"""Opening a journal whose file may be damaged: the whole records, and what was found.

SQLite repairs what a crash leaves. What a disk, a restored copy or a stray
program leaves, it does not notice, or gives up at. Here the journal goes on from
its last whole record, the damaged file is kept beside it, and both are said.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store
from nbinterview.ledger.tree import Tree
from nbinterview_server.journal_file import (
    INSERT,
    INSERT_ERASURE,
    INSERT_HEAD,
    SCHEMA,
    Head,
    Row,
)

TAIL = 2000
"""Records at the end whose hashes are computed: about 0.1 s. Of the others only
number and form are looked at, and that the newest signed head fits their hashes."""

_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_NO_COMMIT = bytes(4)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What a journal opened with; `detail` is empty when nothing was wrong."""

    records: int
    set_aside: int = 0
    """Records in the damaged file that are not in the journal any more."""
    detail: str = ""
    leaves: tuple[bytes, ...] = field(default=(), repr=False)
    """The hashes of the records."""

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
    read, broken = _read(path)
    rows = read.rows
    leaves = _whole(rows, interview)
    whole = len(leaves)
    torn = _torn_wal(path)
    unlike = _unlike(read.heads, leaves)
    if broken or whole < len(rows):
        kept_as = set_aside(path, now)
        lost = max(len(rows), broken.last_seq if broken else 0) - whole
        fitting = [head for head in read.heads if head[0] <= whole and not unlike]
        _rebuild(path, replace(read, rows=rows[:whole], heads=fitting))
        why = broken.words if broken else f"Record {whole + 1} is damaged or missing."
        words = f"{why} What follows record {whole} was set aside as {kept_as}."
        found = Found(whole, lost, words, leaves)
    elif unlike:
        kept_as = set_aside(path, now)
        _rebuild(path, replace(read, heads=[]))
        words = f"{unlike} The file as it was is kept as {kept_as}."
        found = Found(whole, 0, words, leaves)
    elif torn:
        kept_as = set_aside(path, now)
        words = f"{torn} The file as it was is kept as {kept_as}."
        found = Found(whole, 0, words, leaves)
    else:
        return Found(whole, leaves=leaves)
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


def remembered(kept: Path, found: Found) -> Found:
    """Return what was found at this start, or at one before it, and keep it.

    The first start makes the file whole. What it lost is still to come from the
    service, and until then no later start may take the journal for complete.
    """
    try:
        if found.detail:
            kept.write_text(json.dumps(found.wire()), "utf-8")
        elif kept.exists():
            before = json.loads(kept.read_text("utf-8"))
            lost, words = int(before["set_aside"]), str(before["detail"])
            return replace(found, set_aside=lost, detail=words)
    except OSError as error:
        log.warning("what was found is not remembered: %s", error)
    except (ValueError, KeyError, TypeError):
        return replace(found, detail="The journal was damaged before.")
    return found


# ------------------------------------------------------------ what is there


@dataclass(frozen=True)
class _Broken:
    """SQLite could not read all of the file."""

    words: str
    last_seq: int


@dataclass(frozen=True)
class _Read:
    """What a file holds, as far as it can be read."""

    rows: list[Row] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    erasures: list[tuple[str, str]] = field(default_factory=list)


def _read(path: Path) -> tuple[_Read, _Broken | None]:
    """Return what can be read, in order, and what stopped that."""
    read = _Read()
    try:
        # Read only: the last writer to close would fold the log into the file.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                # One by one: those before the damage stay.
                for row in _rows(db):
                    read.rows.append(row)
                _read_rest(db, read)
                (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
                if state != "ok":
                    return read, _Broken(f"Its file is damaged: {state}.", 0)
            except sqlite3.DatabaseError as error:
                if "no such table: records" in str(error):
                    return _Read(), None  # it was killed before it held anything
                words = f"Its file is damaged: {error}."
                return read, _Broken(words, _last_seq(db))
    except sqlite3.Error as error:
        return read, _Broken(f"Its file is damaged: {error}.", 0)
    return read, None


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    yield from db.execute("SELECT seq, kind, wire FROM records ORDER BY seq")


def _read_rest(db: sqlite3.Connection, read: _Read) -> None:
    """Read the tables that journals of format 1 do not have."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in db.execute(query)}
    if "checkpoints" in tables:
        query = "SELECT size, time, wire FROM checkpoints ORDER BY size"
        read.heads.extend(db.execute(query))
    if "erasures" in tables:
        read.erasures.extend(db.execute("SELECT id, wire FROM erasures"))


def _last_seq(db: sqlite3.Connection) -> int:
    """Return the last number in a damaged file, if that much of it can be read."""
    with suppress(sqlite3.Error):
        (last,) = db.execute("SELECT max(seq) FROM records").fetchone()
        return int(last or 0)
    return 0


def _whole(rows: list[Row], interview: str) -> tuple[bytes, ...]:
    """Return the hashes of the whole records in an unbroken sequence from 1."""
    leaves: list[bytes] = []
    before = 1
    for place, row in enumerate(rows, start=1):
        hashed = place > len(rows) - TAIL
        found = _leaf(row, interview, hashed=hashed) if row[0] == place else None
        if found is None or found[0] < before:
            break
        before, leaf = found
        leaves.append(leaf)
    return tuple(leaves)


def _leaf(row: Row, interview: str, *, hashed: bool) -> tuple[int, bytes] | None:
    """Return format and hash of a row that is a whole record."""
    seq, kind, blob = row
    try:
        wire = orjson.loads(from_store(blob))
        named = (wire["interview"], wire["seq"], wire["kind"])
        if named != (interview, seq, kind):
            return None
        claimed = bytes.fromhex(wire["hash"])
        if hashed:
            record = Record.stored(wire)
            if not record.erased and record.format != 1:
                record = replace(record, payload_hash="")  # computed anew
                if record.payload_hash != wire["payload_hash"]:
                    return None
            if record.leaf != claimed:
                return None
        return int(wire["format"]), claimed
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    except NBInterviewError:
        return None


def _unlike(heads: list[Head], leaves: tuple[bytes, ...]) -> str:
    """Say when the records are not those whose head was signed; else nothing."""
    if not heads:
        return ""
    size, _, wire = heads[-1]
    if size > len(leaves):
        return f"Its newest checkpoint is of {size} records, it has {len(leaves)}."
    try:
        signed = bytes.fromhex(orjson.loads(wire)["root"])
    except (ValueError, KeyError, TypeError):
        return "Its newest checkpoint is damaged."
    if Tree(leaves[:size]).root() != signed:
        return f"Its records are not those of its checkpoint of {size} records."
    return ""


def _torn_wal(path: Path) -> str:
    """Say what is wrong with the end of the write-ahead log; empty when nothing is.

    SQLite drops such an end without a word. It is one when it has the mark of a
    commit: without it a write was not finished, and nobody was told of it. What is
    left there of an older
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
        valid = _valid_frames(path)
        lost = strange = 0
        for number in range(frames):
            handle.seek(_WAL_HEADER_BYTES + number * frame_bytes + 4)
            commit, found = handle.read(4), handle.read(8)
            lost += found == salts and number >= valid and commit != _NO_COMMIT
            strange += found != salts and not _is_older(found, salts)
    if rest_bytes or strange or lost:
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


def _rebuild(path: Path, read: _Read) -> None:
    """Put a new file with these rows in the place of the damaged one."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        for table in SCHEMA:
            db.execute(table)
        db.execute("BEGIN")
        db.executemany(INSERT, read.rows)
        db.executemany(INSERT_HEAD, read.heads)
        db.executemany(INSERT_ERASURE, read.erasures)
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
