"""Beats, gaps and the lease over the real socket of a real room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from nbinterview.ledger.records import Record
from nbinterview.schemas import check
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEW,
    INTERVIEWER,
    LivePage,
    RoomServer,
    eventually,
    live,
    watching_frame,
)

SEEN_WITHIN_S = 3.0


pytestmark = pytest.mark.asyncio


@pytest.fixture
def fresh(make_room: Callable[..., RoomServer]) -> RoomServer:
    """A room of the test's own."""
    return make_room()


@pytest.fixture
def new(room: RoomServer) -> Callable[..., list[Record]]:
    """What the shared room records from now on."""
    before = len(room.records())
    return lambda *kinds: [one for one in room.records(*kinds) if one.seq > before]


async def watched(page: LivePage) -> dict[str, Any]:
    """Say hello, agree, and start."""
    welcome = await page.hello()
    await page.event(name="consent", sensor="focus", granted=True)
    await page.event(name="watch", state="started")
    await page.hear("ack")
    return welcome


@asynccontextmanager
async def beating(
    page: LivePage, welcome: dict[str, Any]
) -> AsyncIterator[list[dict[str, Any]]]:
    """Beat once a second, with the newest nonce, and answer each at once.

    Yields what is heard of the lease meanwhile.
    """
    newest = {"beats": dict(welcome["beats"])}
    leases: list[dict[str, Any]] = []

    async def hear() -> None:
        while True:
            message = await page.hear("nonce", "lease")
            if message["type"] == "lease":
                leases.append(message)
                continue
            newest["beats"]["nonce"] = message["nonce"]
            await page.beat(newest)

    async def beat() -> None:
        while True:
            await page.beat(newest)
            await asyncio.sleep(1.0)

    tasks = [asyncio.ensure_future(hear()), asyncio.ensure_future(beat())]
    try:
        yield leases
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def gaps(room: RoomServer, state: str = "began") -> list[dict[str, Any]]:
    found = [dict(one.facts) for one in room.records("gap")]
    return [one for one in found if one["state"] == state]


async def test_a_welcome_brings_what_beats_need(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        welcome = await page.hello()
        check(welcome, "live", "Welcome")
        assert welcome["beats"]["interview"] == INTERVIEW
        assert welcome["lease"] == {"active": True, "pages": 1}
        assert welcome["gaps"] == []
        seen = await panel.hello()
        check(seen, "live", "Welcome")
        assert "beats" not in seen
        assert seen["lease"] == {"active": True, "pages": 1}
        check(await page.hear("nonce"), "live", "NonceMessage")


async def test_beats_that_stop_are_a_gap_in_the_panel_in_time(
    fresh: RoomServer,
) -> None:
    async with live(fresh, CANDIDATE) as page, live(fresh, INTERVIEWER) as panel:
        await panel.hello()
        welcome = await watched(page)
        async with beating(page, welcome):
            await asyncio.sleep(5.0)
        last_s = time.monotonic()
        assert gaps(fresh) == []
        message = await panel.hear("gap")
        # The last beat was less than a second before, and one was due after it.
        assert time.monotonic() - last_s <= SEEN_WITHIN_S + 1.0
        check(message, "live", "GapMessage")
        assert message["gap"]["state"] == "began"
        # The page's own thread answers pings, and nothing else comes.
        assert message["gap"]["cause"] == "frozen"
        async with beating(page, welcome):
            ended = await panel.hear("gap")
        assert ended["gap"]["gap_id"] == message["gap"]["gap_id"]
        assert ended["gap"]["ended_at"] > message["gap"]["started_at"]
        async with live(fresh, INTERVIEWER) as late:
            [known] = (await late.hello())["gaps"]
            assert known == ended["gap"]


async def test_the_beats_of_a_second_are_in_its_record(
    room: RoomServer, new: Callable[..., list[Record]]
) -> None:
    async with live(room, CANDIDATE) as page:
        welcome = await watched(page)
        await page.beat(welcome)
        await page.beat(welcome)
        await page.observe([watching_frame(100.0)])
        [record] = await eventually(lambda: new("observations"))
        kept = record.facts["beats"]
        assert kept == {"first": 1, "last": 2, "frames_seen": 0, "frames_dropped": 0}


async def test_a_forged_beat_is_refused_and_on_record(
    room: RoomServer, new: Callable[..., list[Record]]
) -> None:
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        welcome = await watched(page)
        await page.send(**{**await page.beat(welcome), "mac": "0" * 64})
        problem = await page.hear("problem")
        assert (problem["status"], problem["field"]) == (400, "mac")
        for _ in range(50):
            await page.send(type="beat", boot_id=page.boot_id)
            await page.hear("problem")
        refused = [one.facts for one in new("refused")]
        assert [(one["what"], one["field"]) for one in refused] == [
            ("beat", "mac"),
            ("beat", "beat"),
        ]
        await panel.hello()
        await panel.send(**await page.beat(welcome))
        assert (await panel.hear("problem"))["status"] == 403


async def test_a_second_page_does_not_count_until_it_is_asked_to(
    room: RoomServer, new: Callable[..., list[Record]]
) -> None:
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        await panel.hello()
        welcome = await watched(page)
        async with beating(page, welcome) as leases:
            async with live(room, CANDIDATE) as second:
                came_s = time.monotonic()
                told = await second.hello()
                assert told["lease"] == {"active": False, "pages": 2}
                while (message := await panel.hear("lease"))["state"] != "second":
                    pass
                assert time.monotonic() - came_s <= 2.0
                check(message, "live", "LeaseMessage")
                assert message["pages"] == 2
                await second.observe([watching_frame(100.0)])
                assert (await second.hear("problem"))["status"] == 403
                # An event is kept: what somebody says is not lost.
                await second.event(name="comment", text="Here I am.")
                await second.hear("ack")
            async with live(room, CANDIDATE) as third:
                await third.hello()
                await third.send(type="lease", boot_id=third.boot_id)
                assert (await third.hear("lease"))["active"] is True
                await eventually(lambda: leases)
                assert leases[-1]["active"] is False
    expected = ["taken", "second", "released", "second", "taken"]
    assert await eventually(
        lambda: [one.facts["state"] for one in new("lease")][:5] == expected
    )


async def test_a_reload_takes_the_lease_without_a_question(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await watched(page)
        await page.event(name="page", state="unloading")
        await page.hear("ack")
    async with live(room, CANDIDATE) as again:
        assert (await again.hello())["lease"] == {"active": True, "pages": 1}


async def test_a_restart_of_the_room_is_one_gap_of_its_own(fresh: RoomServer) -> None:
    boot_id = ""
    async with live(fresh, CANDIDATE) as page:
        welcome = await watched(page)
        boot_id = page.boot_id
        async with beating(page, welcome):
            await asyncio.sleep(2.0)
            fresh.kill()
    await fresh.start()
    async with live(fresh, CANDIDATE) as page:
        page.boot_id, page.beats, page.seq = boot_id, 100, 100
        welcome = await page.hello()
        async with beating(page, welcome):
            await asyncio.sleep(6.0)
    [gap] = await eventually(lambda: gaps(fresh, "ended"))
    assert gap["cause"] == "room"
    assert [one["cause"] for one in gaps(fresh)][:1] == ["room"]


async def test_a_witness_that_was_shown_another_record_is_on_record(
    room: RoomServer, new: Callable[..., list[Record]]
) -> None:
    head = {"size": 10, "root": "a" * 64}
    report = {
        "type": "witness",
        "state": "broken",
        "seen": head,
        "shown": {"size": 12, "root": "b" * 64},
        "detail": "It does not extend.",
    }
    async with live(room, INTERVIEWER) as panel, live(room, CANDIDATE) as page:
        await panel.hello()
        await panel.send(**report)
        [record] = await eventually(lambda: new("witness"))
        assert record.author == INTERVIEWER
        assert record.facts["seen"] == head
        await page.hello()
        await page.send(**report)
        assert (await page.hear("problem"))["status"] == 403
        for _ in range(12):
            await panel.send(**report)
        assert (await panel.hear("problem"))["status"] == 409
        assert len(new("witness")) == 10


UNKEPT: list[tuple[dict[str, Any], str]] = [
    ({"type": "surprise"}, "type"),
    ({"client_seq": 2**60}, "client_seq"),
    ({"client_seq": 10**9}, "client_seq"),
    ({"monotonic_ms": 2.0**60}, "monotonic_ms"),
    ({"monotonic_ms": -1.0}, "monotonic_ms"),
    ({"interview": "bcdefghijk"}, "interview"),
    ({"event": {"name": "mood", "state": "fine"}}, "event.name"),
]


async def test_what_cannot_be_kept_is_refused_with_the_reason_and_counted(
    fresh: RoomServer,
) -> None:
    """Unknown kinds, out of range, of another interview: three times each."""
    async with live(fresh, CANDIDATE) as page:
        await page.hello()
        whole = {
            "type": "event",
            "boot_id": page.boot_id,
            "client_seq": 1,
            "monotonic_ms": 100.0,
            "event": {"name": "page", "state": "loaded"},
        }
        for message, field in UNKEPT:
            for _ in range(3):
                await page.send(**{**whole, **message})
                problem = await page.hear("problem")
                assert 400 <= problem["status"] < 500
                assert problem["field"] == field
        assert fresh.records("event") == []
        # The page goes on.
        await page.event(name="page", state="loaded")
        await page.hear("ack")

    def counted() -> dict[str, int]:
        found: dict[str, int] = {}
        for one in fresh.records("refused"):
            fields = one.facts
            found[fields["field"]] = found.get(fields["field"], 0) + fields.get(
                "count", 1
            )
        return found

    expected: dict[str, int] = {}
    for _, field in UNKEPT:
        expected[field] = expected.get(field, 0) + 3
    assert await eventually(lambda: counted() == expected)


async def test_after_the_end_only_what_was_said_before_is_taken(
    fresh: RoomServer,
) -> None:
    async with live(fresh, CANDIDATE) as page:
        await page.hello()
        await page.event(name="page", state="loaded")
        await page.hear("ack")
        fresh.service.config["interview"]["state"] = "ended"
        await page.hear("state")
        await asyncio.sleep(3.5)
        await page.event(name="window_focus", focused=True)  # said long before
        await page.hear("ack")
        page.seq += 1
        await page.send(
            type="event",
            boot_id=page.boot_id,
            client_seq=page.seq,
            monotonic_ms=60_000.0,
            event={"name": "window_focus", "focused": False},
        )
        problem = await page.hear("problem")
        assert (problem["status"], problem["field"]) == (403, "monotonic_ms")


async def test_a_page_whose_clock_jumped_is_kept_and_marked(
    room: RoomServer, new: Callable[..., list[Record]]
) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        for number, clock_ms in enumerate((100_000.0, 100_100.0, 5_000.0), start=1):
            await page.send(
                type="event",
                boot_id=page.boot_id,
                client_seq=number,
                monotonic_ms=clock_ms,
                event={"name": "page", "state": "loaded"},
            )
            await page.hear("ack")
        found = [one.facts.get("clock") for one in new("event")]
        assert found == [None, None, {"skew_ms": -95_100}]
