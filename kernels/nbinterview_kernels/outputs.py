"""What of a kernel's outputs is kept: known fields, so much of each.

A kernel says what it likes, as the candidate's code runs in it. What gets past here
has the form of a notebook's outputs and a bounded size. A room and a runner keep the
same, so that what is run again agrees with what is on record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nbinterview_kernels import mime

MIB = 1024 * 1024
MAX_ITEM_BYTES = MIB
"""Of one stream message, one part of a MIME bundle, one traceback."""
MAX_RUN_BYTES = 8 * MIB
MAX_MESSAGE_BYTES = 4 * MAX_ITEM_BYTES
"""Of a larger message only its text or the error's name is kept: see `unread`."""
MAX_NAME_CHARS = 200
MAX_TRACEBACK_LINES = 10_000
MIME_TYPES = mime.MIME_TYPES
OUTPUT_TYPES = frozenset({"display_data", "stream", "execute_result", "error"})
UPDATE = "update_display_data"
"""Shows something else where an output with the same `display_id` stands."""
OUTPUT_MESSAGES = OUTPUT_TYPES | {UPDATE, "clear_output"}
ATTEMPTS = "nbinterview_attempts"
"""Not shown: how often a run tried to reach the network or to start a program."""
ATTEMPT_KINDS = ("network", "process")
MAX_ATTEMPTS = 1_000_000

_ITEM_CUT = f"[This output was cut: at most {MAX_ITEM_BYTES // MIB} MiB is kept.]\n"


def _run_cut(max_bytes: int) -> str:
    return (
        f"[The outputs of this run are cut here: at most {max_bytes // MIB} MiB are "
        "kept. Your code goes on.]\n"
    )


Content = dict[str, Any]
Tidied = tuple[Content, bool]
"""A message's content, and whether something of it was cut."""


def attempts(content: object) -> dict[str, int]:
    """Return the counts that an `ATTEMPTS` message brings, as far as they are such."""
    found = content if isinstance(content, Mapping) else {}
    counts = {kind: count(found.get(kind)) for kind in ATTEMPT_KINDS}
    return {
        kind: min(number, MAX_ATTEMPTS)
        for kind, number in counts.items()
        if number is not None and number > 0
    }


class Kept:
    """Hands what is kept of one run's outputs to `tell`, and says there what it cut."""

    def __init__(
        self, tell: Callable[[str, Content], None], max_bytes: int = MAX_RUN_BYTES
    ) -> None:
        self._tell = tell
        self._max_bytes = self._left_bytes = max_bytes

    def take(self, kind: str, content: object, *, cut: bool = False) -> None:
        """Take one message in, as far as it fits; other kinds are left out.

        `cut`: something of it is missing already.
        """
        if kind == "clear_output":
            self._tell(kind, {})
        if kind not in _TIDY or self._left_bytes <= 0:
            return
        said = content if isinstance(content, Mapping) else {}
        tidied, cut_here = _TIDY[kind](said)
        if not cut and (words := _unknown(said, tidied, cut=cut_here)):
            self._note(words)
            return
        self.charge(content_bytes(tidied))
        if self._left_bytes <= 0:
            self._note(_run_cut(self._max_bytes))
            return
        self._tell(kind, tidied)
        if cut_here or (cut and kind != "stream"):  # a stream says so where it ends
            self._note(_ITEM_CUT)

    def charge(self, used_bytes: int) -> None:
        """Count against what the run may show."""
        self._left_bytes -= used_bytes

    def _note(self, words: str) -> None:
        self.charge(len(words))
        self._tell("stream", {"name": "stderr", "text": words})


class Collector:
    """Gathers what is kept of one run's outputs, as a notebook has them."""

    def __init__(self, max_bytes: int = MAX_RUN_BYTES) -> None:
        self._kept = Kept(self._add, max_bytes)
        self._outputs: list[Content] = []
        self._displays: dict[str, Content] = {}

    def take(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take one message in."""
        if kind != "stream" and (size_bytes(content) or 0) > MAX_MESSAGE_BYTES:
            self._kept.take(kind, unread(content.get("ename")), cut=True)
        else:
            self._kept.take(kind, content)

    def outputs(self) -> list[Content]:
        """Return what was taken, in nbformat."""
        return [
            {**one, "text": "".join(one["text"])} if "text" in one else one
            for one in self._outputs
        ]

    def _add(self, kind: str, content: Content) -> None:
        if kind == "clear_output":
            self._outputs.clear()
            self._displays.clear()
            return
        display = content.pop("display_id", None)
        if kind == UPDATE:
            if display in self._displays:
                self._displays[display].update(content)
            return
        if display is not None:
            self._displays[display] = content = {"output_type": kind, **content}
            self._outputs.append(content)
            return
        if kind != "stream":
            self._outputs.append({"output_type": kind, **content})
            return
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == content["name"]:
            last["text"].append(content["text"])
        else:
            name, text = content["name"], [content["text"]]
            self._outputs.append({"output_type": kind, "name": name, "text": text})


def unread(ename: object) -> Content:
    """Return what is kept of an output that is no text and too large to be read."""
    return {"ename": ename}


def content_bytes(content: Mapping[str, Any]) -> int:
    """Return how much an output says: the JSON of its fields, in UTF-8."""
    return sum(size_bytes(value) or 0 for value in content.values())


def size_bytes(value: object) -> int | None:
    """Return the size of JSON in UTF-8; None when it has no such form."""
    if isinstance(value, str) and value.isascii():
        return len(value) + 2  # text can be long, and is only text
    try:
        return len(json.dumps(value, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return None


def count(found: object) -> int | None:
    """Return an execution count, or None. JSON of the record holds no larger ones."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**31:
        return found
    return None


def _stream(content: Mapping[str, Any]) -> Tidied:
    text, cut = _cut(encodable(content.get("text")))
    name = "stderr" if content.get("name") == "stderr" else "stdout"
    # The words stand where the text ends, before what is printed after it.
    return {"name": name, "text": f"{text}\n{_ITEM_CUT}" if cut else text}, False


def _display(content: Mapping[str, Any]) -> Tidied:
    data, cut = _bundle(content.get("data"))
    metadata = mime.known_metadata(content.get("metadata"), data)
    found: Content = {"data": data, "metadata": metadata}
    transient = content.get("transient")
    display = transient.get("display_id") if isinstance(transient, Mapping) else None
    if isinstance(display, str) and 0 < len(display) <= MAX_NAME_CHARS:
        found["display_id"] = encodable(display)  # for updates; it is not stored
    return found, cut


def _unknown(said: Mapping[str, Any], tidied: Content, *, cut: bool) -> str:
    """Return what to say instead of an output of which nothing can be shown."""
    offered = said.get("data")
    if tidied.get("data", True) or cut or not isinstance(offered, Mapping):
        return ""
    return f"[{mime.unknown_words(offered)}]\n" if offered else ""


def _result(content: Mapping[str, Any]) -> Tidied:
    shown, cut = _display(content)
    return {**shown, "execution_count": count(content.get("execution_count"))}, cut


def _error(content: Mapping[str, Any]) -> Tidied:
    lines = content.get("traceback")
    kept = lines[:MAX_TRACEBACK_LINES] if isinstance(lines, list) else []
    whole = "\n".join(map(encodable, kept))
    traceback, cut = _cut(whole)
    value, value_cut = _cut(encodable(content.get("evalue")))
    found = {
        "ename": mime.plain_name(encodable(content.get("ename")))[:MAX_NAME_CHARS],
        "evalue": value,
        "traceback": traceback.split("\n"),
    }
    return found, cut or value_cut


_TIDY: Mapping[str, Callable[[Mapping[str, Any]], Tidied]] = {
    "stream": _stream,
    "display_data": _display,
    UPDATE: _display,
    "execute_result": _result,
    "error": _error,
}


def _bundle(found: object) -> Tidied:
    """Return the parts that are known and fit.

    Plain text is shortened; anything else is left out when it is too large.
    """
    parts: Content = {}
    cut = False
    offered = found if isinstance(found, Mapping) else {}
    for name in (one for one in offered if one in MIME_TYPES):
        value = offered[name]
        size = size_bytes(value)
        if name == "text/plain" and isinstance(value, str):
            parts[name], cut_here = _cut(encodable(value))
            cut = cut or cut_here
        elif size is None or size > MAX_ITEM_BYTES:
            cut = True
        elif MIME_TYPES[name](value):
            parts[name] = value
    return parts, cut


def _cut(text: str) -> tuple[str, bool]:
    encoded = text.encode()
    if len(encoded) <= MAX_ITEM_BYTES:
        return text, False
    return encoded[:MAX_ITEM_BYTES].decode("utf-8", "ignore"), True


def encodable(found: object) -> str:
    """Return text that can be encoded; a kernel can send half of a character."""
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""
