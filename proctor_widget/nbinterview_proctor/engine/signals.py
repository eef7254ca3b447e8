"""From what is known at one moment to one reading for each rule."""

from __future__ import annotations

from nbinterview_proctor.engine.episodes import Reading, Track
from nbinterview_proctor.engine.page import Claim
from nbinterview_proctor.geometry import Observation
from nbinterview_proctor.policy import Rule

#: Rules read from camera frames; all others from what the page says.
FRAME_RULES = frozenset(
    {"no_face", "multiple_faces", "looking_away", "camera_covered", "camera_frozen"}
)


def from_frame(track: Track, seen: Observation) -> Reading:
    """Return what one observation says about one of `FRAME_RULES`."""
    at_s, faces, rule = seen.at_s, seen.faces, track.rule
    match rule.rule:
        case "no_face":
            return Reading(at_s, None if faces is None else faces == 0)
        case "multiple_faces":
            if faces is None:
                return Reading(at_s, None)
            many = faces >= rule.enter["faces"]
            return Reading(at_s, many, level=faces, note={"faces": faces})
        case "looking_away":
            return _away(track, seen)
        case "camera_covered":
            return Reading(at_s, None if seen.frozen else seen.covered)
        case _:
            return Reading(at_s, None if seen.covered else seen.frozen)


def from_page(rule: Rule, now: Claim, at_s: float) -> Reading:
    """Return what the pages say about one rule that is not of the camera picture."""
    match rule.rule:
        case "tab_hidden":
            return Reading(at_s, now.hidden)
        case "window_left":
            return Reading(at_s, now.window_left)
        case "fullscreen_left":
            return Reading(at_s, now.fullscreen_left)
        case "camera_off":
            # A camera that could not be used from the start is not measurable.
            if now.camera is None or now.hidden or not now.camera_worked:
                return Reading(at_s, None)
            return Reading(at_s, now.camera != "on", note={"state": now.camera})
    return Reading(at_s, value=False)  # a paste is a moment, not a state


def _away(track: Track, seen: Observation) -> Reading:
    if seen.yaw_deg is None or seen.pitch_deg is None:
        return Reading(seen.at_s, None)
    already = track.signal.value is True
    limits = track.rule.leave if already else track.rule.enter
    pitch = "pitch_down_deg" if seen.pitch_deg > 0 else "pitch_up_deg"
    level = max(
        abs(seen.yaw_deg) / limits["yaw_deg"], abs(seen.pitch_deg) / limits[pitch]
    )
    strength = max(abs(seen.yaw_deg), abs(seen.pitch_deg))
    note = {"yaw_deg": _degrees(seen.yaw_deg), "pitch_deg": _degrees(seen.pitch_deg)}
    return Reading(seen.at_s, level > 1.0, level=strength, note=note)


def _degrees(angle: float) -> float:
    return round(angle, 1) + 0.0  # no minus zero
