"""How often a run changes the document: some times a second, whatever it says."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

EVERY_S = 1 / 15
MAX_STEP_CHARS = 128 * 1024
"""Of text in one change, so that no single change holds the room up."""

Message = dict[str, Any]


class Paced:
    """Gathers a run's messages, in order, and writes them some times a second."""

    def __init__(self, write: Callable[[Sequence[Message]], None]) -> None:
        self._write = write
        self._waiting: deque[tuple[Message, int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, message: Message) -> None:
        """Write this soon, after everything before it."""
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "clear_output":
            self._waiting.clear()  # nobody would see it
        if kind == "stream":
            self._stream(message, content)
        else:
            size = sum(map(_chars, content.get("data", content).values()))
            self._waiting.append((message, size))
        if self._timer is None:
            # The timer keeps the context, and so the author, of the run.
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._step)

    def _stream(self, message: Message, content: Message) -> None:
        text = content["text"]
        for start in range(0, len(text), MAX_STEP_CHARS):
            self._piece(message, content["name"], text[start : start + MAX_STEP_CHARS])

    def _piece(self, message: Message, name: str, text: str) -> None:
        last, size = self._waiting[-1] if self._waiting else (None, 0)
        if last and _stream_name(last) == name and size + len(text) <= MAX_STEP_CHARS:
            last["content"]["parts"].append(text)
            self._waiting[-1] = (last, size + len(text))
            return
        content = {"name": name, "parts": [text]}
        self._waiting.append(({**message, "content": content}, len(text)))

    def _step(self) -> None:
        self._timer = None
        step: list[Message] = []
        size = 0
        while self._waiting and (
            not step or size + self._waiting[0][1] <= MAX_STEP_CHARS
        ):
            message, more = self._waiting.popleft()
            size += more
            step.append(_joined(message))
        if step:
            self._write(step)
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._step)

    async def drain(self) -> None:
        """Write all that waits, a step at a time."""
        while self._waiting:
            if self._timer is not None:
                self._timer.cancel()
            self._step()
            if self._waiting:
                await asyncio.sleep(EVERY_S)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _stream_name(message: Message) -> str:
    kind = message["header"]["msg_type"]
    return str(message["content"]["name"]) if kind == "stream" else ""


def _joined(message: Message) -> Message:
    if not _stream_name(message):
        return message
    content = message["content"]
    return {
        **message,
        "content": {"name": content["name"], "text": "".join(content["parts"])},
    }


def _chars(value: object) -> int:
    return len(value) if isinstance(value, str) else 1000
