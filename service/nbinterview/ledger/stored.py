"""A record as bytes in a database: canonical JSON, the big kinds deflated.

The first byte tells: `{` is the JSON itself (also a row of an old journal), 1 is
raw deflate with the first preset dictionary. A dictionary is never changed, only
followed by another with a byte of its own: what is stored stays readable.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib.resources import files

from nbinterview.errors import Invalid

BIG_KINDS = frozenset({"observations", "document", "event"})
MAX_WIRE_BYTES = 64 * 1024 * 1024
"""No record is as large; more is no record but a bomb."""
WORTH_BYTES = 128
"""Smaller JSON stays as it is."""

_PLAIN = b"{"
_DEFLATED_1 = b"\x01"
_WINDOW_BITS = -13  # raw, 8 KiB: most records are smaller
_MEMORY = 6


def to_store(wire_json: bytes, kind: str) -> bytes:
    """Return what is stored of a record's canonical JSON."""
    if kind not in BIG_KINDS or len(wire_json) < WORTH_BYTES:
        return wire_json
    deflate = _prepared().copy()
    packed = _DEFLATED_1 + deflate.compress(wire_json) + deflate.flush()
    return packed if len(packed) < len(wire_json) else wire_json


def from_store(blob: bytes | str) -> bytes:
    """Return the JSON again. Raises `Invalid` for bytes that are none of ours."""
    if isinstance(blob, str):  # a row of a journal of format 1
        return blob.encode()
    first = blob[:1]
    if first == _PLAIN:
        return blob
    if first != _DEFLATED_1:
        raise Invalid("A stored record is damaged, or of a newer program.")
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_dictionary())
    try:
        wire_json = inflate.decompress(blob[1:], MAX_WIRE_BYTES)
    except zlib.error as error:
        raise Invalid("A stored record is damaged.") from error
    if not inflate.eof or inflate.unused_data:
        raise Invalid("A stored record is damaged: it is cut off or too large.")
    return wire_json


@cache
def _dictionary() -> bytes:
    return (files(__package__) / "dictionary_1.txt").read_bytes()


@cache
def _prepared() -> zlib._Compress:
    # Copying is several times cheaper than reading the dictionary in each time.
    return zlib.compressobj(
        6, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zdict=_dictionary()
    )
