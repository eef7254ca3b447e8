"""A run's outputs in its cell of the shared notebook: what a terminal would show.

Many messages at a time become one change of the document, and a stream that
grows costs what is added to it: jupyter-server-nbmodel goes over the whole text
for each message, drops an output that equals the one before it, and counts
characters where pycrdt counts bytes of UTF-8.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import nbformat.v4
from pycrdt import Map, Text

from nbinterview_kernels.outputs import UPDATE

Message = Mapping[str, Any]
Hook = Callable[[dict[str, Any]], None]

MAX_DISPLAYS = 1000
"""Of one kernel; the oldest is forgotten, and shows no later updates."""
MAX_LINE_CHARS = 4096
"""So far back a control character reaches; a terminal breaks a longer line."""

_CONTROLS = re.compile("[\b\r\n]")
_BACK = re.compile("[\b\r]")

log = logging.getLogger(__name__)


class TerminalText:
    """Text with backspaces and carriage returns applied; its last line may change."""

    def __init__(self) -> None:
        self._line: list[str] = []
        self._cursor = 0

    def write(self, text: str) -> tuple[int, str]:
        """Take text; return how many bytes at the end to replace, and by what."""
        if self._cursor == len(self._line) and not _BACK.search(text):
            self._append(text)
            return 0, text
        old = "".join(self._line)
        self._fixed: list[str] = []
        end = 0
        for found in _CONTROLS.finditer(text):
            self._put(text[end : found.start()])
            self._control(found.group())
            end = found.end()
        self._put(text[end:])
        new = "".join([*self._fixed, *self._line])
        # What did not change is not written again.
        kept = old[: _same(old, new)]
        return len(old.encode()) - len(kept.encode()), new[len(kept) :]

    def _append(self, text: str) -> None:
        """Take text that only adds: of most of it nothing need be remembered."""
        _, broken, last = text.rpartition("\n")
        self._line = list(last) if broken else [*self._line, *last]
        self._line = self._line if len(self._line) <= MAX_LINE_CHARS else []
        self._cursor = len(self._line)

    def _put(self, plain: str) -> None:
        after = self._cursor + len(plain)
        self._line[self._cursor : after] = plain
        self._cursor = after
        if after > MAX_LINE_CHARS:
            self._fix(after)

    def _fix(self, count: int) -> None:
        self._fixed += self._line[:count]
        del self._line[:count]
        self._cursor = 0

    def _control(self, character: str) -> None:
        if character == "\n":
            self._line.append("\n")
            self._fix(len(self._line))
        elif character == "\r":
            self._cursor = 0
        elif self._cursor > 0:
            self._cursor -= 1
            del self._line[self._cursor]


def _same(one: str, other: str) -> int:
    """Return how many characters at their beginnings are the same."""
    if other.startswith(one):
        return len(one)
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), len(other))


Displays = OrderedDict[str, "Cell"]
"""By `display_id`: the run that showed it last. A later run may update it."""


class Cell:
    """Where the outputs of one run go: its cell, and the list that its asker gets."""

    def __init__(
        self, outputs: list[Any], ycell: Any | None, displays: Displays
    ) -> None:
        self._outputs = outputs
        self._ycell = ycell
        self._displays = displays
        self._shown: dict[str, tuple[int, Any]] = {}
        """By `display_id`: which output it is, and what it was written as."""
        self._terminal = TerminalText()
        self._stream_bytes = -1
        """Length of the stream being written; -1 when there is none."""

    @classmethod
    def of(cls, hook: Hook, displays: Displays) -> Cell:
        """Return the cell that jupyter-server-nbmodel's hook would write to."""
        if not isinstance(hook, partial):
            raise TypeError("jupyter-server-nbmodel has another hook than 0.2.9 had")
        outputs, ycell, _state = hook.args
        return cls(outputs, ycell, displays)

    def write(self, messages: Sequence[Message]) -> int:
        """Write messages as one change; return by how many bytes it was more than they.

        A control character in one byte can have a whole line written anew.
        """
        if self._ycell is None:
            return sum(map(self._try, messages))
        with self._ycell.doc.transaction():
            return max(0, sum(map(self._try, messages)))

    def _try(self, message: Message) -> int:
        try:
            return self._write(message["header"]["msg_type"], message)
        except Exception:  # the cell may be gone; the run goes on
            log.warning("an output of the kernel was left out", exc_info=True)
            return 0

    def _write(self, kind: str, message: Message) -> int:
        if kind == "clear_output":
            self._stream_bytes = -1
            self._outputs.clear()
            self._shown.clear()
            if self._ycell is not None:
                self._ycell["outputs"].clear()
            return 0
        display = message["content"].get("display_id")
        if kind == UPDATE:
            if (cell := self._displays.get(display)) is not None:
                cell.update(display, message["content"])
            return 0
        output: Any = nbformat.v4.output_from_msg(dict(message))  # type: ignore[no-untyped-call]
        self._outputs.append(output)
        if self._ycell is None:
            return 0
        if kind == "stream":
            return self._stream(self._ycell["outputs"], output["name"], output["text"])
        self._stream_bytes = -1
        self._ycell["outputs"].append(dict(output))
        if display is not None:
            self._remember(display, output)
        return 0

    def _remember(self, display: str, output: Any) -> None:
        self._shown[display] = len(self._outputs) - 1, output
        self._displays[display] = self
        self._displays.move_to_end(display)
        while len(self._displays) > MAX_DISPLAYS:
            self._displays.popitem(last=False)

    def update(self, display: str, content: Mapping[str, Any]) -> None:
        """Show something else in an output of this run, if it is still there."""
        if self._ycell is None or display not in self._shown:
            return
        at, old = self._shown[display]
        shown = self._ycell["outputs"]
        # Outputs may have been cleared, or be another run's by now.
        where = next((n for n in range(len(shown)) if shown[n] == dict(old)), None)
        if where is None:
            return
        new = {**old, "data": content["data"], "metadata": content["metadata"]}
        shown[where] = dict(new)
        self._outputs[at] = new
        self._shown[display] = at, new

    def _stream(self, shown: Any, name: str, text: str) -> int:
        last: Any = shown[-1] if len(shown) else None
        if not self._continues(last, name):
            self._terminal, self._stream_bytes = TerminalText(), 0
            begun = {"output_type": "stream", "name": name, "text": Text()}
            shown.append(Map(begun))
            last = shown[-1]
        written = last["text"]
        replaced, new = self._terminal.write(text)
        if replaced:
            del written[self._stream_bytes - replaced :]
        written += new
        new_bytes = len(new.encode())
        self._stream_bytes += new_bytes - replaced
        return new_bytes - len(text.encode())

    def _continues(self, last: Any, name: str) -> bool:
        """Say whether the cell's last output is the stream as it was left."""
        return (
            isinstance(last, Map)
            and last.get("name") == name
            and isinstance(last.get("text"), Text)
            and len(last["text"]) == self._stream_bytes
        )
