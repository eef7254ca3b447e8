"""From what is known at one moment to one reading for each rule."""

from __future__ import annotations

from collections.abc import Mapping

from nbinterview_proctor.engine.context import Doing
from nbinterview_proctor.engine.episode import Note, Place, Reading
from nbinterview_proctor.engine.episodes import Track
from nbinterview_proctor.engine.page import Claim
from nbinterview_proctor.geometry import GAZE_ASIDE, Observation
from nbinterview_proctor.policy import Rule

#: Rules read from camera frames; all others from what page and notebook say.
FRAME_RULES = frozenset(
    {"nobody", "multiple_faces", "looking_away", "camera_covered", "camera_frozen"}
)
#: Rules that are moments, not states.
MOMENT_RULES = frozenset(
    {"external_paste", "unexplained_text", "network_attempt", "process_attempt"}
)

Limits = Mapping[str, float]


def of_frame(
    track: Track, seen: Observation, doing: Doing, *, calibrating: bool
) -> bool | None:
    """Return what one observation says about one of `FRAME_RULES`."""
    rule = track.rule
    match rule.rule:
        case "nobody":
            return None if seen.presence is None else seen.presence == "nobody"
        case "multiple_faces":
            if seen.faces is None:
                return None
            return seen.faces >= rule.enter["faces"]
        case "looking_away":
            return None if calibrating else _away(track, seen, doing)
        case "camera_covered":
            return None if seen.frozen else seen.covered
        case _:
            return None if seen.covered else seen.frozen


def place(rule: Rule, seen: Observation) -> Place | None:
    """Return where a look aside goes; None for other rules."""
    if rule.rule != "looking_away" or seen.yaw_deg is None or seen.pitch_deg is None:
        return None
    return seen.yaw_deg + _EYES_DEG * (seen.gaze or 0.0), seen.pitch_deg


def noted(rule: Rule, seen: Observation) -> tuple[float, Note]:
    """Return how strong a finding of this frame is, and its evidence."""
    if rule.rule == "multiple_faces" and seen.faces is not None:
        return float(seen.faces), {"faces": seen.faces}
    if rule.rule != "looking_away" or seen.yaw_deg is None or seen.pitch_deg is None:
        return 0.0, {}
    level = max(abs(seen.yaw_deg), abs(seen.pitch_deg))
    note: Note = {
        "yaw_deg": _rounded(seen.yaw_deg),
        "pitch_deg": _rounded(seen.pitch_deg),
    }
    return level, note


def of_page(rule: Rule, now: Claim, at_s: float) -> Reading:
    """Return what the pages say about one rule that is neither frame nor moment."""
    if now.suspended and rule.rule in _FOCUS:
        return Reading(at_s, None)
    match rule.rule:
        case "tab_hidden":
            return Reading(at_s, now.hidden)
        case "window_left":
            return Reading(at_s, now.window_left)
        case "fullscreen_left":
            return Reading(at_s, now.fullscreen_left)
        case "second_display":
            known = now.displays in ("yes", "no")
            return Reading(at_s, now.displays == "yes" if known else None)
        case "camera_off":
            # A camera that could not be used from the start is not measurable.
            if now.camera is None or now.hidden or not now.camera_worked:
                return Reading(at_s, None)
            return Reading(at_s, now.camera != "on", note={"state": now.camera})
    return Reading(at_s, value=False)


_FOCUS = frozenset({"tab_hidden", "window_left", "fullscreen_left"})


def _away(track: Track, seen: Observation, doing: Doing) -> bool | None:
    """Whether the head (or the eyes) is far aside, and that is no part of the work."""
    yaw_deg, pitch_deg = seen.yaw_deg, seen.pitch_deg
    if yaw_deg is None or pitch_deg is None:
        return None
    if seen.zone is not None and seen.zone != "aside":
        return False
    rule = track.rule
    limits = rule.leave if track.signal.value is True else rule.enter
    down, up = limits["pitch_down_deg"], limits["pitch_up_deg"]
    aside = abs(yaw_deg) > limits["yaw_deg"]
    if "typing" in rule.pardons and doing == "typing" and pitch_deg > 0 and not aside:
        return False
    thinking = doing in ("thinking", "running")
    if "thinking" in rule.pardons and thinking and pitch_deg < -_UP_SHARE * up:
        return False
    if seen.zone == "aside" and seen.gaze is not None and abs(seen.gaze) > GAZE_ASIDE:
        return True
    return aside or pitch_deg > down or -pitch_deg > up


#: Who thinks looks up and aside at once: from this share of the limit on it is up.
_UP_SHARE = 0.5
#: Degrees of eye rotation at a gaze of 1.
_EYES_DEG = 45.0


def _rounded(angle: float) -> float:
    return round(angle, 1) + 0.0  # no minus zero
