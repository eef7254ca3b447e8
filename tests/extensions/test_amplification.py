"""Few bytes of a hostile page do not make the room hold or write many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc, create_sync_message, create_update_message
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
WITHIN_S = 15.0
"""The disk takes 40 s for all that would have to be put right."""


def memory_mib(room: RoomServer) -> float:
    assert room._process is not None
    status = Path(f"/proc/{room._process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


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


async def test_putting_small_edits_right_does_not_hold_up_the_others(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page, document(room, INTERVIEWER) as other:
        await eventually(lambda: len(page.sources()) >= 2)
        picture = {"a.png": {"image/png": "A" * 2_000_000}}
        cell = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ""}
        page.notebook.append_cell({**cell, "attachments": picture})
        await eventually(lambda: page.saved and len(other.sources()) >= 3)
        hostile = YNotebook(Doc())
        hostile.ydoc.apply_update(page.doc.get_update())
        updates: list[bytes] = []
        subscription = hostile.ydoc.observe(lambda event: updates.append(event.update))
        for number in range(ASKED):
            hostile.ycells[len(hostile.ycells) - 1]["attachments"] = number
        hostile.ydoc.unobserve(subscription)
        async with room.socket(CANDIDATE, await document_path(room, CANDIDATE)) as raw:
            for update in updates:
                await raw.send(create_update_message(update))
            await asyncio.sleep(LATER_S)  # most of them have come
            before = len(other.saved)
            other.notebook.ycells[0]["source"].insert(0, "typed")
            await eventually(lambda: len(other.saved) > before, within_s=WITHIN_S)
            raw.transport.abort()


async def test_a_person_has_so_many_sockets_and_others_have_theirs(
    make_room: Callable[..., RoomServer],
) -> None:
    # A room of its own: those of the tests before may not all have ended.
    room = await asyncio.to_thread(make_room)
    async with AsyncExitStack() as stack:
        path = "api/events/subscribe"
        for _ in range(MAX_SOCKETS):
            await stack.enter_async_context(room.socket(CANDIDATE, path))
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(room.socket(CANDIDATE, path))
        assert refused.value.response.status_code == 429
        async with room.socket(INTERVIEWER, "api/events/subscribe"):
            pass
