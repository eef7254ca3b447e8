"""The engine: a pure fold over facts, which are journal records.

`step(state, fact)` returns the next state and what is to be recorded and told. The
clock is the records' own; the same records and policy give the same outcomes, in
the live room and in an appeal.

What arrives late by more than a second is recorded but not judged: time only moves
forward, and a candidate who was offline could not have been warned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nbinterview_proctor import geometry
from nbinterview_proctor.engine import camera, moments, sensors
from nbinterview_proctor.engine.context import Text
from nbinterview_proctor.engine.episode import Reading
from nbinterview_proctor.engine.episodes import Track
from nbinterview_proctor.engine.order import PAGE_KINDS, Clock, arrive, boot
from nbinterview_proctor.engine.outcome import FactLike, Outcome
from nbinterview_proctor.engine.page import SPOKE_S, Claim, Page, last_heard_s
from nbinterview_proctor.engine.signals import FRAME_RULES, MOMENT_RULES, of_page
from nbinterview_proctor.engine.state import (
    State,
    Step,
    close,
    initial,
)
from nbinterview_proctor.policy import SOURCES

__all__ = ["OWN_KINDS", "State", "initial", "step"]

#: What the engine itself says; in a journal these records follow from the others.
OWN_KINDS = frozenset(
    {
        "nudge",
        "warning",
        "warning.cleared",
        "flag",
        "flag.closed",
        "episode",
        "sensor",
        "calibration",
    }
)
#: Camera states under which frames are judged; None is a page that did not say.
LIVE = frozenset({"on", None})


def step(state: State, fact: FactLike) -> Step:
    """Fold one journal record.

    The engine's own records change nothing, so that a journal can be folded with
    them or without. Kinds that say nothing about the candidate only move the clock.
    """
    if fact.kind in OWN_KINDS:
        return state, []
    clocks, ready = arrive(state.clocks, fact)
    room_s = max(state.room_s, fact.at_s)
    state = replace(state, clocks=clocks, room_s=room_s)
    found: list[Outcome] = []
    for one in ready:
        state, more = _folded(state, one)
        found += more
    return state, found


def _folded(state: State, fact: FactLike) -> Step:
    """Fold one fact in its place."""
    kind, confirmed = fact.kind, fact.kind in PAGE_KINDS
    at_s, late = fact.at_s, False
    if confirmed:
        if _repeated(state, fact):
            return state, []
        state, at_s, late = _heard(state, fact)
    elif at_s > state.now_s:
        state = replace(state, now_s=at_s)
    state, found = _pass_time(state, confirmed=confirmed)
    handler = _HANDLERS.get(kind)
    if handler is not None:
        if not (late and kind == "observations"):
            state, more = handler(state, fact, at_s)
            found += more
        state, more = _pass_time(state, confirmed=confirmed)
        found += more
    if kind == "observations" and state.active("camera"):
        state, more = camera.stopped(state)
        found += more
    state, more = sensors.tell(state)
    return state, [*found, *more]


# ------------------------------------------------------------ time passes


def _pass_time(state: State, *, confirmed: bool) -> Step:
    """Bring the rules up to now under what the pages said.

    What a page said goes on only when the page is heard of again (`confirmed`),
    so silence is never counted as a finding.
    """
    if state.watching_since_s is None:
        return state, []
    said = state.claim()
    found: list[Outcome] = []
    tracks = state.tracks
    for name, old in state.tracks.items():
        if not state.active(old.rule.sensor):
            continue
        track, more = _passed(state, old, said, confirmed=confirmed)
        found += more
        if track is not old:
            tracks = {**tracks, name: track}
    if tracks is not state.tracks:
        state = replace(state, tracks=tracks)
    state, more = moments.unexplained(state, said)
    return state, [*found, *more]


def _passed(
    state: State, track: Track, said: Claim, *, confirmed: bool
) -> tuple[Track, list[Outcome]]:
    """Bring one rule up to now."""
    name = track.rule.rule
    if name in FRAME_RULES:
        if said.hidden is not False or said.camera not in LIVE:
            return track.lapse(state.last_frame_s, state.now_s)
        return track, []
    if name in MOMENT_RULES:
        if track.idle(value=False):
            return track, []
        return track.read(Reading(state.now_s, value=False), state.room_s)
    if said.hidden is None:
        return track.lapse(last_heard_s(state.pages), state.now_s)
    if not confirmed:
        return track, []
    reading = of_page(track.rule, said, state.page_s)
    if track.idle(reading.value):
        return track, []
    return track.read(state.in_context(track.rule, reading), state.room_s)


# ------------------------------------------------------------ what pages say


def _observations(state: State, fact: FactLike, at_s: float) -> Step:
    rate_hz = fact.payload.get("rate_hz")
    if rate_hz is not None and rate_hz != state.rate_hz:
        state = replace(state, rate_hz=rate_hz)
    return camera.frames(state, fact, at_s)


def _event(state: State, fact: FactLike, at_s: float) -> Step:
    event = fact.payload.get("event", {})
    match event.get("name"):
        case "consent":
            return _consent(state, event["sensor"], granted=event["granted"])
        case "watch":
            return _watch(state, at_s, started=event["state"] == "started")
        case "calibration":
            return camera.look(state, event, at_s)
        case "clipboard":
            context = state.context.told(event, state.context.typed_s)
            return moments.pasted(replace(state, context=context), event)
        case "typing":
            context = state.context.told(event, at_s)
            text = state.text.told(event, state.now_s)
            return replace(state, context=context, text=text), []
    page = state.pages[boot(fact)].told(event, at_s)
    return replace(state, pages={**state.pages, boot(fact): page}), []


def _consent(state: State, sensor: str, *, granted: bool) -> Step:
    if sensor not in state.policy.sensors:
        return state, []
    if sensor == "camera" and granted and not state.consent.get(sensor, False):
        # What became of an earlier camera says nothing of the one that now opens.
        pages = {
            boot_id: replace(page, camera=None, camera_worked=False)
            for boot_id, page in state.pages.items()
        }
        state = replace(state, pages=pages)
    state = replace(state, consent={**state.consent, sensor: granted})
    return (state, []) if granted else close(state, "consent withdrawn", (sensor,))


def _watch(state: State, at_s: float, *, started: bool) -> Step:
    if not started:
        state, found = close(state, "watching stopped", SOURCES)
        fresh = geometry.initial(state.policy)
        return replace(state, watching_since_s=None, geometry=fresh), found
    if state.watching_since_s is not None:
        return state, []
    text = Text(heard=state.text.heard)
    return replace(state, watching_since_s=at_s, text=text), []


# ------------------------------------------------------------ what the room says


def _run(state: State, fact: FactLike, at_s: float) -> Step:
    asked = fact.kind == "execution.requested"
    if asked and fact.author not in state.candidates:
        return state, []
    context = state.context.ran(fact.kind, fact.payload, at_s)
    return replace(state, context=context), []


def _person(state: State, fact: FactLike, _at_s: float) -> Step:
    if fact.payload.get("role") != "candidate":
        return state, []
    return replace(state, candidates=state.candidates | {fact.author}), []


def _watching(state: State, fact: FactLike, at_s: float) -> Step:
    allows = frozenset(fact.payload.get("allows", ()))
    paused = bool(fact.payload.get("paused", False))
    state = replace(state, allows=allows)
    if paused and not state.paused:
        state, found = close(state, "paused", SOURCES)
        return replace(state, paused=True), found
    if state.paused and not paused:
        text = Text(heard=state.text.heard)
        return replace(state, paused=False, resumed_s=at_s, text=text), []
    return state, []


def _gap(state: State, fact: FactLike, at_s: float) -> Step:
    """Take a gap in; what a page says while it proves nothing is judged all the same.

    Else whoever keeps the proof back would end what is open.
    """
    if fact.payload.get("state") != "began":
        return state, []
    proof = fact.payload.get("what") == "watching"
    if proof and at_s - last_heard_s(state.pages) < SPOKE_S:
        return state, []
    return _silence(state)


def _lease(state: State, fact: FactLike, _at_s: float) -> Step:
    if fact.payload.get("state") != "taken":
        return state, []
    return replace(state, lease=str(fact.payload.get("boot_id", ""))), []


def _room(state: State, _fact: FactLike, _at_s: float) -> Step:
    state = replace(state, context=replace(state.context, running=frozenset()))
    return _silence(state)


def _silence(state: State) -> Step:
    """Nobody was heard: what was open ends as last seen, and nothing is known."""
    never = float("-inf")
    pages = {boot: replace(page, heard_s=never) for boot, page in state.pages.items()}
    text = Text(heard=state.text.heard)
    return close(replace(state, pages=pages, text=text), "silence", SOURCES)


def _interview(state: State, fact: FactLike, _at_s: float) -> Step:
    if fact.payload.get("state") != "ended":
        return replace(state, ended=False), []
    state, found = close(state, "interview ended", SOURCES)
    return replace(state, ended=True), found


# ------------------------------------------------------------ helpers


def _repeated(state: State, fact: FactLike) -> bool:
    """Whether this message of this page was folded before."""
    seq = fact.payload.get("client_seq")
    return seq is not None and seq <= state.newest.get(f"{boot(fact)}/{fact.kind}", 0)


def _heard(state: State, fact: FactLike) -> tuple[State, float, bool]:
    """Note that a page was heard of, and its message's number; date the message."""
    boot_id, kind = boot(fact), fact.kind
    clock, at_s, late = state.clocks[boot_id].dated(fact)
    now_s, page_s = max(state.now_s, at_s), max(state.page_s, at_s)
    page = state.pages.get(boot_id, Page(now_s))
    gone = page.gone and kind != "observations"  # a page that measures is back
    said_s = clock.page_s(fact)
    page = replace(page, heard_s=now_s, said_s=said_s, gone=gone)
    seq = fact.payload.get("client_seq", 0)
    state = replace(
        state,
        now_s=now_s,
        page_s=page_s,
        clocks=_put(state.clocks, boot_id, clock),
        pages={**state.pages, boot_id: page},
        newest={**state.newest, f"{boot_id}/{kind}": seq},
        candidates=state.candidates | {fact.author},
    )
    return state, at_s, late


def _put(
    clocks: Mapping[str, Clock], boot_id: str, clock: Clock
) -> Mapping[str, Clock]:
    return clocks if clocks[boot_id] is clock else {**clocks, boot_id: clock}


_HANDLERS: Mapping[str, Callable[[State, FactLike, float], Step]] = {
    "observations": _observations,
    "event": _event,
    "document": moments.document,
    "execution.requested": _run,
    "execution.finished": _run,
    "kernel": moments.kernel,
    "person.joined": _person,
    "watching": _watching,
    "gap": _gap,
    "lease": _lease,
    "room.started": _room,
    "room.stopped": _room,
    "interview.state": _interview,
}
