"""Stock jupyter_server's event bus: `POST /api/events`, and `/subscribe` to hear it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Self

from tests.custody.stock import OTHERS_OFF, StockServer
from tests.extensions.harness import BASE, CANDIDATE, INTERVIEWER

VERSIONS = "jupyter_server 2.21.1, POST /api/events, no extension, no handler"
SCHEMA_ID = "https://events.jupyter.org/jupyter_server/contents_service/v1"
SUBSCRIBE = "api/events/subscribe"


class EventServer(StockServer):
    """A Jupyter server with nothing but itself."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the server's configuration: no extension at all."""
        found = super().config()
        off = {
            **OTHERS_OFF,
            "jupyter_server_ydoc": False,
            "jupyter_server_fileid": False,
        }
        found["ServerApp"]["jpserver_extensions"] = {**off, "jupyterlab": False}
        del found["YDocExtension"]
        return found


class Poster:
    """One kept-alive HTTP/1.1 connection that posts events, one after the other."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def post(self, text: str) -> None:
        """Post one event; return when it is acknowledged."""
        data = {"action": "get", "path": text}
        body = json.dumps({"schema_id": SCHEMA_ID, "version": "1", "data": data})
        head = (
            f"POST {BASE}api/events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: token is-{CANDIDATE}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write((head + body).encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = answer.split(b" ", 2)[1]
        if status != b"204":
            raise RuntimeError(f"stock answered {answer[:200]!r}")


async def posts_per_s(server: EventServer, sockets: int, seconds: float) -> float:
    """Return how many events a second so many connections get acknowledged."""
    count = 0
    until_s = 0.0

    async def page(number: int) -> None:
        nonlocal count
        async with Poster(server.port) as poster:
            ready.release()
            await go.wait()
            while time.perf_counter() < until_s:
                await poster.post(f"{number}-{count}-{'x' * 60}")
                count += 1

    ready, go = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.create_task(page(number)) for number in range(sockets)]
    for _ in tasks:
        await ready.acquire()
    began_s = time.perf_counter()
    until_s = began_s + seconds
    go.set()
    await asyncio.gather(*tasks)
    return count / (time.perf_counter() - began_s)


async def shown_ms(server: EventServer, count: int, every_s: float) -> list[float]:
    """Return how long each event took from its post to a subscriber."""
    took: list[float] = []
    async with (
        server.socket(INTERVIEWER, SUBSCRIBE) as heard,
        Poster(server.port) as poster,
    ):
        for number in range(count):
            began_s = time.perf_counter()
            posting = asyncio.create_task(poster.post(f"event-{number}"))
            while json.loads(await heard.recv()).get("path") != f"event-{number}":
                pass
            took.append(1000 * (time.perf_counter() - began_s))
            await posting
            await asyncio.sleep(every_s)
    return took
