"""What the camera sensor can do now, in words for the candidate."""

from __future__ import annotations

from nbinterview_proctor.engine.page import Claim

_CAMERA = {
    "off": "The camera is switched off.",
    "denied": "The browser was not allowed to use the camera.",
    "missing": "No camera was found.",
    "lost": "The camera stopped by itself.",
}


def camera_state(
    said: Claim, *, started: bool, flowing: bool, calibrated: bool, hint: str
) -> tuple[str, str]:
    """Return state and detail of `SensorState` while the camera is watched.

    `started` is whether a frame ever came, `flowing` whether frames come now,
    `hint` why they cannot be read.
    """
    if said.hidden:
        return "unmeasurable", "The page is not in view."
    if said.camera in _CAMERA:
        return "unmeasurable", _CAMERA[said.camera]
    if said.detector == "failed":
        return "unmeasurable", "Face detection does not run in this browser."
    if not started:
        return "waiting", "Waiting for the first camera picture."
    if not flowing:
        return "unmeasurable", "No camera pictures arrive."
    if hint:
        return "unmeasurable", hint
    if not calibrated:
        return "calibrating", "Please face the screen as you do when you work."
    return "measuring", ""
