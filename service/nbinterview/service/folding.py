"""The database's write-ahead log, cut after something was erased: old pages are in it.

SQLite cannot cut it while somebody reads, as a large export does for minutes. Then it
is tried again until it is done.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

AGAIN_S = 5.0
# While this waits, nobody else can write.
_WAIT_S = 1.0

log = logging.getLogger(__name__)


class Folding:
    """Cuts the log of one database; `close` gives up what is still tried."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    async def fold(self) -> bool:
        """Cut the log now; say whether it was, and go on trying where it was not."""
        if await asyncio.to_thread(_fold, self._database):
            return True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._again())
        return False

    async def _again(self) -> None:
        folded = False
        while not folded:
            await asyncio.sleep(AGAIN_S)
            folded = await asyncio.to_thread(_fold, self._database)
        log.info("the write-ahead log is cut")

    async def close(self) -> None:
        """Give up: whoever closes the database last cuts the log."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _fold(database: Path) -> bool:
    """Bring the log into the file and cut it; say whether that was possible."""
    try:
        with closing(sqlite3.connect(database, timeout=_WAIT_S)) as connection:
            asked = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _, _ = asked.fetchone()
    except sqlite3.Error as error:
        busy = error
    if busy:
        log.warning("what was erased is still in the write-ahead log (%s)", busy)
    return not busy
