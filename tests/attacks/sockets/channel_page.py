"""A page's end of the kernel's channel, that says whatever it is told to."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from nbinterview_server.execution.channel_wire import V1, written
from tests.extensions.harness import DEADLINE_S, RoomServer

Message = dict[str, Any]


def read_v1(message: bytes) -> Message:
    """Return a message of the v1 protocol as a dict."""
    count = int.from_bytes(message[:8], "little")
    offsets = [
        int.from_bytes(message[8 * at : 8 * (at + 1)], "little")
        for at in range(1, count + 1)
    ]
    parts = [message[a:b] for a, b in pairwise(offsets)]
    names = ("header", "parent_header", "metadata", "content")
    found = {
        name: json.loads(part) for name, part in zip(names, parts[1:5], strict=True)
    }
    return {**found, "channel": parts[0].decode(), "buffers": parts[5:]}


class ChannelPage:
    """Sends messages; keeps everything that it hears."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Message] = []

    async def listen(self) -> None:
        try:
            async for message in self.connection:
                assert isinstance(message, bytes)
                self.heard.append(read_v1(message))
        except ConnectionClosed:
            return

    async def send(
        self,
        kind: str,
        content: Any = None,
        *,
        channel: str = "shell",
        metadata: Any = None,
        buffers: tuple[bytes, ...] = (),
        **header: Any,
    ) -> str:
        """Send a message; return its id."""
        known = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": "page",
            "username": "",
            "date": "2026-01-01T00:00:00Z",
            "version": "5.3",
        }
        whole = {**known, **header}
        said: tuple[Any, ...] = (whole, {}, metadata or {}, content or {}, buffers)
        message = written(channel, *said, v1=True)
        assert message is not None
        await self.connection.send(message)
        return str(whole["msg_id"])

    async def hear(self, fits: Callable[[Message], bool]) -> Message:
        """Return the first message, past or to come, that fits."""
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            for one in self.heard:
                if fits(one):
                    return one
            assert time.monotonic() < deadline_s, self.heard[-5:]
            await asyncio.sleep(0.02)

    async def answer(self, request: str) -> Message:
        """Return the reply to a request of this page."""
        return await self.hear(
            lambda one: (
                one["channel"] == "shell"
                and one["parent_header"].get("msg_id") == request
            )
        )

    async def ask(self, kind: str, content: Any = None, **more: Any) -> Message:
        """Send a request and return its reply."""
        return await self.answer(await self.send(kind, content, **more))

    def kinds(self) -> set[str]:
        return {one["header"]["msg_type"] for one in self.heard}


@asynccontextmanager
async def channel(
    room: RoomServer, who: str, kernel: str
) -> AsyncIterator[ChannelPage]:
    """Open the kernel's channel as this person."""
    url = room.url.replace("http://", "ws://") + f"api/kernels/{kernel}/channels"
    async with connect(
        f"{url}?session_id=page",
        additional_headers={"Authorization": f"token is-{who}"},
        subprotocols=[Subprotocol(V1)],
        max_size=None,
        max_queue=None,
        proxy=None,
        open_timeout=20,
    ) as connected:
        page = ChannelPage(connected)
        listening = asyncio.create_task(page.listen())
        try:
            yield page
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
