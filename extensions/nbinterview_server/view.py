"""What a page is told: a pure fold over the journal's records.

Everything here follows from records that are on disk, so a page never sees
what the record does not hold, and a restarted room tells the same story.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbinterview.ledger.records import Record
from nbinterview.schemas.live_types import InterviewState, Role
from nbinterview_server.config import Person, RoomConfig

Message = Mapping[str, Any]
Audience = frozenset[Role]

ALL: Audience = frozenset({"candidate", "interviewer", "reviewer"})
CANDIDATE: Audience = frozenset({"candidate"})
MAX_GAPS = 500
"""The newest ones that a page is told of when it comes; all are on the record."""
PANEL: Audience = frozenset({"interviewer", "reviewer"})

_KERNEL_STATES = {
    "started": "idle",
    "restarted": "idle",
    "interrupted": "idle",
    "died": "died",
    "refused": "refused",
    "restored": "idle",
}


@dataclass
class View:
    """The present state of one interview, as its pages know it."""

    state: InterviewState
    people: Mapping[str, Person]
    consent: dict[str, bool] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)
    """Hub name by open connection."""
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: dict[str, dict[str, Any]] = field(default_factory=dict)
    nudges: dict[str, dict[str, Any]] = field(default_factory=dict)
    episodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    calibration: dict[str, Any] | None = None
    """The one that counts; None before there was one."""
    sensors: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: dict[str, dict[str, Any]] = field(default_factory=dict)
    """`Gap` of live.schema.yaml by its id."""
    begun: bool = False
    """The candidate pressed Start, and not for a rehearsal."""
    started: bool = False
    """The candidate pressed Start, and did not end the watching since."""
    watching: dict[str, Any] = field(
        default_factory=lambda: {"paused": False, "paused_by": None, "allows": []}
    )
    watching_said: bool = False
    """Whether `watching` is on record."""
    silent: bool = False
    """A `gap` of before format 2, which had no causes, is open."""
    runs: int = 0
    """Executions asked for and not finished."""
    kernel: Message | None = None
    """The last `kernel` message; None before there was one in this room."""
    check: Message | None = None
    """The last `check` message: of one that runs, or that came to its end."""

    def step(self, record: Record) -> list[tuple[Audience, Message]]:
        """Take one record in; return what to tell whom."""
        if record.payload is None:  # erased: nothing is known of it any more
            return []
        handle = _STEPS.get(record.kind)
        return handle(self, record) if handle else []

    def present(self, hub_name: str) -> bool:
        """Whether this person has a page open."""
        return hub_name in self.connections.values()

    def knows_episode(self, episode_id: str) -> bool:
        """Whether the candidate was told of this episode, in whichever way."""
        told = (self.nudges, self.warnings, self.flags, self.episodes)
        return any(episode_id in each for each in told)

    def people_wire(self) -> list[dict[str, Any]]:
        """Return every person of the interview, with who is here."""
        return [
            {
                "hub_name": one.hub_name,
                "display_name": one.display_name,
                "initials": one.initials,
                "color": one.color,
                "role": one.role,
                "present": self.present(one.hub_name),
            }
            for one in self.people.values()
        ]

    def people_message(self) -> tuple[Audience, Message]:
        """Return the message that says who is here."""
        return ALL, {"type": "people", "people": self.people_wire()}


def welcome(
    view: View,
    config: RoomConfig,
    person: Person,
    policy: Message,
    proof: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the first message to a page.

    `policy` is a `PolicySummary`, `proof` what it is told of beats and lease.
    """
    candidate = person.role == "candidate"
    return {
        "type": "welcome",
        "role": person.role,
        "hub_name": person.hub_name,
        "title": config.title,
        "state": view.state,
        "policy": policy,
        "consent": dict(view.consent),
        "acknowledged": dict(view.acknowledged) if candidate else {},
        "people": view.people_wire(),
        "flags": list(view.flags.values()),
        "nudges": list(view.nudges.values()) if candidate else [],
        "episodes": list(view.episodes.values()),
        "comments": list(view.comments),
        "calibration": view.calibration,
        "watching": dict(view.watching),
        "warnings": list(view.warnings.values()),
        "sensors": list(view.sensors.values()),
        "kernel": view.kernel,
        "gaps": [] if candidate else list(view.gaps.values())[-MAX_GAPS:],
        **(proof or {}),
    }


# ------------------------------------------------------------- one step each

Told = list[tuple[Audience, Message]]


def _started(view: View, _record: Record) -> Told:
    view.connections.clear()
    view.runs = 0
    view.kernel = None
    return []


def _state(view: View, record: Record) -> Told:
    view.state = record.facts["state"]
    view.begun = view.begun or (view.started and view.state == "open")
    return [(ALL, {"type": "state", "state": view.state})]


def _joined(view: View, record: Record) -> Told:
    view.connections[record.facts["connection"]] = record.author
    return [view.people_message()]


def _left(view: View, record: Record) -> Told:
    view.connections.pop(record.facts["connection"], None)
    return [view.people_message()]


def _client(view: View, record: Record) -> Told:
    payload = record.facts
    boot, number = payload["boot_id"], payload["client_seq"]
    view.acknowledged[boot] = max(number, view.acknowledged.get(boot, 0))
    event = payload.get("event", {})
    if event.get("name") == "consent":
        view.consent[event["sensor"]] = event["granted"]
    if event.get("name") == "watch":
        view.started = event["state"] == "started"
        view.begun = view.begun or (view.started and view.state == "open")
    return _comment(view, event, record) if event.get("name") == "comment" else []


def _comment(view: View, event: Message, record: Record) -> Told:
    comment = {
        "episode_id": event.get("episode_id"),
        "text": event["text"],
        "at": record.time,
    }
    view.comments.append(comment)
    return [(ALL, {"type": "comment", "comment": comment})]


def _watching(view: View, record: Record) -> Told:
    paused = record.facts["paused"]
    before = view.watching["paused_by"] or record.author
    view.watching = {
        "paused": paused,
        "paused_by": before if paused else None,
        "allows": list(record.facts["allows"]),
    }
    view.watching_said = True
    return [(ALL, {"type": "watching", "watching": view.watching})]


def _calibration(view: View, record: Record) -> Told:
    if "quality" not in record.facts:  # before version 2 it was taken in passing
        taken = {"state": "taken", "quality": "rough", "detail": ""}
        calibration = {**taken, **record.facts}
    else:
        calibration = dict(record.facts)
    if not calibration.get("rehearsal", False):
        view.calibration = calibration
    return [(ALL, {"type": "calibration", "calibration": calibration})]


def _gap(view: View, record: Record) -> Told:
    payload = record.facts
    if payload["what"] != "watching":
        view.silent = payload["state"] == "began"
        return []
    gap = {key: value for key, value in payload.items() if key != "what"}
    view.gaps[gap["gap_id"]] = gap
    return [(PANEL, {"type": "gap", "gap": gap})]


def _lease(view: View, record: Record) -> Told:
    payload, people = record.facts, view.people
    # A page that went is on record here before its person.left is.
    gone = payload["connection"] if payload["state"] == "released" else None
    here = (who for one, who in view.connections.items() if one != gone)
    pages = [people[who].role for who in here if who in people].count("candidate")
    lease = {"active": pages > 0, "pages": pages, "state": payload["state"]}
    return [(PANEL, {"type": "lease", **lease, "at": record.time})]


def _sensor(view: View, record: Record) -> Told:
    sensor = dict(record.facts)
    view.sensors[sensor["sensor"]] = sensor
    return [(ALL, {"type": "sensor", "sensor": sensor})]


def _nudge(view: View, record: Record) -> Told:
    nudge = {**record.facts, "at": record.time}
    view.nudges[nudge["episode_id"]] = nudge
    return [(CANDIDATE, {"type": "nudge", "nudge": nudge})]


def _episode(view: View, record: Record) -> Told:
    episode = dict(record.facts)
    view.episodes[episode["episode_id"]] = episode
    return [(ALL, {"type": "episode", "episode": episode})]


def _warning(view: View, record: Record) -> Told:
    warning = {**record.facts, "at": record.time}
    view.warnings[warning["episode_id"]] = warning
    return [(ALL, {"type": "warning", "warning": warning})]


def _warning_cleared(_view: View, record: Record) -> Told:
    episode = record.facts["episode_id"]
    return [(ALL, {"type": "warning_cleared", "episode_id": episode})]


def _flag(view: View, record: Record) -> Told:
    flag = {**record.facts, "flagged_at": record.time, "ended_at": None}
    view.flags[flag["episode_id"]] = flag
    return [(ALL, {"type": "flag", "flag": flag})]


def _flag_closed(view: View, record: Record) -> Told:
    payload = record.facts
    flag = view.flags.get(payload["episode_id"])
    if flag is None:
        return []
    closed = {
        **flag,
        "ended_at": payload["ended_at"],
        "evidence": payload["evidence"],
    }
    view.flags[payload["episode_id"]] = closed
    return [(ALL, {"type": "flag", "flag": closed})]


def _tell_kernel(view: View, state: str, detail: str = "") -> Told:
    view.kernel = {"type": "kernel", "state": state, "detail": detail}
    return [(ALL, view.kernel)]


def _kernel(view: View, record: Record) -> Told:
    if record.facts["state"] == "attempt":
        return []
    state = _KERNEL_STATES.get(record.facts["state"])
    if state is None:
        view.kernel = None
        return []
    if state == "idle" and view.runs:
        state = "busy"
    return _tell_kernel(view, state, record.facts["detail"])


def kernel_coming(view: View, detail: str) -> Told:
    """Return what to tell while a kernel is being made ready; it is on no record."""
    return _tell_kernel(view, "starting", detail)


def _check(view: View, record: Record) -> Told:
    if record.facts["state"] == "asked":
        return []
    view.check = {"type": "check", "check": dict(record.facts)}
    return [(PANEL, view.check)]


def _requested(view: View, _record: Record) -> Told:
    view.runs += 1
    return _tell_kernel(view, "busy")


def _finished(view: View, _record: Record) -> Told:
    view.runs = max(0, view.runs - 1)
    return [] if view.runs else _tell_kernel(view, "idle")


_STEPS: Mapping[str, Callable[[View, Record], Told]] = {
    "room.started": _started,
    "interview.state": _state,
    "person.joined": _joined,
    "person.left": _left,
    "event": _client,
    "observations": _client,
    "gap": _gap,
    "lease": _lease,
    "sensor": _sensor,
    "calibration": _calibration,
    "watching": _watching,
    "nudge": _nudge,
    "episode": _episode,
    "warning": _warning,
    "warning.cleared": _warning_cleared,
    "flag": _flag,
    "flag.closed": _flag_closed,
    "kernel": _kernel,
    "check": _check,
    "execution.requested": _requested,
    "execution.finished": _finished,
}
