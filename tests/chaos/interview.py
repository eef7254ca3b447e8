"""One interview that goes on while something goes wrong: everybody's pages at work."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import canary
from tests.chaos import history as told
from tests.chaos.history import History
from tests.chaos.pages import CandidatePage, Editor, Panel
from tests.extensions.harness import CANDIDATE, INTERVIEWER, RoomServer, eventually

TELLS_EVERY_S = 0.15
TYPES_EVERY_S = 0.2
AGREES_WITHIN_S = 20.0


@dataclass(frozen=True)
class Scale:
    """How long the long things of a trial take, in s."""

    drop_s: float = 5.0
    sleep_s: float = 6.0
    lock_s: float = 5.0
    flood_s: float = 2.0


@dataclass
class Interview:
    """A room, the pages in it, and what has happened."""

    room: RoomServer
    chance: random.Random
    scale: Scale
    history: History = field(default_factory=History)
    port: int | None = None
    """Through which pages reach the room, when something is in between."""

    def __post_init__(self) -> None:
        seed = self.chance.randrange(2**32)
        given = self.reach, self.history
        self.candidate = CandidatePage(
            given[0], CANDIDATE, "candidate", self.history, seed
        )
        self.panel = Panel(given[0], INTERVIEWER, "panel", self.history, seed + 1)
        self.editor = Editor(given[0], CANDIDATE, "candidate", self.history, seed + 2)
        self.other = Editor(given[0], INTERVIEWER, "panel", self.history, seed + 3)
        self.working = True
        """Whether the candidate types and the page tells."""

    def reach(self) -> RoomServer:
        """Return the room as pages find it now."""
        if self.port is None:
            return self.room
        seen = copy.copy(self.room)
        seen.port = self.port
        return seen

    async def work(self) -> None:
        """Tell and type, for ever."""
        await asyncio.gather(
            self._tell(), self._type(self.editor, 1), self._type(self.other, 0)
        )

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * TELLS_EVERY_S)
            if self.working and not self.candidate.asleep.is_set():
                with suppress(ConnectionError):
                    await self.candidate.tell()

    async def _type(self, page: Editor, cell: int) -> None:
        while True:
            await asyncio.sleep(page.chance.uniform(0.5, 1.5) * TYPES_EVERY_S)
            if self.working and len(page.ids()) > cell:
                page.write(cell)

    async def settle(self) -> None:
        """Let everything that is under way arrive."""
        self.working = False
        await self.candidate.settled()
        pages = (self.editor, self.other)

        def agree() -> bool:
            return pages[0].sources() == pages[1].sources() and not any(
                page.unsaved for page in pages
            )

        # What is not so after this, the checker says.
        with suppress(AssertionError):
            await eventually(agree, within_s=AGREES_WITHIN_S)

    def records(self) -> list[dict[str, Any]]:
        """Return what is in the room's journal now, as it goes over the wire."""
        return [one.wire() for one in self.room.records()]


@asynccontextmanager
async def interview(
    room: RoomServer,
    seed: int,
    scale: Scale,
    *,
    port: int | None = None,
    watched: bool = True,
    next_door: str = "",
) -> AsyncIterator[Interview]:
    """Have a candidate and an interviewer at work in a room; end in good order.

    `next_door` is a word of another interview, which is shown to nobody here.
    """
    made = Interview(room, random.Random(seed), scale, port=port)
    for secret in filter(None, (next_door, canary.HIDDEN)):
        made.history.add("elsewhere", told.SECRET, word=secret, from_who="")
        made.history.add("elsewhere", told.PLANTED, word=secret)
    secret = canary.word("panel", seed)
    made.history.add("panel", told.SECRET, word=secret, from_who="candidate")
    await made.panel.open()
    await made.candidate.open()
    await canary.tell_the_panel_alone(made.panel, room, secret)
    for page in (made.editor, made.other):
        await page.enter()
        await eventually(lambda page=page: len(page.ids()) >= 2)  # type: ignore[misc]
    if watched:
        await made.candidate.start_watching()
    work = asyncio.create_task(made.work())
    try:
        await asyncio.sleep(1.0)
        yield made
        await made.settle()
        if watched:
            await made.candidate.stop_watching()
            await made.candidate.settled()
        await canary.look_around(room, made.history)
        for page in (made.editor, made.other):
            page.show()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        for page in (made.editor, made.other):
            with suppress(Exception):
                await page.quit()
        for one in (made.candidate, made.panel):
            await one.crash()
