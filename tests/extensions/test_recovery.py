"""A journal whose file is damaged opens at its last whole record, and says so."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nbinterview.errors import Conflict
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store
from nbinterview_server.catch_up import catch_up
from nbinterview_server.journal import Journal
from nbinterview_server.recovery import recover
from tests.extensions.harness import (
    CANDIDATE,
    RoomServer,
    document,
    eventually,
    live,
)
from tests.extensions.test_journal import INTERVIEW, open_journal, script

NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
COUNT = 300
WRITER = """
    async def main():
        for n in range(300):
            await journal.append("refused", "room", {"n": n, "text": "x" * 500})
    asyncio.run(main())
    import os
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a journal whose room was killed: a file and a log."""
    directory = tmp_path_factory.mktemp("killed")
    command = script(directory / "journal.sqlite", WRITER)
    done = subprocess.run(command, timeout=60, check=False)
    assert done.returncode == -9
    assert (directory / "journal.sqlite-wal").stat().st_size > 100_000
    return directory


@pytest.fixture
def path(killed: Path, tmp_path: Path) -> Path:
    """Return a copy of the killed room's journal, to be damaged."""
    shutil.copytree(killed, tmp_path / "room")
    return tmp_path / "room" / "journal.sqlite"


def fold(path: Path) -> None:
    """Put the log into the file, as a clean end does."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def opened(path: Path, whole: int) -> Journal:
    """Open the journal; check that it holds exactly the first `whole` records."""
    journal = open_journal(path)
    assert [one.seq for one in journal.read()] == list(range(1, whole + 1))
    assert journal.found.records == journal.last_seq == whole
    written = asyncio.run(_append(journal))
    assert written == whole + 1
    return journal


async def _append(journal: Journal) -> int:
    return (await journal.append("gap", "room", {})).seq


def kept(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.glob("journal.damaged-*"))


def test_a_killed_rooms_journal_is_whole_and_nothing_is_said(path: Path) -> None:
    journal = opened(path, COUNT)
    journal.close()
    assert journal.found.detail == ""
    assert kept(path) == []


@pytest.mark.parametrize("cut_bytes", [1, 17, 2_000, 4_119])
def test_a_log_cut_inside_of_a_frame(path: Path, cut_bytes: int) -> None:
    wal = Path(f"{path}-wal")
    os.truncate(wal, wal.stat().st_size - cut_bytes)
    damaged = wal.read_bytes()
    # One record, one commit: the last is gone, those before it are there.
    journal = opened(path, COUNT - 1)
    journal.close()
    assert "write-ahead log" in journal.found.detail
    copy = next(one for one in kept(path) if one.endswith("-wal"))
    assert (path.parent / copy).read_bytes() == damaged


@pytest.mark.parametrize("size_bytes", [5, 3 * 4120])
def test_garbage_at_the_end_of_the_log(path: Path, size_bytes: int) -> None:
    with Path(f"{path}-wal").open("ab") as handle:
        handle.write(b"\xa5" * size_bytes)
    journal = opened(path, COUNT)
    journal.close()
    assert "write-ahead log" in journal.found.detail
    assert len(kept(path)) == 2


def test_a_frame_that_was_overwritten(path: Path) -> None:
    wal = Path(f"{path}-wal")
    with wal.open("r+b") as handle:
        handle.seek(wal.stat().st_size - 2_000)
        handle.write(b"\xa5" * 100)
    journal = opened(path, COUNT - 1)
    journal.close()
    assert "write-ahead log" in journal.found.detail


@pytest.mark.parametrize("pages", [1, 5, 40])
def test_pages_overwritten_at_the_end_of_the_file(path: Path, pages: int) -> None:
    fold(path)
    size_bytes = path.stat().st_size
    with path.open("r+b") as handle:
        handle.seek(size_bytes - pages * 4096)
        handle.write(b"\xa5" * 4096 * pages)
    found = recover(path, INTERVIEW, NOW)
    assert 0 < found.records < COUNT
    assert found.detail
    assert kept(path) == ["journal.damaged-20260101T123000.000000Z.sqlite"]
    opened(path, found.records).close()


@pytest.mark.parametrize("left", [0.9, 0.5, 0.01])
def test_a_file_that_was_cut(path: Path, left: float) -> None:
    fold(path)
    os.truncate(path, int(path.stat().st_size * left))
    found = recover(path, INTERVIEW, NOW)
    assert found.records < COUNT
    assert found.detail
    opened(path, found.records).close()


def test_a_file_that_is_no_database(path: Path) -> None:
    fold(path)
    path.write_bytes(b"nothing of a journal" * 1000)
    found = recover(path, INTERVIEW, NOW)
    assert found.records == 0
    assert "not a database" in found.detail
    opened(path, 0).close()


@pytest.mark.parametrize(
    ("change", "whole"),
    [
        ("DELETE FROM records WHERE seq = 120", 119),
        ("UPDATE records SET wire = 'x' WHERE seq = 120", 119),
        ("UPDATE records SET wire = replace(wire, '\"n\":119', '\"n\":7')", 119),
        ("UPDATE records SET kind = 'flag' WHERE seq = 300", 299),
        ("DELETE FROM records WHERE seq = 1", 0),
    ],
)
def test_a_hole_ends_the_record_before_it(path: Path, change: str, whole: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(change)
        (rows,) = db.execute("SELECT count(*) FROM records").fetchone()
    found = recover(path, INTERVIEW, NOW)
    assert found.records == whole
    assert rows - whole <= found.set_aside <= COUNT - whole
    assert f"Record {whole + 1} " in found.detail
    # What was set aside can still be read.
    with closing(sqlite3.connect(path.parent / kept(path)[0])) as db:
        assert db.execute("SELECT count(*) FROM records").fetchone() == (rows,)
    opened(path, whole).close()


def test_a_rebuild_that_was_stopped_is_finished(path: Path) -> None:
    """Between the removal of the old log and the new file's coming."""
    fold(path)
    shutil.copy(path, f"{path}.rebuilt")
    path.write_bytes(b"damaged")
    Path(f"{path}-wal").write_bytes(b"an old log")
    opened(path, COUNT).close()


def test_opening_ninety_minutes_is_quick(tmp_path: Path) -> None:
    """20,000 records; compared with reading them once, as times vary by machine."""
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)

    async def write() -> None:
        from nbinterview_server.journal import Entry

        entries = [Entry("event", "room", {"n": n, "x": "y" * 400}) for n in range(200)]
        for _ in range(100):
            await journal.append_all(entries)

    asyncio.run(write())
    journal.close()
    code = (
        "import sys, time; from pathlib import Path\n"
        "from datetime import UTC, datetime\n"
        "from nbinterview_server.recovery import recover\n"
        "began = time.process_time()\n"
        "found = recover(Path(sys.argv[1]), 'abcdefghij', datetime.now(UTC))\n"
        "print(found.records, time.process_time() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    records, took_s = done.stdout.split()
    assert records == "20000"
    assert float(took_s) < 2.0


# --------------------------------------------------------- whole room servers

pytest_room = pytest.mark.asyncio


async def shipped(room: RoomServer) -> int:
    last: int = room.records()[-1].seq
    await eventually(lambda: len(room.service.records) >= last)
    return last


async def written(room: RoomServer, text: str) -> None:
    """Type into the notebook and wait until the record has it."""
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        before = len(room.records("document"))
        source = page.notebook.ycells[1]["source"]
        source += text
        await eventually(lambda: len(room.records("document")) > before)


def cut_back(room: RoomServer, seq: int) -> None:
    """Restore an older copy of the journal, as it were."""
    path = room.directory / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM records WHERE seq > ?", [seq])


class Promising:
    """A service that says it holds more records than it gives."""

    def __init__(self, has: list[Record]) -> None:
        self.has = has
        self.asked = 0

    async def ship(self, _records: list[Record]) -> Any:
        return SimpleNamespace(acknowledged_seq=len(self.has) + 7)

    async def records(self, *, after: int, limit: int) -> list[Record]:
        self.asked += 1
        assert self.asked < 100, "asked for ever"
        return self.has[after : after + limit]


@pytest.mark.asyncio
async def test_a_service_that_promises_more_than_it_has_is_not_asked_for_ever(
    path: Path, tmp_path: Path
) -> None:
    records = open_journal(path).read(limit=150)
    journal = open_journal(tmp_path / "empty.sqlite")
    with pytest.raises(Conflict):
        await catch_up(journal, cast("Any", Promising(records)))
    assert journal.last_seq == 0


@pytest_room
async def test_what_only_the_service_holds_comes_back(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    await written(room, "\nonly_with_the_service = 1")
    last = await shipped(room)
    room.kill()
    before = room.records()
    cut_back(room, last - 3)
    await room.start()
    (first, second) = await eventually(
        lambda: found if len(found := room.records("room.started")) == 2 else None
    )
    assert "journal" not in first.facts
    assert second.facts["journal"]["records"] >= last
    assert "came back" in second.facts["journal"]["detail"]
    assert room.records()[: len(before)] == before
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: "only_with_the_service" in "".join(page.sources()))
    await shipped(room)
    assert room.service.records == room.records()[: len(room.service.records)]


@pytest_room
async def test_a_damaged_journal_waits_for_the_service_and_says_why(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    await written(room, "\nwritten_before = 1")
    last = await shipped(room)
    room.kill()
    path = room.directory / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE records SET wire = '{' WHERE seq = ?", [last - 2])
    room.service.away = True
    await room.start()
    async with live(room, CANDIDATE) as page:
        problem = await page.hello()
        assert (problem["type"], problem["status"]) == ("problem", 503)
        assert "was damaged" in problem["detail"]
    assert len(room.records()) == last - 3
    room.service.away = False
    await eventually(lambda: len(room.records("room.started")) == 2)
    started = room.records("room.started")[1].facts["journal"]
    assert started["set_aside"] == 3
    assert "damaged or missing" in started["detail"]
    assert list(room.directory.glob("journal.damaged-*.sqlite"))
    async with document(room, CANDIDATE) as again:
        await eventually(lambda: "written_before" in "".join(again.sources()))
    await shipped(room)
    wires = [json.dumps(one.wire()) for one in room.records()]
    assert wires[: len(room.service.records)] == [
        json.dumps(one.wire()) for one in room.service.records
    ]


@pytest_room
async def test_a_whole_journal_does_not_wait_for_the_service(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    await written(room, "\nx = 1")
    await shipped(room)
    room.kill()
    room.service.away = True
    await room.start()
    await eventually(lambda: len(room.records("room.started")) == 2, within_s=10)
    await written(room, "\ny = 2")
    room.service.away = False
    await shipped(room)


@pytest_room
async def test_records_that_differ_from_the_services_are_set_aside(
    make_room: Callable[..., RoomServer],
) -> None:
    """An older copy was put back while the service was away, and went on."""
    room = await asyncio.to_thread(make_room)
    await written(room, "\nseen_by_the_service = 1")
    last = await shipped(room)
    room.kill()
    cut_back(room, last - 3)
    room.service.away = True
    await room.start()
    await written(room, "\nnever_shipped = 1")
    room.kill()
    room.service.away = False
    theirs = list(room.service.records)
    await room.start()
    await eventually(lambda: "journal" in room.records("room.started")[-1].facts)
    assert room.records()[: len(theirs)] == theirs
    started = room.records("room.started")[-1].facts["journal"]
    assert "differed" in started["detail"]
    copies = list(room.directory.glob("journal.damaged-*.sqlite"))
    with closing(sqlite3.connect(copies[0])) as db:
        rows = db.execute("SELECT wire FROM records").fetchall()
    assert (
        "never_shipped" in str([json.loads(from_store(wire)) for (wire,) in rows])
        or len(rows) > last - 3
    )
    await shipped(room)


@pytest_room
async def test_a_room_that_is_behind_waits_for_a_slow_service(
    make_room: Callable[..., RoomServer],
) -> None:
    """Else it would write other records under numbers that are used."""
    room = await asyncio.to_thread(make_room)
    await written(room, "\nslowly_given = 1")
    last = await shipped(room)
    room.kill()
    before = room.records()
    cut_back(room, last - 3)
    room.service.slow_s = 2.5
    await room.start()
    await eventually(lambda: len(room.records("room.started")) == 2)
    assert room.records()[: len(before)] == before
    room.service.slow_s = 0.0
    await shipped(room)
    assert room.service.records == room.records()[: len(room.service.records)]


@pytest_room
async def test_a_damaged_journal_is_not_taken_for_whole_by_the_next_start(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    await written(room, "\nwritten_before = 1")
    last = await shipped(room)
    room.kill()
    path = room.directory / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE records SET wire = '{' WHERE seq = ?", [last - 2])
    room.service.away = True
    await room.start()
    whole = room.records()
    await asyncio.to_thread(room.stop)
    # Its end has no number: what comes next is with the service.
    assert room.records() == whole
    await room.start()
    async with live(room, CANDIDATE) as page:
        problem = await page.hello()
        assert (problem["type"], problem["status"]) == ("problem", 503)
    room.service.away = False
    await eventually(lambda: len(room.records("room.started")) == 2)
    started = room.records("room.started")[1].facts["journal"]
    assert started["set_aside"] == 3
    assert "damaged or missing" in started["detail"]
    assert not (room.directory / "journal.damage").exists()
