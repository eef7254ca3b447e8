"""What a candidate is told about the measuring: plain, kind, and with what helps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NOT_COUNTED = "That is not counted against you; carry on."
_TOLD = "If it stays so, your interviewers are told."

#: Why a frame cannot be read, by the reason codes of `geometry.Observation`.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "covered": (
            f"The camera picture is empty. Is something in front of the lens? {_TOLD}"
        ),
        "frozen": (
            "The camera picture stands still. Switching the camera off and on again "
            f"usually helps. {_TOLD}"
        ),
        "dark": (
            "It is too dark to read a face. Is something in front of the lens? Else "
            "move the lamp in front of you, or turn away from a bright window. "
            f"{_NOT_COUNTED}"
        ),
        "small": f"Your face is small in the picture. Move a little closer. "
        f"{_NOT_COUNTED}",
        "cut_off": "Your face is at the picture's edge. Move the camera or the chair "
        f"a little. {_NOT_COUNTED}",
        "glare": "We can't read your eyes: the light shines back from your glasses. "
        f"Move the lamp to the side. {_NOT_COUNTED}",
        "eye_hidden": f"We can't read your eyes. {_NOT_COUNTED}",
        "face_hidden": f"Somebody is there, but we can't read the face. {_NOT_COUNTED}",
        "slanted": "The camera stands at a slant. Put it straight in front of you if "
        f"you can. {_NOT_COUNTED}",
        "no_second_opinion": f"We can't see a face, and can't say more. {_NOT_COUNTED}",
    }
)

SLOW = "Your computer is busy, so the camera is looked at less often. That is fine."
PAUSED = "Your interviewers paused the watching. Nothing counts meanwhile."
CALIBRATING = "Please face the screen as you do when you work."
LOOKING = "Please look at the place that is shown."

#: How well a calibration went, by quality; `none` where there is none.
CALIBRATED: Mapping[str, str] = MappingProxyType(
    {
        "good": "We know where your screen, your keyboard and your notes are.",
        "fair": "We know where your screen is; other places have wide margins.",
        "rough": (
            "We know how you face the screen, roughly. Only looks far aside are told."
        ),
        "none": (
            "It did not work this time. That is fine: only looks far aside are told, "
            "or you can try again."
        ),
        "skipped": "Skipped. That is fine: only looks far aside are told.",
    }
)


def hint(reason: str) -> str:
    """Return the words for a reason code; empty for none."""
    return REASONS[reason] if reason else ""
