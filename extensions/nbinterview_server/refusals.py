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
    """The refusals of one person, over all connections: they cannot flood the record.

    Somebody who comes again and again is no other person each time.
    """

    def __init__(
        self, journal: Journal, author: str, *, monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._author = author
        self._monotonic = monotonic
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._settled_s: float | None = None

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

    async def settle(self) -> None:
        """Record what was only counted, once a minute at most: a page has gone."""
        now_s = self._monotonic()
        if not any(kind.waiting for kind in self._kinds.values()):
            return
        if self._settled_s is None or now_s - self._settled_s >= EVERY_S:
            self._settled_s = now_s
            await self.close()

    async def close(self) -> None:
        """Record what was only counted."""
        for kind in list(self._kinds.values()):
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


class AllRefusals:
    """Everybody's, by who is to answer for it."""

    def __init__(self, journal: Journal, *, monotonic: Callable[[], float]) -> None:
        self._journal = journal
        self._monotonic = monotonic
        self._by_author: dict[str, Refusals] = {}

    def of(self, author: str) -> Refusals:
        """Return those of one person, or of the kernel."""
        if author not in self._by_author:
            made = Refusals(self._journal, author, monotonic=self._monotonic)
            self._by_author[author] = made
        return self._by_author[author]

    async def close(self) -> None:
        """Record what was only counted, of everybody."""
        for refusals in list(self._by_author.values()):
            await refusals.close()


def _whole(text: str) -> str:
    """Return a text that a record can hold: JSON can name half a character."""
    return text.encode("utf-8", "replace").decode("utf-8")
