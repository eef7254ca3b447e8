"""Flags and what did not become one, with all that was said about them. Pure.

Beside each finding stand its evidence in words, innocent explanations, what the
candidate said about it and what a reviewer decided: in that order, as a reviewer
should read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbinterview.report import words
from nbinterview.report.errors import known_error
from nbinterview.report.evidence import evidence_rows, in_words, source_of
from nbinterview.report.lanes import Record, Window, client_event
from nbinterview.report.text import day_time, line, moment, plain
from nbinterview.wording import BECAUSE
from nbinterview_proctor.policyold import current
from nbinterview_proctor.rates import Rate

MAX_SAID = 200


@dataclass(frozen=True)
class Said:
    """The candidate's own words."""

    text: str
    at_s: float | None
    """When, in the interview; None for what was said after it."""
    day: str
    """When, for what was said after the interview."""
    about: str = ""
    """The finding's title, where it does not stand beside it."""


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided about a flag, and why."""

    words: str
    reason: str
    by: str
    day: str
    stands: bool
    """Whether it is the last one; all are kept."""


@dataclass(frozen=True)
class FlagView:
    """One flag with everything a reviewer needs to judge it."""

    number: int
    anchor: str
    episode: str
    rule: str
    title: str
    sensor: str
    start_s: float
    end_s: float | None
    flagged_s: float
    warned_s: float | None
    source: str
    summary: str
    measured: str
    innocent: str
    known_error: str
    evidence: list[tuple[str, str]]
    said: list[Said]
    decisions: list[Decision]


@dataclass(frozen=True)
class EpisodeView:
    """A finding that was recorded and did not count."""

    start_s: float
    end_s: float
    title: str
    because: str
    summary: str
    said: list[Said]


@dataclass(frozen=True)
class ToldView:
    """What the candidate was told, and until when it was shown."""

    at_s: float
    cleared_s: float | None
    quiet: bool
    """A nudge, not a warning."""
    text: str
    said: list[Said]


@dataclass(frozen=True)
class Told:
    """What people said and decided, by episode."""

    said: Mapping[str, list[Said]]
    decisions: Mapping[str, list[Decision]]

    @property
    def set_aside(self) -> set[str]:
        """The episodes whose last decision is that the flag does not stand."""
        return {
            episode
            for episode, decisions in self.decisions.items()
            if decisions[-1].words == words.DECISIONS["set_aside"]
        }


def told(
    interview: Mapping[str, Any],
    records: Sequence[Record],
    window: Window,
    names: Mapping[str, str],
) -> Told:
    """Gather comments (in the room), answers and decisions (after it)."""
    said: dict[str, list[Said]] = {}
    for record in records:
        event = client_event(record)
        if event.get("name") == "comment":
            episode = line(event.get("episode_id"), 80)
            one = Said(plain(event.get("text"), 2000), window.at(record), "")
            said.setdefault(episode, []).append(one)
    for answer in _listed(interview, "answers"):
        day = day_time(moment(answer.get("at")))
        one = Said(plain(answer.get("text"), 5000), None, day)
        said.setdefault(line(answer.get("episode_id"), 80), []).append(one)
    return Told(
        {episode: some[:MAX_SAID] for episode, some in said.items()},
        _decisions(interview, names),
    )


def _decisions(
    interview: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, list[Decision]]:
    given: dict[str, list[Mapping[str, Any]]] = {}
    for decision in _listed(interview, "decisions"):
        if line(decision.get("decision"), 20) in words.DECISIONS:
            episode = line(decision.get("episode_id"), 80)
            given.setdefault(episode, []).append(decision)
    return {
        episode: [
            Decision(
                words=words.DECISIONS[line(one["decision"], 20)],
                reason=plain(one.get("reason"), 5000),
                by=line(one.get("by_name"), 80) or names.get(line(one.get("by")), ""),
                day=day_time(moment(one.get("at"))),
                stands=place == len(some),
            )
            for place, one in enumerate(some, start=1)
        ]
        for episode, some in given.items()
    }


def _listed(interview: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return a list of the interview in order of time; older services have none."""
    found = interview.get(key)
    listed = found if isinstance(found, list) else []
    some = [one for one in listed if isinstance(one, Mapping)]
    return sorted(some, key=lambda one: line(one.get("at"), 40))


# ------------------------------------------------------------------- flags


def flags(
    records: Sequence[Record],
    window: Window,
    said: Told,
    cells: Mapping[str, int],
    rates: Mapping[str, Rate],
) -> list[FlagView]:
    """Return every flag in order; `cells` are the places of cells by their id."""
    closed = _by_episode(records, "flag.closed")
    warned = _by_episode(records, "warning")
    found = [record for record in records if record["kind"] == "flag"]
    return [
        _flag(place, record, closed, warned, window, said, cells, rates)
        for place, record in enumerate(found, start=1)
    ]


def _by_episode(records: Iterable[Record], kind: str) -> dict[str, Record]:
    """Return the first record of a kind for each episode."""
    found: dict[str, Record] = {}
    for record in records:
        if record["kind"] == kind:
            found.setdefault(line(record["payload"].get("episode_id"), 80), record)
    return found


def _flag(
    place: int,
    record: Record,
    closed: Mapping[str, Record],
    warned: Mapping[str, Record],
    window: Window,
    said: Told,
    cells: Mapping[str, int],
    rates: Mapping[str, Rate],
) -> FlagView:
    payload = record["payload"]
    episode = line(payload.get("episode_id"), 80)
    end = closed[episode]["payload"] if episode in closed else {}
    rule = line(payload.get("rule"), 40)
    about = words.RULES.get(rule)
    started = moment(payload.get("started_at"))
    ended = moment(end.get("ended_at"))
    evidence = _mapping(payload.get("evidence")) | _mapping(end.get("evidence"))
    return FlagView(
        number=place,
        anchor=f"flag-{place}",
        episode=episode,
        rule=rule,
        title=line(payload.get("title")) or (about.title if about else rule),
        sensor=words.SOURCES.get(about.sensor, "") if about else "",
        start_s=started.timestamp() - window.start_s if started else window.at(record),
        end_s=ended.timestamp() - window.start_s if ended else None,
        flagged_s=window.at(record),
        warned_s=window.at(warned[episode]) if episode in warned else None,
        source=source_of(evidence),
        summary=in_words(evidence, cells),
        measured=about.measured if about else "",
        innocent=about.innocent if about else "",
        known_error=known_error(rates.get(current(rule))),
        evidence=evidence_rows(evidence, cells),
        said=list(said.said.get(episode, ())),
        decisions=list(said.decisions.get(episode, ())),
    )


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


# ------------------------------------------------- what did not become a flag


def episodes(
    records: Sequence[Record], window: Window, said: Told, cells: Mapping[str, int]
) -> list[EpisodeView]:
    """Return what was recorded and did not count, in order."""
    found = []
    for record in records:
        if record["kind"] != "episode":
            continue
        payload = record["payload"]
        rule = words.RULES.get(line(payload.get("rule"), 40))
        started = moment(payload.get("started_at"))
        ended = moment(payload.get("ended_at"))
        at = window.at(record)
        because = line(payload.get("because"), 40)
        found.append(
            EpisodeView(
                start_s=started.timestamp() - window.start_s if started else at,
                end_s=ended.timestamp() - window.start_s if ended else at,
                title=line(payload.get("title")) or (rule.title if rule else ""),
                because=BECAUSE.get(because, because),
                summary=in_words(_mapping(payload.get("evidence")), cells),
                said=_said_about(payload, said),
            )
        )
    return found


def told_views(records: Sequence[Record], window: Window, said: Told) -> list[ToldView]:
    """Return every nudge and warning in order, with the answers to those."""
    cleared: dict[str, list[float]] = {}
    for record in records:
        if record["kind"] == "warning.cleared":
            episode = line(record["payload"].get("episode_id"), 80)
            cleared.setdefault(episode, []).append(window.at(record))
    elsewhere = _placed(records)
    found = []
    for record in records:
        if record["kind"] not in ("warning", "nudge"):
            continue
        at = window.at(record)
        payload = record["payload"]
        quiet = record["kind"] == "nudge"
        episode = line(payload.get("episode_id"), 80)
        later = [] if quiet else cleared.get(episode, [])
        until = next((moment_s for moment_s in later if moment_s >= at), None)
        answers = [] if episode in elsewhere else _said_about(payload, said)
        elsewhere.add(episode)
        found.append(ToldView(at, until, quiet, plain(payload.get("text")), answers))
    return found


def the_rest(records: Sequence[Record], said: Told) -> list[Said]:
    """Return what the candidate said about the whole, or about what is not shown."""
    shown = _placed(records) | {
        line(record["payload"].get("episode_id"), 80)
        for record in records
        if record["kind"] in ("warning", "nudge")
    }
    return [
        one
        for episode, some in said.said.items()
        if episode not in shown
        for one in some
    ]


def _placed(records: Sequence[Record]) -> set[str]:
    """Return the episodes whose answers stand beside a flag or an episode."""
    return {
        line(record["payload"].get("episode_id"), 80)
        for record in records
        if record["kind"] in ("flag", "episode")
    }


def _said_about(payload: Mapping[str, Any], said: Told) -> list[Said]:
    return list(said.said.get(line(payload.get("episode_id"), 80), ()))
