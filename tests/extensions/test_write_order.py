"""What the disk refuses: nothing overtakes it, nothing is lost that was insisted on."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from nbinterview.ledger.records import Record
from nbinterview_server import journal_file
from nbinterview_server.journal import Entry, Journal, NotWritten, RecordFull
from nbinterview_server.storage import Reading, StorageAlarm, judged
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    DocumentPage,
    RoomServer,
    document,
    eventually,
    live,
    room_config,
    system_bwrap,
)
from tests.extensions.stand_in import StandIn
from tests.extensions.test_journal import clock

INTERVIEW = "abcdefghij"
SIZE_BYTES = 8 * 1024 * 1024


def open_journal(path: Path, quota_bytes: int = 2**28) -> Journal:
    numbers = count()
    return Journal(
        path,
        INTERVIEW,
        clock=clock,
        salt=lambda: f"{next(numbers):032x}",
        quota_bytes=quota_bytes,
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the journal's file, as another program would."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("COMMIT")
    db.close()


def numbered(journal: Journal) -> list[int]:
    return [one.facts["n"] for one in journal.read()]


def entry(n: int, author: str = "room") -> Entry:
    return Entry("refused", author, {"n": n})


@pytest.mark.asyncio
async def test_what_is_insisted_on_keeps_its_place_and_the_rest_fails_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "BUSY_S", 0.05)
    journal = open_journal(tmp_path / "journal.sqlite")
    with locked(tmp_path / "journal.sqlite"):
        insisted = [asyncio.create_task(journal.insist([entry(n)])) for n in range(3)]
        for n in range(10, 13):
            with pytest.raises(NotWritten, match="another program holds its file"):
                await journal.append("refused", "room", {"n": n})
        insisted.append(asyncio.create_task(journal.insist([entry(3)])))
        await asyncio.sleep(0)
        assert journal.last_seq == 0
        assert journal.reading().waiting == 4
    await asyncio.gather(*insisted)
    await journal.append("refused", "room", {"n": 4})
    assert numbered(journal) == [0, 1, 2, 3, 4]
    assert journal.tree.size == 5
    assert journal.reading().trouble == ""
    assert journal.reading().waiting == 0
    journal.close()


@pytest.mark.asyncio
async def test_what_was_asked_for_before_a_failure_was_known_fails_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes it again at once, and yet it must not overtake the first."""
    journal = open_journal(tmp_path / "journal.sqlite")
    write = journal_file.JournalFile.write
    refused: list[object] = []

    def once(self: journal_file.JournalFile, *args: object) -> None:
        if not refused:
            refused.append(args)
            time.sleep(0.2)  # others are queued meanwhile
            raise sqlite3.OperationalError("disk I/O error")
        write(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(journal_file.JournalFile, "write", once)
    first = asyncio.create_task(journal.append("refused", "room", {"n": 1}))
    await asyncio.to_thread(time.sleep, 0.05)
    second = asyncio.create_task(journal.append("refused", "room", {"n": 2}))
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one) for one in results] == [NotWritten, NotWritten]
    assert numbered(journal) == []
    await journal.append("refused", "room", {"n": 3})
    assert numbered(journal) == [3]
    journal.close()


@pytest.mark.asyncio
async def test_no_failure_of_a_commit_ends_the_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path / "journal.sqlite")
    write = journal_file.JournalFile.write
    failing = [MemoryError(), sqlite3.ProgrammingError("odd"), OSError("odd")]

    def fail(self: journal_file.JournalFile, *args: object) -> None:
        if failing:
            raise failing.pop()
        write(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(journal_file.JournalFile, "write", fail)
    with pytest.raises(NotWritten):
        await journal.append("refused", "room", {"n": 0})
    await journal.insist([entry(1)])
    assert failing == []
    assert numbered(journal) == [1]
    journal.close()


@pytest.mark.asyncio
async def test_a_room_that_closes_tells_those_whom_the_disk_never_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "BUSY_S", 0.05)
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)
    with locked(path):
        insisted = [asyncio.create_task(journal.insist([entry(n)])) for n in range(3)]
        await eventually(lambda: journal.reading().trouble)
        await asyncio.to_thread(journal.close)
        results = await asyncio.gather(*insisted, return_exceptions=True)
    assert [type(one) for one in results] == [NotWritten] * 3
    with pytest.raises(NotWritten):
        await journal.insist([entry(3)])
    again = open_journal(path)
    assert numbered(again) == []
    again.close()


@pytest.mark.asyncio
async def test_a_journal_that_is_locked_for_five_seconds_loses_and_refuses_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)
    alarm = StorageAlarm()
    with locked(path):
        writing = [
            asyncio.create_task(journal.append("refused", "p-aaaaaaaaaa", {"n": n}))
            for n in range(20)
        ]
        began_s = time.monotonic()
        told_s = 0.0
        while time.monotonic() - began_s < 5:
            if alarm.step(journal.reading()) and not told_s:
                told_s = time.monotonic() - began_s
            await asyncio.sleep(0.1)
        assert not any(one.done() for one in writing)
        assert alarm.told["state"] == "failing"
        assert alarm.told["waiting"] == 20
        assert 0 < told_s <= 3
    await asyncio.gather(*writing)
    assert numbered(journal) == list(range(20))
    back = alarm.step(journal.reading())
    assert back is not None
    assert back["state"] == "ok"
    journal.close()


@pytest.mark.asyncio
async def test_who_brings_more_than_the_disk_takes_waits_before_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbinterview_server.journal.MAX_WAITING", 10)
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)
    with locked(path):
        writing = [asyncio.create_task(journal.insist([entry(n)])) for n in range(100)]
        await eventually(lambda: journal.reading().waiting == 10)
    await asyncio.gather(*writing)
    assert numbered(journal) == list(range(100))
    journal.close()


@pytest.mark.asyncio
async def test_nobody_who_comes_later_overtakes_who_waits_before_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbinterview_server.journal.MAX_WAITING", 4)
    journal = open_journal(tmp_path / "journal.sqlite")
    asked = count()

    async def page(number: int) -> None:
        """Ask for the next soon after one is written, as many pages do at once."""
        for turn in range(30):
            for _ in range((number + turn) % 7):
                await asyncio.sleep(0)
            await journal.insist([entry(next(asked))])

    await asyncio.gather(*map(page, range(20)))
    assert numbered(journal) == list(range(600))
    journal.close()


# ----------------------------------------------------------------- a full disk

FULL = """
    import asyncio, json, os, secrets, sys, time
    from datetime import UTC, datetime
    from pathlib import Path
    from nbinterview_server.journal import Entry, Journal, NotWritten
    from nbinterview_server.storage import StorageAlarm

    path = Path("/mnt/journal.sqlite")
    journal = Journal(path, "abcdefghij",
        clock=lambda: datetime.now(UTC), salt=lambda: secrets.token_hex(16))
    alarm = StorageAlarm()
    text = secrets.token_hex(20_000)

    async def main():
        acknowledged, refused, said = [], 0, {}
        ballast = Path("/mnt/ballast").open("wb", buffering=0)
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass
        began = time.monotonic()
        for n in range(100):
            try:
                record = await journal.append("refused", "room", {"n": n, "x": text})
                acknowledged.append(record.payload["n"])
            except NotWritten as error:
                refused += 1
            if alarm.step(journal.reading()) and alarm.told["state"] == "failing":
                said = {"after_s": time.monotonic() - began, **alarm.told}
            if refused > 5:
                break
        insisted = asyncio.create_task(
            journal.insist([Entry("refused", "room", {"n": 1000, "x": text})]))
        await asyncio.sleep(1)
        assert not insisted.done(), "the disk was not full"
        os.unlink("/mnt/ballast")
        ballast.close()
        began = time.monotonic()
        await asyncio.wait_for(insisted, 3)
        acknowledged.append(1000)
        while journal.reading().trouble:
            await asyncio.sleep(0.05)
        stored = [one.facts["n"] for one in journal.read()]
        print(json.dumps({"acknowledged": acknowledged, "stored": stored,
            "refused": refused, "said": said, "back_s": time.monotonic() - began}))
        journal.close()
    asyncio.run(main())
"""


def on_a_small_disk(tmp_path: Path, body: str) -> dict[str, Any]:
    """Run a program that sees a disk of 8 MiB at /mnt."""
    done = subprocess.run(
        [
            *(system_bwrap(), "--ro-bind", "/", "/", "--dev", "/dev"),
            *("--proc", "/proc", "--size", str(SIZE_BYTES), "--tmpfs", "/mnt"),
            *(sys.executable, "-c", dedent(body)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_full_disk_is_told_of_and_left_behind_without_anybodys_help(
    tmp_path: Path,
) -> None:
    found = on_a_small_disk(tmp_path, FULL)
    assert found["stored"] == found["acknowledged"]
    assert found["refused"] > 5
    assert "the disk is full" in found["said"]["detail"]
    assert found["said"]["after_s"] <= 3
    assert found["back_s"] <= 3


LAST_WORDS = """
    import asyncio, json, secrets
    from datetime import UTC, datetime
    from pathlib import Path
    from nbinterview_server.journal import Journal, NotWritten

    journal = Journal(Path("/mnt/journal.sqlite"), "abcdefghij",
        clock=lambda: datetime.now(UTC), salt=lambda: secrets.token_hex(16))

    async def main():
        with Path("/mnt/ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass
        refused = False
        for n in range(200):
            try:
                await journal.append("refused", "room", {"x": secrets.token_hex(4096)})
            except NotWritten:
                refused = True
                break
        await journal.work(lambda file: file.release())
        await journal.append("room.stopped", "room", {"reason": "full"})
        print(json.dumps({"refused": refused, "last": journal.read()[-1].kind}))
        journal.close()
    asyncio.run(main())
"""


def test_a_room_on_a_full_disk_still_writes_its_end(tmp_path: Path) -> None:
    found = on_a_small_disk(tmp_path, LAST_WORDS)
    assert found == {"refused": True, "last": "room.stopped"}


@pytest.mark.asyncio
async def test_the_panel_hears_of_a_disk_that_refuses_and_that_it_takes_again(
    room: RoomServer,
) -> None:
    async with live(room, INTERVIEWER) as panel, live(room, CANDIDATE) as page:
        await panel.hello()
        await page.hello()
        room.fill_disk(full=True)
        try:
            began_s = time.monotonic()
            await page.event(name="visibility", state="hidden")
            told = await panel.hear("storage")
            assert time.monotonic() - began_s <= 3
            assert told["state"] == "failing"
            assert "Nothing new counts as saved" in told["detail"]
            async with live(room, INTERVIEWER) as late:
                await late.send(type="hello", boot_id=late.boot_id)
                # Who comes can't be recorded now, and is told so.
                assert (await late.hear("welcome", "problem"))["type"] == "problem"
        finally:
            room.fill_disk(full=False)
        while told["state"] != "ok":
            told = await panel.hear("storage")
        async with live(room, INTERVIEWER) as again:
            assert "storage" not in await again.hello()


def _not_its_size(action: int, name: str | None, *_: object) -> int:
    is_size = action == sqlite3.SQLITE_PRAGMA and name == "page_count"
    return sqlite3.SQLITE_DENY if is_size else sqlite3.SQLITE_OK


@pytest.mark.asyncio
async def test_a_size_that_cannot_be_read_undoes_no_commit(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.sqlite")
    await journal.insist([entry(1)])
    journal._file._db.set_authorizer(_not_its_size)
    await journal.append("refused", "room", {"n": 2})
    journal._file._db.set_authorizer(None)
    await journal.append("refused", "room", {"n": 3})
    assert numbered(journal) == [1, 2, 3]
    assert journal.tree.size == journal.last_seq == 3
    journal.close()


def test_nothing_is_called_erased_while_a_reader_keeps_it_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "BUSY_S", 0.1)
    path = tmp_path / "journal.sqlite"
    file = journal_file.JournalFile(path)
    file.write([(1, "event", b"secret")])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT wire FROM records").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="busy"):
            file.erased("one", {})
    file.erased("one", {})
    assert Path(f"{path}-wal").stat().st_size == 0
    file.close()


# ------------------------------------------------------------------- the quota


@pytest.mark.asyncio
async def test_a_full_record_takes_no_more_of_people_and_is_still_ended(
    tmp_path: Path,
) -> None:
    journal = open_journal(tmp_path / "journal.sqlite", quota_bytes=300 * 1024)
    alarm = StorageAlarm()
    states: list[str] = []
    text = "".join(chr(33 + n * n % 90) for n in range(9000))
    while not journal.is_full:
        await journal.append("event", "p-aaaaaaaaaa", {})
        await journal.append("refused", "room", {"text": text})
        if alarm.step(journal.reading()):
            states.append(alarm.told["state"])
    assert [*dict.fromkeys(states)] == ["near_quota", "full"]
    assert journal.is_full
    last = journal.last_seq
    with pytest.raises(RecordFull, match="is full"):
        await journal.append("observations", "p-aaaaaaaaaa", {})
    await journal.insist([Entry("interview.state", "room", {"state": "ended"})])
    await journal.append("room.stopped", "room", {})
    assert journal.last_seq == journal.tree.size == last + 2
    journal.close()


def _answered(page: DocumentPage, already_saved: int) -> bool:
    return len(page.saved) > already_saved or bool(page.refused)


@pytest.mark.asyncio
async def test_an_edit_into_a_full_record_is_handed_back(tmp_path: Path) -> None:
    room = RoomServer(tmp_path / "room", StandIn(room_config()))
    room.directory.mkdir()
    room.more = {"NBINTERVIEW_ROOM_QUOTA_BYTES": str(1024 * 1024)}
    try:
        await room.start()
        async with (
            document(room, INTERVIEWER) as page,
            live(room, INTERVIEWER) as panel,
        ):
            welcome = await panel.hello()
            assert "storage" not in welcome
            await eventually(lambda: len(page.sources()) >= 2)
            source = page.notebook.ycells[1]["source"]
            for _ in range(60):
                with page.doc.transaction():
                    source.clear()
                    source += secrets.token_urlsafe(30_000)
                await eventually(partial(_answered, page, len(page.saved)))
                if page.refused:
                    break
            assert "is full" in page.refused[0]["detail"]
            # What is near may be passed between two looks.
            while (await panel.hear("storage"))["state"] != "full":
                pass
        kinds = [one.kind for one in room.records()]
        await asyncio.to_thread(room.stop)
        # The room's own end is written, signed and shipped all the same.
        assert [one.kind for one in room.records()][-1] == "room.stopped"
        assert len(room.records()) > len(kinds)
        assert room.service.checkpoints[-1].size == len(room.records())
    finally:
        room.kill()
        room.service.close()


# ------------------------------------------------------------------- the alarm


def test_the_alarm_speaks_once_for_each_state() -> None:
    alarm = StorageAlarm()
    quota = 100 * 2**20
    assert alarm.step(Reading(quota_bytes=quota)) is None
    near = Reading(used_bytes=85 * 2**20, quota_bytes=quota)
    told = alarm.step(near)
    assert told is not None
    assert told["state"] == "near_quota"
    assert "85 of 100 MiB" in told["detail"]
    assert alarm.step(near) is None
    failing = Reading(trouble="It can't.", waiting=3, quota_bytes=quota)
    assert judged(failing)["waiting"] == 3
    assert alarm.step(failing) is not None
    assert judged(Reading(quota_bytes=quota), "Another record.")["state"] == "failing"
    assert judged(Reading(waits_s=2.0, quota_bytes=quota))["state"] == "failing"


# ---------------------------------------------------------------- old journals


@pytest.mark.asyncio
async def test_a_journal_of_format_1_is_continued_by_format_2(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    old = [
        Record(
            interview=INTERVIEW,
            seq=seq,
            time="2026-01-01T00:00:00.000000Z",
            kind="event",
            author="p-aaaaaaaaaa",
            payload={"n": seq, "text": "ü" * 200},
            salt=f"{seq:032x}",
            format=1,
        )
        for seq in range(1, 4)
    ]
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE records (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
            "wire TEXT NOT NULL)"
        )
        db.executemany(
            "INSERT INTO records VALUES (?, ?, ?)",
            [(one.seq, one.kind, json.dumps(one.wire())) for one in old],
        )
    db.close()
    journal = open_journal(path)
    assert journal.found.detail == ""
    await journal.append("event", "p-aaaaaaaaaa", {"n": 4, "text": "ü" * 200})
    journal.close()
    again = open_journal(path)
    assert again.found.detail == ""
    records = again.read()
    assert records[:3] == old
    assert [one.format for one in records] == [1, 1, 1, 2]
    assert [again.tree.leaf(place) for place in range(4)] == [
        one.leaf for one in records
    ]
    again.close()
    shutil.rmtree(tmp_path)
