"""Which of the candidate's pages counts: one lease. A pure fold, time passed in.

The first page has it. Another tab or device that comes while the first is alive is told
that it does not count, and the person may move the lease there. A page that is gone, or
says nothing any more, loses it to the next that comes: a reload must not ask anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ALIVE_S = 4.0
"""A page that spoke less than this ago is alive; a watching one speaks each second."""
RESERVED_S = 10.0
"""So long a page that is away keeps it from one that was told it does not count."""

State = Literal["taken", "second", "released"]


@dataclass(frozen=True)
class Change:
    """What goes on record: `LeaseMessage` of live.schema.yaml says what it means."""

    state: State
    boot_id: str
    connection: str


@dataclass(frozen=True)
class _Page:
    boot_id: str
    connection: str
    came_s: float
    spoke_s: float
    leaving: bool = False
    """It said that it unloads."""


class Lease:
    """The candidate's open pages, and which of them counts."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._boot_id: str | None = None
        """The page load that counts, also while it is away."""
        self._connection: str | None = None
        self._away_s: float | None = None
        """When its connection went; None while it is here."""
        self._passive: set[str] = set()
        """Page loads that were told that they do not count."""

    @property
    def boot_id(self) -> str | None:
        """The page load that counts; None before there was one."""
        return self._boot_id

    @property
    def connection(self) -> str | None:
        """The connection that counts; None while its page is away."""
        return self._connection

    def restore(self, state: State, boot_id: str, now_s: float) -> None:
        """Fold a record of before this room started: nobody is connected any more."""
        if state == "taken":
            self._boot_id = boot_id
            self._away_s = now_s
            self._passive.discard(boot_id)
        elif state == "second":
            self._passive.add(boot_id)

    def came(self, connection: str, boot_id: str, now_s: float) -> list[Change]:
        """A page said hello."""
        self._pages[connection] = _Page(boot_id, connection, now_s, now_s)
        if self._boot_id is None or not self._stands(boot_id, now_s):
            return self._give(connection, boot_id, now_s)
        self._passive.add(boot_id)
        return [Change("second", boot_id, connection)]

    def _stands(self, newcomer: str, now_s: float) -> bool:
        """Whether the page that has it keeps it from one that comes now."""
        if newcomer == self._boot_id:
            return False
        holder = self._pages.get(self._connection or "")
        if holder is not None:
            return not holder.leaving and now_s - holder.spoke_s < ALIVE_S
        if newcomer not in self._passive:
            return False
        return self._away_s is not None and now_s - self._away_s < RESERVED_S

    def take(self, connection: str, now_s: float) -> list[Change]:
        """The person wants it here."""
        page = self._pages.get(connection)
        if page is None or connection == self._connection:
            return []
        return self._give(connection, page.boot_id, now_s)

    def _give(self, connection: str, boot_id: str, now_s: float) -> list[Change]:
        is_new = boot_id != self._boot_id
        if is_new and self._boot_id is not None:
            self._passive.add(self._boot_id)
        self._boot_id, self._connection, self._away_s = boot_id, connection, None
        self._passive.discard(boot_id)
        self.spoke(connection, now_s)
        return [Change("taken", boot_id, connection)] if is_new else []

    def spoke(self, connection: str, now_s: float, *, leaving: bool = False) -> None:
        """A page said something; `leaving` that it unloads."""
        if page := self._pages.get(connection):
            self._pages[connection] = replace(page, spoke_s=now_s, leaving=leaving)

    def left(self, connection: str, now_s: float) -> list[Change]:
        """A connection closed."""
        page = self._pages.pop(connection, None)
        if page is None:
            return []
        if connection != self._connection:
            return [Change("released", page.boot_id, connection)]
        self._connection, self._away_s = None, now_s
        if page.leaving:
            # It will not come back; who waits may have it at once.
            self._away_s = now_s - RESERVED_S
        return self.tick(now_s)

    def tick(self, now_s: float) -> list[Change]:
        """Give the lease of a page that stays away to one that is here.

        One whose connection is open and silent loses it only to a page that came
        since: it crashed and was loaded again. Others are asked.
        """
        holder = self._pages.get(self._connection or "")
        pages, since_s = list(self._pages.values()), self._away_s
        if holder is not None:
            since_s = holder.spoke_s
            pages = [one for one in pages if one.came_s > since_s]
        if not pages or since_s is None or now_s - since_s < RESERVED_S:
            return []
        page = max(pages, key=lambda one: one.spoke_s)
        return self._give(page.connection, page.boot_id, now_s)
