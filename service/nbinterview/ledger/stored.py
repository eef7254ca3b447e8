"""A record as bytes in a database: canonical JSON, the big kinds deflated.

The first byte tells: `{` is the JSON itself (also a row of an old journal), 1 is
raw deflate with the first preset dictionary, 2 the same without `payload_hash`, which
follows from salt and payload and is put back. A dictionary is never changed, only
followed by another with a byte of its own: what is stored stays readable.

Events stay as they are: they are few, and deflating one takes longer than writing it.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from functools import cache
from importlib.resources import files

from nbinterview.errors import Invalid

BIG_KINDS = frozenset({"observations", "document"})
MAX_WIRE_BYTES = 64 * 1024 * 1024
"""No record is as large; more is no record but a bomb."""
WORTH_BYTES = 128
"""Smaller JSON stays as it is."""

_PLAIN = b"{"
_DEFLATED_1 = b"\x01"
_DEFLATED_2 = b"\x02"
_PAYLOAD = b',"payload":'
_HASH_NAME = b',"payload_hash":"'
_HASH = re.compile(rb',"payload_hash":"[0-9a-f]{64}"')
_END = re.compile(rb',"salt":"([0-9a-f]{32})","seq":[0-9]+,"time":"[^"]*"}\Z')
_END_BYTES = 200
"""No record's salt, number and time are longer."""
_WINDOW_BITS = -13  # raw, 8 KiB: most records are smaller
_MEMORY = 6


def to_store(wire_json: bytes, kind: str) -> bytes:
    """Return what is stored of a record's canonical JSON."""
    if kind not in BIG_KINDS or len(wire_json) < WORTH_BYTES:
        return wire_json
    lean = _HASH.sub(b"", wire_json, 1) if wire_json.count(_HASH_NAME) == 1 else b""
    derived = bool(lean) and _with_hash(lean) == wire_json
    deflate = _prepared().copy()
    packed = (
        (_DEFLATED_2 if derived else _DEFLATED_1)
        + deflate.compress(lean if derived else wire_json)
        + deflate.flush()
    )
    return packed if len(packed) < len(wire_json) else wire_json


def from_store(blob: bytes | str) -> bytes:
    """Return the JSON again. Raises `Invalid` for bytes that are none of ours."""
    if isinstance(blob, str):  # a row of a journal of format 1
        return blob.encode()
    first = blob[:1]
    if first == _PLAIN:
        return blob
    if first not in (_DEFLATED_1, _DEFLATED_2):
        raise Invalid("A stored record is damaged, or of a newer program.")
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_dictionary())
    try:
        wire_json = inflate.decompress(blob[1:], MAX_WIRE_BYTES)
    except zlib.error as error:
        raise Invalid("A stored record is damaged.") from error
    if not inflate.eof or inflate.unused_data:
        raise Invalid("A stored record is damaged: it is cut off or too large.")
    if first == _DEFLATED_1:
        return wire_json
    if (whole := _with_hash(wire_json)) is None:
        raise Invalid("A stored record is damaged: it has no payload.")
    return whole


def _with_hash(lean: bytes) -> bytes | None:
    """Return a record's JSON with the `payload_hash` that its own payload has."""
    place = lean.find(_PAYLOAD)
    end = _END.search(lean, max(0, len(lean) - _END_BYTES))
    if place < 0 or end is None:
        return None
    payload = lean[place + len(_PAYLOAD) : end.start()]
    made = hashlib.sha256(bytes.fromhex(end[1].decode()) + payload).hexdigest()
    return b'%b,"payload_hash":"%b"%b' % (
        lean[: end.start()],
        made.encode(),
        lean[end.start() :],
    )


@cache
def _dictionary() -> bytes:
    return (files(__package__) / "dictionary_1.txt").read_bytes()


@cache
def _prepared() -> zlib._Compress:
    # Copying is several times cheaper than reading the dictionary in each time.
    return zlib.compressobj(
        6, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zdict=_dictionary()
    )
