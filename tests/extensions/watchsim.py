"""A candidate's page, a bad line and the room's proof of watching, in simulated time.

Nothing sleeps. The page keeps the words of live.schema.yaml (a beat a second, one more
for each nonce, frames ten times a second), the line delays and loses whole messages,
and the room is the real `Proof` with its view. `Page` has a switch for each way in
which a page can fall silent, be it cut off or meddled with.
"""

from __future__ import annotations

import base64
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record, format_time
from nbinterview_server.beats import signature
from nbinterview_server.config import RoomConfig
from nbinterview_server.journal import Entry
from nbinterview_server.proof import TICK_S, Proof
from nbinterview_server.view import View
from tests.extensions.harness import CANDIDATE, INTERVIEW, INTERVIEWER, room_config

CONFIG = RoomConfig.from_wire(room_config())
BEGAN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FRAMES_EVERY_S = 0.5
"""Messages of frames; a real page sends more of them, which tells the room no more."""


@dataclass(frozen=True)
class Line:
    """What the network does to each message."""

    loss: float = 0.0
    delay_s: float = 0.2
    jitter_s: float = 0.0


class World:
    """Simulated time, the room's side, and what it recorded."""

    def __init__(self, seed: int, line: Line | None = None) -> None:
        self.random = random.Random(seed)
        self.line = line or Line(delay_s=0.02)
        self.now_s = 1000.0 + self.random.random()
        self.records: list[Record] = []
        self.is_full = False
        self.began_s = self.now_s
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self.boot_room()
        self.write(Entry("interview.state", "room", {"state": "open"}))
        self._tick()

    def boot_room(self) -> None:
        """Start the room's proof on what is on record."""
        self.view = View("scheduled", CONFIG.people)
        for record in self.records:
            self.view.step(record)
        self.up = True
        self.proof = Proof(
            self.view,
            INTERVIEW,
            record=self.write,
            clock=self.clock,
            monotonic=lambda: self.now_s,
            random_bytes=self.random.randbytes,
            is_full=lambda: self.is_full,
        )
        for record in self.records:
            self.proof.recall(record)
        self.proof.go_on()

    def clock(self) -> datetime:
        return BEGAN + timedelta(seconds=self.now_s)

    def write(self, entry: Entry) -> None:
        assert not callable(entry.payload)
        record = Record(
            interview=INTERVIEW,
            seq=len(self.records) + 1,
            time=format_time(self.clock()),
            kind=entry.kind,
            author=entry.author,
            payload=entry.payload,
            salt="0" * 32,
            monotonic_ms=entry.monotonic_ms,
        )
        self.records.append(record)
        self.view.step(record)
        # As the journal does it: its listeners hear of one after the other.
        proof = self.proof

        def hear() -> None:
            if proof is self.proof:
                proof.hear(record)

        self.after(0.0, hear)

    def write_quietly(self, kind: str) -> None:
        """Write a record that no listener is there to hear."""
        self.up = False
        self.records.append(
            Record(
                INTERVIEW,
                len(self.records) + 1,
                format_time(self.clock()),
                kind,
                "room",
                {},
                "0" * 32,
            )
        )

    def gaps(self, state: str = "began") -> list[dict[str, Any]]:
        found = [dict(one.facts) for one in self.records if one.kind == "gap"]
        return [one for one in found if one["state"] == state]

    def seen_s(self, since: int = 0) -> float | None:
        """Return when the first gap after so many records began to be on record."""
        for record in self.records[since:]:
            if record.kind == "gap" and record.facts["state"] == "began":
                at = datetime.fromisoformat(record.time)
                return (at - BEGAN).total_seconds()
        return None

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now_s + delay_s, next(self._number), what))

    def run(self, duration_s: float) -> None:
        until_s = self.now_s + duration_s
        while self._due and self._due[0][0] <= until_s:
            self.now_s, _, what = heapq.heappop(self._due)
            what()
        self.now_s = until_s

    def _tick(self) -> None:
        if self.up:
            self.proof.tick()
        self.after(TICK_S, self._tick)

    def pass_line(self) -> float | None:
        """Return how long a message is on its way, None for one that is lost."""
        line = self.line
        if self.random.random() < line.loss:
            return None
        return line.delay_s + self.random.uniform(-line.jitter_s, line.jitter_s)


class Page:
    """The candidate's page, from hello on; change its switches as time goes."""

    def __init__(self, world: World, *, camera: bool = True) -> None:
        self.world = world
        self.camera = camera
        self.boot_id = str(_uuid(world.random))
        self.connection = ""
        self.beat = 0
        self.seq = 0
        self.frames_seen = 0
        self.born_s = world.now_s
        self.arrives_s = 0.0
        """Messages on one socket do not overtake each other."""
        self.credentials: dict[str, Any] = {}
        # Switches.
        self.worker = True
        """The heartbeat's worker runs."""
        self.runs = True
        """The page's own thread runs."""
        self.asleep = False
        """The whole computer is."""
        self.path = True
        """Packets go through."""
        self.frames = True
        self.observes = True
        self.counts = True
        """Frames are counted in the beats."""
        self.still = False
        self.held: list[Callable[[str], None]] | None = None
        """What is on its way to a room that stands still."""
        self.hears = True
        self.clock_stands_ms: int | None = None
        self.keep: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda beat: beat
        """What a meddled page makes of a beat."""
        self.sent_beats: list[dict[str, Any]] = []
        self.proved_s = world.now_s
        """When its last beat that fitted was sent."""
        self.gone = False
        self.problems: list[NBInterviewError] = []
        self.next: Page
        """What took its place."""
        self.connect()
        self._second()
        self._frames()

    # ------------------------------------------------------------ socket

    def connect(self) -> None:
        world = self.world
        self.connection = world.random.randbytes(5).hex()
        world.view.connections[self.connection] = CANDIDATE
        world.proof.open(
            self.connection, self.boot_id, CANDIDATE, self._told, self._pinged
        )
        welcome = world.proof.welcome(self.connection)
        self.credentials = welcome["beats"]
        self.first_nonce = self.credentials["nonce"]
        self.active = welcome["lease"]["active"]

    def disconnect(self, *, by_room: bool = False) -> None:
        self.world.view.connections.pop(self.connection, None)
        self.world.proof.close(self.connection, by_room=by_room)
        self.connection = ""

    def _to_room(self, what: Callable[[str], None]) -> None:
        delay_s = self.world.pass_line()
        if delay_s is None or not self.path or not self.connection:
            return
        connection = self.connection
        self.arrives_s = max(self.arrives_s, self.world.now_s + delay_s)

        def arrive() -> None:
            if self.held is not None:
                self.held.append(what)
            elif connection == self.connection and self.world.up:
                what(connection)

        self.world.after(self.arrives_s - self.world.now_s, arrive)

    def _from_room(self, what: Callable[[], None]) -> None:
        delay_s = self.world.pass_line()
        if delay_s is not None and self.path and self.hears:
            self.world.after(delay_s, what)

    def _told(self, message: Any) -> None:
        self._from_room(lambda: self._hear(message))

    def _hear(self, message: Any) -> None:
        if message["type"] == "lease":
            self.active = message["active"]
        if message["type"] == "nonce" and self.runs and not self.asleep:
            self.credentials = {**self.credentials, "nonce": message["nonce"]}
            if self.worker:
                self._beat()

    def _pinged(self, data: bytes) -> None:
        def pong() -> None:
            if not self.asleep:
                self._to_room(lambda line: self.world.proof.ponged(line, data))

        self._from_room(pong)

    # ------------------------------------------------------------ what it says

    @property
    def clock_ms(self) -> float:
        return 1000 * (self.world.now_s - self.born_s)

    def event(self, **event: Any) -> None:
        """Say an event: to the room, and by it to the record."""
        self.seq += 1
        said = {"monotonic_ms": self.clock_ms, "boot_id": self.boot_id}
        message = {"type": "event", "client_seq": self.seq, "event": event, **said}

        def take(line: str) -> None:
            self.world.proof.spoke(line, message)
            kept = {key: message[key] for key in ("boot_id", "client_seq", "event")}
            self.world.write(Entry("event", CANDIDATE, kept, self.clock_ms))

        self._to_room(take)

    def start(self) -> None:
        """Agree to everything and press Start."""
        granted = ["focus", "camera"] if self.camera else ["focus"]
        for sensor in granted:
            self.event(name="consent", sensor=sensor, granted=True)
        if self.camera:
            self.event(name="camera", state="on")
        self.event(name="watch", state="started")

    def _second(self) -> None:
        if self.gone:
            return
        if self.worker and not self.asleep:
            self._beat()
        self.world.after(1.0, self._second)

    def _beat(self) -> None:
        self.beat += 1
        if not self.runs or not self.active or self.gone:
            return
        clock_ms = self.clock_stands_ms
        beat: dict[str, Any] = {
            "type": "beat",
            "boot_id": self.boot_id,
            "beat": self.beat,
            "monotonic_ms": round(self.clock_ms) if clock_ms is None else clock_ms,
            "frames_seen": self.frames_seen,
            "frames_dropped": 0,
            "nonce": self.credentials["nonce"],
        }
        key = base64.b64decode(self.credentials["key"])
        beat["mac"] = signature(key, INTERVIEW, beat)
        kept = self.keep(beat)
        if kept is None:
            return
        self.sent_beats.append(beat)
        sent_s = self.world.now_s
        self._to_room(lambda line: self._take_beat(line, kept, sent_s))

    def _take_beat(self, line: str, beat: dict[str, Any], sent_s: float) -> None:
        try:
            self.world.proof.beat(line, beat)
        except NBInterviewError as error:
            self.problems.append(error)
        else:
            if not self.world.gaps():
                self.proved_s = sent_s

    def _frames(self) -> None:
        if self.gone:
            return
        on = self.runs and not self.asleep
        if on and self.camera and self.frames and self.counts:
            self.frames_seen += round(10 * FRAMES_EVERY_S)
        if on and self.observes:
            self._observe()
        self.world.after(FRAMES_EVERY_S, self._frames)

    def _observe(self) -> None:
        frames = []
        if self.camera and self.frames:
            frames = [{"frame_diff": 0.0 if self.still else 2.5}]
        said = {"monotonic_ms": self.clock_ms, "boot_id": self.boot_id}

        def take(line: str) -> None:
            self.world.proof.spoke(line, {"type": "observations", **said})
            self.world.proof.observed(line, frames)

        self._to_room(take)

    # ------------------------------------------------------------ what befalls it

    def leave(self) -> None:
        """The page is gone for good: closed, crashed, or loaded again."""
        self.gone = True
        if self.connection:
            self.disconnect()

    def reload(self, *, takes_s: float = 5.0) -> None:
        """Load the page again: another page load takes its place after a while."""
        self.event(name="page", state="unloading")
        self.world.after(0.3, self.leave)
        self.world.after(takes_s, self._again)

    def _again(self) -> None:
        again = Page(self.world, camera=self.camera)
        self.next = again
        if again.camera:
            again.event(name="camera", state="on")


def watched(
    seed: int, line: Line | None = None, *, camera: bool = True
) -> tuple[World, Page]:
    """Return a world in which a page is watched since some seconds."""
    world = World(seed, line)
    page = Page(world, camera=camera)
    # Not lost, as an event is sent again until it is acknowledged.
    world.line, line = Line(), world.line
    page.start()
    world.line = line
    world.run(10.0 + world.random.random())
    assert world.gaps() == []
    return world, page


def pause(world: World, *, paused: bool) -> None:
    """An interviewer pauses or resumes the watching."""
    payload = {"paused": paused, "allows": [], "reason": ""}
    world.write(Entry("watching", INTERVIEWER, payload))


def _uuid(chance: random.Random) -> str:
    text = f"{chance.getrandbits(128):032x}"
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
