"""The database's files, freed after something was erased: old pages are in them.

No database can free them while somebody reads, as a large export does for minutes.
Then it is tried again until it is done.
"""

from __future__ import annotations

import asyncio
import logging

from nbinterview.service.db import Database

AGAIN_S = 5.0

log = logging.getLogger(__name__)


class Folding:
    """Frees the files of one database; `close` gives up what is still tried."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    async def fold(self) -> bool:
        """Free the files now; say whether they were, and go on trying where not."""
        if await self._database.sweep():
            return True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._again())
        return False

    async def _again(self) -> None:
        folded = False
        while not folded:
            await asyncio.sleep(AGAIN_S)
            folded = await self._database.sweep()
        log.info("what was erased has left the database's files")

    async def close(self) -> None:
        """Give up: the next start frees the files."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
