"""How much each sensor could tell: measured, not measurable, off. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbinterview.gaps import gaps
from nbinterview.report import words
from nbinterview.report.lanes import (
    Record,
    Window,
    client_event,
    gap_spans,
    sensor_spans,
)
from nbinterview.report.tables import EventView
from nbinterview.report.text import duration, line
from nbinterview_proctor.replay import measures


@dataclass(frozen=True)
class SensorView:
    """One sensor over the interview."""

    title: str
    consent: str
    measured: str
    unmeasurable: str
    off: str


def sensor_views(records: Sequence[Record], window: Window) -> list[SensorView]:
    """Return a line for each sensor."""
    return [
        _sensor(records, window, sensor, title)
        for sensor, title in words.SENSORS.items()
    ]


def _sensor(
    records: Sequence[Record], window: Window, sensor: str, title: str
) -> SensorView:
    seconds: dict[str, float] = {}
    for span in sensor_spans(records, window, sensor):
        end_s = min(span.end_s, window.length_s)
        shown_s = max(0.0, end_s - max(span.start_s, 0.0))
        seconds[span.state] = seconds.get(span.state, 0.0) + shown_s
    measured = sum(shown_s for state, shown_s in seconds.items() if measures(state))
    unmeasurable = seconds.get("unmeasurable", 0.0)
    on = measured + unmeasurable
    return SensorView(
        title=title,
        consent=_consent(records, sensor),
        measured=_share(measured, on),
        unmeasurable=_share(unmeasurable, on),
        off=duration(max(window.length_s - on, 0.0)),
    )


def gap_views(records: Sequence[Record], window: Window) -> list[EventView]:
    """Return every stretch without proof of watching: its cause, how long it was."""
    found = []
    for gap, span in zip(gaps(records), gap_spans(records, window), strict=True):
        lasted_s = span.end_s - span.start_s
        lasted = "to the end" if gap.ended is None else duration(lasted_s)
        cause = line(gap.cause)
        what = f"{cause} · {lasted}"
        found.append(EventView(span.start_s, "Room", what, line(gap.detail)))
    return found


def calibrations(records: Sequence[Record], window: Window) -> list[EventView]:
    """Return how well the candidate's own head positions were known, and since when.

    Records of before version 2 have a baseline that was taken in passing.
    """
    found = []
    for record in records:
        payload = record["payload"]
        if record["kind"] != "calibration":
            continue
        quality = line(payload.get("quality") or "rough", 20)
        about = words.CALIBRATIONS.get(quality, quality)
        practice = "practice" if payload.get("rehearsal") is True else "counts"
        detail = line(payload.get("detail"), 300)
        found.append(EventView(window.at(record), about, practice, detail))
    return found


def _consent(records: Sequence[Record], sensor: str) -> str:
    answers = [
        event.get("granted") is True
        for event in map(client_event, records)
        if event.get("name") == "consent" and event.get("sensor") == sensor
    ]
    if not answers:
        return "not asked"
    if answers[-1]:
        return "agreed"
    return "taken back" if any(answers) else "declined"


def _share(part_s: float, whole_s: float) -> str:
    if whole_s <= 0:
        return "no data"
    return f"{100 * part_s / whole_s:.0f}% ({duration(part_s)})"
