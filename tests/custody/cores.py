"""The two cores in this process, without sockets: ours, and stock's rooms.

Messages between a page and the server wait in two queues until the schedule lets
them through, so that a connection can end, and a server die, at any point.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.services.contents.filemanager import AsyncFileContentsManager
from jupyter_server_ydoc.app import EVENTS_SCHEMA_PATH
from jupyter_server_ydoc.loaders import FileLoader
from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_ydoc import YNotebook
from pycrdt import (
    Doc,
    Map,
    YSyncMessageType,
    create_sync_message,
    create_update_message,
    read_message,
)
from pycrdt.store import SQLiteYStore

from nbinterview.errors import NBInterviewError
from nbinterview_server.documents.authorship import KERNEL, ROOM, written_by
from nbinterview_server.documents.custody import Custody
from nbinterview_server.documents.outbox import saved_message
from nbinterview_server.documents.owners import TEMPLATES_ID
from tests.custody.pages import Page, step_2
from tests.custody.schedules import notebook

FAST_SAVE_S = 0.02
"""Instead of stock's second: a schedule's time runs 50 times as fast."""
TICK_S = 0.002


@dataclass
class Link:
    """What is under way between a page and the server."""

    up: deque[bytes] = field(default_factory=deque)
    down: deque[bytes] = field(default_factory=deque)
    writes: int = 0


def print_output(document: YNotebook, cell_id: str, token: str) -> None:
    """Write what a run printed into its cell, wherever that is now."""
    for cell in document.ycells:
        if cell["id"] == cell_id and "outputs" in cell:
            output = {"output_type": "stream", "name": "stdout", "text": token}
            with document.ydoc.transaction():
                cell["outputs"].clear()
                cell["outputs"].append(Map(output))
            return


class OurCore:
    """`Custody` with a journal: what is in it is on disk, the rest dies with us."""

    keeps = True

    def __init__(self, new_id: Callable[[], int]) -> None:
        self._new_id = new_id
        source: Doc[Any] = Doc(client_id=TEMPLATES_ID)
        YNotebook(source).set(notebook())
        self._journal: list[tuple[str, bytes]] = [(ROOM, source.get_update())]
        self._links: dict[Page, Link] = {}
        self._start()

    def _start(self) -> None:
        # As in a room: what is said waits in order for the commit.
        self._waiting: list[Callable[[], None]] = []
        self._custody = Custody(Doc(client_id=self._new_id()), self._heard)
        assert self._custody.restore(self._journal) == 0

    def _heard(self, author: str, update: bytes) -> None:
        self._waiting.append(lambda: self._written(author, update))

    def _written(self, author: str, update: bytes) -> None:
        self._journal.append((author, update))
        self._show(update)

    def _show(self, update: bytes) -> None:
        for link in self._links.values():
            link.down.append(create_update_message(update))

    def _taken(self, link: Link, write: int) -> None:
        self._waiting.append(lambda: link.down.append(saved_message(write)))

    async def connect(self, page: Page) -> None:
        link = self._links[page] = Link()
        link.down.append(create_sync_message(self._custody.doc))
        page.open(link.up.append)

    async def drop(self, page: Page) -> None:
        self._links.pop(page, None)
        page.close()

    async def pass_messages(self, page: Page, up: int, down: int) -> None:
        link = self._links.get(page)
        if link is None:
            return
        for _ in range(min(up, len(link.up))):
            self._take(page, link, link.up.popleft())
        for _ in range(min(down, len(link.down))):
            page.take(link.down.popleft())

    async def write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell()

    async def settle(self) -> None:
        await self.write()
        while any(link.up or link.down for link in self._links.values()):
            for page, link in list(self._links.items()):
                await self.pass_messages(page, len(link.up), 0)
            await self.write()
            for page, link in list(self._links.items()):
                await self.pass_messages(page, 0, len(link.down))

    async def run(self, page: Page, cell_id: str, token: str) -> None:
        with written_by(KERNEL):
            print_output(YNotebook(self._custody.doc), cell_id, token)

    async def kill(self) -> None:
        for page in list(self._links):
            await self.drop(page)
        self._start()

    async def forget(self) -> None:
        await self.write()
        self._start()

    async def close(self) -> None:
        """Nothing runs."""

    def _take(self, page: Page, link: Link, message: bytes) -> None:
        content = read_message(message[2:])
        if message[1] == YSyncMessageType.SYNC_STEP1:
            answer = step_2(self._custody.doc.get_update(content))
            self._waiting.append(lambda: link.down.append(answer))
            return
        link.writes += 1
        try:
            self._custody.take(page.who, content)
        except NBInterviewError as error:
            page.refused.append(error.problem())
            return
        self._taken(link, link.writes)


class StockChannel:
    """A page's channel as stock's rooms know it."""

    path = "a page"

    def __init__(self, link: Link) -> None:
        self._link = link
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        self._link.down.append(message)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        message = await self.inbox.get()
        if not message:
            raise StopAsyncIteration
        return message


class OneFile:
    """The file id manager of one file."""

    def get_path(self, _file_id: str) -> str:
        return "interview.ipynb"


class StockCore:
    """Stock's `DocumentRoom` with its SQLite store and its file, in a directory."""

    keeps = False

    def __init__(self, directory: Path, save_s: float = FAST_SAVE_S) -> None:
        self._directory = directory
        self._save_s = save_s
        self._path = directory / "interview.ipynb"
        self._path.write_text(json.dumps(notebook()), "utf-8")
        self._links: dict[Page, tuple[Link, StockChannel, asyncio.Task[None]]] = {}
        self._room: Any = None

    async def _get_room(self) -> Any:
        if self._room is not None:
            return self._room
        log = logging.getLogger("stock")
        log.setLevel(logging.CRITICAL)
        manager = AsyncFileContentsManager(root_dir=str(self._directory), log=log)
        events = EventLogger()
        events.register_event_schema(EVENTS_SCHEMA_PATH)
        self._loader = FileLoader("file", OneFile(), manager, log, None)
        self._store = SQLiteYStore(path=".notebook:file.y", log=log)
        self._store.db_path = str(self._directory / ".jupyter_ystore.db")
        self._room = DocumentRoom(
            "json:notebook:file",
            "json",
            "notebook",
            self._loader,
            events,
            self._store,
            log,
            save_delay=self._save_s,
            exception_handler=lambda _error, _log: True,
        )
        self._running = asyncio.create_task(self._room.start())
        await self._room.started.wait()
        await self._room.initialize()
        return self._room

    async def connect(self, page: Page) -> None:
        room = await self._get_room()
        link = Link()
        channel = StockChannel(link)
        serving = asyncio.create_task(room.serve(channel))
        self._links[page] = (link, channel, serving)
        page.open(link.up.append)

    async def drop(self, page: Page) -> None:
        link, channel, serving = self._links.pop(page)
        channel.inbox.put_nowait(b"")
        page.close()
        await asyncio.wait([serving], timeout=1)
        link.down.clear()

    async def pass_messages(self, page: Page, up: int, down: int) -> None:
        link, channel, _ = self._links[page]
        for _ in range(min(up, len(link.up))):
            channel.inbox.put_nowait(link.up.popleft())
        await asyncio.sleep(TICK_S)
        for _ in range(min(down, len(link.down))):
            page.take(link.down.popleft())

    async def write(self) -> None:
        await asyncio.sleep(TICK_S)

    async def settle(self) -> None:
        quiet = 0
        while quiet < 2:
            busy = any(link.up or link.down for link, _, _ in self._links.values())
            quiet = 0 if busy else quiet + 1
            for page, (link, _, _) in list(self._links.items()):
                await self.pass_messages(page, len(link.up), len(link.down))
            await asyncio.sleep(TICK_S)
        await asyncio.sleep(2 * self._save_s)  # the file is written in between

    async def run(self, page: Page, cell_id: str, token: str) -> None:
        # With stock's defaults a page runs cells and writes what they print.
        print_output(page.notebook, cell_id, token)

    async def kill(self) -> None:
        await self.close()

    async def forget(self) -> None:
        await self._end_room()

    async def close(self) -> None:
        """End what still runs."""
        for page in list(self._links):
            await self.drop(page)
        await self._end_room()

    async def _end_room(self) -> None:
        """Do what stock does to a room that it frees; a kill leaves no more behind."""
        room, self._room = self._room, None
        if room is None:
            return
        await room.stop()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._store.stop()
        room._update_send_stream.close()  # stock leaves them to the collector,
        room._update_receive_stream.close()  # which warns
