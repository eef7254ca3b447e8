"""A candidate's own head positions: where the screen, the keyboard and notes are.

Pure functions over samples. A guided calibration has some frames for each place
that was shown; without one, a steady look in passing gives a rough centre. Which
zone a head position is in follows from it, always with margins: a webcam and this
model resolve some degrees, so "on the same screen" is never divided further.

Signs are those of `geometry`: yaw + is the nose to the right of the picture, pitch
+ is the nose down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nbinterview_proctor.policy import Calibrating
from nbinterview_proctor.words import CALIBRATED

Zone = Literal["screen", "keyboard", "notes", "other_screen", "aside"]
Quality = Literal["good", "fair", "rough"]

CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")
TARGETS = ("centre", *CORNERS, "keyboard", "notes", "other_screen")

#: A place just shown is not looked at yet: eyes and head need about this long.
LOOK_S = 0.7
#: Back from far aside is a little further in than out, so that it does not flicker.
HYSTERESIS_DEG = 3.0
#: Half a sheet of paper beside the keyboard, in degrees of the head: at half a metre A4
#: spans 24 degrees of gaze or more, of which the head makes about two thirds.
SHEET_DEG = 8.0
#: Below the screen by this much is towards the keyboard where none was shown.
DOWN_DEG = 15.0
#: The fewest corners from which a rectangle can be told at all.
FAIR_CORNERS = 2

#: Wider than one look at them.
_SHEETS: tuple[Zone, ...] = ("notes", "other_screen")


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame's head position and eyes while looking at a known place."""

    yaw_deg: float
    pitch_deg: float
    iris: float | None = None
    """Mean horizontal iris position, 0 to 1; None where it cannot be read."""


@dataclass(frozen=True)
class Calibration:
    """What is known of a candidate's own head positions."""

    quality: Quality
    yaw_deg: float
    pitch_deg: float
    """Of the centre, as the camera sees it; zones are relative to these."""
    frames: int
    zones: Mapping[str, float] = field(default_factory=dict)
    """Named angles from the centre: `yaw_min`, `yaw_max`, `pitch_min`, `pitch_max` of
    the screen's corners; `_yaw` and `_pitch` of `keyboard`, `notes`, `other_screen`
    as far as these were looked at."""
    iris: float | None = None
    """Horizontal iris position while looking at the centre."""


def collect(
    samples: Mapping[str, Sequence[Sample]], limits: Calibrating
) -> Calibration | None:
    """Return what the frames of each target give, or None when it is too little.

    `good` knows the centre, enough corners, the keyboard and the notes; `fair` the
    centre and two corners.
    """
    known = {
        target: middle
        for target, seen in samples.items()
        if (middle := _steady(seen, limits.min_frames, limits.max_spread_deg))
    }
    corners = [known[corner] for corner in CORNERS if corner in known]
    centre = known.get("centre")
    if centre is None or len(corners) < FAIR_CORNERS:
        return None
    places = {"keyboard", "notes", "other_screen"} & known.keys()
    good = len(corners) >= limits.min_corners and places >= {"keyboard", "notes"}
    zones = _rectangle(centre, corners)
    if "other_screen" in places and _on_screen(centre, known["other_screen"], zones):
        places -= {"other_screen"}  # nobody looked elsewhere when asked to
    for place in sorted(places):
        zones[f"{place}_yaw"] = known[place].yaw_deg - centre.yaw_deg
        zones[f"{place}_pitch"] = known[place].pitch_deg - centre.pitch_deg
    return Calibration(
        quality="good" if good else "fair",
        yaw_deg=centre.yaw_deg,
        pitch_deg=centre.pitch_deg,
        frames=sum(len(samples[target]) for target in known),
        zones=zones,
        iris=centre.iris,
    )


def rough(seen: Sequence[Sample], limits: Calibrating) -> Calibration | None:
    """Return the centre of a steady look in passing, or None when it is not steady."""
    middle = _steady(seen, limits.rough_min_frames, limits.rough_max_spread_deg)
    if middle is None or abs(middle.yaw_deg) > limits.rough_max_yaw_deg:
        return None
    return Calibration(
        "rough", middle.yaw_deg, middle.pitch_deg, len(seen), iris=middle.iris
    )


def zone(
    known: Calibration,
    yaw_deg: float,
    pitch_deg: float,
    limits: Calibrating,
    before: Zone | None,
) -> Zone:
    """Return where a head position (from the centre) points; `before` was the last."""
    slack_deg = HYSTERESIS_DEG if before == "aside" else 0.0
    margin_deg = limits.screen_margin_deg - slack_deg
    if known.quality == "rough":
        if abs(yaw_deg) > limits.aside_yaw_deg - slack_deg:
            return "aside"
        return "keyboard" if pitch_deg > DOWN_DEG else "screen"
    at = known.zones
    across = at["yaw_min"] - margin_deg <= yaw_deg <= at["yaw_max"] + margin_deg
    lowest_deg = at["pitch_max"] + margin_deg
    if across and at["pitch_min"] - margin_deg <= pitch_deg <= lowest_deg:
        return "screen"
    sheet_deg = margin_deg + SHEET_DEG
    for place in _SHEETS:
        if f"{place}_yaw" in at and _near(at, place, yaw_deg, pitch_deg, sheet_deg):
            return place
    if "keyboard_yaw" in at:
        if _near(at, "keyboard", yaw_deg, pitch_deg, margin_deg) or (
            across and lowest_deg < pitch_deg <= at["keyboard_pitch"] + margin_deg
        ):
            return "keyboard"
    elif across and pitch_deg > lowest_deg:
        return "keyboard"
    return "aside"


def payload(
    known: Calibration | None,
    state: Literal["taken", "failed", "skipped"],
    *,
    rehearsal: bool,
) -> dict[str, Any]:
    """Return `Calibration` of live.schema.yaml."""
    word = "skipped" if state == "skipped" else known.quality if known else "none"
    told: dict[str, Any] = {
        "state": state,
        "quality": known.quality if known else "none",
        "detail": CALIBRATED[word],
        "frames": known.frames if known else 0,
        "rehearsal": rehearsal,
    }
    if known is None:
        return told
    return {
        **told,
        "yaw_deg": round(known.yaw_deg, 2),
        "pitch_deg": round(known.pitch_deg, 2),
        "zones": {name: round(angle, 1) for name, angle in known.zones.items()},
    }


# ------------------------------------------------------------ helpers


def _steady(seen: Sequence[Sample], frames: int, spread_deg: float) -> Sample | None:
    """Return the median of enough samples that hardly differ from it."""
    if len(seen) < frames:
        return None
    yaws, pitches = [s.yaw_deg for s in seen], [s.pitch_deg for s in seen]
    yaw_deg, pitch_deg = _quantile(yaws, 0.5), _quantile(pitches, 0.5)
    for angles, middle in ((yaws, yaw_deg), (pitches, pitch_deg)):
        if _quantile([abs(angle - middle) for angle in angles], 0.9) > spread_deg:
            return None
    irises = [s.iris for s in seen if s.iris is not None]
    iris = _quantile(irises, 0.5) if irises else None
    return Sample(yaw_deg, pitch_deg, iris)


def _quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile, linear between neighbours (numpy's default)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _rectangle(centre: Sample, corners: Sequence[Sample]) -> dict[str, float]:
    """Return the screen's extent; as far on a side not seen as on the one seen."""
    yaws = [corner.yaw_deg - centre.yaw_deg for corner in corners]
    pitches = [corner.pitch_deg - centre.pitch_deg for corner in corners]
    whole = len(corners) > FAIR_CORNERS
    widest = max(abs(yaw) for yaw in yaws)
    highest = max(abs(pitch) for pitch in pitches)
    return {
        "yaw_min": min(0.0, *yaws) if whole else -widest,
        "yaw_max": max(0.0, *yaws) if whole else widest,
        "pitch_min": min(0.0, *pitches) if whole else -highest,
        "pitch_max": max(0.0, *pitches) if whole else highest,
    }


def _on_screen(centre: Sample, seen: Sample, at: Mapping[str, float]) -> bool:
    yaw_deg = seen.yaw_deg - centre.yaw_deg
    pitch_deg = seen.pitch_deg - centre.pitch_deg
    across = at["yaw_min"] <= yaw_deg <= at["yaw_max"]
    return across and at["pitch_min"] <= pitch_deg <= at["pitch_max"]


def _near(
    at: Mapping[str, float],
    place: str,
    yaw_deg: float,
    pitch_deg: float,
    margin_deg: float,
) -> bool:
    return (
        abs(yaw_deg - at[f"{place}_yaw"]) <= margin_deg
        and abs(pitch_deg - at[f"{place}_pitch"]) <= margin_deg
    )
