"""What of a kernel's outputs may enter the document: known fields, so much of each.

A kernel says what it likes, as the candidate's code runs in it. What gets past
here ends in a record, and a record has to reach the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Hook = Callable[[dict[str, Any]], None]

MIB = 1024 * 1024
MAX_ITEM_BYTES = MIB
"""Of one stream message, one part of a MIME bundle, one traceback."""
MAX_RUN_BYTES = 8 * MIB
MAX_NAME_CHARS = 200
MAX_QUESTION_CHARS = 4000
OUTPUT_TYPES = frozenset({"display_data", "stream", "execute_result", "error"})
STATUSES = frozenset({"ok", "error", "aborted"})

_ITEM_CUT = f"[This output was cut: at most {MAX_ITEM_BYTES // MIB} MiB is kept.]\n"
_RUN_CUT = (
    f"[The outputs of this run are cut here: at most {MAX_RUN_BYTES // MIB} MiB are "
    "kept. Your code goes on.]\n"
)


def message_type(message: Mapping[str, Any]) -> str:
    """Return what kind of message this is; empty when the kernel does not say."""
    found = message["header"].get("msg_type")
    return found if isinstance(found, str) else ""


def size_bytes(value: object) -> int | None:
    """Return the size of JSON in UTF-8; None when it has no such form."""
    if isinstance(value, str) and value.isascii():
        return len(value) + 2  # text can be long, and is only text
    try:
        return len(json.dumps(value, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return None


def tidy_reply(content: object) -> dict[str, Any]:
    """Return how a run ended, from a kernel's reply of whatever form."""
    found = content if isinstance(content, Mapping) else {}
    status = found.get("status")
    known = isinstance(status, str) and status in STATUSES
    return {
        "status": status if known else "error",
        "execution_count": _count(found.get("execution_count")),
    }


def tidy_question(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kernel's question with nothing in it but its text."""
    prompt = str(message["content"].get("prompt", ""))[:MAX_QUESTION_CHARS]
    password = message["content"].get("password") is True
    return {**message, "content": {"prompt": _text(prompt), "password": password}}


def content_bytes(message: Mapping[str, Any]) -> int:
    """Return how much an output says: the JSON of its fields, in UTF-8."""
    if isinstance(known := message.get("size_bytes"), int):
        return known
    content = message["content"]
    return sum(size_bytes(value) or 0 for value in content.values())


class Outputs:
    """Hands one run's outputs on to `hook`, and says in the cell what it cut."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._left_bytes = MAX_RUN_BYTES

    def take(self, message: Mapping[str, Any]) -> None:
        """Hand on one message, as far as it fits."""
        kind = message_type(message)
        if kind == "clear_output":
            self._tell(kind, {})
        if kind not in OUTPUT_TYPES or self._left_bytes <= 0:
            return
        content, cut = _TIDY[kind](message["content"])
        cut = cut or bool(message.get("cut") and kind != "stream")
        self.charge(content_bytes({"content": content}))
        if self._left_bytes <= 0:
            self._note(_RUN_CUT)
            return
        self._tell(kind, content)
        if cut:
            self._note(_ITEM_CUT)

    def charge(self, used_bytes: int) -> None:
        """Count against what the run may write."""
        self._left_bytes -= used_bytes

    def _note(self, words: str) -> None:
        self.charge(len(words))
        self._tell("stream", {"name": "stderr", "text": words})

    def _tell(self, kind: str, content: dict[str, Any]) -> None:
        self._hook({"header": {"msg_type": kind}, "content": content})


Tidied = tuple[dict[str, Any], bool]
"""A message's content, and whether something of it was cut."""


def _stream(content: Mapping[str, Any]) -> Tidied:
    text, cut = _cut(_text(content.get("text")))
    name = "stderr" if content.get("name") == "stderr" else "stdout"
    # The words stand where the text ends, before what is printed after it.
    return {"name": name, "text": f"{text}\n{_ITEM_CUT}" if cut else text}, False


def _display(content: Mapping[str, Any]) -> Tidied:
    data, data_cut = _bundle(content.get("data"))
    metadata, metadata_cut = _bundle(content.get("metadata"))
    return {"data": data, "metadata": metadata}, data_cut or metadata_cut


def _result(content: Mapping[str, Any]) -> Tidied:
    shown, cut = _display(content)
    return {**shown, "execution_count": _count(content.get("execution_count"))}, cut


def _error(content: Mapping[str, Any]) -> Tidied:
    lines = content.get("traceback")
    whole = "\n".join(map(_text, lines)) if isinstance(lines, list) else ""
    traceback, cut = _cut(whole)
    value, value_cut = _cut(_text(content.get("evalue")))
    found = {
        "ename": _text(content.get("ename"))[:MAX_NAME_CHARS],
        "evalue": value,
        "traceback": traceback.split("\n"),
    }
    return found, cut or value_cut


_TIDY: dict[str, Callable[[Mapping[str, Any]], Tidied]] = {
    "stream": _stream,
    "display_data": _display,
    "execute_result": _result,
    "error": _error,
}


def _bundle(found: object) -> tuple[dict[str, Any], bool]:
    """Return the parts that fit; text is shortened, anything else is left out."""
    parts: dict[str, Any] = {}
    cut = False
    for name, value in found.items() if isinstance(found, Mapping) else ():
        size = size_bytes(value)
        if len(name) > MAX_NAME_CHARS or size_bytes(name) is None:
            cut = True
        elif size is not None and size <= MAX_ITEM_BYTES:
            parts[name] = value
        elif name == "text/plain" and isinstance(value, str):
            parts[name], cut = _cut(_text(value))[0], True
        else:
            cut = True
    return parts, cut


def _cut(text: str) -> tuple[str, bool]:
    encoded = text.encode()
    if len(encoded) <= MAX_ITEM_BYTES:
        return text, False
    return encoded[:MAX_ITEM_BYTES].decode("utf-8", "ignore"), True


def _text(found: object) -> str:
    """Return text that can be encoded; a kernel can send half of a character."""
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""


def _count(found: object) -> int | None:
    """Return an execution count. JSON of the record holds no larger integers."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**31:
        return found
    return None
