"""What the room itself found: written in order, however long the disk refuses."""

from __future__ import annotations

import asyncio

from nbinterview_server.journal import Entry, Journal, NotWritten


class Findings:
    """A line of records that nobody waits for."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._found: asyncio.Queue[Entry] = asyncio.Queue()

    def put(self, entry: Entry) -> None:
        """Have this written after what was put before."""
        self._found.put_nowait(entry)

    async def run(self) -> None:
        """Write what is put, until cancelled or the journal closes."""
        while True:
            entry = await self._found.get()
            try:
                await self._journal.insist([entry])
            except NotWritten:
                return
            finally:
                self._found.task_done()

    async def flush(self) -> None:
        """Wait until everything is written."""
        await self._found.join()
