"""The record's gaps: stretches without proof that the candidate's page watches. Pure.

Rooms since format 2 of the record count signed beats and say the cause; those of before
said only that the page was not heard (`what: live`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

CAUSES: Mapping[str, str] = {
    "hidden": "the page was in the background and stopped",
    "frozen": "the page stood still",
    "offline": "no connection",
    "worker": "the page went on without proof of watching",
    "insecure": "the page said that it can prove nothing by plain http",
    "camera": "no new camera pictures",
    "reloaded": "the page was closed or loaded again",
    "second_tab": "another tab or device took over",
    "stopped": "the candidate's page ended the watching",
    "room": "the room was away",
    "unknown": "nothing heard, cause not known",
}
"""What each cause means, in words for whoever reads the record."""
UNHEARD = "not heard"
"""The same of a room that did not know causes."""


@dataclass(frozen=True)
class Gap:
    """One stretch. Times are seconds since 1970; `ended_s` is None while it lasts."""

    began: Mapping[str, Any]
    """The record that says that it began."""
    started_s: float | None
    """When the last proof came; None where only the record's time is known."""
    ended: Mapping[str, Any] | None
    ended_s: float | None
    cause: str
    detail: str


def gaps(records: Iterable[Mapping[str, Any]]) -> list[Gap]:
    """Return the gaps of records in their order, with what their ends said of them."""
    found: list[Gap] = []
    open_ones: dict[str, int] = {}
    for record in records:
        payload = record["payload"]
        if record["kind"] != "gap" or not isinstance(payload, Mapping):
            continue
        # What a text is in the record may be anything.
        key = str(payload.get("gap_id") or payload.get("what"))[:64]
        if payload.get("state") == "began":
            open_ones.setdefault(key, len(found))
            found.append(_began(record, payload))
        elif payload.get("state") == "ended" and key in open_ones:
            place = open_ones.pop(key)
            found[place] = _ended(found[place], record, payload)
    return found


def _began(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Gap:
    return Gap(
        record,
        _time_s(payload.get("started_at")),
        None,
        None,
        _cause(payload),
        str(payload.get("detail", "")),
    )


def _ended(gap: Gap, record: Mapping[str, Any], payload: Mapping[str, Any]) -> Gap:
    gap = replace(gap, ended=record, ended_s=_time_s(payload.get("ended_at")))
    if "cause" not in payload:
        return gap
    return replace(gap, cause=_cause(payload), detail=str(payload.get("detail", "")))


def _cause(payload: Mapping[str, Any]) -> str:
    cause = payload.get("cause")
    if cause is None:
        return UNHEARD
    return CAUSES.get(str(cause), CAUSES["unknown"])


def _time_s(text: object) -> float | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.timestamp() if found is not None and found.tzinfo else None
