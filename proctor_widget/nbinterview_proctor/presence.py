"""Who is in front of the camera: a face, somebody without one, nobody, or unknown.

A face model alone calls about a third of honest frames with a turned, masked or
half-covered face empty. So a second opinion and what the last seconds looked like
decide, and a second face counts only where it can be one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nbinterview_proctor.policy import Policy

#: Durations are compared with this much slack: floats of epoch seconds are coarse.
SLACK_S = 1e-3
#: Somebody who leaves changes the picture by more than this many times the usual.
LEAVING_CHANGE = 2.5
#: The usual change is never taken for less: sensor noise, in luminance levels.
LEAST_CHANGE = 0.5

Presence = Literal["face", "somebody", "nobody"]
Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Picture:
    """What the last seconds looked like."""

    covered: bool = False
    still_since_s: float | None = None
    face_s: float = float("-inf")
    """When a face was last seen."""
    usual_change: float = LEAST_CHANGE
    """Of the picture from frame to frame, while a face is seen."""
    change_since: float = 0.0
    """The largest change since then."""
    asked_s: float = float("-inf")
    """When the second opinion was last asked, since the last face."""
    person: float = 0.0
    """What it said, smoothed over the last times that it was asked."""
    nobody: bool = False
    """Whether that is nobody."""
    there_s: float = float("-inf")
    """When it last said that somebody is there."""


def follow(
    policy: Policy, old: Picture, frame: Mapping[str, Any], at_s: float
) -> Picture:
    """Follow how long the picture has been empty or still, and who was in it."""
    rules = policy.rules
    covered, faces, change = False, frame["faces"], frame["frame_diff"]
    if "camera_covered" in rules:
        rule = rules["camera_covered"]
        limits = rule.leave if old.covered else rule.enter
        covered = faces == 0 and frame["luma_std"] < limits["luma_std"]
        if policy.format > 1:  # a black picture is as empty in a dark room
            covered &= frame["luma_mean"] >= policy.measuring.dark_luma_mean
    frozen = rules.get("camera_frozen")
    still = change <= (0.0 if frozen is None else frozen.enter["frame_diff"])
    since_s = old.still_since_s
    still_since_s = (at_s if since_s is None else since_s) if still else None
    if faces > 0:
        usual = max(LEAST_CHANGE, 0.9 * old.usual_change + 0.1 * min(change, 5.0))
        return Picture(covered, still_since_s, at_s, usual)
    picture = replace(
        old,
        covered=covered,
        still_since_s=still_since_s,
        change_since=max(change, old.change_since),
    )
    person = frame.get("person")
    return picture if person is None else _asked(policy, picture, person, at_s)


def _asked(policy: Policy, old: Picture, person: float, at_s: float) -> Picture:
    """Add what the second opinion says; one in doubt does not turn the last ones."""
    limits = policy.measuring
    smooth = person
    if at_s - old.asked_s <= limits.person_hold_s:
        smooth = (old.person + person) / 2
    doubt = (limits.person_absent + limits.person_there) / 2
    return replace(
        old,
        asked_s=at_s,
        person=smooth,
        nobody=smooth <= (doubt if old.nobody else limits.person_absent),
        there_s=at_s if person >= limits.person_there else old.there_s,
    )


def who(
    policy: Policy,
    picture: Picture,
    frame: Mapping[str, Any],
    at_s: float,
    *,
    frozen: bool,
) -> tuple[int | None, Presence | None, str]:
    """Return how many faces there are, who is there, and why that cannot be said."""
    if picture.covered:
        return None, None, "covered"
    if frozen:
        return None, None, "frozen"
    if frame["faces"] > 0:
        return _without_phantoms(policy, frame), "face", ""
    if frame["luma_mean"] < policy.measuring.dark_luma_mean:
        return None, None, "dark"
    if policy.format == 1:  # its frames had no second opinion
        return 0, "nobody", ""
    return _second_opinion(policy, picture, at_s)


def _second_opinion(
    policy: Policy, picture: Picture, at_s: float
) -> tuple[int | None, Presence | None, str]:
    """Tell somebody whose face cannot be read from nobody; the doubt is theirs."""
    limits = policy.measuring
    held_s = at_s - limits.person_hold_s - SLACK_S
    # Who was seen a moment ago and did not move cannot have left.
    unmoved = picture.change_since <= LEAVING_CHANGE * picture.usual_change
    if picture.there_s >= held_s or (picture.face_s >= held_s and unmoved):
        return None, "somebody", "face_hidden"
    if picture.asked_s < held_s:
        return None, None, "no_second_opinion"
    if picture.nobody:
        return 0, "nobody", ""
    return None, None, "face_hidden"


def _without_phantoms(policy: Policy, frame: Mapping[str, Any]) -> int:
    """Count faces: one over the first, tiny, or with no fitting mesh is nobody's."""
    faces, second = int(frame["faces"]), frame.get("second_box")
    if faces < 2 or second is None:
        return faces
    limits = policy.measuring
    phantom = (
        second[2] < limits.min_face_width
        or _overlap(frame.get("box", second), second) > limits.max_second_overlap
        or frame.get("second_mesh_residual", 0.0) > limits.max_second_mesh_residual
    )
    return faces - 1 if phantom else faces


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
