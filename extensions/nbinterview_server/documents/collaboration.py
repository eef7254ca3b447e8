"""jupyter-collaboration with our rooms instead of its own.

The library asks its websocket server whether a room exists and gets it there;
ours always answers yes and makes it. So the library's handler never builds a
room itself, and nothing of it is patched. See docs/adr/0005.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server_ydoc.app import YDocExtension
from jupyter_server_ydoc.handlers import DocSessionHandler, YDocWebSocketHandler
from jupyter_server_ydoc.loaders import FileLoaderMapping
from jupyter_server_ydoc.utils import MessageType, decode_file_path
from jupyter_server_ydoc.websocketserver import (
    JupyterWebsocketServer,
    RoomNotFound,
    exception_logger,
)
from pycrdt import Decoder
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

from nbinterview_server.authorizer import person_of
from nbinterview_server.config import NOTEBOOK, Person
from nbinterview_server.documents.flow import MAX_UNREAD_BYTES, Flow
from nbinterview_server.documents.notebook_file import NotebookFile
from nbinterview_server.documents.owners import Owners
from nbinterview_server.documents.presence import POLICY, PresenceRoom
from nbinterview_server.documents.rooms import MAX_UPDATE_BYTES, RecordedRoom
from nbinterview_server.room import Room

GLOBAL_AWARENESS = "JupyterLab:globalAwareness"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
TRY_LATER = 1013
FLUSH_S = 3.0
MIB = 1024 * 1024
MAX_QUEUED = 32
"""Messages of one page that wait to be taken."""
QUEUED_S = 0.001
TURNED_AWAY_S = 1.0


MakeRoom = Callable[[str], PresenceRoom | RecordedRoom]


class RoomWebsocketServer(JupyterWebsocketServer):  # type: ignore[misc]  # untyped
    """Has exactly the rooms of one interview, made when first asked for."""

    def __init__(self, make_room: MakeRoom, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._make_room = make_room
        self._making = asyncio.Lock()
        self._flows: dict[str, Flow] = {}

    def flow(self, hub_name: str) -> Flow:
        """Return how much this person has been sending."""
        return self._flows.setdefault(hub_name, Flow(time.monotonic))

    def room_exists(self, _path: str) -> bool:
        """Say yes: `get_room` makes what is missing, or refuses."""
        return True

    async def get_room(self, path: str) -> Any:
        """Return the room, started and loaded; `RoomNotFound` for any other."""
        async with self._making:
            room = self.rooms.get(path)
            if isinstance(room, RecordedRoom) and room.broken:
                await room.stop()
                room = None
            if room is None:
                room = self.rooms[path] = self._make_room(path)
            await self.start_room(room)
            if isinstance(room, RecordedRoom):
                await room.initialize()
            return room

    async def flush(self) -> None:
        """Wait, not for ever, until every change is on disk."""
        for room in list(self.rooms.values()):  # others are made meanwhile
            if isinstance(room, RecordedRoom):
                async with asyncio.timeout(FLUSH_S):
                    await room.flush()


class RoomSocketHandler(YDocWebSocketHandler):  # type: ignore[misc]  # untyped
    """A page's connection to a Y room, under its authenticated name."""

    _turned_away = False

    @property
    def person(self) -> Person:
        """Who this page is."""
        return person_of(self)

    @property
    def read_only(self) -> bool:
        """Reviewers look; they change nothing."""
        return self.person.role == "reviewer"

    @property
    def is_over(self) -> bool:
        """After the end nobody writes."""
        return bool(self.settings["nbinterview_room"].is_over)

    @property
    def is_gone(self) -> bool:
        """Nobody waits for an answer any more."""
        return self.ws_connection is None

    @property
    def max_message_size(self) -> int:
        """Bytes at which tornado closes the connection, before it reads them.

        Whoever was told that an edit is too large is told no second time at once.
        """
        flow = self._websocket_server.flow(self.person.hub_name)
        return MAX_MESSAGE_BYTES if flow.reads_large() else MAX_UPDATE_BYTES + MIB

    async def prepare(self) -> None:
        """Find the room, or 404."""
        try:
            await super().prepare()
        except RoomNotFound as error:
            raise HTTPError(404, "There is no such document here.") from error
        if self._websocket_server.flow(self.person.hub_name).wait_s() > 0:
            raise HTTPError(429, "This page was turned away too often. Please wait.")

    def took(self, time_s: float) -> None:
        """Count how long a write of this page kept the room busy."""
        self._websocket_server.flow(self.person.hub_name).took(time_s)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """End the connection; what it goes on sending is not even read."""
        if code == POLICY and not self._turned_away:
            self._turned_away = True
            self._websocket_server.flow(self.person.hub_name).turned_away()
        super().close(code, reason)

    async def send(self, message: bytes) -> None:
        """Send one message; a page that is gone is no error.

        Nor is one that goes before it has read what was sent: a lost page leaves
        thousands of messages behind, and each would be a traceback in the log.
        """
        flow = self._websocket_server.flow(self.person.hub_name)
        if flow.unread_bytes > MAX_UNREAD_BYTES:
            self.close(TRY_LATER, "this page does not read what it is sent")
        with contextlib.suppress(WebSocketClosedError):
            sent = self.write_message(message, binary=True)
            flow.unread_bytes += len(message)
            sent.add_done_callback(partial(_was_read, flow, len(message)))

    async def on_message(self, message: Any) -> None:
        """Take one message; a reviewer cannot save.

        Tornado reads the next one only after this: a page that sends faster than
        its messages are taken waits, and the others have their turn in between.
        """
        if self._turned_away:
            await asyncio.sleep(TURNED_AWAY_S)
            return
        if not isinstance(message, bytes) or not message:
            return
        flow = self._websocket_server.flow(self.person.hub_name)
        if len(message) > MAX_UPDATE_BYTES:
            flow.was_large()
        await asyncio.sleep(flow.delay_s(len(message)))
        # The library's queue has no limit and tells nobody when it gets shorter.
        while self._message_queue.qsize() >= MAX_QUEUED and not self._turned_away:  # noqa: ASYNC110
            await asyncio.sleep(QUEUED_S)
        if self.read_only and Decoder(message).read_var_uint() == MessageType.RAW:
            return
        await super().on_message(message)

    def check_origin(self, origin: str) -> bool:
        """Let only pages of this room's own origin connect."""
        return bool(WebSocketMixin.check_origin(self, origin))


def _was_read(flow: Flow, size_bytes: int, sent: asyncio.Future[None]) -> None:
    flow.unread_bytes -= size_bytes
    if not sent.cancelled():
        sent.exception()


class RoomCollaboration(YDocExtension):  # type: ignore[misc]  # untyped
    """The collaboration extension of a room.

    Its name stays `jupyter_server_ydoc`, so that its configuration does too.
    """

    name = "jupyter_server_ydoc"

    def initialize_handlers(self) -> None:
        """Serve the document and the presence, and neither forks nor timelines."""
        page_config = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        page_config["disableRTC"] = False
        page_config["serverSideExecution"] = self.server_side_execution
        self.file_loaders = FileLoaderMapping(
            self.serverapp.web_app.settings, self.log, self.file_poll_interval
        )
        self.ywebsocket_server = RoomWebsocketServer(
            self._make_room,
            ystore_class=None,
            rooms_ready=False,
            auto_clean_rooms=False,
            exception_handler=exception_logger,
            log=self.log,
        )
        settings = {
            "document_cleanup_delay": None,
            "document_save_delay": self.document_save_delay,
            "file_loaders": self.file_loaders,
            "ystore_class": None,
            "ywebsocket_server": self.ywebsocket_server,
            "room_locks": self._room_locks,
        }
        self.handlers.extend(
            [
                (r"/api/collaboration/room/(.*)", RoomSocketHandler, settings),
                (r"/api/collaboration/session/(.*)", DocSessionHandler),
            ]
        )

    def _make_room(self, room_id: str) -> PresenceRoom | RecordedRoom:
        room = self.serverapp.web_app.settings["nbinterview_room"]
        if room_id != GLOBAL_AWARENESS:
            return self._make_document(room_id, room)
        return PresenceRoom(
            room_id,
            journal=room.journal,
            log=self.log,
            exception_handler=exception_logger,
        )

    def _make_document(self, room_id: str, room: Room) -> RecordedRoom:
        if room_id.count(":") < 2:
            raise RoomNotFound(room_id)
        file_format, file_type, file_id = decode_file_path(room_id)
        files = self.serverapp.web_app.settings["file_id_manager"]
        if (file_format, file_type) != ("json", "notebook"):
            raise RoomNotFound(room_id)
        if files.get_path(file_id) != NOTEBOOK:
            raise RoomNotFound(room_id)
        env = room.env
        return RecordedRoom(
            room_id,
            file_format,
            file_type,
            self.file_loaders[file_id],
            self.serverapp.event_logger,
            None,
            self.log,
            exception_handler=exception_logger,
            save_delay=self.document_save_delay,
            journal=room.journal,
            notebook_file=NotebookFile(
                env.work / NOTEBOOK,
                env.directory / "notebook.json",
                partial(datetime.now, UTC),
            ),
            template=room.people.config.template,
            owners=Owners(env.directory / "client-ids.jsonl"),
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        await super()._start_jupyter_server_extension(serverapp)
        self._serving = asyncio.create_task(self.ywebsocket_server.start())
        await self.ywebsocket_server.started.wait()

    async def stop_extension(self) -> None:
        """Nothing here: the room closes its parts in order, by `close`."""

    async def close(self) -> None:
        """Put every change on disk, then end the rooms."""
        try:
            await self.ywebsocket_server.flush()
        except TimeoutError:
            self.log.exception("the last edits could not be recorded in time")
        await super().stop_extension()
