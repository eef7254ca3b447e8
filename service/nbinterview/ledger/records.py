"""One record of a room's journal, and its hash.

`hash` is SHA-256 over a zero byte and the RFC 8785 canonical JSON of the other
fields: the leaf hash of RFC 6962. The salt makes it impossible to guess an
erased payload back from its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from nbinterview.errors import Invalid
from nbinterview.schemas import check

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """A record as it is stored, sent and replayed."""

    interview: str
    seq: int
    time: str
    kind: str
    author: str
    payload: Mapping[str, Any]
    salt: str
    monotonic_ms: float | None = None

    def body(self) -> dict[str, Any]:
        """Return everything that is hashed."""
        return {
            "format": FORMAT,
            "interview": self.interview,
            "seq": self.seq,
            "time": self.time,
            "monotonic_ms": self.monotonic_ms,
            "kind": self.kind,
            "author": self.author,
            "payload": dict(self.payload),
            "salt": self.salt,
        }

    @property
    def hash(self) -> str:
        """The RFC 6962 leaf hash, in hexadecimal."""
        return hashlib.sha256(b"\x00" + rfc8785.dumps(self.body())).hexdigest()

    def wire(self) -> dict[str, Any]:
        """Return the JSON that is sent and exported."""
        return {**self.body(), "hash": self.hash}

    @property
    def at_s(self) -> float:
        """Seconds since 1970 by the room server's clock."""
        return parse_time(self.time).timestamp()

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Record:
        """Return the record, or raise `Invalid` when form or hash do not fit."""
        check(dict(wire), "record")
        record = cls(
            interview=wire["interview"],
            seq=wire["seq"],
            time=wire["time"],
            kind=wire["kind"],
            author=wire["author"],
            payload=wire["payload"],
            salt=wire["salt"],
            monotonic_ms=wire["monotonic_ms"],
        )
        if record.hash != wire["hash"]:
            raise Invalid(f"record {record.seq} does not match its hash", field="hash")
        return record

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the record of one line of an export."""
        return cls.from_wire(json.loads(text))


def format_time(moment: datetime) -> str:
    """Return the wire form of an aware time: UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Return the aware time of a wire form."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
