"""A page's own clock against the room's: what is late, or jumped, or too late. Pure.

Messages are dated by the page's monotonic clock. Its zero on the room's clock is where
the least delayed message puts it. What waited in the browser is late and kept as it is;
a clock that jumps is marked on the record, and followed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

AHEAD_S = 2.0
"""So far a message may seem to come before it was said: delays differ."""
BACK_S = 2.0
"""So far a page's messages may be out of their order."""
SETTLING_S = 10.0
"""A page's first messages may have waited; the least late of so long sets its zero."""
AFTER_END_S = 3.0
"""What was said so long after the end is still taken: the page hears of it late."""
MAX_BOOTS = 200


@dataclass
class _Clock:
    zero_s: float
    """The page's zero on the room's clock."""
    since_s: float
    newest_s: float
    """The page's clock at its newest message."""


class PageClocks:
    """Dates the messages of all page loads of one candidate."""

    def __init__(self) -> None:
        self._clocks: OrderedDict[str, _Clock] = OrderedDict()

    def skew_ms(self, boot_id: str, monotonic_ms: float, now_s: float) -> int | None:
        """Take in a new message; return how far its clock jumped, None if it did not.

        Positive is ahead. The jump is followed: later messages are dated by it.
        """
        page_s = monotonic_ms / 1000
        clock = self._clocks.get(boot_id)
        if clock is None:
            self._clocks[boot_id] = _Clock(now_s - page_s, now_s, page_s)
            while len(self._clocks) > MAX_BOOTS:
                self._clocks.popitem(last=False)
            return None
        back_s = clock.newest_s - page_s
        if back_s > BACK_S:
            clock.zero_s, clock.newest_s = now_s - page_s, page_s
            return -round(1000 * back_s)
        clock.newest_s = max(clock.newest_s, page_s)
        ahead_s = clock.zero_s + page_s - now_s
        if ahead_s <= 0:
            return None
        clock.zero_s = now_s - page_s
        settling = now_s - clock.since_s < SETTLING_S
        return None if settling or ahead_s <= AHEAD_S else round(1000 * ahead_s)

    def said_s(self, boot_id: str, monotonic_ms: float, now_s: float) -> float:
        """Return when a page said this, on the room's clock; now if it is not known."""
        clock = self._clocks.get(boot_id)
        if clock is None:
            return now_s
        return min(now_s, clock.zero_s + monotonic_ms / 1000)
