"""What `proof` keeps of each connection of the candidate, and of beats on their way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview_server.beats import Beat, Nonces
from nbinterview_server.journal import Entry

ALONE_S = 10.0
"""Beats that no record of observations took along have one of their own so often."""

Message = Mapping[str, Any]


@dataclass
class Line:
    """One connection of the candidate."""

    connection: str
    boot_id: str
    author: str
    key: bytes
    nonces: Nonces
    tell: Callable[[Message], None]
    ping: Callable[[bytes], None]
    pinged_s: float
    taking_s: float | None = None
    """Since when the room is busy with a message of it."""


@dataclass(frozen=True)
class _Range:
    """Beats that are on no record yet."""

    first: int
    last: Beat
    author: str
    since_s: float

    def wire(self) -> dict[str, int]:
        return {
            "first": self.first,
            "last": self.last.number,
            "frames_seen": self.last.frames_seen,
            "frames_dropped": self.last.frames_dropped,
        }


@dataclass
class Unwritten:
    """Beats by page load, until a record holds them."""

    _ranges: dict[str, _Range] = field(default_factory=dict)

    def add(self, beat: Beat, author: str) -> None:
        """Keep a beat that counted."""
        old = self._ranges.get(beat.boot_id)
        new = _Range(beat.number, beat, author, beat.heard_s)
        self._ranges[beat.boot_id] = replace(old, last=beat) if old else new

    def of(self, boot_id: str) -> dict[str, int] | None:
        """Return the `beats` of a page load that are on no record yet."""
        found = self._ranges.get(boot_id)
        return None if found is None else found.wire()

    def written(self, boot_id: str, last: int) -> None:
        """Note that the beats up to this number are on record."""
        found = self._ranges.get(boot_id)
        if found is not None and found.last.number <= last:
            del self._ranges[boot_id]

    def due(self, now_s: float) -> list[Entry]:
        """Take out what waited for too long; return its records."""
        found = []
        for boot_id, one in list(self._ranges.items()):
            if now_s - one.since_s >= ALONE_S:
                del self._ranges[boot_id]
                payload = {"boot_id": boot_id, **one.wire()}
                found.append(Entry("beats", one.author, payload))
        return found
