"""When the interview began and ended, by its own record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbinterview.report.lanes import Record, Window
from nbinterview.report.text import moment


def reading_window(interview: Mapping[str, Any], records: Sequence[Record]) -> Window:
    """Return the interview's time.

    It begins when the interview was opened, else when the first person came, else
    with the record; it ends when it was ended, else with the record. The room is
    warm before anybody comes and is read out after everybody left.
    """
    opened = moment(interview.get("opened_at"))
    start_s = _state_at(records, "open") or (opened.timestamp() if opened else None)
    if start_s is None:
        joined = (r["at_s"] for r in records if r["kind"] == "person.joined")
        start_s = next(joined, records[0]["at_s"] if records else None)
    if start_s is None:
        return Window(0.0, 0.0)
    end_s = _state_at(records, "ended") or (records[-1]["at_s"] if records else start_s)
    return Window(start_s, max(end_s, start_s))


def _state_at(records: Sequence[Record], state: str) -> float | None:
    found = (
        float(record["at_s"])
        for record in records
        if record["kind"] == "interview.state"
        and record["payload"].get("state") == state
    )
    return next(found, None)
