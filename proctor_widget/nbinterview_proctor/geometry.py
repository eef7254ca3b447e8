"""From one frame's numbers to one observation of the candidate.

A pure fold: `observe(state, frame, at_s)` returns the next state and what the
frame says. The only memory is the candidate's own head position (the baseline),
and how long the picture has been still or empty. The live room and the
evaluation of video files use this same code.

Signs: yaw + is the nose to the right of the picture, pitch + is the nose down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nbinterview_proctor.policy import Policy

#: Durations are compared with this much slack: floats of epoch seconds are coarse.
SLACK_S = 1e-3


@dataclass(frozen=True)
class Pose:
    """Head position in degrees, as the camera sees it."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True)
class Calibration:
    """A candidate's own head position while facing the screen."""

    yaw_deg: float
    pitch_deg: float
    frames: int


@dataclass(frozen=True)
class Observation:
    """What one frame says. None means: cannot be said, which is never a finding."""

    at_s: float
    faces: int | None
    yaw_deg: float | None
    """Away from the baseline."""
    pitch_deg: float | None
    roll_deg: float | None
    covered: bool
    frozen: bool
    measurable: bool
    reason: str
    """Why not measurable, in words for the candidate; empty when measurable."""


@dataclass(frozen=True)
class State:
    """The memory of the fold."""

    policy: Policy
    calibration: Calibration | None = None
    samples: tuple[tuple[float, float, float], ...] = field(default=())
    """(at_s, yaw, pitch) of the steady single face so far, while calibrating."""
    covered: bool = False
    still_since_s: float | None = None


def initial(policy: Policy) -> State:
    """Return the state before the first frame."""
    return State(policy)


def pose(matrix: Any) -> Pose | None:
    """Return the head position of a column-major 4x4 matrix, or None if it is none."""
    found = np.asarray(matrix, dtype=float)
    if found.shape != (16,) or not np.isfinite(found).all():
        return None
    rotation = found.reshape(4, 4).T[:3, :3]
    lengths = np.linalg.norm(rotation, axis=0)
    if (lengths < 1e-6).any():
        return None
    r = rotation / lengths
    return Pose(
        yaw_deg=math.degrees(math.atan2(r[0, 2], r[2, 2])),
        pitch_deg=math.degrees(math.asin(max(-1.0, min(1.0, -r[1, 2])))),
        roll_deg=math.degrees(math.atan2(r[1, 0], r[1, 1])),
    )


def observe(
    state: State, frame: Mapping[str, Any], at_s: float
) -> tuple[State, Observation]:
    """Return what `frame` (`Frame` of live.schema.yaml) says at `at_s`."""
    state = _picture(state, frame, at_s)
    still_s = 0.0 if state.still_since_s is None else at_s - state.still_since_s
    frozen = not state.covered and still_s >= state.policy.measuring.still_s - SLACK_S
    faces = int(frame["faces"])
    reason = _why_not(state, frame, faces, frozen=frozen)
    head = _head(state, frame, faces) if not reason else None
    if head is not None and state.calibration is None:
        state = _calibrate(state, head, at_s)
    base = state.calibration
    return state, Observation(
        at_s=at_s,
        faces=None if reason else faces,
        yaw_deg=head.yaw_deg - base.yaw_deg if head and base else None,
        pitch_deg=head.pitch_deg - base.pitch_deg if head and base else None,
        roll_deg=head.roll_deg if head else None,
        covered=state.covered,
        frozen=frozen,
        measurable=not reason and (head is not None or faces != 1),
        reason=reason or _pose_hint(head, faces),
    )


def _picture(state: State, frame: Mapping[str, Any], at_s: float) -> State:
    """Follow how long the picture has been empty or still."""
    covered = state.policy.rules.get("camera_covered")
    if covered is not None:
        limits = covered.leave if state.covered else covered.enter
        empty = frame["faces"] == 0 and frame["luma_std"] < limits["luma_std"]
        state = replace(state, covered=empty)
    frozen = state.policy.rules.get("camera_frozen")
    limit = 0.0 if frozen is None else frozen.enter["frame_diff"]
    if frame["frame_diff"] > limit:
        return replace(state, still_since_s=None)
    if state.still_since_s is None:
        return replace(state, still_since_s=at_s)
    return state


def _why_not(
    state: State, frame: Mapping[str, Any], faces: int, *, frozen: bool
) -> str:
    """Say why nothing about faces can be read from this frame; empty if it can."""
    if state.covered:
        return "The camera picture is empty."
    if frozen:
        return "The camera picture stands still."
    if faces == 0 and frame["luma_mean"] < state.policy.measuring.dark_luma_mean:
        return "It is too dark to see a face. A lamp in front of you helps."
    return ""


def _head(state: State, frame: Mapping[str, Any], faces: int) -> Pose | None:
    """Return the head position where the one face is large and whole enough."""
    if faces != 1 or frame.get("pose") is None:
        return None
    box = frame.get("box")
    if box is not None:
        x, y, width, height = box
        if width < state.policy.measuring.min_face_width:
            return None
        outside = max(-x, x + width - 1) > 0.1 * width
        if outside or max(-y, y + height - 1) > 0.1 * height:
            return None
    return pose(frame["pose"])


def _pose_hint(head: Pose | None, faces: int) -> str:
    if faces == 1 and head is None:
        return "The face is too small or cut off. Moving a little closer helps."
    return ""


def _calibrate(state: State, head: Pose, at_s: float) -> State:
    """Take the baseline once the head has been steady for long enough."""
    limits = state.policy.baseline
    recent = (*state.samples, (at_s, head.yaw_deg, head.pitch_deg))
    kept = tuple(s for s in recent if at_s - s[0] <= limits.window_s + SLACK_S)
    state = replace(state, samples=kept)
    lasted_s = at_s - kept[0][0]
    if len(kept) < limits.min_frames or lasted_s < limits.min_s - SLACK_S:
        return state
    angles = np.array([sample[1:] for sample in kept])
    median = np.median(angles, axis=0)
    spread = np.percentile(np.abs(angles - median), 90, axis=0)
    if spread.max() > limits.max_spread_deg or abs(median[0]) > limits.max_yaw_deg:
        return state
    found = Calibration(float(median[0]), float(median[1]), len(kept))
    return replace(state, calibration=found, samples=())
