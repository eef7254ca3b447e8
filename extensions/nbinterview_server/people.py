"""The people of this interview, asked for again when somebody comes or is put out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from nbinterview.errors import NBInterviewError
from nbinterview_server.config import Person, RoomConfig, save_copy
from nbinterview_server.service_api import ServiceApi

# Somebody who was let in again just now does not wait for long.
REMEMBER_STRANGER_S = 2.0

log = logging.getLogger(__name__)


class People:
    """Answers who somebody is. Names and roles come from the service only."""

    def __init__(
        self,
        config: RoomConfig,
        service: ServiceApi,
        copy: Path,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.config = config
        self._service = service
        self._copy = copy
        self._monotonic = monotonic
        self._strangers: dict[str, float] = {}
        self._asking = asyncio.Lock()
        self._revision: int | None = None
        """Of the people that are known; None for those of a copy on disk."""

    async def find(self, hub_name: str, *, patient: bool = False) -> Person | None:
        """Return the person, or None for somebody who is none of this interview.

        Strangers are asked for every `REMEMBER_STRANGER_S` at most. `patient` waits
        for that time: whoever was let in again a moment ago is not turned away by
        what their old page asked just before.
        """
        found = self.config.people.get(hub_name)
        if found is None and patient and not self._worth_asking(hub_name):
            await asyncio.sleep(REMEMBER_STRANGER_S)
        async with self._asking:
            found = self.config.people.get(hub_name)
            if found is None and self._worth_asking(hub_name):
                await self._ask()
                found = self.config.people.get(hub_name)
                if found is None:
                    self._strangers[hub_name] = self._monotonic()
            return found

    async def follow(self, revision: int) -> None:
        """Ask again unless the people are known as of this revision or a newer one.

        When the service does not answer, the next call asks.
        """
        async with self._asking:
            if revision != self._revision and await self._ask():
                # What was asked for now is at least as new as the number.
                self._revision = revision
                self._strangers.clear()

    def stands(self, person: Person) -> bool:
        """Say whether somebody is still let in, and as what they came."""
        found = self.config.people.get(person.hub_name)
        return found is not None and found.role == person.role

    def _worth_asking(self, hub_name: str) -> bool:
        asked = self._strangers.get(hub_name)
        return asked is None or self._monotonic() - asked > REMEMBER_STRANGER_S

    async def _ask(self) -> bool:
        try:
            wire = await self._service.room()
            self.config = RoomConfig.from_wire(wire)
        except NBInterviewError as error:
            log.warning("people not asked for again: %s", error.detail)
            return False
        try:
            save_copy(self._copy, wire)
        except OSError as error:  # a full disk keeps nobody in who was put out
            log.warning("who is let in is not kept: %s", error)
        return True
