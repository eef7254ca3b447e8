"""One run, said to its kernel and heard from it: quickly, and a little at a time.

`execute_interactive` of jupyter_client spends most of a second on 5,000 prints,
holds everybody up while it reads 50 MB that will be cut anyway, and waits for
ever when the kernel's last word is lost in a flood.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from hmac import compare_digest
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import DELIM

from nbinterview_kernels.outputs import (
    MAX_ITEM_BYTES,
    MAX_MESSAGE_BYTES,
    OUTPUT_MESSAGES,
    unread,
)
from nbinterview_server.execution.channel_rules import COMM_MESSAGES, kernel_says
from nbinterview_server.execution.output_widgets import Capture, OutputWidgets
from nbinterview_server.execution.outputs import Hook

SLICE_S = 0.002
"""So long outputs are taken at a time, ..."""
PAUSE_S = 0.002
"""... and so long everybody else has the server in between."""
IDLE_S = 2.0
"""So long after its answer a kernel may still bring outputs; after so long without a
word it is asked whether it still has the run, as request and answer can be lost."""
MAX_HEARD_BYTES = 64 * 1024 * 1024
"""Of one run's outputs; what comes after is counted and not read. ZMQ receives faster
than they are read, and keeps what waits."""
MAX_HEADER_BYTES = 64 * 1024
"""Of header, parent and metadata each: they are read of whatever comes."""
MAX_ESCAPE_BYTES = 6
"""JSON says a character in so many bytes at the most."""

_TEXT = re.compile(rb'"text":\s*"')
_ERROR = re.compile(rb'"ename":\s*"(\w{1,200})"')
_JSON = json.JSONDecoder()

log = logging.getLogger(__name__)


async def converse(
    client: Any,
    code: str,
    output_hook: Hook,
    stdin_hook: Hook | None,
    widgets: OutputWidgets,
    doubt: Callable[[], None],
) -> dict[str, Any]:
    """Run code; hand outputs and questions on; return the kernel's reply.

    Calls `doubt` when something was lost, as a connection may not work any more.
    Raises RuntimeError when the reply was.
    Outputs that an Output widget asks for are the widget's and not the cell's.
    """
    request: str = client.execute(code, allow_stdin=stdin_hook is not None)
    capture = Capture(widgets, request)
    heard = _Outputs(client, request, output_hook, capture)
    shell = client.shell_channel.socket
    stdin = client.stdin_channel.socket if stdin_hook else None
    poller = zmq.asyncio.Poller()
    for socket in filter(None, (heard.socket, shell, stdin)):
        poller.register(socket, zmq.POLLIN)
    reply: dict[str, Any] | None = None
    check = ""
    while reply is None or not heard.idle:
        events = dict(await poller.poll(1000 * IDLE_S))
        if not events and reply:
            log.warning("a kernel did not say that it is idle")
            doubt()
            break
        if not events and not check:
            if not _is_connected(shell):
                doubt()
                raise RuntimeError("its answer was lost")
            # A kernel answers in order: after this no answer to the run will come.
            check = client.kernel_info()
        if stdin_hook and stdin in events:
            stdin_hook(await client.get_stdin_msg(timeout=0))
        if shell in events:
            message = await client.get_shell_msg(timeout=0)
            answered = message["parent_header"].get("msg_id")
            if answered == request:
                reply = message
            elif answered == check and reply is None:
                doubt()
                raise RuntimeError("its answer was lost")
        if heard.socket in events:
            if not heard.take():
                await asyncio.sleep(PAUSE_S)
            if heard.idle:
                # What comes now is not read; it would wake us without end.
                poller.unregister(heard.socket)
    for content in capture.updates():
        client.shell_channel.send(client.session.msg("comm_msg", content))
    return reply


def _is_connected(socket: Any) -> bool:
    """Say whether a message can be sent; else sending would stop the whole server."""
    now: zmq.Socket[bytes] = zmq.Socket.shadow(socket.underlying)
    return bool(now.poll(0, zmq.POLLOUT))


def connect_anew(client: Any) -> None:
    """Leave the sockets to a kernel; the client makes new ones when it needs them.

    ZMQ ends a connection that brought too large a message, and never comes back.
    """
    for name in ("_shell_channel", "_iopub_channel", "_stdin_channel"):
        if (channel := getattr(client, name)) is not None:
            channel.close()
            setattr(client, name, None)


class _Outputs:
    """What the kernel publishes about one request."""

    def __init__(self, client: Any, request: str, hook: Hook, capture: Capture) -> None:
        self.socket = client.iopub_channel.socket
        self.idle = False
        self._now: zmq.Socket[bytes] = zmq.Socket.shadow(self.socket.underlying)
        self._session = client.session
        self._request = request
        self._hook = hook
        self._capture = capture
        self._heard_bytes = 0

    def take(self, clock: Callable[[], float] = time.monotonic) -> bool:
        """Take what is there, for a short while; say whether that was all."""
        end_s = clock() + SLICE_S
        while not self.idle:
            try:
                frames = self._now.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return True
            try:
                self._one(frames)
            except Exception:  # whatever a kernel sends must not end its run
                log.warning("a message of the kernel was left out", exc_info=True)
            if clock() > end_s:
                return False
        return True

    def _one(self, frames: list[zmq.Frame]) -> None:
        at = next(at for at, frame in enumerate(frames) if frame.bytes == DELIM)
        signature, header, parent, metadata = (
            frame.bytes for frame in frames[at + 1 : at + 5]
        )
        if max(map(len, (header, parent, metadata))) > MAX_HEADER_BYTES:
            return
        content = frames[at + 5].buffer
        if json.loads(parent).get("msg_id") != self._request:
            return
        kind = json.loads(header).get("msg_type")
        message = {
            "header": {"msg_type": kind},
            "metadata": json.loads(metadata),
            "size_bytes": len(content),
        }
        if kind in OUTPUT_MESSAGES and self._heard_bytes > MAX_HEARD_BYTES:
            self._hook({**message, "content": unread(None), "cut": True})
            return
        self._heard_bytes += len(content)
        if len(content) > MAX_MESSAGE_BYTES:
            found = beginning(kind, content)
            if kind not in OUTPUT_MESSAGES or not self._capture.take(kind, found):
                self._hook({**message, "content": found, "cut": True})
            return
        said = content.tobytes()
        signed = self._session.sign([header, parent, metadata, said])
        if not compare_digest(signature, signed):
            raise ValueError("wrong signature")
        found = json.loads(said)
        self.idle = kind == "status" and found.get("execution_state") == "idle"
        if kind in COMM_MESSAGES:
            if (known := kernel_says(kind, found)) is not None:
                self._capture.hear(kind, known)
        elif kind not in OUTPUT_MESSAGES or not self._capture.take(kind, found):
            self._hook({**message, "content": found})


def beginning(kind: object, content: memoryview) -> dict[str, Any]:
    """Return of an output that is far too large what will be kept, unparsed."""
    if kind == "stream" and (found := _TEXT.search(content, 0, 1000)):
        before = content[: found.start()].tobytes()
        name = "stderr" if b'"stderr"' in before else "stdout"
        return {"name": name, "text": _text(content[found.end() :])}
    named = _ERROR.search(content) if kind == "error" else None
    return unread(named[1].decode() if named else None)


def _text(said: memoryview) -> str:
    """Return the beginning of JSON's text: enough for what is kept to be cut there."""
    text = _decoded(said[: MAX_ITEM_BYTES + 1])
    if len(text.encode("utf-8", "replace")) > MAX_ITEM_BYTES:
        return text
    return _decoded(said[: MAX_ESCAPE_BYTES * (MAX_ITEM_BYTES + 1)])


def _decoded(said: memoryview) -> str:
    """Return text up to its end, or as far as it goes, perhaps inside of an escape."""
    piece = said.tobytes().decode("utf-8", "ignore")
    for end in range(len(piece), len(piece) - 13, -1):
        try:
            text, _ = _JSON.raw_decode(f'"{piece[:end]}"')
        except ValueError:
            continue
        return str(text)
    return ""
