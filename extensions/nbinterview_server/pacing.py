"""How fast one page may speak: a token bucket that slows and never loses."""

from __future__ import annotations

from collections.abc import Callable


class Pace:
    """Says how long to wait before the next message is taken."""

    def __init__(
        self, rate_per_s: float, burst: float, monotonic: Callable[[], float]
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._monotonic = monotonic
        self._tokens = float(burst)
        self._then_s = monotonic()

    def delay_s(self, tokens: float = 1.0) -> float:
        """Take so many tokens; return the seconds until they are really there."""
        now_s = self._monotonic()
        gained = (now_s - self._then_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + gained) - tokens
        self._then_s = now_s
        return max(0.0, -self._tokens / self._rate_per_s)
