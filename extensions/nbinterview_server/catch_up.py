"""Before a room writes its first record: does the service hold more than its journal?

It does when a disk lost what it had called written, when the journal's file was
restored from a copy, or when its end was damaged. Numbers that are used are used:
the room takes its own records back, and writes after them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from nbinterview.errors import Conflict
from nbinterview.ledger.records import Record
from nbinterview_server.journal import Journal
from nbinterview_server.service_api import ServiceApi

PAGE_RECORDS = 100

log = logging.getLogger(__name__)


async def catch_up(
    journal: Journal,
    service: ServiceApi,
    behind: Callable[[], object] = lambda: None,
) -> int:
    """Take back what the service holds and the journal lacks; return how many.

    `behind` hears as soon as it is known that the service holds more.

    Where the two differ, the service's records stand and the journal's are set
    aside: the service's were verified, and others may have seen them.

    Raises:
        Unavailable: the service does not answer.
        Invalid, Conflict: what it answers is not a record, or not the next one.
    """
    held = (await service.ship([])).acknowledged_seq
    own = journal.last_seq
    common = min(own, held)
    if held > own:
        behind()
    if common == 0 and held == 0:
        return 0
    same = common == 0 or await _is_same(journal, service, common)
    if same and own >= held:
        return 0
    behind()
    keep = own if same else 0
    records = await _fetch(service, after=keep, until=held)
    await asyncio.to_thread(journal.adopt, records, keep=keep)
    log.warning("%d records came back from the service", len(records))
    return len(records)


async def _is_same(journal: Journal, service: ServiceApi, seq: int) -> bool:
    theirs = await service.records(after=seq - 1, limit=1)
    ours = await asyncio.to_thread(journal.read, seq - 1, limit=1, erased=True)
    # By their hashes: what was erased on one side only is the same record.
    return [one.hash for one in theirs] == [one.hash for one in ours]


async def _fetch(service: ServiceApi, *, after: int, until: int) -> list[Record]:
    found: list[Record] = []
    while after < until:
        page = await service.records(after=after, limit=PAGE_RECORDS)
        if not page:
            raise Conflict("The service has fewer records than it says.")
        for record in page:
            if record.seq != after + 1:
                raise Conflict("The service's records have a gap.")
            after = record.seq
            found.append(record)
    return found
