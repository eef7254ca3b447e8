"""Whether the room can write its record, told to the panel. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from nbinterview.schemas.live_types import StorageMessage

SLOW_S = 1.0
"""A record that waits longer for the disk is told of."""
NEAR = 0.8
"""The part of the quota at which the panel is warned."""
MIB = 1024 * 1024


@dataclass(frozen=True)
class Reading:
    """How the writing of a journal goes, at one moment."""

    trouble: str = ""
    """Why the last commit failed, in words; empty when it did not."""
    waiting: int = 0
    """Records that wait to be written."""
    waits_s: float = 0.0
    """How long the first of them has waited."""
    used_bytes: int = 0
    quota_bytes: int = 1


OK: StorageMessage = {"type": "storage", "state": "ok", "detail": "", "waiting": 0}


class StorageAlarm:
    """Says what to tell the panel, when it is something new."""

    def __init__(self) -> None:
        self.told: StorageMessage = OK
        """The last message."""

    def step(self, reading: Reading, warning: str = "") -> StorageMessage | None:
        """Return the message that this reading calls for; None when it was told.

        `warning` is what else is wrong with the record, in words.
        """
        message = judged(reading, warning)
        if message == self.told:
            return None
        self.told = message
        return message


def judged(reading: Reading, warning: str = "") -> StorageMessage:
    """Return what the panel is to know of a reading."""
    used = f"{reading.used_bytes / MIB:.0f} of {reading.quota_bytes / MIB:.0f} MiB"
    if reading.trouble:
        return {
            "type": "storage",
            "state": "failing",
            "detail": f"{reading.trouble} Nothing new counts as saved until it can; "
            "then it goes on by itself.",
            "waiting": reading.waiting,
        }
    if reading.waits_s > SLOW_S:
        return {
            "type": "storage",
            "state": "failing",
            "detail": "The room's disk does not answer. Nothing new counts as saved "
            "until it does; then it goes on by itself.",
            "waiting": reading.waiting,
        }
    if warning:
        return {"type": "storage", "state": "failing", "detail": warning, "waiting": 0}
    if reading.used_bytes >= reading.quota_bytes:
        return {
            "type": "storage",
            "state": "full",
            "detail": f"The record is full ({used}): what the candidate does is not "
            "saved any more. Please end the interview.",
            "waiting": 0,
        }
    if reading.used_bytes >= NEAR * reading.quota_bytes:
        return {
            "type": "storage",
            "state": "near_quota",
            "detail": f"The record is nearly full ({used}). When it is, what the "
            "candidate does is not saved any more.",
            "waiting": 0,
        }
    return OK


def full_words(quota_bytes: int) -> str:
    """Return what is told to who brings more than a record may hold."""
    return (
        f"The record of this interview is full ({quota_bytes / MIB:.0f} MiB). "
        "Nothing new is saved; what was saved is safe. Please tell your interviewer."
    )


def words_of(error: Exception) -> str:
    """Return, for people, why a write failed."""
    text = str(error)
    if "is locked" in text or "is busy" in text:
        why = "another program holds its file"
    elif "is full" in text:
        why = "the disk is full"
    elif "readonly" in text:
        why = "its file may not be written"
    else:
        why = f"the disk refused ({text})"
    return f"The room cannot write its record: {why}."
