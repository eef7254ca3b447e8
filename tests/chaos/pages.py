"""People's pages on the wire: they come back, keep what is not acknowledged, and beat.

What a browser does, without one, so that a trial takes seconds. Each page writes
into the history what it did and heard, and judges nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import rfc8785
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tests.chaos import history as told
from tests.chaos.history import History
from tests.custody.clients import Client
from tests.extensions.harness import RoomServer, eventually, watching_frame

LIVE = "nbinterview/api/v1/live"
AGAIN_S = (0.1, 0.4)
"""Between two attempts to connect, as chance will have it."""
FRAME_S = 0.5
CLOSED = (WebSocketException, OSError, TimeoutError, httpx.HTTPError)
Room = Callable[[], RoomServer]
"""Where the room is to be reached now."""


class Connected:
    """A page of one person that connects again whenever it loses its room."""

    path = LIVE

    def __init__(
        self, room: Room, who: str, name: str, history: History, seed: int
    ) -> None:
        """`name` tells the pages of a person apart in the history."""
        self.room, self.who, self.name, self.history = room, who, name, history
        self.chance = random.Random(seed)
        self.boot_id = _boot_id(self.chance)
        self.welcome: dict[str, Any] = {}
        self.heard: list[dict[str, Any]] = []
        self.connected = asyncio.Event()
        self.connections = 0
        self.asleep = asyncio.Event()
        """Set while nothing of this page runs: it hears and says nothing."""
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost_s: float | None = None

    async def open(self) -> None:
        """Connect, and stay until `close`."""
        self._task = asyncio.create_task(self._live(), name=self.name)
        await asyncio.wait_for(self.connected.wait(), 60)

    async def close(self) -> None:
        """Close the page in order."""
        await self._end()
        if self._connection is not None:
            await self._connection.close()

    async def crash(self) -> None:
        """End as a killed tab does: without a word."""
        await self._end()
        if self._connection is not None:
            self._connection.transport.abort()

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.connected.clear()

    async def _live(self) -> None:
        while True:
            with suppress(*CLOSED):
                # A page that heard nothing for a while takes its network for lost.
                async with self.room().socket(self.who, self.path) as connection:
                    self._connection = connection
                    await self._visit(connection)
            if self.connected.is_set():
                self.connected.clear()
                self._lost_s = time.monotonic()
                self.history.add(self.name, told.DROPPED, page=self.name)
            await asyncio.sleep(self.chance.uniform(*AGAIN_S))

    async def _visit(self, connection: ClientConnection) -> None:
        await self.say(type="hello", boot_id=self.boot_id)
        working: list[asyncio.Task[None]] = []
        try:
            async for text in connection:
                while self.asleep.is_set():
                    await asyncio.sleep(0.05)
                data = text if isinstance(text, bytes) else text.encode()
                self.history.receive(self.name, data)
                message = json.loads(text)
                self.heard.append(message)
                self.history.add(self.name, told.HEARD, message=message)
                self.take(message)
                if message["type"] == "welcome":
                    self._welcomed(message)
                    working = [asyncio.create_task(one) for one in self.works()]
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    def _welcomed(self, message: dict[str, Any]) -> None:
        self.welcome = message
        self.connections += 1
        after_s = 0.0 if self._lost_s is None else time.monotonic() - self._lost_s
        self._lost_s = None
        self.history.add(self.name, told.BACK, page=self.name, after_s=after_s)
        self.connected.set()

    async def say(self, **message: Any) -> None:
        """Send one message on the present connection."""
        assert self._connection is not None
        await self._connection.send(json.dumps(message))

    def works(self) -> list[Any]:
        """Return what a page does while it is connected."""
        return []

    def take(self, message: dict[str, Any]) -> None:
        """Take one message of the room."""

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Return every message of a kind that came, oldest first."""
        return [one for one in self.heard if one["type"] == kind]


class Panel(Connected):
    """An interviewer's page: it hears flags, gaps, checkpoints and alarms."""


class CandidatePage(Connected):
    """The candidate's page: events, frames, and a beat each second."""

    def __init__(
        self, room: Room, who: str, name: str, history: History, seed: int
    ) -> None:
        super().__init__(room, who, name, history, seed)
        self.seq = 0
        self.spool: dict[int, dict[str, Any]] = {}
        self.older: list[dict[str, Any]] = []
        """What earlier loads of this page left in the browser's store."""
        self.beats = 0
        self.frames_seen = 0
        self.beating = self.measuring = True
        """Whether the workers of the beats and of the camera live."""
        self.skew_ms = 0.0
        """Added to the clock in its messages; its worker beats by the true one."""
        self.active = True
        self.watching = False
        self._nonce = ""
        self._began_s = time.monotonic()
        self.sent_beats: list[dict[str, Any]] = []
        self._worker: asyncio.Task[None] | None = None
        self._caught_up = 0
        """The number of the connection on which all that was kept has been sent."""

    # -------------------------------------------------------------- what it does

    async def start_watching(self) -> None:
        """Agree to everything, and press Start."""
        self.watching = True
        for event in (
            {"name": "consent", "sensor": "camera", "granted": True},
            {"name": "consent", "sensor": "focus", "granted": True},
            {"name": "consent", "sensor": "clipboard", "granted": True},
            {"name": "watch", "state": "started"},
            {"name": "visibility", "state": "visible"},
            {"name": "camera", "state": "on"},
            {"name": "detector", "state": "ready"},
        ):
            await self.event(event)
        await self.settled()
        self.history.add(self.name, told.WATCHED)

    async def stop_watching(self) -> None:
        """End the watching."""
        self.history.add(self.name, told.UNWATCHED)
        self.watching = False
        await self.event({"name": "watch", "state": "stopped"})

    async def event(self, event: dict[str, Any]) -> None:
        """Tell one event: kept until it is acknowledged."""
        self.seq += 1
        message = {
            "type": "event",
            "boot_id": self.boot_id,
            "client_seq": self.seq,
            "monotonic_ms": self.clock_ms(),
            "event": event,
        }
        self.spool[self.seq] = message
        await self._try(message)

    async def tell(self) -> str:
        """Tell an event with a token of its own; return the token."""
        token = f"ev-{self.chance.randbytes(6).hex()}"
        self.history.add(
            self.name,
            told.SENT,
            boot_id=self.boot_id,
            client_seq=self.seq + 1,
            token=token,
        )
        sizes = {"typed": 1, "composed": 0, "completed": 0, "pasted": 0}
        await self.event(
            {"name": "typing", **sizes, "dropped": 0, "restored": 0, "cell_id": token}
        )
        return token

    async def settled(self, within_s: float = 30.0) -> None:
        """Wait until all is acknowledged."""
        await eventually(lambda: not self.spool and not self.older, within_s=within_s)

    def reload(self) -> None:
        """Begin a new load of the page; what is kept stays in the browser's store."""
        self.older += self.spool.values()
        self.spool = {}
        self.boot_id = _boot_id(self.chance)
        self.seq = self.beats = self.frames_seen = 0
        self._began_s = time.monotonic()

    def clock_ms(self) -> float:
        """Return what this page's messages say of its monotonic clock."""
        return max(0.0, self._true_ms() + self.skew_ms)

    def _true_ms(self) -> int:
        return round(1000 * (time.monotonic() - self._began_s))

    # ------------------------------------------------------------- how it speaks

    def works(self) -> list[Any]:
        return [self._measure(), self._resend()]

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "ack":
            self._acknowledged(message)
        elif message["type"] == "nonce":
            self._nonce = message["nonce"]
            self._answer = asyncio.ensure_future(self.beat())
        elif message["type"] == "lease":
            self.active = message["active"]
        elif message["type"] == "welcome":
            self.active = message.get("lease", {"active": True})["active"]
            self._nonce = message.get("beats", {}).get("nonce", "")

    def _acknowledged(self, message: dict[str, Any]) -> None:
        boot_id, number = message["boot_id"], message["client_seq"]
        self.history.add(
            self.name, told.ACKNOWLEDGED, boot_id=boot_id, client_seq=number
        )
        if boot_id == self.boot_id:
            self.spool = {seq: one for seq, one in self.spool.items() if seq > number}
        self.older = [
            one
            for one in self.older
            if one["boot_id"] != boot_id or one["client_seq"] > number
        ]

    async def _resend(self) -> None:
        """Send what is kept, and what comes meanwhile, in order; then what is new.

        The room takes a lower number after a higher one for a repeat.
        """
        sent: set[tuple[str, int]] = set()

        def left() -> list[dict[str, Any]]:
            kept = [*self.older, *self.spool.values()]
            return [m for m in kept if (m["boot_id"], m["client_seq"]) not in sent]

        while messages := left():
            for message in messages:
                sent.add((message["boot_id"], message["client_seq"]))
                await self.say(**message)
        self._caught_up = self.connections

    async def _try(self, message: dict[str, Any]) -> None:
        in_turn = self.connected.is_set() and self._caught_up == self.connections
        if in_turn and not self.asleep.is_set():
            with suppress(*CLOSED):
                await self.say(**message)

    async def open(self) -> None:
        await super().open()
        if self._worker is None:
            self._worker = asyncio.create_task(self._live_worker())

    async def _end(self) -> None:
        await super()._end()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
            self._worker = None

    async def _live_worker(self) -> None:
        """Count the seconds, and beat in each of them in which the room is there."""
        while True:
            interval_ms = self.welcome.get("beats", {}).get("interval_ms", 1000)
            await asyncio.sleep(interval_ms / 1000)
            await self.beat()

    async def beat(self) -> None:
        """Beat once, if the worker lives; a second without a room counts too."""
        if not (self.watching and self.beating) or self.asleep.is_set():
            return
        self.beats += 1
        given = self.welcome.get("beats")
        if given is None or not self.connected.is_set():
            return
        with suppress(*CLOSED):
            await self.say(**self.next_beat(given))
            if self.active:
                self.history.add(
                    self.name, told.BEAT, boot_id=self.boot_id, beat=self.beats
                )

    def next_beat(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the present beat, signed with a connection's key."""
        signed = {
            "interview": given["interview"],
            "boot_id": self.boot_id,
            "beat": self.beats,
            "monotonic_ms": self._true_ms(),
            "frames_seen": self.frames_seen,
            "frames_dropped": 0,
            "nonce": self._nonce,
        }
        key = base64.b64decode(given["key"])
        mac = hmac.new(key, rfc8785.dumps(signed), hashlib.sha256).hexdigest()
        del signed["interview"]
        message = {"type": "beat", **signed, "mac": mac}
        self.sent_beats.append(message)
        return message

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(FRAME_S)
            if not (self.watching and self.measuring) or self.asleep.is_set():
                continue
            self.seq += 1
            self.frames_seen += 1
            clock_ms = self.clock_ms()
            message = {
                "type": "observations",
                "boot_id": self.boot_id,
                "client_seq": self.seq,
                "monotonic_ms": clock_ms,
                "frames": [watching_frame(clock_ms)],
                "frames_dropped": 0,
                "rate_hz": 1 / FRAME_S,
            }
            self.spool[self.seq] = message
            await self._try(message)


class Editor(Client):
    """A page's notebook, that comes back by itself and notes what it types."""

    def __init__(
        self, room: Room, who: str, name: str, history: History, seed: int
    ) -> None:
        super().__init__(room(), who)
        self._room, self.name, self.history = room, name, history
        self.chance = random.Random(seed)
        self.writes = 0
        self.back_s: list[float] = []
        self._life: asyncio.Task[None] | None = None
        self._noted = 0

    def take(self, message: bytes) -> None:
        self.history.receive(self.name, message)
        super().take(message)

    async def enter(self) -> None:
        """Connect, and stay until `quit`."""
        await self.connect()
        self._life = asyncio.create_task(self._live(), name=f"{self.name} edits")

    async def quit(self) -> None:
        """Close the page."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        await self.leave()

    def write(self, cell: int = 1) -> str:
        """Type one token at the end of a cell; return it."""
        token = f"dc-{self.chance.randbytes(6).hex()}"
        # What a page calls its n-th write, the room calls saved by number.
        number = self.saved_count + len(self.unsaved)
        self.history.add(
            self.name,
            told.TYPED,
            token=token,
            cell_id=self.ids()[cell],
            page=self.name,
            write=number,
        )
        self.type(f"# {token}\n", cell)
        return token

    def note_saved(self) -> None:
        """Write down how much the room has called saved."""
        if self.saved_count != self._noted:
            self._noted = self.saved_count
            self.history.add(
                self.name, told.SAVED, page=self.name, count=self.saved_count
            )

    def show(self) -> None:
        """Write down what this page shows."""
        self.note_saved()
        self.history.add(
            self.name,
            told.SHOWN,
            cells=[list(pair) for pair in zip(self.ids(), self.sources(), strict=True)],
            refused=[one.get("detail", "") for one in self.refused],
        )

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self.note_saved()
            if self.closed is None:
                continue
            lost_s = time.monotonic()
            await self.drop()
            while not await self._again():
                await asyncio.sleep(self.chance.uniform(*AGAIN_S))
            self.back_s.append(time.monotonic() - lost_s)

    async def _again(self) -> bool:
        """Try to connect once; after a restart the room has given new addresses."""
        self.server, self.path = self._room(), None
        try:
            async with asyncio.timeout(5):
                await self.connect()
        except (*CLOSED, AssertionError):
            with suppress(*CLOSED):
                await self.drop()
            return False
        return True


def _boot_id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
