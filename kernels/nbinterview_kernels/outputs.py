"""What of a kernel's outputs is kept: known fields, so much of each.

A kernel says what it likes, as the candidate's code runs in it. What gets past here
has the form of a notebook's outputs and a bounded size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

MIB = 1024 * 1024
MAX_ITEM_BYTES = MIB
"""Of one stream message, one part of a MIME bundle, one traceback."""
MAX_RUN_BYTES = 8 * MIB
MAX_NAME_CHARS = 200

_ITEM_CUT = f"[This output was cut: at most {MAX_ITEM_BYTES // MIB} MiB is kept.]\n"
_RUN_CUT = (
    f"[The outputs of this run are cut here: at most {MAX_RUN_BYTES // MIB} MiB are "
    "kept. Your code goes on.]\n"
)

Content = dict[str, Any]
Tidied = tuple[Content, bool]
"""A message's content, and whether something of it was cut."""


class Collector:
    """Gathers one run's outputs as a notebook has them, and says what it cut."""

    def __init__(self) -> None:
        self._left_bytes = MAX_RUN_BYTES
        self._outputs: list[Content] = []

    def take(self, kind: str, content: object) -> None:
        """Take one message in, as far as it fits; other kinds are left out."""
        if kind == "clear_output":
            self._outputs.clear()
        if kind not in _TIDY or self._left_bytes <= 0:
            return
        tidied, cut = _TIDY[kind](content if isinstance(content, Mapping) else {})
        self._left_bytes -= size_bytes(tidied) or 0
        if self._left_bytes <= 0:
            self._add("stream", {"name": "stderr", "text": _RUN_CUT})
            return
        self._add(kind, tidied)
        if cut:
            self._left_bytes -= len(_ITEM_CUT)
            self._add("stream", {"name": "stderr", "text": _ITEM_CUT})

    def outputs(self) -> list[Content]:
        """Return what was taken, in nbformat."""
        return [
            {**one, "text": "".join(one["text"])} if "text" in one else one
            for one in self._outputs
        ]

    def _add(self, kind: str, content: Content) -> None:
        if kind != "stream":
            self._outputs.append({"output_type": kind, **content})
            return
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == content["name"]:
            last["text"].append(content["text"])
        else:
            name, text = content["name"], [content["text"]]
            self._outputs.append({"output_type": kind, "name": name, "text": text})


def size_bytes(value: object) -> int | None:
    """Return the size of JSON in UTF-8; None when it has no such form."""
    try:
        return len(json.dumps(value, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return None


def count(found: object) -> int | None:
    """Return an execution count, or None for what is none."""
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**31:
        return found
    return None


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
    return {**shown, "execution_count": count(content.get("execution_count"))}, cut


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


_TIDY: Mapping[str, Callable[[Mapping[str, Any]], Tidied]] = {
    "stream": _stream,
    "display_data": _display,
    "execute_result": _result,
    "error": _error,
}


def _bundle(found: object) -> Tidied:
    """Return the parts that fit; text is shortened, anything else is left out."""
    parts: Content = {}
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
