"""A new record and its canonical JSON, each part made once.

The same bytes as `Record.wire_json`, in a third of the time: the payload's canonical
text is hashed and put into the wire as it is, and what never changes is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.records import FORMAT, Record

MAX_PLAIN_MS = 2**53
"""Over this a number's text is the reference's business."""

_sha256 = hashlib.sha256


def new_record(
    interview: str,
    seq: int,
    time: str,
    kind: str,
    author: str,
    payload: Mapping[str, Any],
    salt: str,
    monotonic_ms: float | None,
) -> tuple[Record, bytes]:
    """Return a record of the present format and its canonical JSON.

    Raises `Invalid` for what has no canonical form.
    """
    payload_json = canonical(payload)
    payload_hash = _sha256(bytes.fromhex(salt) + payload_json).hexdigest()
    names, source = _fixed(interview, kind, author)
    clock = _clock(monotonic_ms)
    end = b'"seq":%d,"time":"%b"}' % (seq, time.encode())
    hashed = b'%b%b%b,"payload_hash":"%b",%b' % (
        names,
        source,
        clock,
        payload_hash.encode(),
        end,
    )
    leaf = _sha256(b"\x00" + hashed).digest()
    wire = b'%b"hash":"%b",%b%b,"payload":%b,"payload_hash":"%b","salt":"%b",%b' % (
        names,
        leaf.hex().encode(),
        source,
        clock,
        payload_json,
        payload_hash.encode(),
        salt.encode(),
        end,
    )
    record = Record(
        interview,
        seq,
        time,
        kind,
        author,
        payload,
        salt,
        monotonic_ms,
        FORMAT,
        payload_hash,
    )
    # What the record would compute when it is asked.
    record.__dict__.update(leaf=leaf, payload_json=payload_json, wire_json=wire)
    return record, wire


@lru_cache(maxsize=256)
def _fixed(interview: str, kind: str, author: str) -> tuple[bytes, bytes]:
    """Return what is before and after the place of the hash; keys in their order."""
    names = b'{"author":%b,"format":%d,' % (_text(author), FORMAT)
    source = b'"interview":%b,"kind":%b,"monotonic_ms":' % (
        _text(interview),
        _text(kind),
    )
    return names, source


def _text(value: str) -> bytes:
    return canonical([value])[1:-1]


def _clock(value: float | None) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid("A record's clock is a number.")
    whole = int(value) if -MAX_PLAIN_MS < value < MAX_PLAIN_MS else None
    if whole is not None and whole == value and (whole or isinstance(value, int)):
        return b"%d" % whole
    return canonical([value])[1:-1]
