"""Tells every page what the kernel uses of what it may, while there is one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from nbinterview_server.view import ALL, Audience, Message

log = logging.getLogger(__name__)

EVERY_S = 2.0

Tell = Callable[[Audience, Message], None]


class Meter(Protocol):
    """What measures one kernel, from one look to the next."""

    def read(self, now_s: float) -> Mapping[str, Any]:
        """Look, and return a `UsageMessage`."""


class Usage:
    """Looks every two seconds. It is on no record: it holds for a moment only."""

    def __init__(
        self,
        meter: Callable[[], Meter | None],
        tell: Tell,
        *,
        monotonic: Callable[[], float],
        every_s: float = EVERY_S,
    ) -> None:
        self._meter = meter
        self._tell = tell
        self._monotonic = monotonic
        self._every_s = every_s

    async def run(self) -> None:
        """Look and tell until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            meter = self._meter()
            if meter is None:
                continue
            try:
                # It reads files of the kernel's: of a busy one that may take a while.
                message = await asyncio.to_thread(meter.read, self._monotonic())
            except Exception:
                log.exception("a kernel's use could not be measured")
            else:
                self._tell(ALL, message)
