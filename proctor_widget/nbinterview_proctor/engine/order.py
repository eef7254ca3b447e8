"""When a page's message happened, and messages that come out of order.

A message is dated by the page's own monotonic clock, laid on the room's clock once:
a second of delay then changes no duration. What comes with a hole before it
(`client_seq`) waits up to a second for what is missing, so that messages that change
places within a second are folded as if they had not. Nothing else ever waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbinterview_proctor.engine.outcome import FactLike

#: How long a message may be late and is still folded in its place.
PATIENCE_S = 1.0
#: When every message has been late for so long, it is the clocks that differ
#: (a laptop that slept, a line that is slow for good).
RESYNC_S = 10.0
_SLACK_S = 1e-3

PAGE_KINDS = frozenset({"event", "observations"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for those before it."""

    seq: int
    arrived_s: float
    fact: FactLike


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of one page's clock and of its messages' numbers."""

    offset_s: float
    """The room's time at the page's zero."""
    last_seq: int = 0
    waiting: tuple[Waiting, ...] = ()
    late_since_s: float | None = None
    least_late_s: float = 0.0

    def dated(self, fact: FactLike) -> tuple[Clock, float, bool]:
        """Return when the page said this, and whether that was too long ago."""
        if fact.monotonic_ms is None:
            return self, fact.at_s, False
        at_s = self.page_s(fact)
        late_s = fact.at_s - at_s
        if late_s < -PATIENCE_S - _SLACK_S:  # nothing arrives before it was said
            return _synced(self, late_s), fact.at_s, False
        if late_s <= PATIENCE_S + _SLACK_S:
            clock = self if self.late_since_s is None else _synced(self, 0.0)
            return clock, at_s, False
        if self.late_since_s is None:
            clock = replace(self, late_since_s=fact.at_s, least_late_s=late_s)
            return clock, fact.at_s, True
        least_s = min(late_s, self.least_late_s)
        if fact.at_s - self.late_since_s >= RESYNC_S:
            return _synced(self, least_s), fact.at_s, True
        return replace(self, least_late_s=least_s), fact.at_s, True

    def page_s(self, fact: FactLike) -> float:
        """Return the page's own time of a message on the room's clock, however late."""
        if fact.monotonic_ms is None:
            return fact.at_s
        return fact.monotonic_ms / 1000 + self.offset_s


Clocks = Mapping[str, Clock]


def boot(fact: FactLike) -> str:
    """Return the page load that says this; empty where there is none."""
    return str(fact.payload.get("boot_id", ""))


def arrive(clocks: Clocks, fact: FactLike) -> tuple[Clocks, tuple[FactLike, ...]]:
    """Return what is to be folded now, in order, when `fact` has arrived."""
    waited = any(clock.waiting for clock in clocks.values())
    if fact.kind not in PAGE_KINDS:
        if not waited:
            return clocks, (fact,)
        # The room's own word on the interview ends all waiting.
        until_s = None if fact.kind in _ENDS else fact.at_s - PATIENCE_S
        clocks, due = _due(clocks, until_s)
        return clocks, (*due, fact)
    due = ()
    if waited:
        clocks, due = _due(clocks, fact.at_s - PATIENCE_S)
    boot_id, seq = boot(fact), fact.payload.get("client_seq")
    clock = clocks.get(boot_id)
    if clock is None:
        zero_s = 0.0 if fact.monotonic_ms is None else fact.monotonic_ms / 1000
        clock = Clock(fact.at_s - zero_s)
    if seq is not None and _hole(clock, fact, seq):
        clock = _held(clock, fact, seq)
        return {**clocks, boot_id: clock}, due
    if seq is not None and seq > clock.last_seq:
        clock = replace(clock, last_seq=seq)
    more: tuple[FactLike, ...] = ()
    if clock.waiting:
        clock, more = _following(clock)
    return {**clocks, boot_id: clock}, (*due, fact, *more)


_ENDS = frozenset({"interview.state", "room.stopped", "room.started", "gap"})


def _hole(clock: Clock, fact: FactLike, seq: int) -> bool:
    """Whether something is missing before this message.

    A record of frames packs several messages under the last one's number, at most
    one for each frame; the heartbeat of a page without a camera has none.
    """
    packed = 1
    if fact.kind == "observations":
        packed = len(fact.payload.get("frames", ()))
    return packed > 0 and seq > clock.last_seq + packed


def _held(clock: Clock, fact: FactLike, seq: int) -> Clock:
    if any(one.seq == seq for one in clock.waiting):
        return clock
    waiting = (*clock.waiting, Waiting(seq, fact.at_s, fact))
    return replace(clock, waiting=tuple(sorted(waiting, key=lambda one: one.seq)))


def _following(clock: Clock) -> tuple[Clock, tuple[FactLike, ...]]:
    """Return those that waited and have nothing missing before them any more."""
    found: list[FactLike] = []
    while clock.waiting and not _hole(
        clock, clock.waiting[0].fact, clock.waiting[0].seq
    ):
        first, *rest = clock.waiting
        found.append(first.fact)
        last_seq = max(clock.last_seq, first.seq)
        clock = replace(clock, last_seq=last_seq, waiting=tuple(rest))
    return clock, tuple(found)


def _due(clocks: Clocks, until_s: float | None) -> tuple[Clocks, tuple[FactLike, ...]]:
    """Return those that have waited long enough; all with no `until_s`."""
    found: list[FactLike] = []
    changed: dict[str, Any] = {}
    for boot_id, clock in clocks.items():
        kept = clock
        while kept.waiting and (
            until_s is None
            or min(one.arrived_s for one in kept.waiting) <= until_s + _SLACK_S
        ):
            first, *rest = kept.waiting
            found.append(first.fact)
            last_seq = max(kept.last_seq, first.seq)
            kept, more = _following(
                replace(kept, last_seq=last_seq, waiting=tuple(rest))
            )
            found += more
        if kept is not clock:
            changed[boot_id] = kept
    return {**clocks, **changed}, tuple(found)


def _synced(clock: Clock, late_s: float) -> Clock:
    return replace(
        clock,
        offset_s=clock.offset_s + late_s,
        late_since_s=None,
        least_late_s=0.0,
    )
