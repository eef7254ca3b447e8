"""How much one person may send to the documents, over all their connections.

Nothing honest comes near: a page that was offline for long sends some thousand
edits at once, and is let through. A flood is slowed where it costs least, before
it is read, and who is turned away again and again has to wait outside.
"""

from __future__ import annotations

from collections.abc import Callable

from nbinterview_server.pacing import Pace

MESSAGES_PER_S = 200.0
BURST_MESSAGES = 5_000
BYTES_PER_S = 2.0 * 1024 * 1024
BURST_BYTES = 64 * 1024 * 1024
TIME_PER_S = 0.2
BURST_TIME_S = 3.0
"""Of the room's own time. A letter takes a ten thousandth of a second."""
REFUSALS_PER_S = 0.5
BURST_REFUSALS = 60


MAX_UNREAD_BYTES = 128 * 1024 * 1024
"""Sent to a person's pages and not read yet; the room has to keep it."""

LARGE_S = 60.0


class Flow:
    """One person's messages."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._large_s = -LARGE_S
        self.unread_bytes = 0
        self._messages = Pace(MESSAGES_PER_S, BURST_MESSAGES, monotonic)
        self._bytes = Pace(BYTES_PER_S, BURST_BYTES, monotonic)
        self._time = Pace(TIME_PER_S, BURST_TIME_S, monotonic)
        self._refusals = Pace(REFUSALS_PER_S, BURST_REFUSALS, monotonic)

    def delay_s(self, size_bytes: int) -> float:
        """Count one message; return how long to wait before it is taken."""
        return max(
            self._messages.delay_s(),
            self._bytes.delay_s(size_bytes),
            self._time.delay_s(0.0),
        )

    def took(self, time_s: float) -> None:
        """Count the time that a write kept the room busy: small ones can be costly."""
        self._time.delay_s(time_s)

    def was_large(self) -> None:
        """Remember a message above the limit, which was read and refused in words."""
        self._large_s = self._monotonic()

    def reads_large(self) -> bool:
        """Say whether one more such message is read, so that it can be explained."""
        return self._monotonic() - self._large_s >= LARGE_S

    def turned_away(self) -> None:
        """Count one connection that was ended for what it sent."""
        self._refusals.delay_s()

    def wait_s(self) -> float:
        """Return how long this person has to wait before connecting again."""
        return self._refusals.delay_s(0.0)
