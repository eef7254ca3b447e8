"""Frames of the camera: which are judged, and what they say to each rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbinterview_proctor import calibration, geometry
from nbinterview_proctor.engine.episode import Reading
from nbinterview_proctor.engine.order import boot
from nbinterview_proctor.engine.outcome import FactLike, Outcome
from nbinterview_proctor.engine.signals import FRAME_RULES, noted, of_frame, place
from nbinterview_proctor.engine.state import Looking, State, Step, changed

#: Frames further apart than this are few; three of them would take too long.
SLOW_S = 0.3


def frames(state: State, fact: FactLike, at_s: float) -> Step:
    """Fold the frames of one message, said by the page at `at_s`."""
    found: list[Outcome] = []
    measured = fact.payload.get("frames", ())
    if len(measured) > 1:
        measured = sorted(measured, key=lambda frame: frame["at_ms"])
    said_ms = fact.monotonic_ms
    if measured and said_ms is None:
        said_ms = measured[-1]["at_ms"]
    page = boot(fact)
    for frame in measured:
        frame_s = at_s - max(0.0, said_ms - frame["at_ms"]) / 1000
        if _judged(state, page, frame_s):
            state, more = _frame(state, frame, frame_s)
            found += more
        elif state.looking is not None and state.consent.get("camera", False):
            state = _only_looked_at(state, frame, frame_s)
    return state, found


def stopped(state: State) -> Step:
    """Where a page has sent what it had and no frame is recent, nothing is known."""
    if not _far_apart(state, state.now_s):
        return state, []
    lapsed = [
        track.lapse(state.last_frame_s, state.now_s)
        for name, track in state.tracks.items()
        if name in FRAME_RULES
    ]
    found = [outcome for _, outcomes in lapsed for outcome in outcomes]
    return changed(state, (track for track, _ in lapsed)), found


def look(state: State, event: Mapping[str, Any], at_s: float) -> Step:
    """Fold one step of a guided calibration."""
    rehearsal = bool(event.get("rehearsal", False))
    match event["state"]:
        case "began":
            begun = geometry.begun(state.geometry)
            return replace(state, looking=Looking(rehearsal), geometry=begun), []
        case "target":
            if state.looking is None:
                return state, []
            before = state.looking
            looking = replace(
                before,
                target=event.get("target"),
                since_s=at_s,
                earlier=before.target,
                earlier_s=before.since_s,
            )
            return replace(state, looking=looking), []
        case "left_out":
            if state.looking is None or event.get("target") != "other_screen":
                return state, []
            looking = replace(state.looking, no_other_screen=True)
            return replace(state, looking=looking), []
        case "finished" if state.looking is not None:
            rehearsal = rehearsal or state.looking.rehearsal
            if not rehearsal:
                said = state.looking.no_other_screen
                state = replace(state, no_other_screen=said)
            seen_by, known = geometry.finished(state.geometry, keep=not rehearsal)
            word: Any = "taken" if known else "failed"
        case _:
            seen_by, known, word = replace(state.geometry, places=None), None, "skipped"
    told = calibration.payload(known, word, rehearsal=rehearsal)
    state = replace(state, looking=None, geometry=seen_by)
    return state, [Outcome("calibration", told)]


def _judged(state: State, boot_id: str, frame_s: float) -> bool:
    """Whether a frame of this time may be judged: in order, watched, in view."""
    started_s = state.watching_since_s
    if started_s is None or not state.active("camera"):
        return False
    page = state.pages[boot_id]
    settled_s = page.visible_since_s + state.policy.measuring.settle_s
    return (
        frame_s > state.last_frame_s + geometry.SLACK_S
        and frame_s > max(started_s, settled_s, state.resumed_s) - geometry.SLACK_S
        and not page.hidden
    )


def _far_apart(state: State, frame_s: float) -> bool:
    """Whether nothing is known of the time between the last frame and `frame_s`."""
    limit_s = state.policy.measuring.max_frame_gap_s + geometry.SLACK_S
    return frame_s - state.last_frame_s > limit_s


def _needed(state: State, frame_s: float) -> int:
    """Return how many frames make a change: fewer where they are far apart."""
    frames = state.policy.measuring.debounce_frames
    slow = frame_s - state.last_frame_s > SLOW_S
    return min(frames, 2) if slow and state.policy.format > 1 else frames


def _knows_places(state: State) -> bool:
    """Whether looks to one place can be told from looks at another screen.

    Where neither the browser nor the candidate says that there is none, there may be
    one; where the browser says that there is one, the candidate's "none" is a mistake.
    """
    known = state.geometry.calibration
    if known is not None and "other_screen_yaw" in known.zones:
        return True
    told = [page.displays for page in state.pages.values() if not page.gone]
    if not told or "yes" in told:
        return False
    return state.no_other_screen or all(displays == "no" for displays in told)


def _only_looked_at(state: State, frame: Mapping[str, Any], frame_s: float) -> State:
    """A frame of a calibration before the start: no rule reads it."""
    target = state.looking.at(frame_s) if state.looking else None
    if target is None:
        return state
    seen_by, _ = geometry.observe(state.geometry, frame, frame_s, target)
    return replace(state, geometry=seen_by)


def _frame(state: State, frame: Mapping[str, Any], frame_s: float) -> Step:
    """Judge one frame of the camera."""
    limits = state.policy.measuring
    doing = state.context.doing(frame_s, limits)
    target = state.looking.at(frame_s) if state.looking else None
    before = state.geometry.calibration
    seen_by, seen = geometry.observe(
        state.geometry, frame, frame_s, target, typing=doing == "typing"
    )
    found: list[Outcome] = []
    tracks = state.tracks
    gap = _far_apart(state, frame_s)
    needed = _needed(state, frame_s)
    for name, old in state.tracks.items():
        if name not in FRAME_RULES:
            continue
        track = old
        if gap:
            track, more = track.lapse(state.last_frame_s, frame_s)
            found += more
        value = of_frame(track, seen, doing, calibrating=state.looking is not None)
        goes_on = name == "looking_away" and seen.turned
        if not goes_on and not track.idle(value):
            level, note = noted(track.rule, seen) if value else (0.0, {})
            reading = Reading(
                frame_s,
                value,
                level,
                note,
                doing,
                state.context.cell_id,
                state.allowed(track.rule),
                place(track.rule, seen) if value else None,
                adds_up=name != "looking_away" or _knows_places(state),
                needed=needed,
            )
            track, more = track.read(reading, state.room_s)
            found += more
        if track is not old:
            tracks = {**tracks, name: track}
    if seen_by.calibration is not before and seen_by.calibration is not None:
        told = calibration.payload(seen_by.calibration, "taken", rehearsal=False)
        found.append(Outcome("calibration", told))
    reason = state.reason.read(seen.reason, frame_s, 3 * limits.debounce_frames)
    state = replace(
        state, geometry=seen_by, tracks=tracks, last_frame_s=frame_s, reason=reason
    )
    return state, found
