"""Who waits for news of an interview is woken; the news are in the ledger."""

from __future__ import annotations

import asyncio
import contextlib


class Feed:
    """Wakes the streams of this process; another process's look from time to time."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    def tell(self, interview_id: str) -> None:
        """Say that something of an interview is new."""
        waiting = self._waiting.pop(interview_id, None)
        if waiting is not None:
            waiting.set()

    def tell_all(self) -> None:
        """Wake everybody: who may listen may have changed."""
        for interview_id in list(self._waiting):
            self.tell(interview_id)

    def mark(self, interview_id: str) -> asyncio.Event:
        """Return what is set by the next news; take it before looking at the ledger."""
        return self._waiting.setdefault(interview_id, asyncio.Event())

    @staticmethod
    async def wait(mark: asyncio.Event, timeout_s: float) -> None:
        """Wait for the news of a mark, at most so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(mark.wait(), timeout_s)
