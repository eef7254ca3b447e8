"""How often somebody may ask: every limit of the platform, and the counting of it.

Service, hub and rooms count each by themselves, in memory, in moving windows. A limit
is there for floods: whoever works honestly never meets one.
"""

from __future__ import annotations

import ipaddress
import math
import os
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from limits import RateLimitItem, parse
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from nbinterview.errors import Invalid, TooMany

Per = Literal["person", "part", "address", "invitation", "interview"]

MIB = 1024 * 1024
MAX_WINDOWS = 20_000


@dataclass(frozen=True)
class Rate:
    """One limit: how much of what, for each of whom."""

    name: str
    amount: str
    per: Per
    of: str


RATES = (
    # Service.
    Rate("sign-in", "300/minute", "address", "ends of a sign-in at the hub"),
    Rate("requests", "600/minute", "person", "requests that no other line names"),
    Rate("part-requests", "6000/minute", "part", "the same by hub, report, operator"),
    Rate("making", "60/minute", "person", "interviews, links and branches made"),
    Rate("arrivals", "60/minute", "invitation", "sign-ins by one link"),
    Rate("ingest", "1200/minute", "interview", "requests of a room"),
    Rate("ingest-mib", "2048/minute", "interview", "MiB of records of a room"),
    Rate("downloads", "120/minute", "person", "films, notebooks and exports"),
    Rate("checks", "10/minute", "person", "checks of a final notebook asked for"),
    # Hub.
    Rate("invitation-page", "300/minute", "address", "invitation pages and sign-ins"),
    # Rooms.
    Rate("room-requests", "3000/minute", "person", "requests that no other line names"),
    Rate("room-execute", "300/minute", "person", "runs of code"),
    Rate("room-input", "300/minute", "person", "answers to a question of the code"),
    Rate("room-film", "20/minute", "person", "replays"),
    Rate("room-check", "10/minute", "person", "checks of the notebook"),
    Rate("room-session", "120/minute", "person", "sessions and kernels begun or ended"),
)
OVERRIDES = "NBINTERVIEW_LIMITS"


def limits_from_env(env: Mapping[str, str] = os.environ) -> dict[str, RateLimitItem]:
    """Return every limit by its name, some changed by `NBINTERVIEW_LIMITS`.

    It reads `name=amount/period`, several with commas: `downloads=20/minute`.

    Raises:
        Invalid: it names no limit, or no amount.
    """
    amounts = {rate.name: rate.amount for rate in RATES}
    for text in filter(None, map(str.strip, env.get(OVERRIDES, "").split(","))):
        name, _, amount = text.partition("=")
        if name.strip() not in amounts:
            raise Invalid(f"{OVERRIDES}: there is no limit {name.strip()!r}.")
        amounts[name.strip()] = amount
    found = {}
    for name, amount in amounts.items():
        try:
            found[name] = parse(amount)
        except ValueError as error:
            raise Invalid(
                f"{OVERRIDES}: {amount!r} is no amount, as 60/minute."
            ) from error
    return found


@dataclass
class _Window:
    hits: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, until_s: float) -> None:
        while self.hits and self.hits[0][0] <= until_s:
            self.total -= self.hits.popleft()[1]


class Windows(Storage, MovingWindowSupport):
    """Moving windows in memory: bounded, with a clock of its own and no thread.

    `limits.storage.MemoryStorage` keeps every key for ever. Of more than
    `MAX_WINDOWS` keys the one that was quiet longest is forgotten here.
    """

    STORAGE_SCHEME = None

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._now_s = now_s
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in it: nothing of its own."""
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count so many hits, or none when they are too many in the last `expiry` s."""
        now_s = self._now_s()
        window = self._windows.setdefault(key, _Window())
        self._windows.move_to_end(key)
        window.forget(now_s - expiry)
        if len(self._windows) > MAX_WINDOWS:
            self._windows.popitem(last=False)
        if window.total + amount > limit:
            return False
        window.hits.append((now_s, amount))
        window.total += amount
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest hit that counts was (s), and how many count."""
        del limit
        now_s = self._now_s()
        window = self._windows.get(key, _Window())
        window.forget(now_s - expiry)
        return (window.hits[0][0] if window.hits else now_s), window.total

    def get(self, key: str) -> int:
        """Return how many hits are kept."""
        return self._windows.get(key, _Window()).total

    def get_expiry(self, key: str) -> float:
        """Return the time of the newest hit that is kept (s)."""
        window = self._windows.get(key, _Window())
        return window.hits[-1][0] if window.hits else self._now_s()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count hits without a limit; return how many count now."""
        self.acquire_entry(key, limit=2**62, expiry=expiry, amount=amount)
        return self.get(key)

    def check(self) -> bool:
        """Say that it can be used."""
        return True

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget all; return how many there were."""
        count = len(self._windows)
        self._windows.clear()
        return count


class Limiter:
    """Counts by limit and by whom; `take` raises when it is too much."""

    def __init__(
        self,
        limits: Mapping[str, RateLimitItem],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._now_s = now_s
        self._windows = MovingWindowRateLimiter(Windows(now_s))

    def take(self, name: str, whose: str, cost: int = 1) -> None:
        """Count `cost` of a limit for somebody.

        Raises:
            TooMany: it is more than the limit; nothing was counted.
        """
        limit = self._limits[name]
        if self._windows.hit(limit, name, whose, cost=min(cost, limit.amount)):
            return
        again_s = self._windows.get_window_stats(limit, name, whose).reset_time
        raise too_many(math.ceil(again_s - self._now_s()))


def too_many(wait_s: int) -> TooMany:
    """Return the refusal, with how long to wait."""
    wait_s = max(1, wait_s)
    unit = "second" if wait_s == 1 else "seconds"
    return TooMany(
        f"These were too many requests in a short time. Nothing is lost: please wait "
        f"{wait_s} {unit} and try again.",
        retry_after_s=wait_s,
    )


def address_of(peer: str, forwarded_for: str, hops: int) -> str:
    """Return the client's address; IPv6 by its network, since one client has all of it.

    `forwarded_for` is the header `X-Forwarded-For`. Each proxy adds the address that
    it was asked from, so with `hops` proxies of ours only the last `hops` entries can
    be believed; what comes before them is the client's own word.
    """
    told = [one.strip() for one in forwarded_for.split(",") if one.strip()]
    text = told[-min(hops, len(told))] if told and hops else peer
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), 64), strict=False))
    return str(address)
