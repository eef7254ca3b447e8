"""Rooms for the tests: one shared by a module, and fresh ones."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.extensions.harness import RoomServer, room_config
from tests.extensions.stand_in import StandIn


@pytest.fixture(scope="module")
def make_room() -> Iterator[Callable[..., RoomServer]]:
    """Start rooms; keywords change what the service says about them."""
    rooms: list[RoomServer] = []

    def make(*, bwrap: str | None = None, **changes: Any) -> RoomServer:
        directory = Path(tempfile.mkdtemp(prefix="nbi-room-"))
        room = RoomServer(directory, StandIn(room_config(**changes)), bwrap)
        rooms.append(room)
        asyncio.run(room.start())
        return room

    yield make
    for room in rooms:
        try:
            room.stop()
        finally:
            room.service.close()
            shutil.rmtree(room.directory)


@pytest.fixture(scope="module")
def room(make_room: Callable[..., RoomServer]) -> RoomServer:
    """A room that the tests of one module share."""
    return make_room()
