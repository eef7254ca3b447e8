"""A room's parts without its server: none ends unheard, and each begins again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from nbinterview_server.config import RoomConfig, RoomEnv
from nbinterview_server.erasing import Erasing
from nbinterview_server.fanout import Fanout
from nbinterview_server.room import Room
from nbinterview_server.view import View
from tests.extensions.harness import INTERVIEW, eventually
from tests.extensions.stand_in import TOKEN, StandIn
from tests.extensions.test_journal import open_journal

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def opened(directory: Path, service: StandIn) -> AsyncIterator[Room]:
    """Give a room that has written its first records; close it in the end."""
    env = RoomEnv(INTERVIEW, directory, service.api, TOKEN, "python", "bwrap")
    room = Room(env, RoomConfig.from_wire(service.config))
    await room.start()
    await eventually(lambda: room.journal.read(kinds=["room.started"]))
    try:
        yield room
    finally:
        await room.close("a test ended")


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
