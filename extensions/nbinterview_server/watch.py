"""Feeds the proctoring engine from the journal, and the journal from the engine.

The engine folds the records as they are committed. What it finds becomes
records in turn, and only those reach a page. After a restart the fold is done
again from the journal; what was found but not written before a crash is
written then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from nbinterview.ledger.records import Record
from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.findings import Findings
from nbinterview_server.journal import Entry, Journal

log = logging.getLogger(__name__)


class Watch:
    """The engine of one interview, in step with its journal."""

    def __init__(
        self, policy: Policy, journal: Journal, *, clock: Callable[[], datetime]
    ) -> None:
        self._state = engine.initial(policy)
        self._clock = clock
        self._found = Findings(journal)
        self._due: list[Entry] = []
        """What the records of before call for, ..."""
        self._written = 0
        """... and how much of it is on record."""

    def recall(self, record: Record) -> None:
        """Fold one record of before this start."""
        if record.kind in engine.OWN_KINDS:
            self._written += 1
        elif not record.erased:
            self._due += self._step(record)

    def go_on(self) -> None:
        """Queue what was called for before this start and is not on record."""
        for entry in self._due[self._written :]:
            self._found.put(entry)
        self._due.clear()

    def hear(self, record: Record) -> None:
        """Listen to the journal: fold one record, queue what it calls for."""
        if record.kind not in engine.OWN_KINDS:
            for entry in self._step(record):
                self._found.put(entry)

    def foresees(self, entry: Entry) -> bool:
        """Whether this record, written now, would call for something to be told.

        What a sensor can do may be told a second later.
        """
        assert not callable(entry.payload)
        fact = engine.Fact(
            kind=entry.kind,
            payload=entry.payload,
            author=entry.author,
            at_s=self._clock().timestamp(),
            monotonic_ms=entry.monotonic_ms,
        )
        try:
            _, outcomes = engine.step(self._state, fact)
        except Exception:  # what a page says must not keep it from being recorded
            log.exception("the engine failed at a record to come")
            return False
        return any(outcome.kind != "sensor" for outcome in outcomes)

    def _step(self, record: Record) -> list[Entry]:
        fact = engine.Fact(
            kind=record.kind,
            payload=record.facts,
            author=record.author,
            at_s=record.at_s,
            monotonic_ms=record.monotonic_ms,
        )
        self._state, outcomes = engine.step(self._state, fact)
        return [Entry(one.kind, ROOM, one.payload) for one in outcomes]

    async def run(self) -> None:
        """Write what is found, in order, until cancelled or the journal closes."""
        await self._found.run()

    async def flush(self) -> None:
        """Wait until everything found is written."""
        await self._found.flush()
