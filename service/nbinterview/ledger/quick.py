"""The usual line of a bundle, verified where it stands.

A canonical line of format 2 has its parts at known places, so the bytes that were
hashed are slices of it. What does not look just so is left to the slow way, which
says what is wrong with it; whatever is taken here, the slow way takes as well.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import orjson

from nbinterview.errors import Invalid
from nbinterview.ledger.canonical import canonical
from nbinterview.schemas import schema

_HEAD = (
    r'\{"author":"(?:room|kernel|service|operator|p-[a-z2-7]{10})","format":2,'
    r'("hash":"([0-9a-f]{64})",)"interview":"%s","kind":"([a-z._]+)",'
    r'"monotonic_ms":(null|(?:0|[1-9][0-9]{0,14})(?:\.[0-9]*[1-9])?),("payload":)(?=\{)'
)
_TAIL = re.compile(
    rb',("payload_hash":"([0-9a-f]{64})",)"salt":"([0-9a-f]{32})",("seq":([0-9]+),'
    rb'"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"\})'
)
# All of the tail but the digits of `seq`.
_TAIL_CHARS = len(',"payload_hash":"","salt":"","seq":,"time":""}') + 64 + 32 + 27


class Quick:
    """Reads usual lines of one interview."""

    def __init__(self, interview: str) -> None:
        self._head = re.compile((_HEAD % re.escape(interview)).encode())
        room, _audit = schema("record")["properties"]["kind"]["anyOf"]
        self._kinds = {kind.encode(): kind for kind in room["enum"]}

    def read(self, line: bytes, seq: int) -> tuple[bytes, str, dict[str, Any]] | None:
        """Return (leaf, kind, payload) of the record `seq`; None: look closely."""
        head = self._head.match(line)
        start = len(line) - _TAIL_CHARS - len(str(seq))
        tail = _TAIL.fullmatch(line, start) if head and start > 0 else None
        if head is None or tail is None or int(tail[5]) != seq:
            return None
        kind = self._kinds.get(head[3])
        if kind is None or not _is_canonical_number(head[4]):
            return None
        text = line[head.end() : start]
        if sha256(bytes.fromhex(tail[3].decode()) + text).hexdigest() != (
            tail[2].decode()
        ):
            return None
        body = b"\x00%b%b%b%b" % (
            line[: head.start(1)],
            line[head.end(1) : head.start(5)],
            tail[1],
            tail[4],
        )
        leaf = sha256(body).digest()
        if leaf.hex() != head[2].decode():
            return None
        try:
            payload = orjson.loads(text)
            exact = canonical(payload) == text
        except (orjson.JSONDecodeError, Invalid):
            return None
        return (leaf, kind, payload) if exact else None


def _is_canonical_number(text: bytes) -> bool:
    if b"." not in text:
        return True
    return repr(float(text)).encode() == text
