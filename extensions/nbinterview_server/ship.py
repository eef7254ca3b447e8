"""Ships the journal to the service, in order, for as long as it takes.

The service says how far it has come; the room keeps no position of its own.
Its answer also says how the interview stands and whether its people changed,
which is how a room learns that it has ended, or that somebody is to leave.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from nbinterview.errors import (
    Conflict,
    Invalid,
    NBInterviewError,
    TooLarge,
    Unavailable,
)
from nbinterview.ledger.records import Record
from nbinterview_server.journal import Journal
from nbinterview_server.service_api import Gap, ServiceApi, Shipped

MAX_RECORDS = 500
MAX_BATCH_BYTES = 8 * 1024 * 1024
# Somebody whose access was taken away is out after both, and two short requests.
POLL_S = 1.5
GATHER_S = 0.5
FIRST_DELAY_S = 0.5
# Also when a service comes back: it may have been told to put somebody out.
LONGEST_DELAY_S = 4.0

log = logging.getLogger(__name__)


class Backoff:
    """Doubles the wait up to a limit; half of each wait is chance."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._next_s = FIRST_DELAY_S

    def delay_s(self) -> float:
        """Return how long to wait after one more failure."""
        delay_s = self._next_s * (0.5 + 0.5 * self._chance())
        self._next_s = min(LONGEST_DELAY_S, self._next_s * 2)
        return delay_s

    def reset(self) -> None:
        """Begin again after a success."""
        self._next_s = FIRST_DELAY_S


class Shipper:
    """Sends records to the service; `hear` wakes it."""

    def __init__(
        self,
        journal: Journal,
        service: ServiceApi,
        *,
        chance: Callable[[], float],
        tell: Callable[[Shipped], Awaitable[None]],
    ) -> None:
        self._journal = journal
        self._service = service
        self._tell = tell
        self._backoff = Backoff(chance)
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._acknowledged: int | None = None
        self._same = False
        """Whether the service is known to hold records of this very journal."""

    @property
    def acknowledged_seq(self) -> int:
        """The newest record that the service is known to hold."""
        return self._acknowledged or 0

    def hear(self, _record: Record) -> None:
        """Listen to the journal: there is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Ship until cancelled."""
        while True:
            try:
                await self._send()
                self._backoff.reset()
            except NBInterviewError as error:
                delay_s = self._backoff.delay_s()
                log.warning("%s Again in %.1f s.", error.detail, delay_s)
                await asyncio.sleep(delay_s)
                continue
            if self._is_done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
                await asyncio.sleep(GATHER_S)

    async def flush(self, timeout_s: float) -> bool:
        """Ship what is left, for at most so long; say whether all of it went."""
        with contextlib.suppress(TimeoutError, NBInterviewError):
            async with asyncio.timeout(timeout_s):
                await self._send()
                while not self._is_done():
                    await self._send()
        return self._is_done()

    def _is_done(self) -> bool:
        return self.acknowledged_seq >= self._journal.last_seq

    async def _send(self) -> None:
        """Send one batch; the first one is empty and asks how far the service is."""
        async with self._sending:
            self._wake.clear()
            batch = await self._batch()
            try:
                answer = await self._service.ship(batch)
            except Gap as gap:
                self._resume(gap.expected_seq - 1)
                self._same = False
                return
            except (TooLarge, Invalid, Conflict):
                # These records may never go; how the interview stands is heard.
                await self._tell(await self._service.ship([]))
                raise
            self._resume(answer.acknowledged_seq)
            self._same = self._same or bool(batch)
        await self._tell(answer)

    async def _batch(self) -> list[str]:
        if self._acknowledged is None:
            return []
        # The newest that the service holds goes once more: a journal that was
        # replaced by another is noticed before anything is added to the old one.
        after = self._acknowledged - (0 if self._same else 1)
        return _limited(await self._journal.awires(max(0, after), limit=MAX_RECORDS))

    def _resume(self, acknowledged: int) -> None:
        if acknowledged > self._journal.last_seq:
            raise Unavailable(
                f"The service holds {acknowledged} records, this room has "
                f"{self._journal.last_seq}: its journal was replaced."
            )
        self._acknowledged = acknowledged


def _limited(wires: list[str]) -> list[str]:
    """Return the first records that fit one request together; at least one."""
    size = 0
    for count, wire in enumerate(wires):
        size += len(wire)
        if size > MAX_BATCH_BYTES:
            return wires[: max(1, count)]
    return wires
