"""Whose each Yjs client id is: one table for cursors and for edits.

An id belongs to the first one who brings it, for good. The room's own ids are
nobody's. The table is not stored: after a restart it follows from the authors
of the recorded updates; ids that only moved a cursor are claimed anew.
"""

from __future__ import annotations

from collections import Counter

MAX_IDS_PER_PERSON = 256
TEMPLATES_ID = 0
"""The client id under which every room's first notebook is written."""


class Owners:
    """Remembers whose each id is."""

    def __init__(self) -> None:
        self._owner: dict[int, str | None] = {TEMPLATES_ID: None}
        self._counts: Counter[str] = Counter()

    def reserve(self, client_id: int) -> None:
        """Make an id nobody's, whoever had it."""
        self._owner[client_id] = None

    def may_claim(self, hub_name: str, client_ids: set[int]) -> bool:
        """Say whether all of these are this person's, or free and not too many."""
        free = 0
        for client_id in client_ids:
            if client_id not in self._owner:
                free += 1
            elif self._owner[client_id] != hub_name:
                return False
        return free == 0 or self._counts[hub_name] + free <= MAX_IDS_PER_PERSON

    def claim(self, hub_name: str, client_ids: set[int]) -> bool:
        """Give these ids to this person, all of them or none; say whether they are."""
        if not self.may_claim(hub_name, client_ids):
            return False
        self.record(hub_name, client_ids)
        return True

    def record(self, hub_name: str, client_ids: set[int]) -> None:
        """Give those of the ids that are free to this person, without a limit."""
        for client_id in client_ids:
            if client_id not in self._owner:
                self._owner[client_id] = hub_name
                self._counts[hub_name] += 1
