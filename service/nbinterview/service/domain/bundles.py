"""An interview's record as a file that proves itself, made of what is kept here."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from weakref import WeakValueDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview import __version__
from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import Countersignature, countersign_head
from nbinterview.ledger.records import Record, format_time
from nbinterview.service.db import Database
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import (
    certificates,
    checkpoints,
    erasures,
    interviews,
    ledger,
)
from nbinterview.service.platform_keys import PlatformKeys

PAGE_RECORDS = 500
AT_ONCE = 2
"""Of different interviews: rebuilding one's notebook may take a minute or two."""


class Bundles:
    """Makes bundles, a few at a time, off the event loop and of one moment each."""

    def __init__(
        self,
        database: Database,
        keys: PlatformKeys,
        directory: Path,
        now: Callable[[], datetime],
    ) -> None:
        """`directory` holds a bundle while it is sent, without a name."""
        self._database = database
        self._keys = keys
        self._directory = directory
        self._now = now
        self._few = asyncio.Semaphore(AT_ONCE)
        # An interview that takes long is waited for by those who ask for it.
        self._one_of_each: WeakValueDictionary[str, asyncio.Lock] = (
            WeakValueDictionary()
        )

    async def make(self, interview_id: str) -> IO[bytes]:
        """Return the bundle of an interview up to now, as an open file at its start.

        Whoever asked closes it; then it is gone.
        """
        alone = self._one_of_each.setdefault(interview_id, asyncio.Lock())
        async with alone, self._few, self._database.read() as session:
            contents = await self._contents(session, interview_id)
            file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115
            try:
                await asyncio.to_thread(write_bundle, file, contents)
                file.seek(0)
            except BaseException:
                file.close()
                raise
        return file

    async def _contents(self, session: AsyncSession, interview_id: str) -> Contents:
        interview = await interviews.get(session, interview_id)
        erased = await erasures.of_interview(session, interview_id)
        return Contents(
            interview=interview_id,
            records=_records(session, interview_id),
            made_at=format_time(self._now()),
            checkpoints=await checkpoints.heads_of(session, interview_id),
            certificates=await certificates.all_of(session, interview_id),
            countersignatures=await self._seen(session, interview_id),
            platform_keys=self._keys.published(),
            erasures=[erasures.wire(one) for one in erased],
            about=_about(interview),
            versions={"service": __version__},
        )

    async def _seen(
        self, session: AsyncSession, interview_id: str
    ) -> Sequence[Countersignature]:
        """Return what the platform signed; of rooms that did not sign yet, now."""
        size = await ledger.last_seq(session, interview_id)
        if not size or await checkpoints.heads_of(session, interview_id):
            return await checkpoints.countersignatures_of(session, interview_id)
        root = await ledger.root_at(session, interview_id, size)
        now = format_time(self._now())
        return [countersign_head(self._keys.signer(), interview_id, size, root, now)]


def _about(interview: Interview) -> dict[str, Any]:
    """Return what is said to people of an interview; nothing vouches for it."""
    times = {
        "created_at": interview.created_at,
        "opened_at": interview.opened_at,
        "ended_at": interview.ended_at,
    }
    return {
        "title": interview.title,
        "state": interview.state,
        "sample": interview.sample,
        **{name: at and format_time(at) for name, at in times.items()},
    }


def _records(session: AsyncSession, interview_id: str) -> Iterator[Record]:
    """Yield the records to a thread, page by page from the event loop's session.

    The one who opened the session waits for that thread and leaves it alone.
    """
    loop = asyncio.get_running_loop()

    def pages() -> Iterator[Record]:
        after = 0
        while True:
            asked = ledger.page(session, interview_id, after=after, limit=PAGE_RECORDS)
            found = asyncio.run_coroutine_threadsafe(asked, loop).result()
            for _, wire in found:
                yield Record.stored(json.loads(wire))
            if len(found) < PAGE_RECORDS:
                return
            after = found[-1][0]

    return pages()
