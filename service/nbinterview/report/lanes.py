"""From records to lanes: stretches and marks on one time line. Pure.

Times are seconds since the interview's start.
A stretch that never ended lasts to the end of the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nbinterview.gaps import UNHEARD, gaps
from nbinterview.report import words
from nbinterview.report.text import duration, line, number

Record = Mapping[str, Any]

# Edits closer together than this are one stretch of typing.
TYPING_PAUSE_S = 3.0
# Observations come once a second; after this long without one, nothing was measured.
OBSERVATION_GAP_S = 3.0
# The shortest stretch that can be seen and pointed at.
SHORTEST_S = 0.5


@dataclass(frozen=True)
class Span:
    """A stretch of time. `state` is one of our own words, used as a style."""

    start_s: float
    end_s: float
    state: str
    label: str


@dataclass(frozen=True)
class Mark:
    """A moment; `target` is the id of the place in the page that tells more."""

    at_s: float
    state: str
    label: str
    target: str | None = None


@dataclass(frozen=True)
class Lane:
    """One row of the timeline."""

    key: str
    title: str
    source: str
    spans: Sequence[Span] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True)
class Window:
    """The interview's time: how to place a record, and where the record ends."""

    start_s: float
    end_s: float

    @property
    def start(self) -> datetime | None:
        """When the interview began; None when nothing has happened yet."""
        return datetime.fromtimestamp(self.start_s, UTC) if self.start_s else None

    def at(self, record: Record) -> float:
        """Return a record's time since the start."""
        return float(record["at_s"]) - self.start_s

    @property
    def length_s(self) -> float:
        """How long the shown time is."""
        return max(self.end_s - self.start_s, 1.0)


def switched(
    changes: Iterable[tuple[float, str | None]], end_s: float, label: Mapping[str, str]
) -> list[Span]:
    """Return the stretches between changes of a state; None is no state to show."""
    spans: list[Span] = []
    since, state = 0.0, None
    for at_s, new in [*changes, (end_s, None)]:
        if new == state and at_s != end_s:
            continue
        if state is not None and at_s > since:
            spans.append(Span(since, at_s, state, label[state]))
        since, state = at_s, new
    return spans


def sensor_spans(records: Sequence[Record], window: Window, sensor: str) -> list[Span]:
    """Return what state a sensor was in, and when."""
    changes: list[tuple[float, str | None]] = []
    for record in records:
        if record["kind"] == "sensor" and record["payload"].get("sensor") == sensor:
            state = line(record["payload"].get("state"), 20)
            known = state if state in words.SENSOR_STATES else None
            changes.append((window.at(record), known))
    return switched(changes, window.length_s, words.SENSOR_STATES)


def face_spans(records: Sequence[Record], window: Window) -> list[Span]:
    """Return how many faces were found, second by second, joined.

    What was seen while the camera could not measure (too dark, covered) says nothing
    about who was there, and is left out.
    """
    labels = {"none": "no face", "one": "one face", "many": "more than one face"}
    unclear = [
        span
        for span in sensor_spans(records, window, "camera")
        if span.state == "unmeasurable"
    ]
    spans: list[Span] = []
    for record in records:
        if record["kind"] != "observations" or not record["payload"].get("frames"):
            continue
        faces = number(record["payload"].get("faces")) or 0.0
        state = "none" if faces == 0 else "one" if faces == 1 else "many"
        at = window.at(record)
        if any(span.start_s <= at <= span.end_s for span in unclear):
            continue
        last = spans[-1] if spans else None
        if last and at - last.end_s <= OBSERVATION_GAP_S:
            spans[-1] = Span(last.start_s, at, last.state, last.label)
            if last.state == state:
                continue
        spans.append(Span(at, at + SHORTEST_S, state, labels[state]))
    return spans


def _focus_change(event: Mapping[str, Any]) -> tuple[str, bool] | None:
    """Return which way of being away an event is about, and whether it began."""
    match event.get("name"):
        case "visibility":
            return "hidden", event.get("state") == "hidden"
        case "window_focus":
            # A click into a frame of the page takes the focus but nobody leaves.
            away = event.get("focused") is False and event.get("cause") != "frame"
            return "elsewhere", away
        case "fullscreen":
            return "windowed", event.get("active") is False
    return None


def focus_spans(records: Sequence[Record], window: Window) -> list[Span]:
    """Return when the page was hidden, without focus, or not fullscreen."""
    labels = {
        "hidden": "tab hidden",
        "elsewhere": "another window in front",
        "windowed": "not fullscreen",
    }
    since: dict[str, float] = {}
    spans: list[Span] = []
    for record in records:
        change = _focus_change(client_event(record))
        if change is None:
            continue
        state, began = change
        if began:
            since.setdefault(state, window.at(record))
        elif state in since:
            start = since.pop(state)
            spans.append(Span(start, window.at(record), state, labels[state]))
    for state, start in since.items():
        spans.append(Span(start, window.length_s, state, labels[state]))
    return sorted(spans, key=lambda span: (span.start_s, span.state))


def paste_marks(records: Sequence[Record], window: Window) -> list[Mark]:
    """Return pastes: how long, from where."""
    marks = []
    for record in records:
        event = client_event(record)
        if event.get("name") != "clipboard" or event.get("action") != "paste":
            continue
        chars = number(event.get("chars")) or 0
        origin = "outside" if event.get("origin") == "external" else "this notebook"
        state = "paste-outside" if origin == "outside" else "paste"
        label = f"pasted {chars:.0f} characters from {origin}"
        marks.append(Mark(window.at(record), state, label))
    return marks


def typing_spans(records: Sequence[Record], window: Window, author: str) -> list[Span]:
    """Return when a person edited the notebook, edits close together joined.

    A page also writes by itself, as when it opens the notebook: that is no edit.
    """
    bursts: list[tuple[float, float, int]] = []
    for record in records:
        if record["kind"] != "document" or record["author"] != author:
            continue
        if not record["payload"].get("edit"):
            continue
        at = window.at(record)
        if bursts and at - bursts[-1][1] <= TYPING_PAUSE_S:
            bursts[-1] = (bursts[-1][0], at, bursts[-1][2] + 1)
        else:
            bursts.append((at, at, 1))
    return [
        Span(start, max(end, start + SHORTEST_S), "typing", _edits(count))
        for start, end, count in bursts
    ]


def _edits(count: int) -> str:
    return "1 edit" if count == 1 else f"{count} edits"


def run_spans(
    runs: Iterable[tuple[float, float | None, str, str]], window: Window
) -> list[Span]:
    """Return the runs (start, seconds or None, status, label) as stretches."""
    return [
        Span(
            start,
            max(window.length_s if took is None else start + took, start + SHORTEST_S),
            f"run-{status}",
            label if took is None else f"{label}, {duration(took)}",
        )
        for start, took, status, label in runs
    ]


def presence_spans(
    records: Sequence[Record], window: Window, author: str
) -> list[Span]:
    """Return when a person had the room open, over all their connections."""
    open_connections: set[str] = set()
    changes: list[tuple[float, str | None]] = []
    for record in records:
        if record["author"] != author:
            continue
        connection = line(record["payload"].get("connection"))
        if record["kind"] == "person.joined":
            open_connections.add(connection)
        elif record["kind"] == "person.left":
            open_connections.discard(connection)
        else:
            continue
        changes.append((window.at(record), "present" if open_connections else None))
    return switched(changes, window.length_s, {"present": "in the room"})


def gap_spans(records: Sequence[Record], window: Window) -> list[Span]:
    """Return when nothing proved that the candidate's page watched, and why."""
    found = []
    for gap in gaps(records):
        start_s, end_s = window.at(gap.began), window.length_s
        if gap.started_s is not None:
            start_s = min(start_s, max(gap.started_s - window.start_s, 0.0))
        if gap.ended is not None:
            end_s = window.at(gap.ended)
        label = "no connection" if gap.cause == UNHEARD else gap.cause
        found.append(Span(start_s, max(start_s, end_s), "gap", label))
    return found


def client_event(record: Record) -> Mapping[str, Any]:
    """Return the event that a candidate's page claimed, or an empty one."""
    if record["kind"] != "event":
        return {}
    event = record["payload"].get("event")
    return event if isinstance(event, Mapping) else {}


def build_lanes(
    records: Sequence[Record],
    window: Window,
    *,
    candidate: str | None,
    people: Mapping[str, str],
    runs: Iterable[tuple[float, float | None, str, str]],
    flags: Lane,
) -> list[Lane]:
    """Return all rows of the timeline, top to bottom; `people`: names by hub name."""
    typing = [
        Lane(f"typing-{place}", f"Typing: {name}", words.SERVER, spans)
        for place, (hub_name, name) in enumerate(people.items())
        if (spans := typing_spans(records, window, hub_name))
    ]
    present = presence_spans(records, window, candidate) if candidate else []
    return [
        flags,
        Lane(
            "camera", "Camera", words.BROWSER, sensor_spans(records, window, "camera")
        ),
        Lane("faces", "Faces found", words.BROWSER, face_spans(records, window)),
        Lane(
            "focus",
            "Away from the page",
            words.BROWSER,
            focus_spans(records, window),
            paste_marks(records, window),
        ),
        *typing,
        Lane("runs", "Runs", words.SERVER, run_spans(runs, window)),
        Lane(
            "presence",
            "Candidate connected",
            words.SERVER,
            [*present, *gap_spans(records, window)],
        ),
    ]
