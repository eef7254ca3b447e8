"""Where trials play: a room and, when a fault needs it, the whole platform."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from pathlib import Path

from tests.chaos import canary
from tests.chaos.checker import INVARIANTS, Verdict, judge, tested
from tests.chaos.history import History
from tests.chaos.interview import Interview, Scale, interview
from tests.chaos.platform import PlatformRoom, platform_room
from tests.extensions.harness import RoomServer
from tests.extensions.stand_in import StandIn

TRIALS_OF_A_ROOM = 25
"""After so many its record is long, and another room takes over."""
FAKE_TIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class SkewedRoom(RoomServer):
    """A room whose wall clock can be set, by libfaketime; its monotonic one is true."""

    def env(self) -> dict[str, str]:
        """Return the variables that the hub's spawner would set, and the clock's."""
        return {
            **super().env(),
            "LD_PRELOAD": str(FAKE_TIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            # Its file is not read at each look at the clock: that is felt.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    @property
    def clock_file(self) -> Path:
        """The file that says how far the clock is off."""
        return self.directory / "faketime"

    def set_clock(self, off_s: int) -> None:
        """Put the room's clock so far ahead, or back."""
        self.clock_file.write_text(f"{off_s:+d}\n", "ascii")


class Stage:
    """Rooms for trials, kept from one to the next; `close` when done."""

    def __init__(self, scale: Scale | None = None) -> None:
        self.scale = scale or Scale()
        self.top = Path(tempfile.mkdtemp(prefix="nbi-chaos-"))
        self._rooms: dict[str, RoomServer] = {}
        self._uses: dict[str, int] = {}
        self._made = 0
        self._platform: AbstractContextManager[PlatformRoom] | None = None

    async def room(self, name: str = "main", *, skewed: bool = False) -> RoomServer:
        """Return a room that runs; the same for a name, until it is old."""
        self._uses[name] = self._uses.get(name, 0) + 1
        if self._uses[name] > TRIALS_OF_A_ROOM and name != "platform":
            self._uses[name] = 1
            self._end(self._rooms.pop(name))
        if name == "platform" and name not in self._rooms:
            folder = self.top / "platform"
            context = platform_room(folder)
            # It starts processes and waits for them: not in the event loop.
            self._rooms[name] = await asyncio.to_thread(context.__enter__)
            self._platform = context
        if name not in self._rooms:
            self._made += 1
            directory = self.top / str(self._made)
            directory.mkdir()
            kind = SkewedRoom if skewed else RoomServer
            room = kind(directory / "r", StandIn(canary.prepared()))
            room.directory.mkdir()
            if isinstance(room, SkewedRoom):
                room.set_clock(0)
            await room.start()
            self._rooms[name] = room
        return self._rooms[name]

    def forget(self, name: str = "main") -> None:
        """End a room that a trial left in a bad state."""
        if name in self._rooms:
            self._uses[name] = 0
            room = self._rooms.pop(name)
            if name != "platform":
                self._end(room)
            elif self._platform is not None:
                self._platform.__exit__(None, None, None)
                shutil.rmtree(self.top / "platform", ignore_errors=True)

    def close(self) -> None:
        """End everything."""
        for name in list(self._rooms):
            self.forget(name)
        shutil.rmtree(self.top, ignore_errors=True)

    @staticmethod
    def _end(room: RoomServer) -> None:
        try:
            room.stop()
        finally:
            room.service.close()

    async def _next_door(
        self, room: RoomServer, seed: int
    ) -> AbstractAsyncContextManager[str]:
        """Return another interview with a word in it, on the same platform if any."""
        if isinstance(room, PlatformRoom):
            return nullcontext(room.next_door)
        return canary.next_door(await self.room("next door"), seed)

    @asynccontextmanager
    async def trial(
        self,
        seed: int,
        *,
        name: str = "main",
        watched: bool = True,
        through: int | None = None,
    ) -> AsyncIterator[Trial]:
        """Hold an interview, and judge it when it is over."""
        room = await self.room(name)
        trial = Trial(len(room.records()))
        async with (
            await self._next_door(room, seed) as word,
            interview(
                room,
                seed,
                self.scale,
                port=through,
                watched=watched,
                next_door=word,
            ) as going,
        ):
            trial.interview = going
            yield trial
        trial.judge()


class Trial:
    """One interview with a fault, and what became of it."""

    interview: Interview
    verdict: Verdict

    def __init__(self, after_seq: int) -> None:
        self.after_seq = after_seq
        self._wrong: list[tuple[str, str]] = []

    @property
    def history(self) -> History:
        """What everybody did and heard."""
        return self.interview.history

    @property
    def tested(self) -> list[str]:
        """The invariants that it has put to the test."""
        return tested(self.history)

    def wrong(self, invariant: str, words: str) -> None:
        """Note what the fault itself saw to be wrong."""
        self._wrong.append((invariant, words))

    def judge(self) -> None:
        """Say which invariants held."""
        self.verdict = judge(
            self.history, self.interview.records(), after_seq=self.after_seq
        )
        for invariant, words in self._wrong:
            self.verdict.add(invariant, words)
        # Nobody watches in some; all else is put to the test by every trial with pages.
        for invariant in {*INVARIANTS} - {"I3", *self.tested}:
            self.verdict.add(invariant, "nothing happened that could break it")


async def pause(interview: Interview, least_s: float, most_s: float) -> float:
    """Let the interview go on for a random while; return how long."""
    while_s = interview.chance.uniform(least_s, most_s)
    await asyncio.sleep(while_s)
    return while_s
