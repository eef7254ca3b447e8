"""Messages on a kernel's websocket: Jupyter's v1 protocol, and its JSON of before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nbinterview.errors import Invalid
from nbinterview_server.execution.channel_rules import MAX_BUFFERS

V1 = "v1.kernel.websocket.jupyter.org"

_WORD_BYTES = 8
_PARTS = ("channel", "header", "parent_header", "metadata", "content")


@dataclass(frozen=True)
class Message:
    """One message of a page, as it came."""

    channel: object
    header: Mapping[str, Any]
    metadata: object
    content: object
    content_bytes: int
    buffers: tuple[bytes, ...] = ()


def read(message: str | bytes, *, v1: bool) -> Message:
    """Return a page's message; `Invalid` when it is none."""
    if isinstance(message, str) and not v1:
        return _from_json(message)
    if isinstance(message, bytes) and v1:
        return _from_v1(message)
    raise Invalid("this is not a message of this channel's protocol")


def _from_json(text: str) -> Message:
    found = _json(text)
    if not isinstance(found, dict) or not isinstance(found.get("header"), dict):
        raise Invalid("a message has a header", field="header")
    channel = found.get("channel", "shell")
    said = found.get("metadata"), found.get("content")
    return Message(channel, found["header"], *said, len(text))


def _from_v1(message: bytes) -> Message:
    parts = _parts(message)
    if len(parts) < len(_PARTS) or len(parts) > len(_PARTS) + MAX_BUFFERS:
        raise Invalid("a message has five parts, then its buffers")
    _, header, _parent, metadata, content = parts[:5]
    read_header = _json(header)
    if not isinstance(read_header, dict):
        raise Invalid("a message has a header", field="header")
    channel = parts[0].decode("utf-8", "replace")
    said = _json(metadata), _json(content)
    return Message(channel, read_header, *said, len(content), tuple(parts[5:]))


def _parts(message: bytes) -> list[bytes]:
    """Return the parts, which lie one after the other up to the message's end."""
    count = _word(message, 0)
    if not len(_PARTS) < count <= len(_PARTS) + MAX_BUFFERS + 1:
        raise Invalid("a message has five parts, then its buffers")
    offsets = [_word(message, at) for at in range(1, count + 1)]
    whole = offsets[0] == _WORD_BYTES * (count + 1) and offsets[-1] == len(message)
    if not whole or sorted(offsets) != offsets:
        raise Invalid("a message's parts lie one after the other")
    return [message[start:end] for start, end in pairwise(offsets)]


def _word(message: bytes, at: int) -> int:
    start = _WORD_BYTES * at
    if len(message) < start + _WORD_BYTES:
        raise Invalid("a message begins with where its parts lie")
    return int.from_bytes(message[start : start + _WORD_BYTES], "little")


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("this is not JSON") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def written(
    channel: str,
    header: Mapping[str, Any],
    parent: Mapping[str, Any],
    metadata: Mapping[str, Any],
    content: Mapping[str, Any],
    buffers: Sequence[Any] = (),
    *,
    v1: bool,
) -> bytes | str | None:
    """Return a message for a page; None when its protocol cannot say it.

    Raises ValueError for a number that JSON does not have: a page could not read it.
    """
    if not v1:
        if buffers:
            return None
        first = {"header": header, "parent_header": parent, "metadata": metadata}
        # Half of a character stays an escape, which every page can read.
        whole = {**first, "content": content, "channel": channel}
        return json.dumps(whole, allow_nan=False)
    parts = [channel.encode()]
    said = header, parent, metadata, content
    parts += [json.dumps(one, allow_nan=False).encode() for one in said]
    parts += [bytes(one) for one in buffers]
    offsets = [_WORD_BYTES * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    words = [len(offsets), *offsets]
    return b"".join([*(_as_word(one) for one in words), *parts])


def _as_word(number: int) -> bytes:
    return number.to_bytes(_WORD_BYTES, "little")
