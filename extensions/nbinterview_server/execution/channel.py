"""`api/kernels/<id>/channels`: what a page and the kernel say to each other.

Stock Jupyter Server passes everything on, both ways. Here each message is made anew
from its known fields (`channel_rules`), under an id of the room's own: so a page
hears replies to what it asked itself and nothing of what others asked, and no kernel
can answer for another.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from weakref import WeakSet

from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)
from tornado.websocket import WebSocketClosedError

from nbinterview.errors import Forbidden, NBInterviewError, TooLarge
from nbinterview.schemas import shortened
from nbinterview_kernels.outputs import OUTPUT_MESSAGES
from nbinterview_server.authorizer import person_of
from nbinterview_server.documents.authorship import KERNEL
from nbinterview_server.execution.channel_rules import (
    COMM_MESSAGES,
    CONTROL_TARGET,
    KERNEL_MESSAGES,
    MAX_CONTENT_BYTES,
    MAX_KERNEL_BYTES,
    Asked,
    kernel_says,
    page_asks,
    refused_reply,
    reply_kind,
)
from nbinterview_server.execution.channel_wire import V1, Message, read, written
from nbinterview_server.execution.output_widgets import Capture
from nbinterview_server.execution.widget_record import WidgetRecord
from nbinterview_server.pacing import Pace

Json = dict[str, Any]

WHAT = "kernel message"
"""How a `refused` record names this channel."""

MAX_PAGES = 8
"""Channels of one person to one kernel; each has two sockets to it."""
MAX_ASKED = 1000
"""So many of a page's messages are remembered, to know what is answered."""
MAX_HEADER_BYTES = 8 * 1024
PAGE_MESSAGES_PER_S = 50.0
PAGE_BURST_MESSAGES = 500
PAGE_BYTES_PER_S = 512.0 * 1024
PAGE_BURST_BYTES = 8 * 1024 * 1024
KERNEL_MESSAGES_PER_S = 500.0
KERNEL_BURST_MESSAGES = 5000
STATUS_PER_S = 1000.0
KERNEL_BYTES_PER_S = 8.0 * 1024 * 1024
KERNEL_BURST_BYTES = 64 * 1024 * 1024

TOO_MANY = "too many messages to the kernel; please reload the page"
TOO_MANY_PAGES = "too many pages of yours are open"
KERNEL_TOO_FAST = "the kernel says too much"

log = logging.getLogger(__name__)


@dataclass
class Pending:
    """A message of the page that the kernel has."""

    header: Json
    """As the page knows it."""
    asked: Asked
    capture: Capture | None = None
    is_answered: bool = False


# Jupyter Server's classes have no types.
_Connection: Any = ZMQChannelsWebsocketConnection


class RoomChannel(_Connection):  # type: ignore[misc]  # Any, see above
    """One page's channel to the kernel, filtered."""

    pages: ClassVar[WeakSet[RoomChannel]] = WeakSet()
    """All open ones."""

    async def prepare(self) -> None:
        """Get ready; the page does not choose who it is to the kernel."""
        handler = self.websocket_handler
        self.person = person_of(handler)
        room = handler.settings["nbinterview_room"]
        self._runs = room.runs
        self._name = secrets.token_hex(16)
        self.session.session = self._name
        who = self.person.hub_name
        self._refusals = room.refusals.of(who)
        self._claims = room.refusals.of(KERNEL)
        self._widgets = WidgetRecord(room.journal, who, monotonic=room.monotonic)
        self._asked: OrderedDict[str, Pending] = OrderedDict()
        self._controls: set[str] = set()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._pace(room.monotonic)
        await super().prepare()

    def _pace(self, monotonic: Any) -> None:
        self._page_pace = Pace(PAGE_MESSAGES_PER_S, PAGE_BURST_MESSAGES, monotonic)
        self._page_bytes = Pace(PAGE_BYTES_PER_S, PAGE_BURST_BYTES, monotonic)
        self._kernel_pace = Pace(
            KERNEL_MESSAGES_PER_S, KERNEL_BURST_MESSAGES, monotonic
        )
        self._status_pace = Pace(STATUS_PER_S, KERNEL_BURST_MESSAGES, monotonic)
        self._kernel_bytes = Pace(KERNEL_BYTES_PER_S, KERNEL_BURST_BYTES, monotonic)

    def create_stream(self) -> None:
        """Connect to what is needed: neither to stdin nor to control."""
        for channel in ("iopub", "shell"):
            connect = getattr(self.kernel_manager, f"connect_{channel}")
            self.channels[channel] = stream = connect(identity=self.session.bsession)
            stream.channel = channel

    def connect(self) -> Any:
        """Connect, unless this person has too many pages already."""
        who = self.person.hub_name
        mine = [one for one in RoomChannel.pages if one.person.hub_name == who]
        if len(mine) >= MAX_PAGES:
            self.multi_kernel_manager.notify_connect(self.kernel_id)
            self._soon(self._refusals.note(WHAT, TOO_MANY_PAGES, "pages"))
            self.websocket_handler.close(1013, TOO_MANY_PAGES)
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        RoomChannel.pages.add(self)
        return super().connect()

    def disconnect(self) -> None:
        """Forget the page, and record what is only counted so far."""
        RoomChannel.pages.discard(self)
        self._soon(self._close_records())
        super().disconnect()

    async def _close_records(self) -> None:
        await self._widgets.close()
        await self._refusals.settle()
        await self._claims.settle()

    @property
    def _v1(self) -> bool:
        return bool(self.subprotocol == V1)

    def _finish_kernel_info(self, info: object) -> None:
        """Go on. What version the kernel claims to speak changes nothing here."""
        del info
        super()._finish_kernel_info({})

    # ------------------------------------------------------------ from the page

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Pass a page's message on, or refuse it."""
        if not self.channels:
            return
        size_bytes = len(incoming_msg)
        delay_s = self._page_bytes.delay_s(size_bytes)
        if max(delay_s, self._page_pace.delay_s()) > 0:
            self._soon(self._refusals.note(WHAT, TOO_MANY, "rate"))
            self.websocket_handler.close(1013, TOO_MANY)
            return
        try:
            message = read(incoming_msg, v1=self._v1)
        except NBInterviewError as error:
            self._soon(self._refusals.note(WHAT, error.detail, error.field or ""))
            self.websocket_handler.close(1008, error.detail[:120])
            return
        try:
            self._pass(message)
        except NBInterviewError as error:
            self._refuse(message, error)

    def _pass(self, message: Message) -> None:
        header = page_header(message.header)
        kind = message.header.get("msg_type")
        if kind in COMM_MESSAGES and message.content_bytes > MAX_CONTENT_BYTES:
            words = f"A widget says at most {MAX_CONTENT_BYTES // 1024} KiB at a time."
            raise TooLarge(words, field="content")
        buffers = [memoryview(one) for one in message.buffers]
        said = message.channel, kind, message.content, message.metadata
        asked = page_asks(*said, buffers)
        is_own = asked.content.get("comm_id") in self._controls
        self._check_comm(asked)
        if not (is_own and asked.kind == "comm_close"):
            self._widgets.note(asked, message.buffers)
        self._send(asked, header, buffers)

    def _check_comm(self, asked: Asked) -> None:
        """Keep a page's own comms apart from everybody else's."""
        if asked.kind not in COMM_MESSAGES:
            return
        comm = asked.content["comm_id"]
        others = (one for one in RoomChannel.pages if one is not self)
        if any(comm in one._controls for one in others):
            raise Forbidden("This comm is another page's.", field="comm_id")
        if asked.content.get("target_name") == CONTROL_TARGET:
            if len(self._controls) >= MAX_ASKED:
                raise TooLarge("Too many comms are open.", field="comm_id")
            self._controls.add(comm)
        elif asked.kind == "comm_close":
            self._controls.discard(comm)

    def _send(self, asked: Asked, header: Json, buffers: Sequence[Any]) -> None:
        self._count += 1
        request = f"{self._name}_{self._count}"
        pending = Pending(header, asked)
        if asked.kind in {"comm_open", "comm_msg"}:
            widgets = self._runs.output_widgets(self.kernel_id)
            pending.capture = Capture(widgets, request)
        self._asked[request] = pending
        while len(self._asked) > MAX_ASKED:
            self._asked.popitem(last=False)
        message = self.session.msg(asked.kind, asked.content, metadata=asked.metadata)
        message["header"]["msg_id"] = message["msg_id"] = request
        stream = self.channels["shell"]
        self.session.send(stream, message, buffers=list(buffers))

    def _refuse(self, message: Message, error: NBInterviewError) -> None:
        """Say no in the protocol's own way, and record it."""
        kind = message.header.get("msg_type")
        if kind == "history_request" and error.field == "msg_type":
            self._has_no_history(message)
            return
        name = shortened(kind) if isinstance(kind, str) else ""
        self._soon(self._refusals.note(WHAT, error.detail, name))
        try:
            parent = page_header(message.header)
        except NBInterviewError:
            parent = {}
        answer = reply_kind(name)
        if answer:
            self._tell("shell", answer, parent, refused_reply(error.detail), by="room")
        content = message.content if isinstance(message.content, Mapping) else {}
        if kind == "comm_open" and isinstance(content.get("comm_id"), str):
            closed = {"comm_id": content["comm_id"][:100], "data": {}}
            self._tell("iopub", "comm_close", parent, closed, by="room")

    def _has_no_history(self, message: Message) -> None:
        """Answer what JupyterLab's own page asks by itself: nobody did wrong."""
        parent = page_header(message.header)
        none = {"status": "ok", "history": []}
        self._tell("shell", "history_reply", parent, none, by="room")

    # ------------------------------------------------------------ from the kernel

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass a kernel's message on as far as the page may hear it."""
        try:
            self._hear(stream.channel, outgoing_msg)
        except WebSocketClosedError:
            log.debug("a page was gone before it was told")
        except Exception:  # whatever a kernel sends must not end a page's channel
            log.warning("a message of the kernel was left out", exc_info=True)

    def _hear(self, channel: str, frames: list[Any]) -> None:
        _, parts = self.session.feed_identities(frames)
        if max(map(len, parts[1:4])) > MAX_HEADER_BYTES:
            return
        kind = self.session.unpack(parts[1]).get("msg_type")
        request = self.session.unpack(parts[2]).get("msg_id")
        pending = self._asked.get(request) if isinstance(request, str) else None
        is_output = kind in OUTPUT_MESSAGES
        if is_output and (pending is None or pending.capture is None):
            return  # before it is read: it goes by the document
        if kind not in KERNEL_MESSAGES and not is_output:
            return
        if len(parts[4]) > MAX_KERNEL_BYTES:
            return
        message = self.session.deserialize(parts)
        if is_output:
            assert pending is not None
            assert pending.capture is not None
            pending.capture.take(kind, message["content"])
            return
        self._pass_on(channel, kind, pending, message, len(parts[4]))

    def _pass_on(
        self,
        channel: str,
        kind: str,
        pending: Pending | None,
        message: Json,
        content_bytes: int,
    ) -> None:
        buffers = message["buffers"]
        content = kernel_says(kind, message["content"], buffers)
        if content is None or not self._is_due(channel, kind, pending):
            return
        if pending is not None and pending.capture is not None:
            pending.capture.hear(kind, content)
            if content.get("execution_state") == "idle":
                self._captured(pending.capture)
        if self._is_of_another(kind, content):
            return
        if channel == "iopub" and self._is_too_fast(kind, content_bytes, buffers):
            self._soon(self._claims.note(WHAT, KERNEL_TOO_FAST, "rate"))
            return
        parent = pending.header if pending is not None else {}
        self._tell(channel, kind, parent, content, by=KERNEL, buffers=buffers)

    def _is_too_fast(
        self, kind: str, content_bytes: int, buffers: Sequence[Any]
    ) -> bool:
        """Count what nobody asked for; replies are as many as the page's requests."""
        size_bytes = content_bytes + sum(len(one) for one in buffers) + 1000
        slow_s = self._kernel_bytes.delay_s(size_bytes)
        pace = self._kernel_pace if kind in COMM_MESSAGES else self._status_pace
        return max(slow_s, pace.delay_s()) > 0

    def _is_due(self, channel: str, kind: str, pending: Pending | None) -> bool:
        """Say whether the page may be told this now, as far as it is an answer."""
        if channel == "iopub":
            return not kind.endswith("_reply")
        if pending is None or pending.is_answered or kind != pending.asked.reply:
            return False
        pending.is_answered = True
        return True

    def _is_of_another(self, kind: str, content: Json) -> bool:
        """Say whether this is about a comm by which another page asks for states."""
        if kind not in COMM_MESSAGES or content["comm_id"] in self._controls:
            return False
        return any(content["comm_id"] in one._controls for one in RoomChannel.pages)

    def _captured(self, capture: Capture) -> None:
        """Tell the kernel what its Output widgets show now."""
        for content in capture.updates():
            self.session.send(self.channels["shell"], "comm_msg", content)

    def tell_comm(self, content: Json) -> None:
        """Tell the page what the room knows of a widget."""
        try:
            self._tell("iopub", "comm_msg", {}, content, by="room")
        except WebSocketClosedError:
            log.debug("a page was gone before it was told")

    def _tell(
        self,
        channel: str,
        kind: str,
        parent: Json,
        content: Json,
        *,
        by: str,
        buffers: Sequence[Any] = (),
    ) -> None:
        header = {
            "msg_id": secrets.token_hex(16),
            "msg_type": kind,
            "session": self._name,
            "username": by,
            "date": datetime.now(UTC).isoformat(),
            "version": "5.3",
        }
        metadata = {"claimed_by": by}
        said = header, parent, metadata, content, buffers
        message = written(channel, *said, v1=self._v1)
        if message is not None:
            self.write_message(message, binary=isinstance(message, bytes))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def page_header(found: Mapping[str, Any]) -> Json:
    """Return of a page's header what it gets back as its parent."""
    names = ("msg_id", "msg_type", "session", "username", "date", "version")
    kept = {name: found[name] for name in names if isinstance(found.get(name), str)}
    if not kept.get("msg_id") or any(len(one) > 200 for one in kept.values()):
        raise Forbidden("a message has an id of its own", field="msg_id")
    return kept


def tell_pages(kernel_id: str, content: Json) -> None:
    """Tell every page of this kernel what the room knows of a widget."""
    for page in list(RoomChannel.pages):
        if page.kernel_id == kernel_id:
            page.tell_comm(content)
