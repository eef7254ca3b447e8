"""The steps of the upstream reports, for a stock server and for a room alike.

https://github.com/jupyterlab/jupyter-collaboration/issues/594, /597, /621, /219.
"Suspend the machine" is a connection that ends without a word while the page stays
open. "Shut down" is a kill after everything had been written: what is on disk is
the same, and stock does not end while a room is open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from nbinterview_server.config import NOTEBOOK
from tests.custody.clients import Client
from tests.custody.stock import StockServer
from tests.extensions.harness import CANDIDATE, INTERVIEWER, RoomServer, eventually

FIRST, SECOND = CANDIDATE, INTERVIEWER


@dataclass
class Outcome:
    """What everybody has in the end; `fresh` is a page that was never there before."""

    pages: list[list[str]]
    fresh: list[str]

    @property
    def diverged(self) -> bool:
        """Not everybody has the same."""
        return any(page != self.fresh for page in self.pages)

    def everywhere(self, text: str) -> list[int]:
        """Return how often a text is in each page and in the fresh one."""
        return ["\n".join(page).count(text) for page in [*self.pages, self.fresh]]


@asynccontextmanager
async def page(server: RoomServer, who: str) -> AsyncIterator[Client]:
    """Open the notebook as this person."""
    client = Client(server, who)
    await client.connect()
    try:
        yield client
    finally:
        await client.leave()


def on_disk(server: RoomServer) -> str:
    """Return the notebook's file."""
    work = server.directory / "work"
    return (work / NOTEBOOK).read_text("utf-8")


def lose_history(server: RoomServer) -> None:
    """Lose what is kept beside the authority's own: the Y store; a room's file."""
    if isinstance(server, StockServer):
        server.forget_store()
    else:
        (server.directory / "work" / NOTEBOOK).unlink()


@contextmanager
def store_is_busy(server: RoomServer) -> Any:
    """Let somebody else use the Y store's database, as a backup does."""
    if not isinstance(server, StockServer):
        yield  # a room has no store beside its journal
        return
    db = sqlite3.connect(server.store, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


async def outcome(server: RoomServer, *clients: Client) -> Outcome:
    """Return what everybody has, once nothing changes any more."""
    async with page(server, SECOND) as fresh:

        def all_agree() -> bool:
            return all(client.sources() == fresh.sources() for client in clients)

        with suppress(AssertionError):  # those who diverged never do
            await eventually(all_agree, within_s=2)
        return Outcome([client.sources() for client in clients], fresh.sources())


async def kill_and_start(server: RoomServer, *then: Callable[[], None]) -> None:
    """End the server at once, do something to what it left, and start it again."""
    server.kill()
    for change in then:
        change()
    await server.start()


async def cells_made_before_the_history_was_lost(server: RoomServer) -> Outcome:
    """594: add cells, suspend the page, lose the store, start again, come back."""
    async with page(server, FIRST) as first:
        first.add_cell("cell-a", "one = 1")
        first.add_cell("cell-b", "two = 2")
        await eventually(lambda: "two = 2" in on_disk(server))
        await first.drop()
        await kill_and_start(server, lambda: lose_history(server))
        await first.connect()
        return await outcome(server, first)


async def an_edit_made_before_the_history_was_lost(server: RoomServer) -> Outcome:
    """597: one page sleeps, the other edits, the store is lost, both come back."""
    async with page(server, FIRST) as first, page(server, SECOND) as second:
        await second.drop()
        first.type("\nedited = 1")
        await eventually(lambda: "edited = 1" in on_disk(server))
        await first.drop()
        await kill_and_start(server, lambda: lose_history(server))
        await first.connect()
        await second.connect()
        return await outcome(server, first, second)


async def edits_made_while_the_store_was_busy(server: RoomServer) -> Outcome:
    """621: the store is there and healthy, but some updates never reached it."""
    async with page(server, FIRST) as first:
        first.type(" + 2")
        await eventually(lambda: "+ 2" in on_disk(server))
        with store_is_busy(server):
            first.type(" + 3")
            first.add_cell("cell-c", "three = 3")
            await eventually(lambda: "three = 3" in on_disk(server))
            await first.drop()
            server.kill()
        await server.start()
        await first.connect()
        return await outcome(server, first)


async def an_edit_seen_just_before_a_crash(server: RoomServer) -> Outcome:
    """219 and 621: another page has seen it, the file does not hold it yet."""
    async with page(server, FIRST) as first, page(server, SECOND) as second:
        before = server.stored() if isinstance(server, StockServer) else 0
        first.type("\nseen = 1")
        await eventually(lambda: "seen = 1" in second.sources()[1])
        if isinstance(server, StockServer):  # its store is healthy and complete
            await eventually(lambda: server.stored() > before)
        await first.drop()
        await second.drop()
        await kill_and_start(server)
        await second.connect()
        return await outcome(server, second)


async def another_program_changes_the_file(server: RoomServer) -> Outcome:
    """583 and 597: a page comes back after the file was changed and the store lost."""
    async with page(server, FIRST) as first:
        first.type("\nmine = 1")
        await eventually(lambda: "mine = 1" in on_disk(server))
        await first.drop()
        changed = on_disk(server).replace("mine = 1", "theirs = 2")

        def change() -> None:
            lose_history(server)
            (server.directory / "work" / NOTEBOOK).write_text(changed, "utf-8")

        await kill_and_start(server, change)
        await first.connect()
        first.type("\nlater = 3")
        return await outcome(server, first)
