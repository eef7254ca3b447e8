"""What was refused, on record: the first of each kind at once, then one a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter

from nbinterview.schemas import shortened
from nbinterview_server.journal import Entry, Journal, NotWritten

EVERY_S = 60.0
MAX_KINDS = 20
MAX_REASON_CHARS = 300

REFUSED = Counter(
    "nbinterview_room_refused_total",
    "What was refused of what people's pages said, by kind of input",
    ["what"],
)

log = logging.getLogger(__name__)


@dataclass
class _Kind:
    written_s: float | None = None
    waiting: int = 0
    payload: dict[str, Any] = field(default_factory=dict)


class Refusals:
    """The refusals of one connection, so that it cannot flood the record with them."""

    def __init__(
        self, journal: Journal, author: str, *, monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._author = author
        self._monotonic = monotonic
        self._kinds: dict[tuple[str, str], _Kind] = {}

    async def note(self, what: str, reason: str, field: str = "") -> None:
        """Record that something was refused, or count it for the next record."""
        REFUSED.labels(what).inc()
        key = (what, shortened(_whole(field)))
        if key not in self._kinds and len(self._kinds) >= MAX_KINDS:
            key = (what, "")
        kind = self._kinds.setdefault(key, _Kind())
        kind.waiting += 1
        kind.payload = {
            "what": what,
            "reason": _whole(reason)[:MAX_REASON_CHARS],
            "field": key[1],
        }
        now_s = self._monotonic()
        if kind.written_s is None or now_s - kind.written_s >= EVERY_S:
            kind.written_s = now_s
            await self._write(kind)

    async def close(self) -> None:
        """Record what was only counted."""
        for kind in self._kinds.values():
            if kind.waiting:
                await self._write(kind)

    async def _write(self, kind: _Kind) -> None:
        count, kind.waiting = kind.waiting, 0
        payload = {**kind.payload, **({"count": count} if count > 1 else {})}
        try:
            await self._journal.append_all([Entry("refused", self._author, payload)])
        except NotWritten as error:
            kind.waiting += count
            log.warning("refusal not recorded: %s", error.detail)


def _whole(text: str) -> str:
    """Return a text that a record can hold: JSON can name half a character."""
    return text.encode("utf-8", "replace").decode("utf-8")
