"""The report's tables: runs, arrivals, consent, kernel. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.browsers import describe_browser
from nbinterview.report import words
from nbinterview.report.lanes import Record, Window, client_event
from nbinterview.report.text import line, moment, number


@dataclass(frozen=True)
class RunView:
    """One run of a cell."""

    at_s: float
    who: str
    cell: str
    target: str | None
    status: str
    took_s: float | None


@dataclass(frozen=True)
class EventView:
    """A line of one of the smaller tables."""

    at_s: float
    who: str
    what: str
    detail: str = ""


def runs(
    records: Sequence[Record],
    window: Window,
    names: Mapping[str, str],
    numbers: Mapping[str, int],
) -> list[RunView]:
    """Return every run in order; `numbers` are the places of cells by their id."""
    finished = {
        line(record["payload"].get("execution_id"), 80): record
        for record in records
        if record["kind"] == "execution.finished"
    }
    found = []
    for record in records:
        if record["kind"] != "execution.requested":
            continue
        payload = record["payload"]
        end = finished.get(line(payload.get("execution_id"), 80))
        place = numbers.get(str(payload.get("cell_id")))
        took_ms = number(end["payload"].get("duration_ms")) if end else None
        status = line(end["payload"].get("status"), 20) if end else "unfinished"
        found.append(
            RunView(
                at_s=window.at(record),
                who=_who(record["author"], names),
                cell=f"cell {place}" if place else "a cell that is gone",
                target=f"cell-{place}" if place else None,
                status=status if status in words.RUN_STATES else "unfinished",
                took_s=None if took_ms is None else max(took_ms, 0.0) / 1000,
            )
        )
    return found


def events(
    records: Iterable[Record],
    window: Window,
    names: Mapping[str, str],
    kind: str,
    what: Sequence[str],
) -> list[EventView]:
    """Return the records of one kind: these fields as what, the rest as detail."""
    found = []
    for record in records:
        if record["kind"] != kind:
            continue
        payload = record["payload"]
        parts = [line(payload.get(key)) for key in what]
        detail = line(payload.get("detail") or payload.get("reason"))
        who = _who(record["author"], names)
        shown = " · ".join(filter(None, parts))
        found.append(EventView(window.at(record), who, shown, detail))
    return found


def consents(records: Iterable[Record], window: Window) -> list[EventView]:
    """Return every answer about a sensor, and what its camera then did."""
    found: list[EventView] = []
    for record in records:
        event = client_event(record)
        at = window.at(record)
        sensor = words.SENSORS.get(line(event.get("sensor"), 20), "")
        if event.get("name") == "consent" and sensor:
            given = event.get("granted") is True
            before = any(e.who == sensor and e.what == "agreed" for e in found)
            refusal = "taken back" if before else "declined"
            found.append(EventView(at, sensor, "agreed" if given else refusal))
        elif event.get("name") == "camera":
            state = words.CAMERA_EVENTS.get(line(event.get("state"), 20), "")
            found.append(EventView(at, words.SENSORS["camera"], "device", state))
        elif event.get("name") == "detector" and event.get("state") == "failed":
            reason = line(event.get("reason")) or "no reason given"
            found.append(
                EventView(at, words.SENSORS["camera"], "detector failed", reason)
            )
        elif event.get("name") == "watch":
            state = "started" if event.get("state") == "started" else "stopped"
            found.append(EventView(at, "All", f"watching {state}"))
    return found


def arrivals(
    interview: Mapping[str, Any],
    records: Iterable[Record],
    window: Window,
    names: Mapping[str, str],
) -> list[EventView]:
    """Return sign-ins (the hub's view) and entries to the room, in order of time."""
    found = []
    arrivals = interview.get("arrivals")
    for arrival in arrivals if isinstance(arrivals, list) else []:
        at = moment(arrival.get("at")) if isinstance(arrival, Mapping) else None
        if at is None:
            continue
        who = _who(line(arrival.get("hub_name"), 40), names)
        what = "signed in" if arrival.get("fresh") else "signed in again"
        place_s = at.timestamp() - window.start_s
        found.append(EventView(place_s, who, what, line(arrival.get("browser"), 120)))
    for record in records:
        if record["kind"] not in ("person.joined", "person.left"):
            continue
        joined = record["kind"] == "person.joined"
        again = " again" if joined and record["payload"].get("again") is True else ""
        what = f"entered the room{again}" if joined else "left the room"
        # What the browser says of itself can be long, and its end counts.
        agent = line(record["payload"].get("browser"), 1000)
        browser = describe_browser(agent) if agent else ""
        who = _who(record["author"], names)
        found.append(EventView(window.at(record), who, what, browser))
    return sorted(found, key=lambda event: event.at_s)


def _who(author: str, names: Mapping[str, str]) -> str:
    return names.get(author, {"room": "Room", "kernel": "Kernel"}.get(author, author))
