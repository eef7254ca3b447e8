"""Requests of a forger: at the service with a room's own token, and at a room's socket.

Each is one that must be refused, and is counted as taken when it is not. What a page
or a room may repeat without harm is none of them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

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
from tests.service.hub_process import running_hub
from tests.service.signed import SigningRoom, new_signer
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
    """Forge a room's requests."""
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
        )
        async with AsyncExitStack() as stack:
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            running = Running(app, settings, clock, hub, stack)
            here, there = [await SigningRoom.open(running) for _ in range(2)]
            for room in (here, there):
                await room.certify()
                await room.send(room.write(20), room.sign())
            forger = _Forger(running, here, there, chance, tally)
            for _ in range(count):
                await forger.one()


class _Forger:
    """Makes one forged request after the other."""

    def __init__(
        self,
        running: Running,
        here: SigningRoom,
        there: SigningRoom,
        chance: random.Random,
        tally: Tally,
    ) -> None:
        self._running, self._here, self._there = running, here, there
        self._chance, self._tally = chance, tally
        self._stranger = new_signer()
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def one(self) -> None:
        """Make one of a kind chosen by chance."""
        kinds: list[Callable[[], tuple[str, Message]]] = [
            self._foreign_token,
            self._no_token,
            self._changed_record,
            self._replaced_record,
            self._foreign_record,
            self._strangers_head,
            self._denying_head,
            self._foreign_head,
            self._head_ahead,
        ]
        make = self._chance.choice(kinds)
        whose, body = make()
        await self._ask(make.__name__.removeprefix("_"), whose, body)

    async def _ask(self, kind: str, whose: str, body: Message) -> None:
        room = await self._client(whose)
        answer = await room.post(
            f"api/v1/rooms/{self._here.interview}/records",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        refused = 400 <= answer.status_code < 500
        if answer.status_code == 200 and body["checkpoint"] is not None:
            # A head that cannot be judged yet is no fault; countersigned it may not be.
            seen, head = answer.json()["countersignature"], body["checkpoint"]
            refused = seen is None or seen["root"] != head["root"]
        self._tally.note(kind, refused=refused, words=answer.text[:200])

    async def _client(self, whose: str) -> httpx.AsyncClient:
        if whose not in self._clients:
            rooms = {"here": self._here, "there": self._there}
            self._clients[whose] = await (
                self._running.room(rooms[whose].interview)
                if whose in rooms
                else self._running.bearer(self._chance.randbytes(32).hex())
            )
        return self._clients[whose]

    def _an_old(self) -> Message:
        return dict(self._chance.choice(self._here.wires))

    def _a_head(self, **changes: Any) -> Message:
        return {"records": [], "checkpoint": self._here.sign(**changes)}

    def _foreign_token(self) -> tuple[str, Message]:
        return "there", {"records": [self._an_old()], "checkpoint": None}

    def _no_token(self) -> tuple[str, Message]:
        return "nobody", {"records": [self._an_old()], "checkpoint": None}

    def _changed_record(self) -> tuple[str, Message]:
        wire = self._an_old()
        name = self._chance.choice(["author", "time", "payload", "salt", "hash"])
        changed: dict[str, Any] = {
            "author": "p-zzzzzzzzzz",
            "time": "2026-11-22T09:59:59.000000Z",
            "payload": {"forged": self._chance.random()},
            "salt": self._chance.randbytes(16).hex(),
            "hash": self._chance.randbytes(32).hex(),
        }
        wire[name] = changed[name]
        return "here", {"records": [wire], "checkpoint": None}

    def _replaced_record(self) -> tuple[str, Message]:
        other = SigningRoom(self._running, self._here.interview, self._here.signer)
        size = self._chance.randint(1, self._here.tree.size)
        wires = other.write(size, payload={"forged": self._chance.random()})
        return "here", {"records": [wires[-1]], "checkpoint": None}

    def _foreign_record(self) -> tuple[str, Message]:
        wire = dict(self._chance.choice(self._there.wires))
        return "here", {"records": [wire], "checkpoint": None}

    def _strangers_head(self) -> tuple[str, Message]:
        return "here", self._a_head(signer=self._stranger)

    def _denying_head(self) -> tuple[str, Message]:
        return "here", self._a_head(root=self._chance.randbytes(32))

    def _foreign_head(self) -> tuple[str, Message]:
        body = {"records": [], "checkpoint": self._there.sign()}
        return "here", body

    def _head_ahead(self) -> tuple[str, Message]:
        size = self._here.tree.size + self._chance.randint(1, 50)
        return "here", self._a_head(size=size, root=self._chance.randbytes(32))


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
