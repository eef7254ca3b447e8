"""Random schedules, a short seeded part; the long one is `make bench-collab`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, seed, settings

from nbinterview_server.documents.outbox import saved_message
from tests.custody.cores import Link, OurCore
from tests.custody.pages import Page
from tests.custody.schedules import Action, Findings, client_ids, play
from tests.custody.servers import whole_server
from tests.custody.steps import FIRST, SECOND, page
from tests.custody.trials import (
    CORE_SCHEDULES,
    IDS_SEED,
    SERVER_SCHEDULES,
    failing,
    on_our_core,
    on_stock_core,
    on_whole_servers,
    run_trials,
)
from tests.extensions.harness import RoomServer, eventually

SEED = 20261122
NOTHING_WRONG = Findings()


@seed(SEED)
@settings(max_examples=60, deadline=None, database=None)
@given(CORE_SCHEDULES)
def test_the_core_loses_doubles_and_parts_nothing(schedule: list[Action]) -> None:
    assert asyncio.run(on_our_core(schedule)) == NOTHING_WRONG


def test_whole_servers_lose_double_and_part_nothing() -> None:
    done = run_trials(
        on_whole_servers("ours"), SERVER_SCHEDULES, count=3, with_seed=SEED
    )
    assert [found for _, found in done] == [NOTHING_WRONG] * 3


SEEN_AND_KILLED: list[Action] = [
    ("type", 0, 0, 0),
    ("messages arrive", 0, 7, 0),
    ("the disk writes", 0, 0, 0),
    ("messages arrive", 1, 0, 7),
    ("kill the server", 0, 0, 0),
    ("reload the page", 0, 0, 0),
    ("reload the page", 1, 0, 0),
]
"""An edit that another page has seen, a crash, and nobody whose page survives it."""


def test_such_a_schedule_goes_wrong_in_stock() -> None:
    assert asyncio.run(on_stock_core(SEEN_AND_KILLED, save_s=1.0)).lost == ["#0000 "]
    assert asyncio.run(on_our_core(SEEN_AND_KILLED)) == NOTHING_WRONG


class SaysSavedTooEarly(OurCore):
    """Tells a page that its write is saved before it is."""

    def _taken(self, link: Link, write: int) -> None:
        link.down.append(saved_message(write))


class ShowsTooEarly(OurCore):
    """Shows an edit to the others before it is on disk."""

    def _heard(self, author: str, update: bytes) -> None:
        super()._heard(author, update)
        self._show(update)


class ForgetsAuthors(OurCore):
    """Writes everything down as the room's own."""

    def _written(self, author: str, update: bytes) -> None:
        super()._written("room", update)


@pytest.mark.parametrize("wrong", [SaysSavedTooEarly, ShowsTooEarly, ForgetsAuthors])
def test_schedules_find_a_core_that_is_wrong(wrong: type[OurCore]) -> None:
    async def trial(schedule: list[Action]) -> Findings:
        new_id = client_ids(IDS_SEED)
        make: Callable[[str], Page] = lambda who: Page(who, keeps=True, new_id=new_id)  # noqa: E731
        return await play(wrong(new_id), schedule, make)

    done = run_trials(trial, CORE_SCHEDULES, count=300, with_seed=SEED)
    assert failing(done) > 0


@pytest.mark.asyncio
async def test_an_honest_page_is_told_saved_for_each_of_its_edits(
    room: Callable[..., RoomServer],
) -> None:
    server = room()
    await server.start()
    async with page(server, FIRST) as first, page(server, SECOND) as second:
        for number in range(20):
            first.type(f"\nn = {number}")
        await eventually(lambda: not first.unsaved)
        assert first.saved_count == 20
        assert second.saved_count == 0
        await eventually(lambda: "n = 19" in second.sources()[1])


@pytest.mark.asyncio
async def test_what_was_not_called_saved_comes_back_after_a_reload() -> None:
    async with whole_server("ours") as world, page(world.server, FIRST) as first:
        await first.drop()
        first.type("offline = 1", cell=0)
        first.type("\nlater = 2", cell=1)
        first.reload()
        await first.connect()
        await eventually(lambda: not first.unsaved)
        async with page(world.server, SECOND) as second:
            await eventually(lambda: second.sources() == first.sources())
            assert second.sources() == ["offline = 1", "\nlater = 2"]
