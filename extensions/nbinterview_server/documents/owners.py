"""Whose each Yjs client id is: one table for cursors and for edits.

An id belongs to the first one who brings it, for good. The room's own ids are
nobody's. After a restart the table follows from the authors of the recorded
updates. Ids that only moved a cursor so far are in a file of the room: everybody
has seen them, and whoever came back first could take them and have the honest
person's next edit refused.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path

MAX_IDS_PER_PERSON = 256
TEMPLATES_ID = 0
"""The client id under which every room's first notebook is written."""


log = logging.getLogger(__name__)


class Owners:
    """Remembers whose each id is; with a file, over restarts too."""

    def __init__(self, file: Path | None = None) -> None:
        self._owner: dict[int, str | None] = {TEMPLATES_ID: None}
        self._counts: Counter[str] = Counter()
        self._file = file
        if file is not None and file.exists():
            self._read(file)

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
        new = [one for one in client_ids if one not in self._owner]
        self.record(hub_name, client_ids)
        if new and self._file is not None:
            self._write(self._file, hub_name, new)
        return True

    def record(self, hub_name: str, client_ids: set[int]) -> None:
        """Give those of the ids that are free to this person, without a limit."""
        for client_id in client_ids:
            if client_id not in self._owner:
                self._owner[client_id] = hub_name
                self._counts[hub_name] += 1

    def _read(self, file: Path) -> None:
        for line in file.read_bytes().split(b"\n"):
            try:
                hub_name, *client_ids = json.loads(line)
            except ValueError:
                continue  # the end of it, torn by a crash
            self.record(hub_name, set(client_ids))

    def _write(self, file: Path, hub_name: str, client_ids: list[int]) -> None:
        try:
            with file.open("ab") as out:
                # It begins a line of its own, whatever was torn before.
                out.write(b"\n" + json.dumps([hub_name, *client_ids]).encode())
        except OSError as error:  # a cursor is not worth more
            log.warning("whose id this is will be forgotten at a restart: %s", error)
