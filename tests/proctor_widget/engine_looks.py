"""A simulated candidate who is asked to look at one place after the other."""

from __future__ import annotations

from typing import Any

from tests.proctor_widget.engine_sim import STANDARD, Page

#: Yaw and pitch from the centre; the candidate's left is the picture's right.
PLACES: dict[str, tuple[float, float]] = {
    "centre": (0, 0),
    "top_left": (14, -9),
    "top_right": (-14, -9),
    "bottom_right": (-13, 8),
    "bottom_left": (13, 8),
    "keyboard": (2, 30),
    "notes": (-38, 25),
}


def consented() -> Page:
    page = Page()
    for sensor in STANDARD.sensors:
        page.event(name="consent", sensor=sensor, granted=True)
    return page.event(name="camera", state="on").event(name="display", extended="no")


def look_around(
    page: Page,
    *,
    rehearsal: bool = False,
    places: dict[str, tuple[float, float]] = PLACES,
    jump: bool = True,
    **different: Any,
) -> Page:
    """Look at one place after the other, each reached half a second late."""
    page.event(name="calibration", state="began", rehearsal=rehearsal)
    for target, (yaw, pitch) in places.items():
        page.event(
            name="calibration", state="target", target=target, rehearsal=rehearsal
        )
        page.see(0.5, yaw=-yaw if jump else yaw, **different)
        page.see(2, yaw=yaw, pitch=pitch, **different)
    return page.event(name="calibration", state="finished", rehearsal=rehearsal)
