"""Beats: signed proof, once a second, that the candidate's page is watching. Pure.

A beat proves that this page load, on this connection, was alive after the room said
its nonce. It counts, so none can be shown twice; it is signed by the connection's own
key, so none of another connection, page or interview fits. What the page then tells of
the camera stays a claim: a patched page can sign what it likes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.ledger.canonical import canonical

INTERVAL_MS = 1000
NONCE_EVERY_S = 5.0
NONCE_GOOD_S = 2 * NONCE_EVERY_S
"""A nonce is good for as long as the one after it is the newest."""
KEY_BYTES = 32
NONCE_BYTES = 16
AHEAD_MS = 5000.0
"""So far a page's clock may run ahead of the room's: delays that shrink look so."""

_SIGNED = ("boot_id", "beat", "monotonic_ms", "frames_seen", "frames_dropped", "nonce")


class Unproved(Invalid):
    """A beat that proves nothing, and in which way it does not fit."""

    title = "This beat does not fit"


class Late(Unproved):
    """Signed in time and heard too late: its page was alive, its line was not."""


@dataclass(frozen=True)
class Beat:
    """One beat that fits, and when the room heard it."""

    boot_id: str
    number: int
    monotonic_ms: int
    frames_seen: int
    frames_dropped: int
    heard_s: float
    """The room's steady clock."""
    nonce: str = ""
    still: bool = False
    """It shared its millisecond with the one before, as an answer to a nonce may."""


def signature(key: bytes, interview: str, beat: Mapping[str, Any]) -> str:
    """Return the `mac` of a `Beat` message, in hex."""
    signed = {"interview": interview, **{name: beat[name] for name in _SIGNED}}
    return hmac.new(key, canonical(signed), hashlib.sha256).hexdigest()


class Nonces:
    """What this connection was told, and since when.

    The newest is good, and every one that was the newest less than `NONCE_GOOD_S` ago:
    when a late beat is asked for, the nonces follow each other more closely.
    """

    def __init__(self, first: str, now_s: float) -> None:
        self._told: deque[tuple[str, float]] = deque([(first, now_s)], maxlen=64)

    @property
    def newest(self) -> str:
        """The last one told."""
        return self._told[-1][0]

    @property
    def told_s(self) -> float:
        """When that was."""
        return self._told[-1][1]

    def tell(self, nonce: str, now_s: float) -> None:
        """Note that a new one is told now."""
        self._told.append((nonce, now_s))

    def check(self, nonce: str, now_s: float) -> None:
        """Raise `Late` for one that was good, `Unproved` for one that never was."""
        for known, told_s in reversed(self._told):
            if known == nonce:
                if known != self.newest and now_s - told_s > NONCE_GOOD_S:
                    raise Late("this beat came too late", field="nonce")
                return
        raise Unproved("the room did not say this nonce here", field="nonce")


def verify(
    beat: Mapping[str, Any],
    *,
    interview: str,
    boot_id: str,
    key: bytes,
    nonces: Nonces,
    last: Beat | None,
    now_s: float,
) -> Beat:
    """Return what a `Beat` message proves. The message's form is checked before.

    `boot_id` is what the connection said hello with, `last` this page load's last beat
    that fitted, over all its connections.

    Raises:
        Late: it was in time when it was signed.
        Unproved: it is not signed by this connection's key for this interview, it is
            of another page load, an old one again, or its clock stands or runs ahead.
    """
    if not hmac.compare_digest(signature(key, interview, beat), beat["mac"]):
        # First, so that nobody learns from the reasons that follow.
        raise Unproved("its signature does not fit", field="mac")
    if beat["boot_id"] != boot_id:
        raise Unproved("it is another page's", field="boot_id")
    still = False
    if last is not None:
        still = _check_order(beat, last, now_s)
    nonces.check(beat["nonce"], now_s)
    return Beat(
        boot_id,
        beat["beat"],
        beat["monotonic_ms"],
        beat["frames_seen"],
        beat["frames_dropped"],
        now_s,
        beat["nonce"],
        still,
    )


def _check_order(beat: Mapping[str, Any], last: Beat, now_s: float) -> bool:
    """Raise unless it follows the last; return whether it shares its millisecond."""
    if beat["beat"] <= last.number:
        raise Unproved("this beat was before, or a later one was", field="beat")
    passed_ms = beat["monotonic_ms"] - last.monotonic_ms
    if passed_ms < 0:
        raise Unproved("the page's clock went back", field="monotonic_ms")
    still = bool(passed_ms == 0)
    if still and (last.still or beat["nonce"] == last.nonce):
        raise Unproved("the page's clock stands still", field="monotonic_ms")
    if passed_ms > 1000 * (now_s - last.heard_s) + AHEAD_MS:
        raise Unproved("the page's clock runs ahead", field="monotonic_ms")
    for name in ("frames_seen", "frames_dropped"):
        if beat[name] < getattr(last, name):
            raise Unproved("its count went back", field=name)
    return still
