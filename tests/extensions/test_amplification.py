"""Few bytes of a hostile page do not make the room hold or write many."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from pycrdt import Doc, create_sync_message
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nbinterview_server.sockets import MAX_SOCKETS
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    document,
    document_path,
    eventually,
)

pytestmark = pytest.mark.asyncio

MIB = 1024 * 1024
ASKED = 400
CELL_MIB = 3.5
LATER_S = 2.0


def memory_mib(room: RoomServer) -> float:
    assert room._process is not None
    status = Path(f"/proc/{room._process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def journal_mib(room: RoomServer) -> float:
    files = room.directory.glob("journal.sqlite*")
    return sum(one.stat().st_size for one in files) / MIB


async def test_who_asks_for_the_document_and_does_not_read_it_is_cut_off(
    room: RoomServer,
) -> None:
    path = await document_path(room, CANDIDATE)
    async with document(room, CANDIDATE, path) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        cell = {"cell_type": "raw", "metadata": {}, "source": "x" * 900_000}
        with page.doc.transaction():
            for number in range(4):
                page.notebook.append_cell({**cell, "id": f"big{number}"})
        await eventually(lambda: page.saved)
    before_mib = memory_mib(room)
    async with room.socket(CANDIDATE, path) as deaf:
        deaf.transport.pause_reading()
        with suppress(ConnectionClosed):
            for _ in range(ASKED):
                await deaf.send(create_sync_message(Doc()))
        await asyncio.sleep(LATER_S)  # nothing says that it is over
        grown_mib = memory_mib(room) - before_mib
        deaf.transport.abort()
    assert grown_mib < ASKED * CELL_MIB / 4
    async with document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 6)


async def test_putting_small_edits_right_does_not_fill_the_disk(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        picture = {"a.png": {"image/png": "A" * 2_000_000}}
        cell = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ""}
        page.notebook.append_cell({**cell, "attachments": picture})
        await eventually(lambda: page.saved)
        shown = page.notebook.ycells[len(page.notebook.ycells) - 1]
        before_mib = journal_mib(room)
        for number in range(ASKED):
            shown["attachments"] = number
        await asyncio.sleep(LATER_S)  # nothing says that it is over
        assert 2 < journal_mib(room) - before_mib < 100


async def test_a_person_has_so_many_sockets_and_others_have_theirs(
    room: RoomServer,
) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(InvalidStatus) as refused:
            for _ in range(MAX_SOCKETS + 10):
                path = "api/events/subscribe"
                await stack.enter_async_context(room.socket(CANDIDATE, path))
        assert refused.value.response.status_code == 429
        async with room.socket(INTERVIEWER, "api/events/subscribe"):
            pass
