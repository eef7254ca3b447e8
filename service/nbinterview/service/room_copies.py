"""What a room left in its directory: its journal, its notebook's folder, its log.

Of rooms that have stopped only. A room that runs erases by itself when the service
tells it to.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from nbinterview.errors import Invalid
from nbinterview.ids import INTERVIEW_ID, room_name
from nbinterview.service.domain.retention import Erasure

#: What is not the notebook: journal, keys. All else in the directory goes with it.
_STAYS = ("journal.", "signing.key", "old")


class RoomCopies:
    """The directories of rooms on this machine; None where they are elsewhere."""

    def __init__(self, rooms: Path | None) -> None:
        self._rooms = rooms

    def erase(self, interview_id: str, rules: Sequence[Erasure]) -> str:
        """Erase what rules take; return in words what could not be, or nothing.

        Blocks. The room must have stopped.
        """
        if self._rooms is None:
            return "Its room's files are not on this machine; they were not erased."
        if not INTERVIEW_ID.fullmatch(interview_id):
            raise Invalid("This is no interview's id.", field="interview")
        folder = self._rooms / interview_id
        if folder.is_symlink():
            return f"{folder} is a link; it was left alone."
        try:
            if any(rule.is_whole for rule in rules):
                self._log(interview_id).unlink(missing_ok=True)
                if folder.exists():
                    shutil.rmtree(folder)
                return ""
            return self._parts(folder, rules) if folder.exists() else ""
        except (OSError, sqlite3.Error, Invalid) as error:
            return f"Its room's copy was not erased ({error}). It is tried again."

    def _log(self, interview_id: str) -> Path:
        assert self._rooms is not None
        return self._rooms.parent / "logs" / f"{room_name(interview_id)}.log"

    def _parts(self, folder: Path, rules: Sequence[Erasure]) -> str:
        if any(rule.takes_document for rule in rules):
            for path in folder.iterdir():
                if not path.name.startswith(_STAYS):
                    _remove(path)
        # Copies of damaged journals: what is whole of them is in the journal too.
        for path in folder.glob("journal.damaged-*"):
            _remove(path)
        journal = folder / "journal.sqlite"
        if journal.exists():
            _erase_journal(journal, rules)
        return ""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _erase_journal(path: Path, rules: Sequence[Erasure]) -> None:
    # The room's own way into its file, so that there is one.
    from nbinterview_server.journal_file import JournalFile

    journal = JournalFile(path)
    try:
        last = journal.last_seq()
        for rule in rules:
            came_to, to_seq = rule.from_seq - 1, min(rule.to_seq, last)
            while came_to < to_seq:
                came_to, _ = journal.erase(came_to, to_seq, list(rule.kinds))
            journal.erased(rule.id, {**rule.wire(), "done_to": last})
    finally:
        journal.close()
