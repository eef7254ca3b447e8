"""A browser's event stream, read while the application is still writing it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI


class EventStream:
    """The events of one answer, one after another."""

    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()
        self._leave = asyncio.Event()
        self._parts: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._text = ""

    async def next(self, *names: str, within_s: float = 10) -> dict[str, Any]:
        """Return the next event of one of these names; None of its end fails."""
        async with asyncio.timeout(within_s):
            while True:
                found = await self._parts.get()
                assert found is not None, "the stream has ended"
                if not names or found["event"] in names:
                    return found

    async def rest(self, within_s: float = 10) -> list[dict[str, Any]]:
        """Return all events up to the end of the stream."""
        found = []
        async with asyncio.timeout(within_s):
            while (one := await self._parts.get()) is not None:
                found.append(one)
        return found

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])
            return
        self._text += message["body"].decode().replace("\r\n", "\n")
        while "\n\n" in self._text:
            block, self._text = self._text.split("\n\n", 1)
            fields = dict(
                line.split(": ", 1)
                for line in block.split("\n")
                if line and not line.startswith(":")
            )
            if fields:
                fields["data"] = json.loads(fields.get("data", "null"))
                self._parts.put_nowait(fields)
        if not message.get("more_body"):
            self.end()

    def end(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._parts.put_nowait(None)

    async def receive(self) -> dict[str, Any]:
        await self._leave.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._leave.set()


@asynccontextmanager
async def listening(
    app: FastAPI, client: httpx.AsyncClient, path: str, **headers: str
) -> AsyncIterator[EventStream]:
    """Open a stream as a client; leave it at the end."""
    request = client.build_request("GET", path, headers=headers)
    url = urlsplit(str(request.url))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(k.lower(), v) for k, v in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": (url.hostname, url.port),
    }
    stream = EventStream()
    opened = False

    async def receive() -> dict[str, Any]:
        nonlocal opened
        if not opened:
            opened = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return await stream.receive()

    async def run() -> None:
        try:
            await app(scope, receive, stream.send)
        finally:
            stream.end()

    task = asyncio.create_task(run())
    try:
        await asyncio.wait_for(asyncio.shield(stream.status), 10)
        yield stream
    finally:
        stream.leave()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
