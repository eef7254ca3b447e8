"""Opaque ids: safe in host names, paths and hub user names, and unguessable enough.

50 random bits; ids are names, not secrets.
"""

from __future__ import annotations

import re
import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
INTERVIEW_ID = re.compile(r"[a-z2-7]{10}")


def new_id() -> str:
    """Return a new random id of ten characters."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def new_person() -> str:
    """Return a new hub user name for a person."""
    return f"p-{new_id()}"


def room_name(interview_id: str) -> str:
    """Return the hub user that owns the room of an interview."""
    return f"room-{interview_id}"
