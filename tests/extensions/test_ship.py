"""The journal reaches the service: in order, once, whatever happens between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbinterview.errors import Unavailable
from nbinterview.schemas.live_types import InterviewState
from nbinterview_server.journal import Journal
from nbinterview_server.service_api import ServiceApi, Shipped
from nbinterview_server.ship import FIRST_DELAY_S, LONGEST_DELAY_S, Backoff, Shipper
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEW,
    RoomServer,
    eventually,
    live,
    room_config,
)
from tests.extensions.stand_in import TOKEN, StandIn


def test_the_wait_doubles_to_a_limit_and_half_of_it_is_chance() -> None:
    backoff = Backoff(lambda: 1.0)
    waits = [backoff.delay_s() for _ in range(10)]
    assert waits[:3] == [FIRST_DELAY_S, 2 * FIRST_DELAY_S, 4 * FIRST_DELAY_S]
    assert waits[-1] == LONGEST_DELAY_S
    backoff.reset()
    assert backoff.delay_s() == FIRST_DELAY_S
    assert Backoff(lambda: 0.0).delay_s() == FIRST_DELAY_S / 2


class Shipping:
    """A journal, a service and what ships between them."""

    def __init__(self, directory: Path) -> None:
        self.service = StandIn(room_config())
        self.journal = Journal(
            directory / "journal.sqlite",
            INTERVIEW,
            clock=lambda: datetime.now(UTC),
            salt=lambda: "0" * 32,
        )
        self.states: list[InterviewState] = []
        self.api = ServiceApi(self.service.api, INTERVIEW, TOKEN)
        self.shipper = self.new_shipper()
        self.journal.listen(self.shipper.hear)

    def new_shipper(self) -> Shipper:
        return Shipper(self.journal, self.api, chance=lambda: 0.0, tell=self._hear)

    async def _hear(self, answer: Shipped) -> None:
        self.states.append(answer.state)

    async def write(self, count: int) -> None:
        await asyncio.gather(
            *(self.journal.append("gap", "room", {"n": n}) for n in range(count))
        )

    def kept(self) -> list[int]:
        return [one.seq for one in self.service.records]

    async def close(self) -> None:
        await self.api.close()
        self.service.close()
        self.journal.close()


@pytest.mark.asyncio
async def test_all_records_arrive_in_order_in_batches(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    await shipping.write(1200)
    assert await shipping.shipper.flush(20)
    assert shipping.kept() == list(range(1, 1201))
    assert len(shipping.service.requests) <= 5
    assert shipping.service.records == shipping.journal.read()
    await shipping.close()


@pytest.mark.asyncio
async def test_a_restarted_room_goes_on_where_the_service_is(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    await shipping.write(5)
    assert await shipping.shipper.flush(10)
    await shipping.write(5)
    second = shipping.new_shipper()
    assert await second.flush(10)
    assert shipping.kept() == list(range(1, 11))
    await shipping.close()


@pytest.mark.asyncio
async def test_a_service_that_lost_records_gets_them_again(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    await shipping.write(10)
    assert await shipping.shipper.flush(10)
    del shipping.service.records[4:]
    await shipping.write(1)
    assert await shipping.shipper.flush(10)
    assert shipping.kept() == list(range(1, 12))
    await shipping.close()


@pytest.mark.asyncio
async def test_it_survives_the_services_absence(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    shipping.service.away = True
    running = asyncio.create_task(shipping.shipper.run())
    await shipping.write(3)
    await eventually(lambda: len(shipping.service.requests) >= 2)
    assert shipping.kept() == []
    assert not await shipping.shipper.flush(0.5)
    shipping.service.away = False
    await eventually(lambda: shipping.kept() == [1, 2, 3])
    await shipping.write(1)
    await eventually(lambda: shipping.kept() == [1, 2, 3, 4])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await shipping.close()


@pytest.mark.asyncio
async def test_a_replaced_journal_overwrites_nothing(tmp_path: Path) -> None:
    shipping = Shipping(tmp_path)
    await shipping.write(3)
    await shipping.shipper.flush(10)
    kept = list(shipping.service.records)
    (tmp_path / "second").mkdir()
    other = Shipping(tmp_path / "second")
    other.service.records = kept
    await other.write(2)
    assert not await other.shipper.flush(1)
    assert other.service.records == kept
    await other.write(4)
    assert not await other.shipper.flush(1)
    assert other.service.records[:3] == kept
    await shipping.close()
    await other.close()


@pytest.mark.asyncio
async def test_a_real_room_ships_and_learns_that_it_has_ended(
    make_room: Callable[..., RoomServer],
) -> None:
    interview: dict[str, Any] = {**room_config()["interview"], "state": "scheduled"}
    room = await asyncio.to_thread(make_room, interview=interview)
    service = room.service
    async with live(room, CANDIDATE) as page:
        assert (await page.hello())["state"] == "scheduled"
        interview["state"] = "open"
        assert (await page.hear("state"))["state"] == "open"
        interview["state"] = "ended"
        assert (await page.hear("state"))["state"] == "ended"
        # An answer from before must not open it again.
        interview["state"] = "open"
        requests = len(service.requests)
        await eventually(lambda: len(service.requests) > requests + 1)
        assert (await page.hello())["state"] == "ended"
    states = [one.facts["state"] for one in room.records("interview.state")]
    assert states == ["open", "ended"]
    await asyncio.to_thread(room.stop)
    assert service.records == room.records()
    assert service.records[-1].kind == "room.stopped"


@pytest.mark.asyncio
async def test_a_batch_that_is_too_large_does_not_hide_the_state(
    tmp_path: Path,
) -> None:
    shipping = Shipping(tmp_path)
    await shipping.write(2)
    assert await shipping.shipper.flush(10)
    shipping.service.max_bytes = 1000
    running = asyncio.create_task(shipping.shipper.run())
    await shipping.journal.append("gap", "room", {"detail": "x" * 2000})
    await eventually(lambda: shipping.service.too_large >= 2)
    shipping.service.config["interview"]["state"] = "ended"
    await eventually(lambda: shipping.states[-1:] == ["ended"])
    assert shipping.kept() == [1, 2]
    shipping.service.max_bytes = None
    await eventually(lambda: shipping.kept() == [1, 2, 3])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await shipping.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["acknowledged_seq", "people_revision"])
async def test_an_answer_with_a_number_that_is_none_is_not_the_services(
    name: str,
) -> None:
    fields = {"state": '"open"', "acknowledged_seq": "0", "people_revision": "1"}
    text = ",".join(f'"{key}":{one}' for key, one in {**fields, name: "1e999"}.items())
    answering = httpx.MockTransport(lambda _: httpx.Response(200, text=f"{{{text}}}"))
    api = ServiceApi("http://service", INTERVIEW, TOKEN, transport=answering)
    with pytest.raises(Unavailable, match="in the service's place"):
        await api.ship([])
    await api.close()
