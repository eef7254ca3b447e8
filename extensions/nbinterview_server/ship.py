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
)
from nbinterview.ledger.checkpoints import Checkpoint
from nbinterview.ledger.records import Record
from nbinterview_server.journal import Journal
from nbinterview_server.sealing import Sealing, Sleep
from nbinterview_server.service_api import Gap, ServiceApi, Shipped, Unlike

MAX_RECORDS = 500
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_ERASED = 200
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
    """Sends records and checkpoints to the service; `hear` and `wake` wake it."""

    def __init__(
        self,
        journal: Journal,
        service: ServiceApi,
        *,
        chance: Callable[[], float],
        tell: Callable[[Shipped], Awaitable[None]],
        sealing: Sealing | None = None,
        suspect: Callable[[str, Checkpoint | None], None] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`suspect` hears in words that the service holds another record."""
        self.warning = ""
        """Why the service takes nothing of this record; empty while it does."""
        self._journal = journal
        self._service = service
        self._tell = tell
        self._sealing = sealing
        self._suspect = suspect
        self._sleep = sleep
        self._backoff = Backoff(chance)
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._acknowledged: int | None = None
        self._same = False
        """Whether the service is known to hold records of this very journal."""
        self._most = MAX_RECORDS
        """Records in the next batch; fewer when one was too large."""
        self._shown = 0
        """How many records the newest checkpoint has that the service was sent."""
        self._erased: list[str] = []
        """Erasures that are done and that the service was not told of."""

    @property
    def acknowledged_seq(self) -> int:
        """The newest record that the service is known to hold."""
        return self._acknowledged or 0

    def hear(self, _record: Record) -> None:
        """Listen to the journal: there is something to send."""
        self._wake.set()

    def wake(self) -> None:
        """There is a checkpoint to send."""
        self._wake.set()

    def confirm(self, erasure_id: str) -> None:
        """Tell the service with the next request that this was erased here."""
        if erasure_id not in self._erased:
            self._erased.append(erasure_id)
        self._wake.set()

    async def run(self) -> None:
        """Ship until cancelled, whatever answers."""
        while True:
            try:
                await self._send()
                self._backoff.reset()
            except NBInterviewError as error:
                await self._wait(error.detail)
                continue
            except Exception as error:  # shipping has to go on
                log.exception("shipping failed")
                await self._wait(f"Shipping failed: {error!r}.")
                continue
            if self._is_done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
                await self._sleep(GATHER_S)

    async def _wait(self, why: str) -> None:
        delay_s = self._backoff.delay_s()
        log.warning("%s Again in %.1f s.", why, delay_s)
        await self._sleep(delay_s)

    async def flush(self, timeout_s: float) -> bool:
        """Ship what is left, for at most so long; say whether all of it went."""
        with contextlib.suppress(TimeoutError, NBInterviewError):
            async with asyncio.timeout(timeout_s):
                await self._send()
                while not self._is_done():
                    await self._send()
                if self._sealing is not None and await self._sealing.last_try():
                    await self._send()
        return self._is_done()

    def _is_done(self) -> bool:
        newest = self._sealing.newest if self._sealing is not None else None
        shown = newest is None or self._shown >= newest.size
        all_went = self.acknowledged_seq >= self._journal.last_seq
        return all_went and shown and not self._erased

    async def _send(self) -> None:
        """Send one batch; the first one is empty and asks how far the service is."""
        async with self._sending:
            self._wake.clear()
            after, batch = await self._batch()
            checkpoint = self._checkpoint(after + len(batch))
            erased = self._erased[:MAX_ERASED]
            try:
                answer = await self._service.ship(batch, checkpoint, erased)
            except Gap as gap:
                self._resume(gap.expected_seq - 1)
                self._same = False
                return
            except (TooLarge, Invalid, Conflict) as error:
                await self._refused(error, batch, checkpoint)
                raise
            self._most = min(MAX_RECORDS, self._most * 2)
            del self._erased[: len(erased)]
            self._resume(answer.acknowledged_seq)
            self._same = self._same or bool(batch)
            if batch or checkpoint is not None:
                self.warning = ""
            self._take_signature(checkpoint, answer)
        await self._tell(answer)

    async def _batch(self) -> tuple[int, list[bytes]]:
        """Return the next records to send, and the number before them."""
        if self._acknowledged is None:
            return 0, []
        # The newest that the service holds goes once more: a journal that was
        # replaced by another is noticed before anything is added to the old one.
        after = max(0, self._acknowledged - (0 if self._same else 1))
        batch = await self._journal.awires(
            after, limit=self._most, max_bytes=MAX_BATCH_BYTES
        )
        return after, batch

    def _checkpoint(self, seq: int) -> Checkpoint | None:
        """Return what is signed of the records up to the end of a batch."""
        if self._sealing is None or self._acknowledged is None:
            return None
        if seq > self._journal.tree.size:
            return None  # the event loop is about to hear of the last ones
        return self._sealing.up_to(seq)

    def _take_signature(self, sent: Checkpoint | None, answer: Shipped) -> None:
        if self._sealing is None or sent is None:
            return
        self._shown = max(self._shown, sent.size)
        if answer.countersignature is not None:
            self._sealing.countersigned(answer.countersignature)
        elif sent.size <= answer.acknowledged_seq:
            self._sealing.not_countersigned()

    async def _refused(
        self,
        error: NBInterviewError,
        batch: list[bytes],
        checkpoint: Checkpoint | None,
    ) -> None:
        """They may never go; how the interview stands is heard all the same."""
        if isinstance(error, TooLarge) and len(batch) > 1:
            self._most = max(1, len(batch) // 2)
        elif isinstance(error, Conflict):
            self._doubt(error.detail, checkpoint)
        await self._tell(await self._service.ship([]))

    def _doubt(self, words: str, checkpoint: Checkpoint | None) -> None:
        """Say that the service's record is another one: once, and until it takes."""
        known = self.warning
        self.warning = (
            "The interview service does not take this room's record, as it holds "
            f"another one. {words} Please tell whoever runs the platform."
        )
        if not known and self._suspect is not None:
            self._suspect(words, checkpoint)

    def _resume(self, acknowledged: int) -> None:
        if acknowledged > self._journal.last_seq:
            words = (
                f"It holds {acknowledged} records, this room has "
                f"{self._journal.last_seq}: its journal was replaced."
            )
            self._doubt(words, None)
            raise Unlike(words)
        self._acknowledged = acknowledged
