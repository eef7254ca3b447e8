"""A hostile page at the document's door: nothing is lost, forged or shown."""

from __future__ import annotations

import asyncio
import base64
import random

import pytest
from pycrdt import create_update_message

from tests.attacks.document.__main__ import run
from tests.attacks.document.core import (
    HOSTILE_IDS,
    IDA,
    Hostile,
    Page,
    Room,
    Wrong,
    play,
)
from tests.attacks.document.forgeries import FORGERIES
from tests.attacks.document.forging import ALLOWED, CORRECTED, MARK, REFUSED, SCRIPT
from tests.attacks.document.seen import Seen
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    DocumentPage,
    RoomServer,
    document,
    document_path,
    eventually,
)

SCHEDULES = 25


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_each_forgery_gets_its_answer(name: str) -> None:
    wrong = Wrong()
    room = Room()
    page = Page(room, IDA, 101, wrong)
    page.type("<ida>", 1)
    page.send(9)
    room.run(3)
    assert Hostile(room, random.Random(1), wrong).forge(name) == FORGERIES[name][0]
    assert wrong == Wrong()


def test_random_schedules_of_honest_and_hostile_pages() -> None:
    rows = run(SCHEDULES, seed=1)
    assert [one["ours"] for one in rows] == [0] * len(rows), rows


def test_honest_pages_alone_are_refused_nothing() -> None:
    for seed in range(10):
        assert play(seed, names=["an_ordinary_word"]) == Wrong()


async def _sends(room: RoomServer, path: str, name: str, number: int) -> str:
    """Send one forgery over a socket of its own; return what became of it."""
    async with document(room, CANDIDATE, path) as page:
        await eventually(lambda: len(page.notebook.ycells) >= 2)
        client = HOSTILE_IDS + number
        mine = range(HOSTILE_IDS, HOSTILE_IDS + 1_000)
        seen = Seen(page.doc.get_update(), client, 0, random.Random(number), mine)
        records = len(room.records("document"))
        forged = FORGERIES[name][1](seen)
        # An honest page has sent its step 2 before: that is write 1.
        await page.connection.send(create_update_message(forged))
        await eventually(lambda: page.refused or (page.saved and page.saved[-1] >= 2))
        if page.refused:
            await page.connection.wait_closed()
            assert page.connection.close_code == 1008
            return REFUSED
        added = room.records("document")[records:]
        corrects = [one for one in added if "corrects" in one.facts]
        for one in corrects:
            assert one.author == "room"
            assert one.facts["corrects"] == one.seq - 1
            assert one.facts["what"]
        return CORRECTED if corrects else ALLOWED


def _innocent(page: DocumentPage) -> bool:
    cells = page.notebook.ycells.to_py() or []
    trusted = [one for one in cells if one["metadata"].get("trusted")]
    return not trusted and SCRIPT not in str(cells)


@pytest.mark.asyncio
async def test_forgeries_over_sockets_while_others_work(room: RoomServer) -> None:
    path = await document_path(room, CANDIDATE)
    names = [one for one in sorted(FORGERIES) if one != "too_long_a_cell"]
    names = random.Random(4).sample(names, 20)
    async with (
        document(room, INTERVIEWER, path) as ida,
        document(room, REVIEWER, path) as rita,
    ):
        await eventually(lambda: len(ida.sources()) >= 2 <= len(rita.sources()))
        seen: list[bool] = []
        subscription = rita.doc.observe(lambda _: seen.append(True))
        # Ida's page writes first, so that there is somebody to forge.
        source = ida.notebook.ycells[1]["source"]
        for number, name in enumerate(names):
            source += f"<{number}>"
            got = await _sends(room, path, name, number + 1)
            assert got == FORGERIES[name][0], name
            assert _innocent(ida), name
            assert _innocent(rita), name
        await eventually(lambda: rita.sources() == ida.sources())
        text = "".join(rita.sources())
        assert all(text.count(f"<{number}>") == 1 for number in range(len(names)))
        assert ida.refused == []
        assert seen
        rita.doc.unobserve(subscription)
    async with document(room, REVIEWER, path) as later:
        await eventually(lambda: "".join(later.sources()) == text)
        assert _innocent(later)
    refused = [one for one in room.records("refused") if one.author == CANDIDATE]
    assert len(refused) == sum(FORGERIES[one][0] == REFUSED for one in names)
    hostile = {
        one.author
        for one in room.records("document")
        if MARK.encode() in base64.b64decode(one.facts["update"])
    }
    assert hostile == {CANDIDATE}
    await asyncio.to_thread(room.kill)
    await room.start()
    async with document(room, REVIEWER, path) as after:
        await eventually(lambda: "".join(after.sources()) == text)
        assert _innocent(after)
