"""A page that floods its room, in a process of its own: what the floods tests start.

Arguments: a websocket's URL, a token, a kind of flood, how many messages a second.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable
from contextlib import suppress

from pycrdt import create_awareness_message
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

SEED = 3
STEPS_PER_S = 50
CHANCE = random.Random(SEED)
AWARENESS = create_awareness_message(b"\x00")
OVERSIZED = b"\x00\x02" + b"\x80\x80\x80\x05" + b"\x01" * (10 << 20)
HELLO = json.dumps({"type": "hello", "boot_id": f"{0:08}-0000-4000-8000-{0:012}"})
LIVE = json.dumps({"type": "event", "event": {"name": "nonsense"}})


def malformed() -> bytes:
    """Return a sync message whose update no Yjs can read."""
    return bytes([0, 2, 20]) + CHANCE.randbytes(20)


KINDS: dict[str, Callable[[], bytes | str]] = {
    "awareness": lambda: AWARENESS,
    "malformed": malformed,
    "oversized": lambda: OVERSIZED,
    "live": lambda: LIVE,
}


async def flood(url: str, token: str, kind: str, per_s: float) -> None:
    """Send for ever, and come back whenever turned away."""
    at_once = max(1, round(per_s / STEPS_PER_S))
    headers = {"Authorization": f"token {token}"}
    print("begins", flush=True)
    while True:
        with suppress(ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
            async with connect(
                url, additional_headers=headers, max_size=None, proxy=None
            ) as socket:
                if kind == "live":
                    await socket.send(HELLO)
                while True:
                    for _ in range(at_once):
                        await socket.send(KINDS[kind]())
                    await asyncio.sleep(at_once / per_s)
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    URL, TOKEN, KIND, PER_S = sys.argv[1:]
    asyncio.run(flood(URL, TOKEN, KIND, float(PER_S)))
