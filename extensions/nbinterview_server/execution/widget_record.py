"""What a person did with widgets, on record: it makes the kernel run code.

Some messages at a time, whole and in their order; of large attachments the hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from nbinterview.errors import Unavailable
from nbinterview_server.execution.channel_rules import (
    COMM_MESSAGES,
    CONTROL_TARGET,
    Asked,
)
from nbinterview_server.journal import Entry, Journal, NotWritten

EVERY_S = 5.0
"""One record at most in so long, unless much is said."""
MAX_WAITING_BYTES = 512 * 1024
"""More than this is written at once; what comes while it cannot be is refused."""

NOT_SAVED = "The room cannot write its record at the moment. Please try again."

log = logging.getLogger(__name__)


class WidgetRecord:
    """Gathers what one page says to widgets, and writes it."""

    def __init__(
        self, journal: Journal, author: str, *, monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._author = author
        self._monotonic = monotonic
        self._waiting: list[dict[str, Any]] = []
        self._waiting_bytes = 0
        self._began_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(self, asked: Asked, buffers: Sequence[bytes]) -> None:
        """Take one message before it is sent; `Unavailable` when that cannot be."""
        if asked.kind not in COMM_MESSAGES or is_reading(asked):
            return
        if self._waiting_bytes > MAX_WAITING_BYTES and self._is_writing():
            raise Unavailable(NOT_SAVED)
        now_s = self._monotonic()
        if not self._waiting:
            self._began_s = now_s
        message = message_payload(asked, buffers, round(1000 * (now_s - self._began_s)))
        self._waiting.append(message)
        self._waiting_bytes += len(message["data"])
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._flush)

    async def close(self) -> None:
        """Write what is left."""
        while self._waiting or self._is_writing():
            self._flush()
            if self._writing is not None:
                await asyncio.wait({self._writing})

    def _is_writing(self) -> bool:
        return self._writing is not None and not self._writing.done()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_writing() or not self._waiting:
            return
        payload = {"messages": self._waiting}
        self._waiting, self._waiting_bytes = [], 0
        self._writing = asyncio.ensure_future(self._write(payload))

    async def _write(self, payload: dict[str, Any]) -> None:
        try:
            await self._journal.insist([Entry("widget", self._author, payload)])
        except NotWritten:
            log.info("the room closes; what was done with widgets is not recorded")
            return
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._flush)


def message_payload(
    asked: Asked, buffers: Sequence[bytes], after_ms: int
) -> dict[str, Any]:
    """Return one message as the record has it.

    Its data is text: a record's own JSON holds no number that a browser cannot.
    """
    found = {
        "message": asked.kind,
        "comm_id": asked.content["comm_id"],
        "data": json.dumps(asked.content["data"]),
        "after_ms": after_ms,
    }
    if buffers:
        found["buffers"] = [
            {"bytes": len(one), "sha256": hashlib.sha256(one).hexdigest()}
            for one in buffers
        ]
    return found


def is_reading(asked: Asked) -> bool:
    """Say whether this only asks what widgets there are, as each page does.

    Closing one runs what was registered for that.
    """
    data = asked.content["data"]
    if asked.kind == "comm_msg":
        return data in ({"method": "request_states"}, {"method": "request_state"})
    is_control = asked.content.get("target_name") == CONTROL_TARGET
    return data == {} and asked.kind == "comm_open" and is_control
