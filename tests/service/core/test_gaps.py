"""Gaps as report and film read them: rooms that know causes, and those of before."""

from __future__ import annotations

from typing import Any

import pytest

from nbinterview.gaps import CAUSES, UNHEARD, gaps
from nbinterview.ledger.marks import marks_of
from nbinterview.ledger.timing import Timing
from nbinterview.report.lanes import Window, gap_spans
from nbinterview.report.sensors import gap_views

AT = "2026-11-23T09:00:{:02d}.000000Z"
START_S = 1795424400.0


def record(seq: int, second: int, kind: str, **payload: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "time": AT.format(second),
        "at_s": START_S + second,
        "kind": kind,
        "author": "room",
        "payload": payload,
    }


def gap(seq: int, second: int, gap_id: str, state: str, **more: Any) -> dict[str, Any]:
    payload = {"what": "watching", "gap_id": gap_id, "state": state, **more}
    return record(seq, second, "gap", **payload)


RECORDS = [
    record(1, 0, "interview.state", state="open"),
    gap(2, 13, "gap-1", "began", started_at=AT.format(10), cause="unknown", detail=""),
    gap(3, 20, "gap-2", "began", started_at=AT.format(17), cause="camera", detail="c"),
    gap(
        4,
        30,
        "gap-1",
        "ended",
        started_at=AT.format(10),
        ended_at=AT.format(30),
        cause="frozen",
        detail="It stood.",
    ),
    record(5, 40, "gap", what="live", state="began", detail="nothing heard"),
    record(6, 45, "gap", what="live", state="ended", detail=""),
    record(7, 50, "room.stopped", reason="asked"),
]


def test_a_gap_has_the_cause_that_its_end_knew() -> None:
    first, second, old = gaps(RECORDS)
    assert (first.cause, first.detail) == (CAUSES["frozen"], "It stood.")
    assert first.started_s == START_S + 10
    assert first.ended_s == START_S + 30
    assert (second.cause, second.ended) == (CAUSES["camera"], None)
    assert (old.cause, old.started_s) == (UNHEARD, None)


def test_the_report_shows_each_from_its_last_proof_on() -> None:
    window = Window(START_S, START_S + 50)
    spans = [(one.start_s, one.end_s, one.label) for one in gap_spans(RECORDS, window)]
    assert spans == [
        (10.0, 30.0, CAUSES["frozen"]),
        (17.0, 50.0, CAUSES["camera"]),
        (40.0, 45.0, "no connection"),
    ]
    views = gap_views(RECORDS, window)
    assert [one.detail for one in views] == ["It stood.", "c", "nothing heard"]
    assert "to the end" in views[1].what


def test_the_film_marks_them_overlapping() -> None:
    marks = marks_of(RECORDS, Timing.of(RECORDS), {}, ())
    found = [(one["at_ms"], one["end_ms"]) for one in marks if one["kind"] == "gap"]
    assert found == [(10_000, 30_000), (17_000, 50_000), (40_000, 45_000)]


@pytest.mark.parametrize("text", ["", "x" * 10_000, "2026", None, 3, [], {"a": 1}])
def test_whatever_a_gap_says_is_read(text: Any) -> None:
    found = [
        record(1, 0, "gap", state="began", started_at=text, cause=text, gap_id=text),
        record(2, 1, "gap", state="ended", ended_at=text, cause=text, gap_id=text),
        {**record(3, 2, "gap"), "payload": None},
    ]
    [one] = gaps(found)
    assert one.cause in {*CAUSES.values(), UNHEARD}
