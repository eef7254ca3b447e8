"""Policies of format 1, as records from before hold them, in today's form.

What was not known then is switched off, so that an old journal folds to what it
said: no nudges, no pardons, no second opinions, no records of short episodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Findings that had another name in format 1.
RENAMED = {"no_face": "nobody"}

#: Longer than any interview: no episode is recorded that did not flag.
_NEVER_S = 1e6
#: Larger than any value of the measurement: nothing is refused by it.
_ANY = 1e6

_MEASURING = {
    "min_face_luma_std": 0.0,
    "max_glare": _ANY,
    "min_eye_luma_std": 0.0,
    "max_mesh_residual": _ANY,
    "max_second_mesh_residual": _ANY,
    "max_second_overlap": _ANY,
    "person_there": _ANY,
    "person_absent": 0.0,
    "person_hold_s": 0.0,
    "max_slant_deg": _ANY,
    "min_rate_hz": 0.0,
    "typing_hold_s": 0.0,
    "thinking_hold_s": 0.0,
    "suspend_hold_s": 0.0,
}
_CALIBRATING = {
    "wanted": False,
    "per_target_s": 2.0,
    "min_frames": 6,
    "max_spread_deg": 5.0,
    "screen_margin_deg": 0.0,
    "aside_yaw_deg": 0.0,
    "min_corners": 3,
    "drift_tau_s": 0.0,
    "drift_max_deg": 0.0,
}
_RULE: dict[str, Any] = {
    "nudge": "",
    "nudge_after_s": None,
    "record_after_s": _NEVER_S,
    "repeat": None,
    "excused_by": [],
    "pardons": [],
}


def current(rule: str) -> str:
    """Return today's name of a finding in an old record."""
    return RENAMED.get(rule, rule)


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy of format 1 in the form of format 2, with `format` 1.

    Raises `ValueError` where it is not even one of format 1.
    """
    known = {"baseline", "measuring", "rules", "name"}
    for key in sorted(known):
        if key not in data:
            raise ValueError(f"missing key policy.{key}")
    for key in sorted(known - {"name"}):
        if not isinstance(data[key], Mapping):
            raise ValueError(f"{key} must be a mapping")  # noqa: TRY004 - one error type
    rest = {k: v for k, v in data.items() if k not in ("baseline", "rules")}
    rough = {f"rough_{key}": value for key, value in data["baseline"].items()}
    return {
        **rest,
        "format": 1,
        "title": data["name"],
        "calibrating": {**_CALIBRATING, **rough},
        "measuring": {**_MEASURING, **data["measuring"]},
        "findings": {
            current(name): {**_RULE, **rule} if isinstance(rule, Mapping) else rule
            for name, rule in data["rules"].items()
        },
    }
