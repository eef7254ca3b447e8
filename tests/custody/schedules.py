"""Random schedules of what can happen to a shared notebook, and what went wrong.

A schedule is data; `play` carries it out on a `World`: our core, stock's rooms, or
whole servers of either kind. Every edit types a token of its own, so that it can
be followed: a token that the server called saved, or that another page has shown,
must be in the end in every page, and once. In the end everybody comes back, what
is under way arrives, and a fresh page is opened.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hypothesis import strategies as st

from tests.custody.pages import Page
from tests.extensions.harness import CANDIDATE, INTERVIEWER

PEOPLE = (CANDIDATE, INTERVIEWER, CANDIDATE)
"""Whose the pages are: the candidate has two."""
WIDTH = 6
"""Characters of a token; text grows by whole tokens only."""
CELLS = ("cell-a", "cell-b")

Action = tuple[str, int, int, int]
"""What happens, in which page, and two numbers that say where."""

KINDS = {
    "type": 8,
    "add a cell": 2,
    "remove a cell": 1,
    "run": 2,
    "messages arrive": 8,
    "the disk writes": 3,
    "all is settled": 1,
    "lose the connection": 2,
    "connect": 3,
    "reload the page": 1,
    "kill the server": 2,
    "forget the room": 1,
}
"""Every kind of action, and how often it is drawn."""


FEWER = {
    **KINDS,
    "messages arrive": 2,
    "the disk writes": 1,
    "all is settled": 3,
    "reload the page": 2,
    "kill the server": 3,
    "forget the room": 2,
}
"""For short schedules on whole servers, which take seconds each."""


def notebook() -> dict[str, Any]:
    """Return the notebook that every schedule starts from."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": cell_id,
            "metadata": {},
            "source": "",
            "outputs": [],
            "execution_count": None,
        }
        for cell_id in CELLS
    ]
    names = {"name": "nbinterview-python3", "display_name": "Python 3"}
    metadata = {"kernelspec": names, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def schedules(
    length: int = 40, weights: Mapping[str, int] = KINDS
) -> st.SearchStrategy[list[Action]]:
    """Return a strategy for schedules of up to so many actions."""
    kinds = [kind for kind, weight in weights.items() for _ in range(weight)]
    small = st.integers(0, 7)
    action = st.tuples(
        st.sampled_from(kinds), st.integers(0, len(PEOPLE) - 1), small, small
    )
    return st.lists(action, min_size=length // 3, max_size=length)


class World(Protocol):
    """One server, the ways to it, and what can happen to both."""

    keeps: bool
    """Its pages keep their updates until `saved`."""

    async def connect(self, page: Page) -> None:
        """Begin a connection; the handshake is under way."""

    async def drop(self, page: Page) -> None:
        """End it without a word; what was under way is lost."""

    async def pass_messages(self, page: Page, up: int, down: int) -> None:
        """Let so many messages arrive, to the server and to the page."""

    async def write(self) -> None:
        """Let the disk take what waits for it."""

    async def settle(self) -> None:
        """Let everything arrive and be written that is under way."""

    async def run(self, page: Page, cell_id: str, token: str) -> None:
        """Run a cell that prints a token; who `keeps` has the server write it."""

    async def kill(self) -> None:
        """Kill the server, end its connections, start another on what is on disk."""

    async def forget(self) -> None:
        """Free the room, as when everybody has been gone for long; all are gone."""


@dataclass
class Findings:
    """What went wrong in one schedule."""

    lost: list[str] = field(default_factory=list)
    """Tokens that were saved, or seen by another, and are gone."""
    vanished: list[str] = field(default_factory=list)
    """Tokens that were neither, and are gone: with a page that was loaded again."""
    doubled: list[str] = field(default_factory=list)
    """Tokens and cells that are there more than once."""
    diverged: bool = False
    refused: list[str] = field(default_factory=list)
    """Why honest pages were refused."""

    @property
    def failed(self) -> bool:
        """What must never happen, happened. `vanished` is judged apart."""
        return bool(self.lost or self.doubled or self.diverged or self.refused)


@dataclass(frozen=True)
class Edit:
    """One token: whose page wrote it, where, as which of its writes, or by a run."""

    token: str
    page: int | None
    cell_id: str
    write: int
    ran: bool


@dataclass
class Play:
    """One schedule being carried out."""

    world: World
    pages: list[Page]
    edits: list[Edit] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    """Cells that somebody removed."""
    replaced: set[str] = field(default_factory=set)
    """Tokens printed by a run before the cell's last one."""
    connected: set[int] = field(default_factory=set)

    async def act(self, action: Action) -> None:
        """Carry out one action; one that is not possible now does nothing."""
        kind, number, first, second = action
        page = self.pages[number]
        cells = len(page.notebook.ycells)
        if kind == "type" and cells:
            self._type(number, first % cells, second)
        elif kind == "add a cell" and cells:
            self._add(number, first % (cells + 1))
        elif kind == "remove a cell" and cells > 1:
            self._remove(page, first % cells)
        elif kind == "run" and cells and number in self.connected:
            await self._run(page, page.ids()[first % cells])
        elif kind == "messages arrive" and number in self.connected:
            await self.world.pass_messages(page, first, second)
        elif kind == "the disk writes":
            await self.world.write()
        elif kind == "all is settled":
            await self.world.settle()
        elif kind == "lose the connection":
            await self._drop(number)
        elif kind == "connect" and number not in self.connected:
            await self._connect(number)
        elif kind == "reload the page":
            await self._drop(number)
            page.reload()
        elif kind == "kill the server":
            await self.world.kill()
            self.connected.clear()
        elif kind == "forget the room":
            for connected in sorted(self.connected):
                await self._drop(connected)
            await self.world.forget()
        self._look()

    def _token(self, page: int | None, cell_id: str, *, ran: bool = False) -> str:
        token = f"#{len(self.edits):04} "  # a comment, when it is run as code
        write = -1
        if page is not None:
            one = self.pages[page]
            write = one.saved_count + len(one.unsaved)
        self.edits.append(Edit(token, page, cell_id, write, ran))
        return token

    def _type(self, number: int, cell: int, where: int) -> None:
        page = self.pages[number]
        ycell = page.notebook.ycells[cell]
        tokens = len(str(ycell["source"])) // WIDTH
        token = self._token(number, str(ycell["id"]))
        page.insert(cell, WIDTH * (where % (tokens + 1)), token)

    def _add(self, number: int, at: int) -> None:
        cell_id = f"added-{len(self.edits)}"
        self.pages[number].add_cell(cell_id, self._token(number, cell_id), at)

    def _remove(self, page: Page, cell: int) -> None:
        self.removed.add(page.ids()[cell])
        del page.notebook.ycells[cell]

    async def _run(self, page: Page, cell_id: str) -> None:
        # A run replaces what the cell's earlier runs printed.
        self.replaced |= {
            edit.token for edit in self.edits if edit.ran and edit.cell_id == cell_id
        }
        author = None if self.world.keeps else self.pages.index(page)
        await self.world.run(page, cell_id, self._token(author, cell_id, ran=True))

    async def _connect(self, number: int) -> None:
        await self.world.connect(self.pages[number])
        self.connected.add(number)

    async def _drop(self, number: int) -> None:
        if number in self.connected:
            await self.world.drop(self.pages[number])
            self.connected.discard(number)

    def _look(self) -> None:
        """Remember what pages show of others."""
        shown = [text_of(page) for page in self.pages]
        for edit in self.edits:
            if edit.token not in self.seen and any(
                number != edit.page and edit.token in text
                for number, text in enumerate(shown)
            ):
                self.seen.add(edit.token)

    def _is_promised(self, edit: Edit) -> bool:
        if edit.token in self.seen:
            return True
        return edit.page is not None and self.pages[edit.page].saved_count > edit.write

    async def end(self, fresh: Page) -> Findings:
        """Let everybody come back, and say what went wrong."""
        for number in range(len(self.pages)):
            if number not in self.connected:
                await self._connect(number)
        await self.world.settle()
        await self.world.connect(fresh)
        await self.world.settle()
        everybody = [*self.pages, fresh]
        texts = [text_of(page) for page in everybody]
        found = Findings(diverged=len(set(texts)) > 1)
        for edit in self.edits:
            counts = [text.count(edit.token) for text in texts]
            if max(counts) > 1:
                found.doubled.append(edit.token)
            gone = edit.cell_id in self.removed or edit.token in self.replaced
            if min(counts) == 0 and not gone:
                if self._is_promised(edit):
                    found.lost.append(edit.token)
                elif edit.page is not None:
                    found.vanished.append(edit.token)
        for page in everybody:
            twice = [one for one, count in Counter(page.ids()).items() if count > 1]
            found.doubled += [one for one in twice if one not in found.doubled]
            found.refused += [str(one["detail"]) for one in page.refused]
        return found


def text_of(page: Page) -> str:
    """Return all that a page shows, to be searched and compared."""
    shown = [
        (str(cell["id"]), str(cell["source"]), outputs_of(cell))
        for cell in page.notebook.ycells
    ]
    return json.dumps(shown)


def outputs_of(cell: Any) -> str:
    """Return the outputs of a cell; a map has its keys in no order."""
    outputs = cell.get("outputs")
    return json.dumps(outputs.to_py(), sort_keys=True) if outputs is not None else ""


async def play(
    world: World,
    schedule: Sequence[Action],
    make_page: Callable[[str], Page],
) -> Findings:
    """Carry out a schedule on a fresh world, and return what went wrong."""
    playing = Play(world, [make_page(who) for who in PEOPLE])
    for number in range(len(PEOPLE)):
        await playing.act(("connect", number, 0, 0))
    await world.settle()
    for action in schedule:
        await playing.act(action)
    return await playing.end(make_page(INTERVIEWER))


def client_ids(seed: int) -> Callable[[], int]:
    """Return a source of Yjs client ids that repeats itself."""
    chance = random.Random(seed)
    return lambda: chance.randrange(1, 2**31)
