"""Words and times as a person reads them, from values nobody vouches for.

Everything a candidate can write passes `plain` before it reaches the page, so that
no invisible character can make a name, a cell or a message look like another.
"""

from __future__ import annotations

from datetime import UTC, datetime

from nbinterview.plain import line, plain

__all__ = ["clock", "day_time", "duration", "line", "moment", "number", "plain"]


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def moment(value: object) -> datetime | None:
    """Return the aware time that an ISO 8601 text means, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None


def sentence(clause: str) -> str:
    """Return a clause as a sentence of its own; nothing stays nothing."""
    return f"{clause[:1].upper()}{clause[1:]}." if clause else ""


def clock(seconds: float) -> str:
    """Return a time since the start: `4:05`, `1:02:33`, `-0:12`."""
    sign = "-" if seconds <= -0.5 else ""
    whole = round(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{sign}{hours}:{minutes:02}:{rest:02}"
    return f"{sign}{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """Return how long something took, with units."""
    if seconds <= 0:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if rest else f"{minutes} min"


def day_time(value: datetime | None) -> str:
    """Return a date and time for people, in UTC."""
    return f"{value.day} {value:%B %Y, %H:%M} UTC" if value else ""
