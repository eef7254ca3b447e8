"""What each sensor can do now, in words for the candidate."""

from __future__ import annotations

from dataclasses import replace

from nbinterview_proctor import words
from nbinterview_proctor.engine.outcome import Outcome
from nbinterview_proctor.engine.page import Claim
from nbinterview_proctor.engine.state import State, Step

_CAMERA = {
    "off": "The camera is switched off.",
    "denied": "The browser was not allowed to use the camera.",
    "missing": "No camera was found.",
    "lost": "The camera stopped by itself.",
}


def tell(state: State) -> Step:
    """Say which sensors changed what they can do."""
    said = state.claim()
    now = {sensor: _state(state, sensor, said) for sensor in state.policy.sensors}
    if now == state.sensors:
        return state, []
    found = [
        Outcome("sensor", {"sensor": sensor, "state": word, "detail": detail})
        for sensor, (word, detail) in now.items()
        if state.sensors[sensor] != (word, detail)
    ]
    return replace(state, sensors=now), found


def _state(state: State, sensor: str, said: Claim) -> tuple[str, str]:
    """Return what a sensor can do now, as `SensorState` of live.schema.yaml."""
    if sensor not in state.consent or state.ended:
        return "off", ""
    if not state.consent[sensor]:
        return "declined", ""
    if sensor == "camera" and state.looking is not None:
        return "calibrating", words.LOOKING
    if state.watching_since_s is None:
        return "waiting", "It starts when you press Start."
    if state.paused:
        return "waiting", words.PAUSED
    limits = state.policy.measuring
    if said.hidden is None:
        return "unmeasurable", "The page is not heard of."
    if sensor != "camera":
        return "measuring", ""
    rate_hz = state.rate_hz
    return _camera_state(
        said,
        started=state.last_frame_s >= state.watching_since_s,
        flowing=state.now_s - state.last_frame_s <= limits.silence_s,
        calibrated=state.geometry.calibration is not None,
        reason=state.reason.value,
        slow=rate_hz is not None and rate_hz < limits.min_rate_hz,
    )


def _camera_state(
    said: Claim,
    *,
    started: bool,
    flowing: bool,
    calibrated: bool,
    reason: str,
    slow: bool,
) -> tuple[str, str]:
    """Return state and detail of `SensorState` while the camera is watched.

    `started` is whether a frame ever came, `flowing` whether frames come now,
    `reason` why they cannot be read (`words.REASONS`), `slow` whether there are few.
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
    if reason:
        return "unmeasurable", words.hint(reason)
    if not calibrated:
        return "calibrating", words.CALIBRATING
    return "measuring", words.SLOW if slow else ""
