"""Servers of both kinds, each test its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.custody.stock import StockServer
from tests.extensions.harness import RoomServer, room_config
from tests.extensions.stand_in import StandIn


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short name: a room's sockets live in it."""
    made = Path(tempfile.mkdtemp(prefix="nbi-custody-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def stock(directory: Path) -> Iterator[Callable[..., StockServer]]:
    """Make a stock server, not started yet."""
    made: list[StockServer] = []

    def make(**settings: Any) -> StockServer:
        made.append(StockServer(directory / "stock", **settings))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def room(directory: Path) -> Iterator[Callable[..., RoomServer]]:
    """Make a room server, not started yet."""
    made: list[RoomServer] = []

    def make(**changes: Any) -> RoomServer:
        made.append(RoomServer(directory / "room", StandIn(room_config(**changes))))
        return made[-1]

    yield make
    for server in made:
        try:
            server.stop()
        finally:
            server.service.close()
