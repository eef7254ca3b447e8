"""When interviewers paused the watching, and what the question allowed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbinterview.report import words
from nbinterview.report.lanes import Lane, Record, Window, switched
from nbinterview.report.tables import EventView
from nbinterview.report.text import line
from nbinterview.wording import ALLOWANCES


def watching_changes(
    records: Iterable[Record], window: Window, names: Mapping[str, str]
) -> list[EventView]:
    """Return each pause, its end, and each change of what is allowed."""
    found: list[EventView] = []
    paused, allows = False, None
    for record in records:
        if record["kind"] != "watching":
            continue
        payload = record["payload"]
        who = names.get(record["author"], "Room")
        at, reason = window.at(record), line(payload.get("reason"), 300)
        now_paused = payload.get("paused") is True
        if now_paused != paused:
            what = "paused the watching" if now_paused else "watching goes on"
            found.append(EventView(at, who, what, reason))
            reason = ""  # said once
        now_allows = _in_words(payload.get("allows"))
        if now_allows != allows:
            told = f"the question allows {now_allows or 'neither documentation nor AI'}"
            found.append(EventView(at, who, told, reason))
        paused, allows = now_paused, now_allows
    return found


def allowances(interview: Mapping[str, Any], records: Iterable[Record]) -> str:
    """Return what the question allows in the end, in words; empty for nothing."""
    found = interview.get("allows")
    for record in records:
        if record["kind"] == "watching":
            found = record["payload"].get("allows")
    return _in_words(found)


def pause_lane(records: Sequence[Record], window: Window) -> list[Lane]:
    """Return the row of pauses, where there were any."""
    changes: list[tuple[float, str | None]] = [
        (
            window.at(record),
            "paused" if record["payload"].get("paused") is True else None,
        )
        for record in records
        if record["kind"] == "watching"
    ]
    spans = switched(changes, window.length_s, {"paused": "watching paused"})
    return [Lane("paused", "Watching paused", words.SERVER, spans)] if spans else []


def _in_words(allows: object) -> str:
    if not isinstance(allows, list | tuple):
        return ""
    return " and ".join(ALLOWANCES[a] for a in ALLOWANCES if a in allows)
