"""Frames come as they are measured; a record holds those of one second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbinterview_server.journal import Entry

MAX_FRAMES = 30
"""Of one record, as of one message."""
MAX_COUNT = 2**53 - 1
"""The largest whole number that a record holds."""

Message = Mapping[str, Any]


def unmeasured(message: Message) -> Message:
    """Return observations without what they say: of a pause nothing is kept."""
    frames_dropped = message["frames_dropped"] + len(message["frames"])
    return {**message, "frames": [], "frames_dropped": min(frames_dropped, MAX_COUNT)}


class Pack:
    """The observations of one page that become one record."""

    def __init__(self, boot_id: str) -> None:
        self.boot_id = boot_id
        self.last_seq = 0
        self._messages: list[Message] = []
        self._frames = 0
        self._heard_s = 0.0

    def fits(self, message: Message) -> bool:
        """Whether this message may come into the same record.

        Heartbeats are not packed with frames: so a record has at least as many frames
        as messages, and by its number the engine sees that none is missing.
        """
        if message["boot_id"] != self.boot_id:
            return False
        if bool(message["frames"]) != bool(self._frames):
            return False
        return self._frames + len(message["frames"]) <= MAX_FRAMES

    def add(self, message: Message, heard_s: float) -> None:
        """Take in `Observations`, heard at this time of the room's steady clock."""
        self._messages.append(message)
        self._frames += len(message["frames"])
        self._heard_s = heard_s
        self.last_seq = message["client_seq"]

    def payload(
        self, after_seq: int = 0, beats: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Return what the record says, of the messages after this number."""
        messages = [one for one in self._messages if one["client_seq"] > after_seq]
        dropped = sum(one["frames_dropped"] for one in messages)
        rates = [one["rate_hz"] for one in messages if "rate_hz" in one]
        skews = [one["clock"] for one in messages if "clock" in one]
        return {
            "boot_id": self.boot_id,
            "client_seq": self.last_seq,
            "frames": [frame for one in messages for frame in one["frames"]],
            "frames_dropped": min(dropped, MAX_COUNT),
            **({"rate_hz": rates[-1]} if rates else {}),
            **({"clock": {"skew_ms": skews[-1]}} if skews else {}),
            **({"beats": dict(beats)} if beats else {}),
        }

    def entry(
        self,
        author: str,
        now_s: float,
        after_seq: int = 0,
        beats: Mapping[str, int] | None = None,
    ) -> Entry:
        """Return the record, as the page would have sent all this now; with its beats.

        The page's clock goes on for as long as its last message waited here.
        """
        waited_ms = 1000 * (now_s - self._heard_s)
        sent_ms = round(self._messages[-1]["monotonic_ms"] + waited_ms, 3)
        payload = self.payload(after_seq, beats)
        return Entry("observations", author, payload, sent_ms)
