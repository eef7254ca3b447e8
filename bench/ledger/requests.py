"""Requests of a forger: at the service with a room's own token, and at a room's socket.

Each is one that must be refused, and is counted as taken when it is not. What a page
or a room may repeat without harm is none of them.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import shutil
import tempfile
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from nbinterview.service.app import create_app
from nbinterview.service.settings import Keys, Settings
from nbinterview_server.beats import signature
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEW,
    INTERVIEWER,
    LivePage,
    RoomServer,
    live,
    room_config,
)
from tests.extensions.stand_in import StandIn
from tests.service.forged import UNHINDERED, a_room, ask, forge, kept
from tests.service.hub_process import running_hub
from tests.service.support import Clock, Running

A_CONNECTION = 400
"""Forged messages of one connection, before it would be slowed."""
Message = dict[str, Any]


@dataclass
class Tally:
    """How many of each kind were made, and which were taken."""

    made: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)

    def note(self, kind: str, *, refused: bool, words: object) -> None:
        """Count one."""
        self.made[kind] += 1
        if not refused:
            self.taken.append(f"{kind}: {words}")


def forged_requests(count: int, seed: int) -> Tally:
    """Make so many, half of them at the service and half at a room."""
    tally = Tally()
    chance = random.Random(seed)  # noqa: S311  # no secret
    top = Path(tempfile.mkdtemp(prefix="nbi-forged-"))
    try:
        asyncio.run(at_service(top, count - count // 2, chance, tally))
        print(f"  {sum(tally.made.values()):,} at the service", flush=True)
        asyncio.run(at_room(top, count // 2, chance, tally))
    finally:
        shutil.rmtree(top)
    return tally


# ---------------------------------------------------------------- the service


async def at_service(
    top: Path, count: int, chance: random.Random, tally: Tally
) -> None:
    """Forge and replay a room's requests; what the service keeps stays as it is."""
    # It warns of each head that denies its records; that is what is made here.
    logging.getLogger("nbinterview.service").setLevel(logging.CRITICAL)
    (top / "hub").mkdir()
    with running_hub(top / "hub") as hub:
        clock = Clock()
        keys = Keys(**{one: hub.home.secret(one) for one in Keys.__dataclass_fields__})
        settings = Settings(
            addresses=hub.addresses,
            keys=keys,
            database=top / "service.sqlite",
            platform_key=top / "platform_key",
            now=clock,
            limits=UNHINDERED,
        )
        async with AsyncExitStack() as stack:
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            running = Running(app, settings, clock, hub, stack)
            here, there = await a_room(running), await a_room(running)
            before = kept(settings.database)
            client = await running.client()
            endless = forge(here, there, chance.getrandbits(32), keys.report_key)
            for forged in islice(endless, count):
                answer = await ask(client, forged)
                refused = forged.is_refused(answer.status_code)
                words = f"{answer.status_code} {answer.text[:200]}"
                tally.note(forged.what, refused=refused, words=words)
            if kept(settings.database) != before:
                tally.taken.append("what the service keeps is not as it was")


# -------------------------------------------------------------------- a room


async def at_room(top: Path, count: int, chance: random.Random, tally: Tally) -> None:
    """Forge beats and messages at a room's live socket."""
    service = StandIn(room_config())
    room = RoomServer(top / "room", service)
    room.directory.mkdir()
    try:
        await room.start()
        left = count
        while left > 0:
            size = min(left, A_CONNECTION)
            await _connection(room, size, chance, tally)
            left -= size
    finally:
        room.stop()
        service.close()


async def _connection(
    room: RoomServer, count: int, chance: random.Random, tally: Tally
) -> None:
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        given = (await page.hello())["beats"]
        await panel.hello()
        # One honest beat, so that there is one to replay.
        honest = _beat(page.boot_id, given, 5)
        await page.send(**honest)
        for _ in range(count):
            kind, message = _forged(page, given, honest, chance)
            who = panel if kind == "interviewer's" else page
            await who.send(**message)
            answer = await who.hear("problem", "ack")
            refused = answer["type"] == "problem"
            tally.note(kind, refused=refused, words=answer)


def _beat(boot_id: str, given: Message, number: int, **changes: Any) -> Message:
    beat = {
        "boot_id": boot_id,
        "beat": number,
        "monotonic_ms": 1000 * number,
        "frames_seen": 0,
        "frames_dropped": 0,
        "nonce": given["nonce"],
    }
    key = changes.pop("key", base64.b64decode(given["key"]))
    interview = changes.pop("interview", INTERVIEW)
    beat |= changes
    return {"type": "beat", **beat, "mac": signature(key, interview, beat)}


def _forged(
    page: LivePage, given: Message, honest: Message, chance: random.Random
) -> tuple[str, Message]:
    number = chance.randint(6, 1000)
    kind = chance.choice(
        (
            *("replayed beat", "another key", "no key", "another room's beat"),
            *("another page's beat", "unknown nonce", "older beat", "changed beat"),
            *("interviewer's", "unknown kind", "form", "out of range"),
        )
    )
    own = page.boot_id
    if kind == "replayed beat":
        return kind, honest
    if kind == "another key":
        return kind, _beat(own, given, number, key=chance.randbytes(32))
    if kind == "no key":
        return kind, {**_beat(own, given, number), "mac": chance.randbytes(32).hex()}
    if kind == "another room's beat":
        return kind, _beat(own, given, number, interview="zzzzzzzzzz")
    if kind == "another page's beat":
        other = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        return kind, _beat(other, given, number)
    if kind == "unknown nonce":
        return kind, _beat(own, given, number, nonce=chance.randbytes(16).hex())
    if kind == "older beat":
        return kind, _beat(own, given, chance.randint(1, 5))
    if kind == "changed beat":
        return kind, {**_beat(own, given, number), "frames_seen": number}
    if kind == "interviewer's":
        return kind, _event(own, {"name": "device", "cameras": 1})
    if kind == "unknown kind":
        return kind, _event(own, {"name": "gap", "state": "ended"})
    if kind == "form":
        return kind, {**_event(own, {"name": "device", "cameras": 1}), "extra": 1}
    return kind, _event(own, {"name": "device", "cameras": -chance.randint(1, 99)})


def _event(boot_id: str, event: Message) -> Message:
    return {
        "type": "event",
        "boot_id": boot_id,
        "client_seq": 1,
        "monotonic_ms": 1.0,
        "event": event,
    }
