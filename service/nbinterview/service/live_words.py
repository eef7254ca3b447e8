"""What a staff page is told of an interview while it goes on, in a few words: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: The kinds of records that are told; all others need not be fetched.
KINDS = (
    *("flag", "warning", "gap", "interview.state", "room.started", "room.stopped"),
    *("key", "lease", "witness"),
)

Tone = Literal["plain", "look", "alarm"]

#: Why nothing proved that the page watched; causes that are not here are said so.
GAP_CAUSES = {
    "hidden": "the page was hidden",
    "frozen": "the page stood still, as in a laptop that sleeps",
    "offline": "the connection was gone",
    "worker": "the part of the page that watches stopped",
    "insecure": "the page said that it can prove nothing by plain http",
    "camera": "no frames came from the camera",
    "reloaded": "the page was reloaded",
    "second_tab": "another tab or device was in use",
    "stopped": "the candidate stopped it",
    "room": "the room itself was away",
}
_UNKNOWN_CAUSE = "nobody knows why yet"


@dataclass(frozen=True)
class Told:
    """One line: `alarm` wants somebody now, `look` is for a later look."""

    seq: int
    at: str
    kind: str
    title: str
    detail: str
    tone: Tone

    def wire(self) -> dict[str, Any]:
        """Return its JSON."""
        return asdict(self)


def told(record: Mapping[str, Any]) -> Told | None:
    """Return what one record (its wire form) is in words; None for nothing to say."""
    if record["payload"] is None:
        return _line(record, "Erased", "What was here was erased.", "plain")
    say = _SAY.get(record["kind"])
    return None if say is None else say(record, record["payload"])


def _line(record: Mapping[str, Any], title: str, detail: str, tone: Tone) -> Told:
    return Told(
        record["seq"], record["time"], record["kind"], title, detail[:300], tone
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    return str(payload.get(name) or "")


def _flag(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    return _line(record, "Flag", _text(payload, "title"), "look")


def _warning(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    return _line(record, "The candidate was told", _text(payload, "text"), "plain")


def _gap(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    why = GAP_CAUSES.get(_text(payload, "cause"), _UNKNOWN_CAUSE)
    detail = _text(payload, "detail") or f"{why[0].upper()}{why[1:]}."
    if payload.get("state") == "ended":
        return _line(record, "Watching goes on", detail, "plain")
    return _line(record, "No proof of watching", detail, "alarm")


def _state(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    ended = payload.get("state") == "ended"
    title = "The interview ended" if ended else "The interview began"
    return _line(record, title, "", "plain")


def _room(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    stopped = record["kind"] == "room.stopped"
    title = "The room stopped" if stopped else "The room started"
    return _line(record, title, _text(payload, "reason"), "plain")


def _key(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told | None:
    if payload.get("state") != "replaced":
        return None
    detail = _text(payload, "detail") or "What was signed before stays good."
    return _line(record, "The room has a new signing key", detail, "look")


def _lease(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told | None:
    if payload.get("state") != "second":
        return None  # the first page takes it too, in every interview
    title = "A second tab or device is open"
    return _line(record, title, _text(payload, "detail"), "look")


def _witness(record: Mapping[str, Any], payload: Mapping[str, Any]) -> Told:
    detail = _text(payload, "detail") or (
        "An interviewer's browser saw another record before than the one shown now."
    )
    return _line(record, "The record was changed", detail, "alarm")


_SAY = {
    "flag": _flag,
    "warning": _warning,
    "gap": _gap,
    "interview.state": _state,
    "room.started": _room,
    "room.stopped": _room,
    "key": _key,
    "lease": _lease,
    "witness": _witness,
}
