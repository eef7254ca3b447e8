"""The ledger keeps what comes in order, once, unchanged, whatever a room does."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record
from nbinterview.service.db import Database
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import ledger
from tests.service.conftest import EmptyDatabases
from tests.service.support import START, Running, record

ID = "abcdefghij"


async def _sent(
    running: Running, interview_id: str, records: list[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    room = await running.room(interview_id)
    answer = await room.post(
        f"api/v1/rooms/{interview_id}/records",
        content=json.dumps({"records": records}),
        headers={"Content-Type": "application/json"},
    )
    return answer.status_code, answer.json()


async def _kept(running: Running, interview_id: str) -> list[int]:
    operator = await running.operator()
    answer = await operator.get(f"api/v1/report/interviews/{interview_id}/records")
    return [item["seq"] for item in answer.json()["records"]]


async def _new(running: Running) -> str:
    made = await running.create()
    found: str = made["interview"]["id"]
    return found


@pytest.mark.asyncio
async def test_no_room_writes_what_the_audit_log_writes(running: Running) -> None:
    # Nothing would ever erase it.
    here = await _new(running)
    status, body = await _sent(running, here, [record(here, 1, "audit.erasure")])
    assert (status, body["field"]) == (400, "kind")
    assert await _kept(running, here) == []


@pytest.mark.asyncio
async def test_records_in_order_are_kept_and_repeats_are_harmless(
    running: Running,
) -> None:
    here = await _new(running)
    first = [record(here, seq) for seq in (1, 2, 3)]
    assert await _sent(running, here, first) == (
        200,
        {
            "acknowledged_seq": 3,
            "state": "scheduled",
            "people_revision": 2,
            "countersignature": None,
            "erase": [],
        },
    )
    overlapping = [record(here, seq) for seq in (2, 3, 4)]
    status, body = await _sent(running, here, overlapping)
    assert (status, body["acknowledged_seq"]) == (200, 4)
    assert await _kept(running, here) == [1, 2, 3, 4]


@pytest.mark.asyncio
async def test_a_room_gets_its_own_records_back(running: Running) -> None:
    here, there = await _new(running), await _new(running)
    sent = [record(here, seq) for seq in range(1, 6)]
    await _sent(running, here, sent)
    room = await running.room(here)
    path = f"api/v1/rooms/{here}/records"
    answer = await room.get(path, params={"after": 1, "limit": 3})
    assert answer.json() == {"records": sent[1:4], "next_after": 4}
    answer = await room.get(path, params={"after": 4})
    assert answer.json() == {"records": sent[4:], "next_after": None}
    other = await room.get(f"api/v1/rooms/{there}/records")
    assert other.status_code in {401, 403, 404}
    too_many = await room.get(path, params={"limit": 100_000})
    assert too_many.status_code == 400


@pytest.mark.asyncio
async def test_a_gap_says_what_is_expected_and_keeps_nothing(running: Running) -> None:
    here = await _new(running)
    await _sent(running, here, [record(here, 1)])
    status, body = await _sent(running, here, [record(here, 3)])
    assert (status, body["expected_seq"]) == (409, 2)
    status, body = await _sent(running, here, [record(here, 2), record(here, 4)])
    assert (status, body["expected_seq"]) == (409, 3)
    assert await _kept(running, here) == [1]


@pytest.mark.asyncio
@pytest.mark.parametrize("time", ["2026-99-99T10:00:00", "2026-02-30T23:59:60"])
async def test_a_time_that_does_not_exist_is_refused(
    running: Running, time: str
) -> None:
    here = await _new(running)
    strange = replace(Record.from_wire(record(here, 1)), time=f"{time}.000000Z")
    status, body = await _sent(running, here, [strange.wire()])
    assert (status, body["field"]) == (400, "time")
    assert await _kept(running, here) == []


@pytest.mark.asyncio
async def test_a_summary_counts_the_flags(running: Running) -> None:
    here, untouched = await _new(running), await _new(running)
    kinds = ("event", "flag", "warning", "flag", "flag.closed")
    await _sent(
        running, here, [record(here, seq, kind) for seq, kind in enumerate(kinds, 1)]
    )
    operator = await running.operator()
    listed = (await operator.get("api/v1/interviews")).json()["interviews"]
    heads = {item["id"]: item["record"] for item in listed}
    assert (heads[here]["last_seq"], heads[here]["flags"]) == (5, 2)
    assert (heads[untouched]["last_seq"], heads[untouched]["flags"]) == (0, 0)


@pytest.mark.asyncio
async def test_a_record_is_never_replaced(running: Running) -> None:
    here = await _new(running)
    await _sent(running, here, [record(here, 1)])
    other = record(here, 1, payload={"n": "rewritten"})
    status, body = await _sent(running, here, [other, record(here, 2)])
    assert status == 409
    assert "expected_seq" not in body
    assert body["title"] == "This is another record"
    assert await _kept(running, here) == [1]


@pytest.mark.asyncio
async def test_what_does_not_fit_is_refused_by_its_field(running: Running) -> None:
    here, there = await _new(running), await _new(running)
    good = record(here, 1)
    for bad, field in (
        ({**good, "payload": {"n": 2}}, "hash"),
        ({**good, "author": "kernel"}, "hash"),
        ({**good, "picture": "data:"}, "picture"),
        ({**good, "kind": "gossip"}, "kind"),
        ({key: good[key] for key in good if key != "salt"}, "salt"),
        (record(there, 1), "interview"),
        ({**good, "payload": {"n": 2**60}}, "payload"),
        ({**good, "payload": {"n": "\ud800"}}, "payload"),
    ):
        status, body = await _sent(running, here, [bad])
        assert (status, body["field"]) == (400, field)
    assert await _kept(running, here) == []


@pytest.mark.asyncio
async def test_a_batch_has_its_limits(running: Running) -> None:
    here = await _new(running)
    status, body = await _sent(running, here, [record(here, 1)] * 501)
    assert (status, body["field"]) == (400, "records")
    room = await running.room(here)
    too_much = b'{"records": ["' + b"x" * (33 * 1024 * 1024) + b'"]}'
    answer = await room.post(f"api/v1/rooms/{here}/records", content=too_much)
    assert answer.status_code == 413

    async def unannounced() -> Any:
        for _ in range(33):
            yield b" " * 1024 * 1024

    answer = await room.post(f"api/v1/rooms/{here}/records", content=unannounced())
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_rooms_that_ship_at_once_do_not_disturb_each_other(
    running: Running,
) -> None:
    ids = [await _new(running) for _ in range(4)]

    async def ship(here: str) -> None:
        for start in range(1, 41, 10):
            batch = [record(here, seq) for seq in range(start, start + 10)]
            assert (await _sent(running, here, batch))[0] == 200

    await asyncio.gather(*(ship(here) for here in ids))
    for here in ids:
        assert await _kept(running, here) == list(range(1, 41))


# A room may send any stretch of its journal at any time, an older version of a
# record, or a stretch with a hole in it.
_stretch = st.tuples(st.integers(1, 12), st.integers(0, 6))
_batch = st.one_of(
    st.tuples(st.just("stretch"), _stretch),
    st.tuples(st.just("rewritten"), _stretch),
    st.tuples(st.just("hole"), _stretch),
)


def _records(what: str, first: int, count: int) -> list[dict[str, Any]]:
    numbers = list(range(first, first + count))
    if what == "hole" and count > 2:
        numbers.remove(first + 1)
    payload = {"n": -1} if what == "rewritten" else None
    return [record(ID, seq, payload=payload) for seq in numbers]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(_batch, max_size=12))
def test_the_ledger_is_always_one_unbroken_unchanged_prefix(
    empty_databases: EmptyDatabases,
    batches: list[tuple[str, tuple[int, int]]],
) -> None:
    with empty_databases() as where:
        asyncio.run(_ship_all(where, batches))


async def _ship_all(
    where: Path | str, batches: list[tuple[str, tuple[int, int]]]
) -> None:
    database = Database(where)
    try:
        async with database.write() as session:
            session.add(_interview())
        kept: dict[int, str] = {}
        for what, (first, count) in batches:
            acknowledged = await _ship(database, _records(what, first, count))
            now = await _stored(database)
            # Numbers from 1 without a gap; nothing that was kept has changed.
            assert list(now) == list(range(1, len(now) + 1))
            assert kept.items() <= now.items()
            if acknowledged is None:
                assert now == kept
            else:
                assert acknowledged == len(now)
            kept = now
    finally:
        await database.close()


async def _ship(database: Database, wires: list[dict[str, Any]]) -> int | None:
    """Return the acknowledged number, or None when the batch was refused."""
    try:
        parsed = ledger.parse(wires, ID)
        async with database.write() as session:
            taken = await ledger.ingest(session, ID, parsed, now=START)
            return taken.last_seq
    except NBInterviewError:
        return None


async def _stored(database: Database) -> dict[int, str]:
    async with database.read() as session:
        lines = [line async for line in ledger.lines(session, ID)]
    records = [Record.from_json(line.decode()) for line in lines]
    return {item.seq: item.hash for item in records}


def _interview() -> Interview:
    return Interview(
        id=ID,
        title="t",
        state="open",
        sample=False,
        template={},
        template_notes=[],
        policy={},
        created_at=START,
    )
