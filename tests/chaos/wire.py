"""A network between pages and their room that stands still, dies, lags, and repeats."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from tests.ports import free_port

CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class Lag:
    """How late packets come: as netem's `delay … loss …`, seen through TCP.

    TCP brings what was lost once more, a while later, and all that follows with it.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    again_ms: float = 200.0

    def draw_s(self, chance: random.Random) -> float:
        """Return how long the next packet takes."""
        took_ms = chance.uniform(
            self.delay_ms - self.jitter_ms, self.delay_ms + self.jitter_ms
        )
        again_ms = self.again_ms
        while chance.random() < self.loss:
            took_ms += again_ms
            again_ms *= 2
        return max(0.0, took_ms / 1000)


class Wire:
    """Passes bytes on to a port of this machine."""

    def __init__(
        self, target: int, chance: random.Random, lag: Lag | None = None
    ) -> None:
        self.port = free_port()
        self.lag = lag or Lag()
        self._target, self._chance = target, chance
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Let nothing through, and tell nobody."""
        self._open.clear()

    def mend(self, *, alive: bool) -> None:
        """Let all through: what waited comes late, or its connections are dead."""
        if not alive:
            self.abort()
        self._open.set()

    def abort(self) -> None:
        """End all connections without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            await self._open.wait()
            there, to = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(to)
            tasks = [
                asyncio.create_task(self._pass(one, other))
                for one, other in ((reader, to), (there, writer))
            ]
            self._tasks.update(tasks)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.difference_update(tasks)
            to.close()
        writer.close()
        self._writers -= {writer}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one direction on, in order, each packet as late as chance wants."""
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due_s, data = await late.get()
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                await self._open.wait()
                writer.write(data)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        try:
            with suppress(OSError):
                while data := await reader.read(CHUNK_BYTES):
                    due_s = time.monotonic() + self.lag.draw_s(self._chance)
                    late.put_nowait((due_s, data))
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
