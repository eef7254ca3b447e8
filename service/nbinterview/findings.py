"""What a record says of findings, measuring and comments: pure, for people to read.

The candidate's own record and the reviewers' page are made of it. It only gathers what
the room wrote down; nothing is worked out anew. Records are in their wire form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbinterview.ledger.records import format_time, parse_time
from nbinterview.plain import plain
from nbinterview.report.evidence import evidence_rows, source_of
from nbinterview.report.text import duration, line, moment, sentence
from nbinterview.report.words import RULES, SENSOR_STATES, SENSORS
from nbinterview.wording import ALLOWANCES, BECAUSE

#: The kinds of records that are read here; all others need not be fetched.
KINDS = (
    *("nudge", "warning", "flag", "flag.closed", "episode"),
    *("sensor", "calibration", "watching", "event", "interview.state", "room.stopped"),
)

#: What an episode came to, in the words of the candidate's page and the reviewers'.
OUTCOMES = {
    "flag": "Flagged",
    "warning": "Warning",
    "nudge": "Private hint",
    "episode": "Recorded, did not count",
}
_STRENGTH = ("episode", "nudge", "warning", "flag")

QUALITIES = {"good": "well", "fair": "fairly well", "rough": "roughly", "none": "not"}


@dataclass(frozen=True)
class Comment:
    """The candidate's words; `episode_id` None is about the whole."""

    episode_id: str | None
    text: str
    at: str


@dataclass
class Finding:
    """One episode: what was told about it, and the evidence."""

    episode_id: str
    rule: str
    title: str
    started_at: str
    outcome: str = "episode"
    ended_at: str | None = None
    because: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)
    """When, and in which words, the candidate was told."""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> str:
        """What this rule looks at, in a sentence."""
        known = RULES.get(self.rule)
        return known.measured if known else ""

    @property
    def innocent(self) -> str:
        """What honest work can look the same."""
        known = RULES.get(self.rule)
        return known.innocent if known else ""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The evidence as (label, value)."""
        return evidence_rows(self.evidence)

    @property
    def source(self) -> str:
        """Whether the browser claims it or the server saw it."""
        return source_of(self.evidence)


@dataclass(frozen=True)
class Measured:
    """One sensor over the interview, in words."""

    title: str
    consent: str
    measured: str
    unmeasurable: str
    reasons: list[str]
    """What kept it from measuring, each with how long."""


@dataclass(frozen=True)
class OwnRecord:
    """Everything of one record that is about the person, in the order of time."""

    findings: list[Finding]
    sensors: list[Measured]
    comments: list[Comment]
    opened_at: str | None
    notes: list[tuple[str, str]]
    """(time, words): consents, calibration, pauses, what was allowed."""

    def since_opening_s(self, at: str) -> float | None:
        """Return how long after the opening a moment was."""
        opened, found = moment(self.opened_at), moment(at)
        if opened is None or found is None:
            return None
        return max((found - opened).total_seconds(), 0.0)

    def finding(self, episode_id: str) -> Finding | None:
        """Return one finding by its id."""
        found = (each for each in self.findings if each.episode_id == episode_id)
        return next(found, None)

    @property
    def flags(self) -> list[Finding]:
        """The findings that a reviewer decides about."""
        return [each for each in self.findings if each.outcome == "flag"]


def read(records: Iterable[Mapping[str, Any]]) -> OwnRecord:
    """Return what these records say; erased ones and other kinds are passed over."""
    kept = [
        record
        for record in records
        if record["kind"] in KINDS and record["payload"] is not None
    ]
    return OwnRecord(
        findings=_findings(kept),
        sensors=_sensors(kept),
        comments=_comments(kept),
        opened_at=next(filter(None, map(_opening, kept)), None),
        notes=_notes(kept),
    )


def _opening(record: Mapping[str, Any]) -> str | None:
    opens = record["kind"] == "interview.state" and (
        record["payload"].get("state") == "open"
    )
    return str(record["time"]) if opens else None


# ------------------------------------------------------------------- findings


def _findings(records: Sequence[Mapping[str, Any]]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for record in records:
        if record["kind"] in (*_STRENGTH, "flag.closed"):
            _fold(found, record)
    return list(found.values())


def _fold(found: dict[str, Finding], record: Mapping[str, Any]) -> None:
    kind, payload = record["kind"], record["payload"]
    episode_id, rule = line(payload.get("episode_id"), 64), line(payload.get("rule"))
    known = RULES.get(rule)
    each = found.setdefault(
        episode_id,
        Finding(
            episode_id=episode_id,
            rule=rule,
            title=known.title if known else rule.replace("_", " "),
            started_at=record["time"],
        ),
    )
    if kind in _STRENGTH and _STRENGTH.index(kind) > _STRENGTH.index(each.outcome):
        each.outcome = kind
    if kind in {"nudge", "warning"}:
        each.told.append((record["time"], plain(payload.get("text"))))
        return
    each.title = line(payload.get("title")) or each.title
    each.started_at = _time(payload.get("started_at")) or each.started_at
    each.ended_at = _time(payload.get("ended_at")) or each.ended_at
    if isinstance(payload.get("evidence"), Mapping):
        each.evidence = payload["evidence"]
    if kind == "episode":
        each.because = sentence(BECAUSE.get(line(payload.get("because")), ""))


def _time(value: object) -> str | None:
    """Return a time in a record's form; an imported record may hold anything."""
    found = moment(value)
    return None if found is None else format_time(found)


def _comments(records: Iterable[Mapping[str, Any]]) -> list[Comment]:
    return [
        Comment(
            episode_id=line(event["episode_id"], 64) if "episode_id" in event else None,
            text=plain(event.get("text"), 2000),
            at=record["time"],
        )
        for record, event in _events(records)
        if event.get("name") == "comment"
    ]


def _events(
    records: Iterable[Mapping[str, Any]],
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the (record, event) of what the candidate's page told."""
    return [
        (record, record["payload"]["event"])
        for record in records
        if record["kind"] == "event"
        and isinstance(record["payload"].get("event"), Mapping)
    ]


# -------------------------------------------------------------------- sensors


def _sensors(records: Sequence[Mapping[str, Any]]) -> list[Measured]:
    lasted_s = _lasted(records)
    consents = {
        line(event.get("sensor")): event.get("granted") is True
        for _, event in _events(records)
        if event.get("name") == "consent"
    }
    return [
        _measured(title, consents.get(sensor), lasted_s.get(sensor, {}))
        for sensor, title in SENSORS.items()
        if sensor in consents or sensor in lasted_s
    ]


def _lasted(
    records: Sequence[Mapping[str, Any]],
) -> dict[str, dict[tuple[str, str], float]]:
    """Return for how many seconds each sensor was in each (state, reason)."""
    since: dict[str, tuple[str, str, float]] = {}
    lasted_s: dict[str, dict[tuple[str, str], float]] = {}

    def passed(sensor: str, until_s: float) -> None:
        if sensor not in since:
            return
        state, detail, start_s = since.pop(sensor)
        sums = lasted_s.setdefault(sensor, {})
        so_far_s = sums.get((state, detail), 0.0)
        sums[state, detail] = so_far_s + max(until_s - start_s, 0.0)

    for record in records:
        now_s, payload = parse_time(record["time"]).timestamp(), record["payload"]
        if record["kind"] == "sensor":
            sensor = line(payload.get("sensor"))
            passed(sensor, now_s)
            detail = plain(payload.get("detail"))
            since[sensor] = (line(payload.get("state")), detail, now_s)
        elif _is_over(record):
            for sensor in list(since):
                passed(sensor, now_s)
    for sensor in list(since):
        passed(sensor, parse_time(records[-1]["time"]).timestamp())
    return lasted_s


def _is_over(record: Mapping[str, Any]) -> bool:
    kind, state = record["kind"], record["payload"].get("state")
    ended = bool(kind == "interview.state" and state == "ended")
    return ended or bool(kind == "room.stopped")


def _measured(
    title: str, granted: bool | None, lasted_s: Mapping[tuple[str, str], float]
) -> Measured:
    def total_s(*states: str) -> float:
        return sum(s for (state, _), s in lasted_s.items() if state in states)

    # For how long it could not measure, by the reason it gave, longest first.
    reasons = sorted(
        ((s, why) for (state, why), s in lasted_s.items() if state == "unmeasurable"),
        reverse=True,
    )
    return Measured(
        title=title,
        consent={None: "not asked", True: "agreed", False: "not agreed"}[granted],
        measured=duration(total_s("measuring", "calibrating")),
        unmeasurable=duration(total_s("unmeasurable")),
        reasons=[
            f"{why or SENSOR_STATES['unmeasurable']} ({duration(s)})"
            for s, why in reasons[:8]
        ],
    )


# ---------------------------------------------------------------------- notes


def _notes(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found = []
    for record in records:
        words = _note(record["kind"], record["payload"])
        if words:
            found.append((record["time"], words))
    return found


def _note(kind: str, payload: Mapping[str, Any]) -> str:
    if kind == "calibration":
        return _calibrated(payload)
    if kind == "watching":
        return _watching(payload)
    event = payload.get("event") if kind == "event" else None
    if isinstance(event, Mapping) and event.get("name") == "consent":
        sensor = SENSORS.get(line(event.get("sensor")), "A sensor")
        return f"{sensor}: {'agreed' if event.get('granted') is True else 'not agreed'}"
    return ""


def _calibrated(payload: Mapping[str, Any]) -> str:
    if "quality" not in payload:  # before version 2
        return "Your head position was learned in passing."
    if payload.get("rehearsal") is True:
        return ""
    detail = plain(payload.get("detail"))
    quality = QUALITIES.get(line(payload["quality"]), "not")
    return f"Your head positions are known {quality}. {detail}".strip()


def _watching(payload: Mapping[str, Any]) -> str:
    allows = payload.get("allows")
    named = allows if isinstance(allows, list) else []
    given = [words for name, words in ALLOWANCES.items() if name in named]
    allowed = f"Allowed: {' and '.join(given)}." if given else ""
    state = "The watching was paused." if payload.get("paused") is True else ""
    return " ".join(filter(None, (state, allowed))) or "The watching goes on."
