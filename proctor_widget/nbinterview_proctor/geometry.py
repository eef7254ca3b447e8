"""From one frame's numbers to one observation of the candidate.

A pure fold: `observe(state, frame, at_s)` returns the next state and what the
frame says. Its memory is the candidate's own head position, the last second
opinions, and how long the picture has been still or empty. The live room and the
evaluation of video files use this same code.

Signs: yaw + is the nose to the right of the picture, pitch + is the nose down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview_proctor import calibration, presence
from nbinterview_proctor.calibration import Calibration, Sample, Zone
from nbinterview_proctor.policy import Policy
from nbinterview_proctor.presence import SLACK_S, Picture, Presence

__all__ = [
    "GAZE_ASIDE",
    "GAZE_TRAVEL",
    "SLACK_S",
    "Observation",
    "Pose",
    "State",
    "begun",
    "finished",
    "initial",
    "observe",
    "pose",
]

#: A head turned further hides the far eye by itself; eyes are read only before it.
EYES_YAW_DEG = 15.0
#: Iris travel (share of the eye's width) that counts as 1 of `Observation.gaze`:
#: about 45 degrees of eye rotation (shared facts, facemesh.md 3).
GAZE_TRAVEL = 0.25
#: Beyond this, some 25 degrees, eyes alone point far aside while the head faces the
#: screen; only where the calibration is good.
GAZE_ASIDE = 0.6
#: What the model gives for a head held level before a level camera: 11.6 degrees down
#: (shared facts, facemesh.md, of the one face that was rendered).
LEVEL_PITCH_DEG = 11.6
#: A head that turned aside until its face was lost is still turned, for so long.
TURNED_S = 10.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Head position in degrees, as the camera sees it."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame says. None means: cannot be said, which is never a finding."""

    at_s: float
    faces: int | None
    """Without phantoms."""
    presence: Presence | None
    """`somebody` is there whose face cannot be read."""
    yaw_deg: float | None
    """Away from the centre."""
    pitch_deg: float | None
    roll_deg: float | None
    gaze: float | None
    """Eyes from the centre, -1 to 1, + to the right of the picture; near it only."""
    zone: Zone | None
    turned: bool
    """Whether the face was lost while turned aside, with somebody still there. Nothing
    is read from such a frame: it only does not end what was read before it."""
    covered: bool
    frozen: bool
    measurable: bool
    reason: str
    """Why not measurable, one of `words.REASONS`; empty when measurable."""


@dataclass(frozen=True, slots=True)
class State:
    """The memory of the fold."""

    policy: Policy
    picture: Picture = field(default_factory=Picture)
    calibration: Calibration | None = None
    drift_deg: tuple[float, float] = (0.0, 0.0)
    """How far the centre (yaw, pitch) followed the candidate since."""
    zone: Zone | None = None
    aside_s: float = float("-inf")
    """When the head was last aside, and has not been read elsewhere since."""
    seen_s: float = float("-inf")
    """When the head was last on the screen while typing."""
    recent: tuple[tuple[float, Sample], ...] = ()
    """(at_s, sample) of the single face so far, for a rough centre."""
    places: Mapping[str, tuple[Sample, ...]] | None = field(default=None)
    """Samples by target of the guided calibration that goes on; None without one."""


def initial(policy: Policy) -> State:
    """Return the state before the first frame."""
    return State(policy)


def pose(matrix: Any) -> Pose | None:
    """Return the head position of a column-major 4x4 matrix, or None if it is none."""
    try:
        m = [float(number) for number in matrix]
    except (TypeError, ValueError):
        return None
    if len(m) != 16 or not all(map(math.isfinite, m)):
        return None
    side = math.hypot(m[0], m[1], m[2])
    up = math.hypot(m[4], m[5], m[6])
    forward = math.hypot(m[8], m[9], m[10])
    if min(side, up, forward) < 1e-6:
        return None
    return Pose(
        yaw_deg=math.degrees(math.atan2(m[8], m[10])),
        pitch_deg=math.degrees(math.asin(max(-1.0, min(1.0, -m[9] / forward)))),
        roll_deg=math.degrees(math.atan2(m[1] / side, m[5] / up)),
    )


def observe(
    state: State,
    frame: Mapping[str, Any],
    at_s: float,
    target: str | None = None,
    *,
    typing: bool = False,
) -> tuple[State, Observation]:
    """Return what `frame` (`Frame` of live.schema.yaml) says at `at_s`.

    `target` is the place that a guided calibration shows then; `typing` whether the
    candidate writes, which is when the centre may follow slowly.
    """
    picture = presence.follow(state.policy, state.picture, frame, at_s)
    still_s = 0.0 if picture.still_since_s is None else at_s - picture.still_since_s
    frozen = not picture.covered and still_s >= state.policy.measuring.still_s - SLACK_S
    faces, who, reason = presence.who(state.policy, picture, frame, at_s, frozen=frozen)
    head: Pose | None = None
    if faces == 1:
        reason = _why_no_head(state.policy, frame)
        head = None if reason else pose(frame["pose"])
        if head is not None:
            reason = _why_no_direction(state, frame, head)
    read = head if not reason else None
    state = replace(state, picture=picture)
    if read is not None:
        state = _learn(state, Sample(read.yaw_deg, read.pitch_deg, _iris(frame)), at_s)
        state = _at_place(state, target, read, frame)
    elif faces == 1 and not reason:
        reason = "face_hidden"
    away = _away(state, read)
    gaze = _gaze(state, frame, away) if away else None
    zone = _zone(state, away, gaze)
    state = _follow(state, away, zone, at_s, typing=typing)
    turned = who == "somebody" and at_s - state.aside_s <= TURNED_S
    return state, Observation(
        at_s=at_s,
        faces=faces,
        presence=who,
        yaw_deg=away[0] if away else None,
        pitch_deg=away[1] if away else None,
        roll_deg=read.roll_deg if read else None,
        gaze=gaze,
        zone=zone,
        turned=turned,
        covered=picture.covered,
        frozen=frozen,
        measurable=not reason,
        reason=reason,
    )


# ------------------------------------------------------------ guided calibration


def begun(state: State) -> State:
    """Return the state in which a guided calibration collects its places."""
    return replace(state, places={})


def finished(state: State, *, keep: bool = True) -> tuple[State, Calibration | None]:
    """End a guided calibration; what it gave is used only when it is to be kept."""
    found = calibration.collect(state.places or {}, state.policy.calibrating)
    state = replace(state, places=None)
    if found is None or not keep:
        return state, found
    fresh = replace(state, calibration=found, drift_deg=(0.0, 0.0), zone=None)
    return replace(fresh, recent=()), found


def _at_place(
    state: State, target: str | None, head: Pose, frame: Mapping[str, Any]
) -> State:
    if target is None or state.places is None:
        return state
    sample = Sample(head.yaw_deg, head.pitch_deg, _iris(frame))
    places = {**state.places, target: (*state.places.get(target, ()), sample)}
    return replace(state, places=places)


def _learn(state: State, sample: Sample, at_s: float) -> State:
    """Take a rough centre in passing once the head has been steady for long enough."""
    if state.calibration is not None or state.places is not None:
        return state
    limits = state.policy.calibrating
    since_s = at_s - limits.rough_window_s - SLACK_S
    recent = tuple(s for s in (*state.recent, (at_s, sample)) if s[0] >= since_s)
    found = None
    if at_s - recent[0][0] >= limits.rough_min_s - SLACK_S:
        found = calibration.rough([one for _, one in recent], limits)
    if found is None:
        return replace(state, recent=recent)
    return replace(state, calibration=found, recent=())


# ------------------------------------------------------------ head and eyes


def _why_no_head(policy: Policy, frame: Mapping[str, Any]) -> str:
    """Say why the one face's head position cannot be read; empty if it can."""
    limits = policy.measuring
    box = frame.get("box")
    if box is not None:
        x, y, width, height = box
        if width < limits.min_face_width:
            return "small"
        outside = max(-x, x + width - 1) > 0.1 * width
        if outside or max(-y, y + height - 1) > 0.1 * height:
            return "cut_off"
    if frame.get("pose") is None or (
        frame.get("mesh_residual", 0.0) > limits.max_mesh_residual
    ):
        return "face_hidden"
    if policy.format > 1 and (
        frame.get("face_luma_mean", 255.0) < limits.dark_luma_mean
        or frame.get("face_luma_std", 255.0) < limits.min_face_luma_std
    ):
        return "dark"
    return ""


def _why_no_direction(state: State, frame: Mapping[str, Any], head: Pose) -> str:
    """Say why a head position tells no direction; empty if it does."""
    limits = state.policy.measuring
    if abs(head.roll_deg) > limits.max_slant_deg:
        return "slanted"
    centre = state.calibration
    if centre is not None and _slant_deg(state.policy, centre) > limits.max_slant_deg:
        return "slanted"
    if abs(head.yaw_deg - (centre.yaw_deg if centre else 0.0)) > EYES_YAW_DEG:
        return ""  # the far eye is hidden by the head itself
    if max(frame.get("glare_left", 0), frame.get("glare_right", 0)) > limits.max_glare:
        return "glare"
    contrast = min(
        frame.get("eye_luma_std_left", 255.0), frame.get("eye_luma_std_right", 255.0)
    )
    return "eye_hidden" if contrast < limits.min_eye_luma_std else ""


def _slant_deg(policy: Policy, centre: Calibration) -> float:
    """Return by how much the camera looks up or down at the candidate."""
    level_deg = LEVEL_PITCH_DEG if policy.format > 1 else 0.0
    return abs(centre.pitch_deg - level_deg)


def _away(state: State, head: Pose | None) -> tuple[float, float] | None:
    """Return yaw and pitch from the centre as it is now."""
    base = state.calibration
    if head is None or base is None:
        return None
    yaw_deg, pitch_deg = state.drift_deg
    return (
        head.yaw_deg - base.yaw_deg - yaw_deg,
        head.pitch_deg - base.pitch_deg - pitch_deg,
    )


def _iris(frame: Mapping[str, Any]) -> float | None:
    left, right = frame.get("iris_left"), frame.get("iris_right")
    return None if left is None or right is None else (left + right) / 2


def _gaze(
    state: State, frame: Mapping[str, Any], away: tuple[float, float]
) -> float | None:
    """Return where the eyes are; only near the centre do irises say so."""
    base, iris = state.calibration, _iris(frame)
    if base is None or base.iris is None or iris is None:
        return None
    if abs(away[0]) > EYES_YAW_DEG:
        return None
    return max(-1.0, min(1.0, (iris - base.iris) / GAZE_TRAVEL))


def _zone(
    state: State, away: tuple[float, float] | None, gaze: float | None
) -> Zone | None:
    base = state.calibration
    if base is None or away is None or state.policy.format == 1:
        return None
    limits = state.policy.calibrating
    found = calibration.zone(base, *away, limits, state.zone)
    eyes_aside = gaze is not None and abs(gaze) > GAZE_ASIDE
    if found == "screen" and eyes_aside and base.quality == "good":
        return "aside"
    return found


def _follow(
    state: State,
    away: tuple[float, float] | None,
    zone: Zone | None,
    at_s: float,
    *,
    typing: bool,
) -> State:
    """Let the centre follow slowly who types at the screen, and not far."""
    limits = state.policy.calibrating
    if zone == "aside":
        state = replace(state, aside_s=at_s)
    elif zone is not None and state.aside_s > 0:
        state = replace(state, aside_s=float("-inf"))
    if zone != "screen" or away is None or not typing or limits.drift_tau_s <= 0:
        return state if zone == state.zone else replace(state, zone=zone)
    # Between typing a second may pass as a frame's time, and no more.
    share = 1 - math.exp(-min(1.0, at_s - state.seen_s) / limits.drift_tau_s)
    most = limits.drift_max_deg
    yaw_deg, pitch_deg = (
        max(-most, min(most, before + share * angle))
        for before, angle in zip(state.drift_deg, away, strict=True)
    )
    return replace(state, zone=zone, seen_s=at_s, drift_deg=(yaw_deg, pitch_deg))
