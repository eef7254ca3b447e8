"""What makes a room's record one that can be trusted, put together.

Signing and certifying, shipping, erasing on the service's word, and the alarm when
the disk does not take what happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from nbinterview.errors import Unavailable
from nbinterview.ledger.checkpoints import Checkpoint
from nbinterview.ledger.records import Record
from nbinterview_server.config import Person, RoomEnv
from nbinterview_server.documents.authorship import ROOM
from nbinterview_server.erasing import Erasing
from nbinterview_server.fanout import Fanout
from nbinterview_server.journal import Entry, Journal, NotWritten
from nbinterview_server.sealing import Sealing, open_key
from nbinterview_server.service_api import ServiceApi, Shipped
from nbinterview_server.ship import Backoff, Shipper
from nbinterview_server.storage import OK, StorageAlarm
from nbinterview_server.view import PANEL

CHECK_STORAGE_S = 0.5
KEY_RETRY_S = 2.0

log = logging.getLogger(__name__)


class Trust:
    """Of one room. `recall` and then `parts` begin it, `seal` and `flush` end it."""

    def __init__(
        self,
        env: RoomEnv,
        journal: Journal,
        service: ServiceApi,
        fanout: Fanout,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        tell: Callable[[Shipped], Awaitable[None]],
        record: Callable[[Entry], None],
    ) -> None:
        """`record` has something written, however long the disk refuses."""
        self.alarm = StorageAlarm()
        self.sealing = Sealing(
            journal,
            service,
            fanout,
            interview=env.interview,
            kept=env.certificate,
            clock=clock,
        )
        self.shipper = Shipper(
            journal,
            service,
            chance=chance,
            tell=self._hear_service,
            sealing=self.sealing,
            suspect=self._suspect,
        )
        self.erasing = Erasing(
            journal,
            fanout,
            interview=env.interview,
            directory=env.directory,
            confirm=self.shipper.confirm,
        )
        self.sealing.listen(self.shipper.wake)
        self._env = env
        self._journal = journal
        self._fanout = fanout
        self._clock = clock
        self._chance = chance
        self._follow = tell
        self._record = record
        self._last_key_id: str | None = None

    def recall(self, record: Record) -> None:
        """Take up one record of before, ahead of anything new."""
        if record.payload is None:
            return
        if record.kind == "key":
            self._last_key_id = record.payload["key_id"]
        elif record.kind == "interview.state":
            self.sealing.recall(ended=record.payload["state"] == "ended")

    def hear(self, record: Record) -> None:
        """Listen to the journal."""
        self.sealing.hear(record)
        self.shipper.hear(record)

    def parts(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what has to run until the room closes."""
        return (
            self._sign(),
            self.sealing.run(),
            self.shipper.run(),
            self.erasing.run(),
            self._watch_storage(),
        )

    async def _sign(self) -> None:
        """Have a key, on record and certified."""
        while True:
            try:
                key = await asyncio.to_thread(
                    open_key, self._env.signing_key, self._clock(), self._last_key_id
                )
                break
            except Unavailable:
                log.exception("there is no key: nothing is signed until there is")
                await asyncio.sleep(KEY_RETRY_S)
        if key.said is not None:
            try:
                await self._journal.insist([Entry("key", ROOM, key.said)])
            except NotWritten:
                return  # the room closes
        self.sealing.begin(key)
        await self.sealing.certify(Backoff(self._chance).delay_s)
        await self.sealing.stay_certified()

    async def _watch_storage(self) -> None:
        """Tell the panel when the record can't be written, and when it can again."""
        while True:
            self.check_storage()
            await asyncio.sleep(CHECK_STORAGE_S)

    def check_storage(self) -> None:
        """Tell the panel how the record is written, if that is something new."""
        message = self.alarm.step(self._journal.reading(), self.shipper.warning)
        if message is not None:
            log.warning("storage: %s %s", message["state"], message["detail"])
            self._fanout.tell(PANEL, message)

    async def _hear_service(self, answer: Shipped) -> None:
        self.erasing.hear(answer.erase)
        await self._follow(answer)

    def _suspect(self, words: str, checkpoint: Checkpoint | None) -> None:
        """Record that the service holds another record than this room."""
        newest = checkpoint or self.sealing.newest
        payload = {
            "state": "broken",
            "by": "service",
            "size": newest.size if newest else self._journal.tree.size,
            "root": newest.root if newest else self._journal.tree.root().hex(),
            "detail": words,
        }
        self.check_storage()
        self._record(Entry("witness", ROOM, payload))

    def welcome(self, person: Person) -> Mapping[str, Any]:
        """Return what the first message to a page has of this."""
        if person.role not in PANEL:
            return {}
        found: dict[str, Any] = {}
        if self.alarm.told != OK:
            found["storage"] = self.alarm.told
        if (newest := self.sealing.message()) is not None:
            found["checkpoint"] = newest
        return found

    def greetings(self, person: Person) -> list[Mapping[str, Any]]:
        """Return what a page is told right after its first message."""
        if person.role != "candidate":
            return []
        receipt = self.sealing.receipt()
        return [*self.erasing.messages(), *([receipt] if receipt else [])]

    async def last_words(self, entry: Entry, within_s: float) -> None:
        """Write the room's last record, also on a full disk, and sign it.

        Nothing comes after it. Raises `NotWritten` and `TimeoutError`.
        """
        self._journal.finish("The room is closing.")
        async with asyncio.timeout(within_s):
            try:
                await self._journal.last(entry)
            except NotWritten:
                await self._journal.work(lambda file: file.release())
                await self._journal.last(entry)
        self.sealing.seal()
