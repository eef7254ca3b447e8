"""What is measured: rooms of ours, stock servers, and a y-websocket, with pages."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from tests.custody.clients import Client
from tests.custody.service_process import Services
from tests.custody.stock import StockServer
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    eventually,
    person,
    room_config,
)
from tests.ports import free_port

PEERS = Path(__file__).resolve().parents[1] / "peers"
SECOND = "p-interview3"
PEOPLE = (CANDIDATE, INTERVIEWER, SECOND)
"""Who is in each room: the candidate and two interviewers, who all may write."""
STARTS_AT_ONCE = 3


def config() -> dict[str, Any]:
    """Return a room config with a second interviewer."""
    wire = room_config()
    one_more = person(SECOND, "Sam Orr", "interviewer", "#5d4037")
    return {**wire, "people": [*wire["people"], one_more]}


class YWebsocket:
    """y-websocket's own server: documents in memory only, no rights, no record."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process = subprocess.Popen(
            ["node", str(PEERS / "node_modules/y-websocket/bin/server.cjs")],
            env={"HOST": "127.0.0.1", "PORT": str(self._port), "PATH": "/usr/bin"},
            stdout=subprocess.DEVNULL,
        )

    def socket(self, _who: str | None, path: str, **_headers: str) -> connect:
        """Return a connection, to be entered; as a room server does."""
        return connect(f"ws://127.0.0.1:{self._port}/{path}", max_size=None, proxy=None)

    async def wait(self) -> None:
        """Wait until it answers."""

        async def answers() -> bool:
            try:
                async with self.socket(None, "nothing"):
                    return True
            except OSError:
                return False

        await eventually(answers)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)


def _has_cells(page: Client) -> bool:
    return len(page.ids()) >= 2


class Room:
    """One notebook with three pages."""

    def __init__(self, server: Any, path: str | None = None) -> None:
        self.pages = [Client(server, who) for who in PEOPLE]
        for page in self.pages:
            page.path = path
            page.keeps = isinstance(server, RoomServer) and page.keeps

    async def enter(self) -> None:
        """Connect all pages; the first brings a cell when there is none."""
        for page in self.pages:
            await page.connect()
        if not self.pages[0].ids():
            for name in ("question", "answer"):
                self.pages[0].add_cell(name)
        for page in self.pages:
            await eventually(partial(_has_cells, page))

    async def leave(self) -> None:
        """End all connections."""
        for page in self.pages:
            await page.leave()


@asynccontextmanager
async def rooms(kind: str, count: int) -> AsyncIterator[list[Room]]:
    """Start so many rooms of a kind, each with its pages connected.

    `ours` and `stock` have a server process for each room; `y-websocket` is one
    process with as many documents.
    """
    if kind == "y-websocket":
        peer = YWebsocket()
        try:
            await peer.wait()
            made = [Room(peer, f"room-{number}") for number in range(count)]
            await _enter(made)
            yield made
            await _leave(made)
        finally:
            peer.stop()
        return
    top = Path(tempfile.mkdtemp(prefix="nbi-bench-"))
    services = Services(count, config()) if kind == "ours" else None
    servers: list[RoomServer] = [
        RoomServer(top / str(number), services[number])
        if services
        else StockServer(top / str(number))
        for number in range(count)
    ]
    try:
        turns = asyncio.Semaphore(STARTS_AT_ONCE)

        async def start(server: RoomServer) -> None:
            async with turns:
                await server.start()

        await asyncio.gather(*map(start, servers))
        made = [Room(server) for server in servers]
        await _enter(made)
        yield made
        await _leave(made)
    finally:
        for server in servers:
            end(server)
        if services:
            services.close()
        shutil.rmtree(top)


def end(server: RoomServer) -> None:
    """End a server at once, if it was started; nothing of it is needed any more."""
    if server._process is not None:
        server.kill()


async def _enter(made: list[Room]) -> None:
    for room in made:
        await room.enter()


async def _leave(made: list[Room]) -> None:
    for room in made:
        await room.leave()
