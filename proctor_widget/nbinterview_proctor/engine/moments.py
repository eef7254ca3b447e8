"""Findings that are moments: a paste, text from nowhere, what a run attempts.

They begin and end at once; how large they are decides whether they count.
"""

from __future__ import annotations

from dataclasses import replace

from nbinterview_proctor.engine.episode import Reading
from nbinterview_proctor.engine.outcome import FactLike
from nbinterview_proctor.engine.page import Claim
from nbinterview_proctor.engine.state import Payload, State, Step, changed


def pasted(state: State, event: Payload) -> Step:
    """Fold a `clipboard` event: text from outside counts, whatever its words."""
    external = event["action"] == "paste" and event.get("origin") == "external"
    if not external:
        return state, []
    chars = event["chars"]
    return _moment(state, "external_paste", "chars", chars, {"chars": chars})


def document(state: State, fact: FactLike, at_s: float) -> Step:
    """Fold an update of the document; only the candidate's are typing."""
    edit = fact.payload.get("edit")
    if not edit or fact.author not in state.candidates:
        return state, []
    context = state.context.edited(edit, at_s)
    return replace(state, context=context, text=state.text.edited(edit, at_s)), []


def unexplained(state: State, said: Claim) -> Step:
    """Compare what came into the document with what the page says of typing."""
    if not state.text.inserted:
        return state, []
    track = state.tracks.get("unexplained_text")
    if track is None or said.hidden is None or not state.active("notebook"):
        return replace(state, text=state.text.counted()), []
    window_s = track.rule.enter["window_s"]
    text = state.text.recent(state.now_s, window_s)
    if text is not state.text:
        state = replace(state, text=text)
    chars = text.unexplained(min(state.now_s, said.said_s), window_s)
    if chars == 0 or chars < track.rule.enter["chars"]:
        return state, []
    state = replace(state, text=text.counted())
    return _moment(state, "unexplained_text", "chars", chars, {"chars": chars})


def kernel(state: State, fact: FactLike, _at_s: float) -> Step:
    """Fold what the kernel saw a run try; an interviewer's runs are nobody's."""
    if fact.payload.get("state") != "attempt":
        return state, []
    run = fact.payload.get("execution_id")
    if run is not None and not state.context.is_own(str(run)):
        return state, []
    count = fact.payload.get("count", 1)
    name = f"{fact.payload.get('detail')}_attempt"
    return _moment(state, name, "attempts", count, {"attempts": count})


def _moment(
    state: State, name: str, threshold: str, amount: float, note: Payload
) -> Step:
    """Fold something that happened at one moment."""
    track = state.tracks.get(name)
    if track is None or not state.active(track.rule.sensor):
        return state, []
    if amount < track.rule.enter[threshold]:
        return state, []
    reading = Reading(state.now_s, value=True, level=amount, note=note)
    track, found = track.read(state.in_context(track.rule, reading), state.room_s)
    track, more = track.read(Reading(state.now_s, value=False), state.room_s)
    return changed(state, [track]), [*found, *more]
