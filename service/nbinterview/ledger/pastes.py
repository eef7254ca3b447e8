"""What the candidate's page said about pasting, and which text each paste brought.

The page tells length, place and origin of a paste, never the text. So a paste is
found again among the insertions that the server saw: by its length, its cell and
its time. Both ways take their time to arrive, above all after an offline stretch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NEAR_S = 10.0
"""How far apart a paste and its text may arrive when both connections live."""
LATE_S = 2.0
"""An event that took longer than this waited in the page for its connection."""
MAX_COMPARED_PASTES = 1_000_000
"""So many comparisons are made for one film, seconds of work."""
MIN_PASTE_CHARS = 3
"""Shorter ones cannot be told from a key and the bracket that closes itself."""


@dataclass(frozen=True, slots=True)
class Paste:
    """One paste as the page told it. `chars` are UTF-16 code units."""

    seq: int
    author: str
    at_s: float
    told_s: float
    chars: int
    external: bool
    cell_id: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Text that came into a cell at once. `chars` are UTF-16 code units."""

    author: str
    at_s: float
    chars: int
    lines: int
    cell_id: str
    at_once: bool
    """Whether it is more than anybody types in one go."""


def time_s(record: Mapping[str, Any]) -> float:
    """Return a record's time in seconds since 1970."""
    return datetime.fromisoformat(record["time"]).timestamp()


def pastes_of(records: Iterable[Mapping[str, Any]]) -> list[Paste]:
    """Return the pastes in these records, in their order."""
    told: list[tuple[Mapping[str, Any], float, float]] = []
    # The server's clock minus the page's, at the quickest message of each page load.
    offset_s: dict[str, float] = {}
    for record in records:
        if record["kind"] != "event" or record["monotonic_ms"] is None:
            continue
        boot_id = str(record["payload"].get("boot_id"))
        at_s, page_s = time_s(record), record["monotonic_ms"] / 1000
        least = min(at_s - page_s, offset_s.get(boot_id, at_s - page_s))
        offset_s[boot_id] = least
        told.append((record, at_s, page_s))
    found = []
    for record, at_s, page_s in told:
        payload = record["payload"]
        event = payload.get("event")
        if not isinstance(event, Mapping) or event.get("name") != "clipboard":
            continue
        if event.get("action") == "paste":
            happened_s = page_s + offset_s[str(payload.get("boot_id"))]
            found.append(_paste(record, event, happened_s, at_s))
    return found


def _paste(
    record: Mapping[str, Any], event: Mapping[str, Any], at_s: float, told_s: float
) -> Paste:
    cell_id, chars = event.get("cell_id"), event.get("chars")
    return Paste(
        seq=record["seq"],
        author=record["author"],
        at_s=at_s,
        told_s=told_s,
        chars=chars if isinstance(chars, int) else 0,
        external=event.get("origin") == "external",
        cell_id=cell_id if isinstance(cell_id, str) else None,
    )


def fits(paste: Paste, arrival: Arrival) -> bool:
    """Say whether this text can be what the paste brought.

    An editor keeps one character for each line end, a clipboard may have two.
    """
    if paste.author != arrival.author or paste.chars < MIN_PASTE_CHARS:
        return False
    if not arrival.chars <= paste.chars <= arrival.chars + arrival.lines:
        return False
    # Ids are cut in events.
    if paste.cell_id is not None and not arrival.cell_id.startswith(paste.cell_id):
        return False
    if arrival.at_s < paste.at_s - NEAR_S:
        return False
    if arrival.at_s <= paste.at_s + NEAR_S:
        return True
    if paste.told_s - paste.at_s > LATE_S and arrival.at_s <= paste.told_s + NEAR_S:
        return True
    # The page was offline and its edits came later: only what needs a paste.
    return arrival.at_once


class ByLength:
    """Pastes, to be found by the length of the text that they may have brought."""

    def __init__(self, pastes: Iterable[Paste]) -> None:
        self._pastes = sorted(pastes, key=lambda paste: paste.chars)
        self._left = MAX_COMPARED_PASTES

    def fitting(self, arrival: Arrival) -> Iterator[Paste]:
        """Yield those that fit; none any more once too many were compared."""
        pastes, longest = self._pastes, arrival.chars + arrival.lines
        place = bisect_left(pastes, arrival.chars, key=lambda paste: paste.chars)
        while place < len(pastes) and pastes[place].chars <= longest and self._left > 0:
            self._left -= 1
            if fits(pastes[place], arrival):
                yield pastes[place]
            place += 1


def matched(pastes: Sequence[Paste], arrivals: Sequence[Arrival]) -> dict[int, Paste]:
    """Return the paste of each arrival that has one, by the arrival's place.

    The nearest in time find each other first; each paste brought one text.
    """
    by_length = ByLength(pastes)
    pairs = sorted(
        (abs(arrival.at_s - paste.at_s), paste.seq, place, paste)
        for place, arrival in enumerate(arrivals)
        for paste in by_length.fitting(arrival)
    )
    found: dict[int, Paste] = {}
    used: set[int] = set()
    for _, seq, place, paste in pairs:
        if seq not in used and place not in found:
            found[place] = paste
            used.add(seq)
    return found
