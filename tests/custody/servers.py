"""Whole servers in processes of their own, ours or stock, as worlds for schedules."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from tests.custody.clients import Client
from tests.custody.cores import print_output
from tests.custody.pages import Page
from tests.custody.schedules import notebook, text_of
from tests.custody.stock import StockServer
from tests.extensions.harness import RoomServer, eventually, room_config
from tests.extensions.stand_in import StandIn
from tests.extensions.test_execution import cells

MESSAGE_S = 0.02
AGREE_S = 4.0
"""How long pages may take to show the same, before they count as diverged."""
STOCK_SAVES_S = 1.3
STOCK_FREES_S = 1.0
"""Instead of the 60 s after which stock frees a room that nobody is in."""


class WholeServer:
    """A server in a process: pages reach it over websockets, and it can be killed."""

    def __init__(self, server: RoomServer) -> None:
        self.server = server
        self.stock = isinstance(server, StockServer)
        self.keeps = not self.stock
        self._pages: list[Client] = []

    async def connect(self, page: Page) -> None:
        assert isinstance(page, Client)
        await page.connect()
        self._pages.append(page)

    async def drop(self, page: Page) -> None:
        assert isinstance(page, Client)
        await page.drop()
        self._pages.remove(page)

    async def pass_messages(self, page: Page, up: int, down: int) -> None:
        await asyncio.sleep(MESSAGE_S * (up + down))

    async def write(self) -> None:
        await asyncio.sleep(MESSAGE_S)

    async def settle(self) -> None:
        def quiet() -> bool:
            texts = {text_of(page) for page in self._pages}
            return len(texts) <= 1 and not any(page.unsaved for page in self._pages)

        with suppress(AssertionError):  # stock's pages may never agree
            await eventually(quiet, within_s=AGREE_S)
        if self.stock:
            await asyncio.sleep(STOCK_SAVES_S)

    async def run(self, page: Page, cell_id: str, token: str) -> None:
        if self.stock:
            # With stock's defaults a page runs cells and writes what they print.
            print_output(page.notebook, cell_id, token)
            return
        # A cell that the room has not heard of yet cannot be run there.
        with suppress(httpx.HTTPError, AssertionError):
            async with cells(self.server, page.who) as running:
                await running.run(f"print({token!r})", cell_id)

    async def kill(self) -> None:
        self.server.kill()
        await self._all_drop()
        await self.server.start()

    async def forget(self) -> None:
        if self.stock:
            await asyncio.sleep(1.5 * STOCK_FREES_S)
            return
        # A room keeps its document as long as it lives: an orderly restart.
        self.server.stop()
        await self.server.start()

    async def close(self) -> None:
        """End what still runs."""
        await self._all_drop()

    async def _all_drop(self) -> None:
        for page in list(self._pages):
            await self.drop(page)


@asynccontextmanager
async def whole_server(kind: str) -> AsyncIterator[WholeServer]:
    """Start a server of this kind, `ours` or `stock`, for one schedule."""
    directory = Path(tempfile.mkdtemp(prefix="nbi-whole-"))
    service = StandIn(room_config(template=notebook()))
    server = (
        RoomServer(directory / "room", service)
        if kind == "ours"
        else StockServer(
            directory / "stock",
            notebook=notebook(),
            document_cleanup_delay=STOCK_FREES_S,
        )
    )
    try:
        await server.start()
        world = WholeServer(server)
        try:
            yield world
        finally:
            await world.close()
    finally:
        server.stop()
        service.close()
        shutil.rmtree(directory)
