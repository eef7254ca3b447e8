"""Feeds the proctoring engine from the journal, and the journal from the engine.

The engine folds the records as they are committed. What it finds becomes
records in turn, and only those reach a page. After a restart the fold is done
again from the journal; what was found but not written before a crash is
written then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from nbinterview.ledger.records import Record
from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.journal import Entry, Journal, NotWritten

FOUND = frozenset(
    {"warning", "warning.cleared", "flag", "flag.closed", "sensor", "calibration"}
)

log = logging.getLogger(__name__)


class Watch:
    """The engine of one interview, in step with its journal."""

    def __init__(self, policy: Policy, journal: Journal) -> None:
        self._state = engine.initial(policy)
        self._journal = journal
        self._found: asyncio.Queue[Entry] = asyncio.Queue()

    def rebuild(self, records: Iterable[Record]) -> None:
        """Fold what is in the journal; queue what it calls for and lacks."""
        written = 0
        due: list[Entry] = []
        for record in records:
            if record.kind in FOUND:
                written += 1
            else:
                due += self._step(record)
        for entry in due[written:]:
            self._found.put_nowait(entry)

    def hear(self, record: Record) -> None:
        """Listen to the journal: fold one record, queue what it calls for."""
        if record.kind not in FOUND:
            for entry in self._step(record):
                self._found.put_nowait(entry)

    def _step(self, record: Record) -> list[Entry]:
        self._state, outcomes = engine.step(
            self._state,
            record.kind,
            record.payload,
            record.at_s,
            record.monotonic_ms,
        )
        return [Entry(one.kind, ROOM, one.payload) for one in outcomes]

    async def run(self) -> None:
        """Write what is found, in order, until cancelled or the journal closes."""
        while True:
            entry = await self._found.get()
            try:
                await self._journal.insist([entry])
            except NotWritten:
                return
            finally:
                self._found.task_done()

    async def flush(self) -> None:
        """Wait until everything found is written."""
        await self._found.join()
