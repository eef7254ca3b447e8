"""A room's parts without its server: none ends unheard, and each begins again."""

from __future__ import annotations

import asyncio
import sqlite3
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from pathlib import Path
from typing import Any

import pytest

from nbinterview.errors import Forbidden
from nbinterview.ledger.records import Record
from nbinterview_server.config import RoomConfig, RoomEnv
from nbinterview_server.erasing import Erasing
from nbinterview_server.fanout import Fanout
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.journal_file import Blob, JournalFile, record_of
from nbinterview_server.room import Room
from nbinterview_server.view import View
from tests.extensions.harness import CANDIDATE, INTERVIEW, eventually, room_config
from tests.extensions.stand_in import TOKEN, StandIn
from tests.extensions.test_journal import open_journal

pytestmark = pytest.mark.asyncio

BOOT = "11111111-1111-4111-8111-111111111111"


BEGAN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@asynccontextmanager
async def opened(
    directory: Path, at_s: float = 0.0, service: StandIn | None = None
) -> AsyncIterator[Room]:
    """Give a room so long after `BEGAN` that goes on; close it in the end."""
    service = service or StandIn(room_config())
    env = RoomEnv(INTERVIEW, directory, service.api, TOKEN, "python", "bwrap")
    room = Room(
        env,
        RoomConfig.from_wire(service.config),
        clock=lambda: BEGAN + timedelta(seconds=at_s),
        monotonic=lambda: at_s,
    )
    try:
        await room.start()
        await eventually(lambda: room.journal.read(kinds=["room.started"]))
        yield room
    finally:
        await room.close("a test ended")
        service.close()


async def write(path: Path, said: list[tuple[float, Entry]]) -> None:
    """Leave a journal whose room was killed; each entry with its time."""
    at_s = 0.0
    numbers = count()
    journal = Journal(
        path / "journal.sqlite",
        INTERVIEW,
        clock=lambda: BEGAN + timedelta(seconds=at_s),
        salt=lambda: f"{next(numbers):032x}",
    )
    for second, group in groupby(said, key=lambda one: one[0]):
        at_s = second
        await journal.append_all([entry for _, entry in group])
    journal.close()


def event(number: int, monotonic_ms: float, **facts: Any) -> Entry:
    payload = {"boot_id": BOOT, "client_seq": number, "event": facts}
    return Entry("event", CANDIDATE, payload, monotonic_ms)


def state(name: str) -> Entry:
    return Entry("interview.state", "room", {"state": name})


def erasure(erasure_id: str, seq: int) -> dict[str, Any]:
    return {"id": erasure_id, "from_seq": seq, "to_seq": seq, "kinds": []}


async def test_an_erasure_that_cannot_be_done_holds_up_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path)
    for _ in range(2):
        await journal.append("refused", "room", {"what": "live"})
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE records SET wire = x'00ff' WHERE seq = 1")
    confirmed: list[str] = []
    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)
        await asyncio.sleep(0.01)

    erasing = Erasing(
        journal,
        Fanout(View("open", {})),
        interview=INTERVIEW,
        directory=tmp_path,
        confirm=confirmed.append,
        sleep=sleep,
    )
    running = asyncio.create_task(erasing.run())
    erasing.hear([erasure("damaged", 1), erasure("good", 2)])
    try:
        await eventually(lambda: confirmed == ["good"], within_s=5)
        await eventually(lambda: len(slept) > 2, within_s=5)
    finally:
        running.cancel()
        journal.close()


async def test_a_room_started_again_after_the_end_takes_only_what_was_said_before(
    tmp_path: Path,
) -> None:
    """Its page was loaded 100 s before it said anything; the end came 60 s later."""
    said = [
        (0.0, state("open")),
        (1.0, event(1, 100_000.0, name="window_focus", focused=True)),
        (61.0, state("ended")),
    ]
    await write(tmp_path, said)
    async with opened(tmp_path, at_s=90.0) as room:
        assert room.is_over
        message = {"boot_id": BOOT, "client_seq": 2}
        room.stream.check_time({**message, "monotonic_ms": 159_000.0})
        with pytest.raises(Forbidden):
            room.stream.check_time({**message, "monotonic_ms": 170_000.0})


async def test_a_room_that_starts_again_holds_little_of_its_record_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [event(n, 100.0 * n, name="page", state="loaded") for n in range(2000)]
    await write(tmp_path, [(0.0, state("open")), *((1.0, one) for one in entries)])
    held: set[int] = set()
    most = 0

    def counted(blob: Blob) -> Record:
        nonlocal most
        record = record_of(blob)
        held.add(id(record))
        weakref.finalize(record, held.discard, id(record))
        most = max(most, len(held))
        return record

    monkeypatch.setattr("nbinterview_server.journal.record_of", counted)
    async with opened(tmp_path) as room:
        assert room.view.acknowledged == {BOOT: 1999}
    assert 0 < most <= 400


async def test_a_gap_has_a_number_of_its_own_though_those_before_were_erased(
    tmp_path: Path,
) -> None:
    gap: dict[str, Any] = {"what": "watching", "state": "began", "ended_at": None}
    gap |= {"started_at": "2026-11-23T09:30:00.000000Z", "cause": "frozen"}
    gap |= {"detail": ""}
    gaps = [Entry("gap", "room", {**gap, "gap_id": f"gap-{n}"}) for n in (1, 2)]
    agreed = event(1, 10.0, name="consent", sensor="camera", granted=True)
    watched = event(2, 20.0, name="watch", state="started")
    said = [state("open"), *gaps, agreed, watched]
    await write(tmp_path, [(0.0, one) for one in said])
    with closing(JournalFile(tmp_path / "journal.sqlite")) as file:
        file.erase(0, 3, ["gap"])
    async with opened(tmp_path) as room:
        await eventually(lambda: room.view.gaps)
        assert room.view.gaps.keys().isdisjoint({"gap-1", "gap-2"})


async def test_who_is_put_out_goes_also_while_another_record_is_held_and_the_disk_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = StandIn(room_config())
    async with opened(tmp_path, service=service) as room:
        await eventually(lambda: room.trust.sealing.certificate)
        await eventually(lambda: len(service.records) == room.journal.last_seq)
        service.records[-1] = replace(service.records[-1], author="another")
        await room.journal.append("refused", "room", {"what": "live"})
        with monkeypatch.context() as full:
            full.setattr(room.journal._file, "write", refuse)
            await eventually(lambda: room.trust.shipper.warning)
            people = service.config["people"]
            service.config = {**service.config, "people": people[1:]}
            service.people_revision += 1
            await eventually(lambda: CANDIDATE not in room.people.config.people)
        await eventually(lambda: room.journal.read(kinds=["witness"]))


def refuse(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")
