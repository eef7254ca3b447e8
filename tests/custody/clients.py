"""A page's connection to a real server, over a real websocket."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.custody.pages import Page
from tests.custody.stock import StockServer
from tests.extensions.harness import RoomServer, document_path, eventually


class Client(Page):
    """A page that connects to one server, again and again."""

    def __init__(self, server: RoomServer, who: str) -> None:
        super().__init__(who, keeps=not isinstance(server, StockServer))
        self.server = server
        self.path: str | None = None
        """The document's address, asked for once, as a page that stays open does."""
        self.closed: tuple[int, str] | None = None
        """Code and reason of the server's close, if it was the server's."""
        self._connection: ClientConnection | None = None

    async def connect(self, *, wait: bool = True) -> None:
        """Connect with what this page holds, and wait for the handshake."""
        if self.path is None:
            self.path = await document_path(self.server, self.who)
        self._stack = AsyncExitStack()
        self._connection = await self._stack.enter_async_context(
            self.server.socket(self.who, self.path)
        )
        self.closed = None
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.open(self._outbox.put_nowait)
        self._tasks = [
            asyncio.create_task(self._receive(self._connection)),
            asyncio.create_task(self._deliver(self._connection)),
        ]
        if wait:
            await eventually(lambda: self.synced or self.closed)
            assert self.synced, self.closed

    async def leave(self) -> None:
        """End the connection in order."""
        if self._connection is None:
            return
        await self._end()
        await self._stack.aclose()

    async def drop(self) -> None:
        """Lose the connection without a word, and what was under way with it."""
        if self._connection is None:
            return
        self._connection.transport.abort()
        await self._end()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._connection = None
        self.close()

    async def _deliver(self, connection: ClientConnection) -> None:
        try:
            while True:
                await connection.send(await self._outbox.get())
        except ConnectionClosed:
            return

    async def _receive(self, connection: ClientConnection) -> None:
        try:
            async for message in connection:
                assert isinstance(message, bytes)
                self.take(message)
        except ConnectionClosed:
            pass
        self.closed = (connection.close_code or 0, connection.close_reason or "")
        self.close()
