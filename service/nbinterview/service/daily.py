"""What the service does by itself once a day: erase what is due.

A clock that is wrong by years would make everything due at once, and what is erased
stays erased. So while the clock is doubted this only says what would be erased, until
somebody has run `nbinterview purge`.
"""

from __future__ import annotations

import asyncio
import logging

from nbinterview.service.db import Database
from nbinterview.service.domain.audit import AuditLog, clock_doubt
from nbinterview.service.eraser import Eraser, Outcome

FIRST_AFTER_S = 60.0
EVERY_S = 24 * 3600.0

log = logging.getLogger(__name__)


class Daily:
    """The job; `start` begins it and `close` ends it."""

    def __init__(self, database: Database, eraser: Eraser, audit: AuditLog) -> None:
        self._database = database
        self._eraser = eraser
        self._audit = audit
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                async with self._looking:
                    await self.look()
            except Exception:
                log.exception("the daily purge failed; it is tried again tomorrow")
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Erase what is due; while the clock is doubted, say what would be."""
        # Signed each day, so that a clock's jump shows also where nobody does anything.
        await self._audit.tell(None, "daily")
        await self._audit.seal()
        async with self._database.read() as session:
            doubt = await clock_doubt(session)
        if doubt:
            _say(await self._eraser.due(), "due")
            _say(await self._eraser.finish(), "erased")
        else:
            _say(await self._eraser.purge(None), "erased")

    async def close(self) -> None:
        """End; a look that was begun comes to its end first."""
        if self._task is not None:
            async with self._looking:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def _say(outcome: Outcome, what: str) -> None:
    for one in outcome.done:
        log.info("%s of %s: %s", what, one.rule.interview, one.rule.rule)
    for words in outcome.waiting:
        log.warning("not erased yet: %s", words)
