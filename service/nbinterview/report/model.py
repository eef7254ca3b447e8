"""From an interview's records to what the report shows: a pure view model.

Records are the wire form of `nbinterview.ledger.records`; the service vouches for
their order, time, kind and author. Payloads are read with care: whatever a
candidate could have put there is shown as text or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbinterview.report import findings, tables, words
from nbinterview.report.cells import Cell, cell_numbers, notebook_cells
from nbinterview.report.errors import error_rates
from nbinterview.report.findings import EpisodeView, FlagView, Said, ToldView
from nbinterview.report.lanes import (
    Lane,
    Mark,
    Record,
    Span,
    Window,
    build_lanes,
)
from nbinterview.report.origins import Share, shares
from nbinterview.report.scoring import ScoreView, score_view
from nbinterview.report.sensors import (
    SensorView,
    calibrations,
    gap_views,
    sensor_views,
)
from nbinterview.report.tables import EventView, RunView
from nbinterview.report.text import day_time, duration, line, moment, number
from nbinterview.report.timing import reading_window
from nbinterview.report.watching import allowances, pause_lane, watching_changes


@dataclass(frozen=True)
class Person:
    """Somebody of this interview."""

    name: str
    role: str


@dataclass(frozen=True)
class ReportView:
    """One interview's report."""

    id: str
    title: str
    sample: bool
    state: str
    candidate: str
    interviewers: str
    started: str
    ended: str
    length: str
    start_s: float
    length_s: float
    policy: str
    versions: list[tuple[str, str]]
    records: int
    erased: int
    """How many of them were erased: their payloads, not their hashes."""
    flags: list[FlagView]
    episodes: list[EpisodeView]
    said: list[Said]
    lanes: list[Lane]
    told: list[ToldView]
    allows: str
    watching: list[EventView]
    sensors: list[SensorView]
    calibrations: list[EventView]
    consents: list[EventView]
    gaps: list[EventView]
    runs: list[RunView]
    arrivals: list[EventView]
    kernel: list[EventView]
    refused: list[EventView]
    score: ScoreView | None
    cells: list[Cell] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One line of the list of interviews."""

    id: str
    title: str
    candidate: str
    interviewers: str
    state: str
    date: str
    length: str
    flags: str
    sample: bool
    has_record: bool


def slim(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without its bulk, so that hours of them fit in memory.

    Document updates keep what they did to the cells; a second of observations
    becomes how many faces most of its frames had.
    """
    payload = record.get("payload")
    erased = payload is None
    payload = payload if isinstance(payload, Mapping) else {}
    if record.get("kind") == "document":
        payload = {"edit": payload.get("edit")}
    elif record.get("kind") == "observations":
        frames = payload.get("frames")
        faces = [
            int(count)
            for frame in (frames if isinstance(frames, list) else [])
            if isinstance(frame, Mapping)
            and (count := number(frame.get("faces"))) is not None
        ]
        most = Counter(faces).most_common(1)
        payload = {"frames": len(faces), "faces": most[0][0] if most else 0}
    elif record.get("kind") == "execution.finished":
        payload = {key: value for key, value in payload.items() if key != "outputs"}
    at = moment(record.get("time"))
    return {
        "seq": record.get("seq"),
        "at_s": at.timestamp() if at else 0.0,
        "kind": line(record.get("kind"), 40),
        "author": line(record.get("author"), 40),
        "payload": payload,
        "erased": erased,
    }


def list_rows(interviews: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the list's lines in the order the service gave."""
    return [_row(interview) for interview in interviews]


def _row(interview: Mapping[str, Any]) -> Row:
    opened, ended = (
        moment(interview.get("opened_at")),
        moment(interview.get("ended_at")),
    )
    record = interview.get("record")
    record = record if isinstance(record, Mapping) else {}
    flags = number(record.get("flags"))
    last = number(record.get("last_seq"))
    people = _people(interview)
    return Row(
        id=line(interview.get("id"), 20),
        title=line(interview.get("title")),
        candidate=_names(people, "candidate"),
        interviewers=_names(people, "interviewer"),
        state=_state(interview),
        date=day_time(opened or moment(interview.get("created_at"))),
        length=duration((ended - opened).total_seconds()) if opened and ended else "",
        flags="" if flags is None or not last else f"{flags:.0f}",
        sample=interview.get("sample") is True,
        has_record=bool(last),
    )


def build(
    interview: Mapping[str, Any],
    records: Sequence[Record],
    notebook: Mapping[str, Any] | None,
) -> ReportView:
    """Return the report of one interview from its slim records.

    Of erased ones only a hash is left: they are counted, and told.
    """
    all_records, records = records, [r for r in records if not r.get("erased")]
    people = _people(interview)
    names = {hub_name: person.name for hub_name, person in people.items()}
    candidate = next((h for h, p in people.items() if p.role == "candidate"), None)
    window = reading_window(interview, records)
    cells = cell_numbers(notebook)
    runs = tables.runs(records, window, names, cells)
    said = findings.told(interview, records, window, names)
    rates = error_rates(interview)
    flags = findings.flags(records, window, said, cells, rates)
    told = findings.told_views(records, window, said)
    started = _first(records, "room.started")
    return ReportView(
        id=line(interview.get("id"), 20),
        title=line(interview.get("title")),
        sample=interview.get("sample") is True,
        state=_state(interview),
        candidate=_names(people, "candidate"),
        interviewers=_names(people, "interviewer"),
        started=day_time(window.start),
        ended=day_time(moment(interview.get("ended_at"))),
        length=duration(window.length_s),
        start_s=window.start_s,
        length_s=window.length_s,
        policy=_policy(interview.get("policy"), started),
        versions=_versions(started),
        records=len(all_records),
        erased=len(all_records) - len(records),
        flags=flags,
        episodes=findings.episodes(records, window, said, cells),
        said=findings.the_rest(records, said),
        lanes=build_lanes(
            records,
            window,
            candidate=candidate,
            people=names,
            runs=[(r.at_s, r.took_s, r.status, f"{r.who}: {r.cell}") for r in runs],
            flags=_flag_lane(flags, told, window),
        )
        + pause_lane(records, window),
        told=told,
        allows=allowances(interview, records),
        watching=watching_changes(records, window, names),
        sensors=sensor_views(records, window),
        calibrations=calibrations(records, window),
        consents=tables.consents(records, window),
        gaps=gap_views(records, window),
        runs=runs,
        arrivals=tables.arrivals(interview, records, window, names),
        kernel=tables.events(records, window, names, "kernel", ("state",)),
        refused=tables.events(records, window, names, "refused", ("what",)),
        score=score_view(
            records,
            window.length_s,
            _policy_data(interview, started),
            rates,
            said.set_aside,
        ),
        cells=notebook_cells(notebook),
        shares=shares(notebook),
    )


# ------------------------------------------------------------------- people


def _people(interview: Mapping[str, Any]) -> dict[str, Person]:
    people = interview.get("people")
    return {
        line(person.get("hub_name"), 40): Person(
            line(person.get("display_name")) or "unnamed",
            line(person.get("role"), 20),
        )
        for person in (people if isinstance(people, list) else [])
        if isinstance(person, Mapping)
    }


def _names(people: Mapping[str, Person], role: str) -> str:
    return ", ".join(person.name for person in people.values() if person.role == role)


# -------------------------------------------------------- policy and versions


def _state(interview: Mapping[str, Any]) -> str:
    """Return a key of `words.STATES`."""
    state = line(interview.get("state"), 20)
    return state if state in words.STATES else "unknown"


def _first(records: Iterable[Record], kind: str) -> Mapping[str, Any]:
    return next((r["payload"] for r in records if r["kind"] == kind), {})


def _policy_data(
    interview: Mapping[str, Any], started: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the policy of the record; it is what was in force."""
    for found in (started.get("policy"), interview.get("policy")):
        if isinstance(found, Mapping):
            return found
    return {}


def _policy(given: object, started: Mapping[str, Any]) -> str:
    policy = _policy_data({"policy": given}, started)
    version = number(policy.get("version"))
    shown = f" (version {version:.0f})" if version is not None else ""
    return f"{line(policy.get('name'), 80)}{shown}" if policy else ""


def _versions(started: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = started.get("versions")
    if not isinstance(versions, Mapping):
        return []
    return sorted((line(k, 60), line(v, 60)) for k, v in versions.items())


# -------------------------------------------------------------------- lanes


def _flag_lane(
    flags: Sequence[FlagView], told: Sequence[ToldView], window: Window
) -> Lane:
    spans = [
        Span(
            flag.start_s,
            window.length_s if flag.end_s is None else flag.end_s,
            "flagged",
            f"flag {flag.number}: {flag.title}",
        )
        for flag in flags
    ]
    words_told = [
        Mark(one.at_s, "nudge" if one.quiet else "warning", f"told: {one.text}")
        for one in told
    ]
    marks = [
        Mark(flag.flagged_s, "flag", f"{flag.number}", flag.anchor) for flag in flags
    ]
    return Lane("flags", "Flags", words.SERVER, spans, [*words_told, *marks])
