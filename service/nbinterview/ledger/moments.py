"""The notebook as it was at any moment, exactly: rebuilt from its updates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.errors import Invalid, NotFound
from nbinterview.ledger.erased import with_payload
from nbinterview.ledger.notebook import DEFAULT_PATH, document_updates, rebuild
from nbinterview.ledger.timing import Timing

_MOMENT = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
MAX_MOMENT_MS = 1000 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A moment of a record: `seq` is the last record that had been written then."""

    seq: int
    at_ms: int


def parse_moment(text: str) -> int:
    """Return the milliseconds of `00:23:10`, `23:10` or `90.5` (seconds).

    Raises `Invalid` for anything else.
    """
    found = _MOMENT.fullmatch(text.strip())
    hours, minutes, seconds = found.groups() if found else (None, None, None)
    small = minutes is None or float(seconds or 0) < 60
    if seconds is None or not small or (hours is not None and int(minutes or 0) > 59):
        raise Invalid(
            f"{text[:40]!r} is no moment: give it as 00:23:10, 23:10 or in seconds.",
            field="at",
        )
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + float(seconds)
    return min(round(whole * 1000), MAX_MOMENT_MS)


def clock(at_ms: int) -> str:
    """Return a moment as `00:23:10`."""
    seconds = at_ms // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def find(records: Sequence[Mapping[str, Any]], at_ms: int | None) -> Found:
    """Return the moment `at_ms` after the opening, or the end.

    One before the notebook was there, or after the end, is moved to it.
    Raises `NotFound` when there is no record.
    """
    if not records:
        raise NotFound("Nothing of this interview has been recorded yet.")
    timing = Timing.of(records)
    if at_ms is None or at_ms >= timing.duration_ms:
        return Found(records[-1]["seq"], timing.duration_ms)
    at_ms = max(at_ms, 0)
    opened = next((r for r in records if r["kind"] == "document"), records[0])
    last, reached = records[0]["seq"], 0
    for record in records:
        reached = max(reached, timing.at_ms(record))
        if reached > at_ms:
            if last >= opened["seq"]:
                break
            at_ms = reached
        last = record["seq"]
    return Found(last, at_ms)


def notebook_after(records: Sequence[Mapping[str, Any]], seq: int) -> dict[str, Any]:
    """Return the notebook (nbformat) after one record, as pycrdt has it.

    Raises `NotFound` when it was not opened by then, and `Invalid` when somebody
    had made something else than a notebook of it.
    """
    known = [
        record
        for record in records
        if record["kind"] == "document" and record["seq"] <= seq
    ]
    whole = with_payload(known)
    if len(whole) < len(known):  # its beginning is gone, so nothing can stand on it
        raise NotFound("The notebook of this interview was erased.")
    payloads = [record["payload"] for record in whole]
    updates = document_updates(payloads, DEFAULT_PATH)
    if not updates:
        raise NotFound("The notebook of this interview was not opened yet.")
    try:
        return rebuild(updates)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Invalid("At that moment the document was not a notebook.") from error


def as_file(notebook: Mapping[str, Any]) -> str:
    """Return a notebook as Jupyter writes it into a file."""
    import nbformat

    # nbformat is untyped, and its own `writes` would log what it finds invalid.
    node = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    text: str = nbformat.versions[4].writes_json(node)
    return text + "\n"
