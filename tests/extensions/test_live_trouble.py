"""Pages that make trouble on the live socket, and honest ones in trouble."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from nbinterview_server.journal import Journal
from nbinterview_server.live import BURST_MESSAGES, MAX_UNREAD_BYTES
from nbinterview_server.sockets import ARRIVALS_A_MINUTE
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEW,
    INTERVIEWER,
    RoomServer,
    eventually,
    live,
    room_config,
)
from tests.extensions.stand_in import StandIn
from tests.extensions.test_journal import clock

pytestmark = pytest.mark.asyncio

QUOTA_BYTES = 1024 * 1024


class Impatient(RoomServer):
    """Looks every half second whether its pages are there, not every half minute."""

    async def prepare(self) -> None:
        """Say so in Jupyter Server's own settings."""
        await super().prepare()
        config = self.directory / "jupyter" / "config" / "jupyter_server_config.py"
        settings = {"ws_ping_interval": 500, "ws_ping_timeout": 1500}
        with config.open("a", encoding="utf-8") as handle:
            handle.write(f"c.ServerApp.tornado_settings = {settings}\n")


async def test_a_page_that_answers_is_never_taken_for_gone(tmp_path: Path) -> None:
    room = Impatient(tmp_path, StandIn(room_config()))
    try:
        await room.start()
        async with live(room, CANDIDATE) as page:
            await page.hello()
            began_s = time.monotonic()
            while time.monotonic() - began_s < 4:
                await page.event(name="visibility", state="visible")
                assert (await page.hear("ack"))["client_seq"] == page.seq
                await asyncio.sleep(0.2)
        assert "ping timeout" not in room.log()
    finally:
        await asyncio.to_thread(room.stop)
        room.service.close()


async def test_nothing_overtakes_what_was_not_saved(room: RoomServer) -> None:
    """A page on a slow line hears of it late, and the disk takes again meanwhile."""
    async with live(room, INTERVIEWER) as panel:
        await panel.hello()
        async with live(room, CANDIDATE) as page:
            await page.hello()
            page.transport.pause_reading()
            room.fill_disk(full=True)
            try:
                await page.event(name="visibility", state="hidden")
                while (await panel.hear("storage"))["state"] != "failing":
                    pass
            finally:
                room.fill_disk(full=False)
            while (await panel.hear("storage"))["state"] != "ok":
                pass
            await page.event(name="visibility", state="visible")
            await asyncio.sleep(0.5)
            page.transport.resume_reading()
            async with live(room, CANDIDATE) as again:
                again.boot_id = page.boot_id
                welcome = await again.hello()
                assert again.boot_id not in welcome["acknowledged"]
                for number, state in enumerate(("hidden", "visible"), start=1):
                    await again.event(name="visibility", state=state)
                    assert (await again.hear("ack"))["client_seq"] == number
    said = [
        one.facts["event"]["state"]
        for one in room.records("event")
        if one.facts["boot_id"] == page.boot_id
    ]
    assert said == ["hidden", "visible"]


async def fill(directory: Path) -> None:
    """Leave a record in a room that is as large as it may be."""
    journal = Journal(
        directory / "journal.sqlite",
        INTERVIEW,
        clock=clock,
        salt=lambda: "00" * 16,
        quota_bytes=QUOTA_BYTES,
    )
    text = "".join(chr(33 + n * n % 90) for n in range(9000))
    while not journal.is_full:
        facts = {"what": "live", "reason": text, "field": ""}
        await journal.append("refused", "room", facts)
    journal.close()


async def test_a_full_record_refuses_in_words_and_sends_no_page_away(
    tmp_path: Path,
) -> None:
    room = RoomServer(tmp_path, StandIn(room_config()))
    room.more = {"NBINTERVIEW_ROOM_QUOTA_BYTES": str(QUOTA_BYTES)}
    await fill(tmp_path)
    try:
        await room.start()
        async with live(room, CANDIDATE) as page:
            welcome = await page.hello()
            for _ in range(3):
                await page.event(name="visibility", state="hidden")
                problem = await page.hear("problem", "ack")
                assert (problem["status"], problem["client_seq"]) == (503, page.seq)
                assert "is full" in problem["detail"]
            # Whether it watches is heard all the same.
            await page.beat(welcome)
            await page.event(name="visibility", state="hidden")
            assert "is full" in (await page.hear("problem"))["detail"]
        assert len(room.records("person.joined")) == 1
    finally:
        await asyncio.to_thread(room.stop)
        room.service.close()


async def test_a_page_that_asks_and_does_not_read_is_let_go(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    async with live(room, CANDIDATE) as page:
        await page.hello()
        for _ in range(50):
            await page.event(name="comment", text="x" * 2000)
            assert (await page.hear("ack"))["client_seq"] == page.seq
        times = 4 * MAX_UNREAD_BYTES // len(json.dumps(await page.hello()))
        page.transport.pause_reading()
        for _ in range(times):
            try:
                await page.send(type="hello", boot_id=page.boot_id)
            except ConnectionClosed:
                break
        await eventually(lambda: room.records("person.left"))
    assert "does not read" in room.log()


async def test_a_page_that_comes_and_goes_again_and_again_is_held_up(
    make_room: Callable[..., RoomServer],
) -> None:
    """Each time is on the record, which no quota stops."""
    room = await asyncio.to_thread(make_room)

    async def come() -> object:
        async with live(room, CANDIDATE) as page:
            return (await page.hello()).get("status")

    answers: list[object] = []
    while len(answers) < ARRIVALS_A_MINUTE + 20:
        answers += await asyncio.gather(*(come() for _ in range(20)))
    assert answers[:ARRIVALS_A_MINUTE] == [None] * ARRIVALS_A_MINUTE
    assert answers[ARRIVALS_A_MINUTE:] == [429] * 20
    assert len(room.records("person.joined")) == ARRIVALS_A_MINUTE
    async with live(room, INTERVIEWER) as panel:
        assert (await panel.hello())["type"] == "welcome"


async def test_who_comes_again_and_again_is_one_person_to_what_is_refused(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    for _ in range(6):
        async with live(room, CANDIDATE) as page:
            await page.hello()
            for _ in range(2):
                await page.send(type="surprise")
                await page.hear("problem")
    await eventually(lambda: len(room.records("person.left")) == 6)
    # The first at once, what the first page left behind, and no more this minute.
    assert len(room.records("refused")) == 2
    await asyncio.to_thread(room.stop)
    counts = [one.facts.get("count", 1) for one in room.records("refused")]
    assert (len(counts), sum(counts)) == (3, 12)


async def test_who_is_slowed_and_not_refused_is_not_on_record_as_refused(
    make_room: Callable[..., RoomServer],
) -> None:
    """As an honest page that was offline for an hour sends all that it kept."""
    room = await asyncio.to_thread(make_room)
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(name="visibility", state="visible")
        for _ in range(BURST_MESSAGES + 20):
            page.seq = 0
            await page.event(name="visibility", state="visible")
        for _ in range(BURST_MESSAGES + 20):
            assert (await page.hear("ack", "problem"))["type"] == "ack"
    assert room.records("refused") == []


async def test_who_is_put_out_goes_also_while_the_disk_is_full(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    service = room.service
    async with live(room, CANDIDATE) as page:
        await page.hello()
        room.fill_disk(full=True)
        try:
            ended = {**service.config["interview"], "state": "ended"}
            service.config = {**service.config, "interview": ended}
            await asyncio.sleep(3)  # the room heard of it, and cannot record it
            people = service.config["people"]
            others = [one for one in people if one["hub_name"] != CANDIDATE]
            service.config = {**service.config, "people": others}
            service.people_revision += 1
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(15):
                    await page.hear("nothing that is ever said")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.reason == "access ended"
        finally:
            room.fill_disk(full=False)
    await eventually(
        lambda: room.records("interview.state")[-1].facts["state"] == "ended"
    )
