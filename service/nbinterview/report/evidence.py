"""The named numbers of a flag in words a reviewer reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbinterview.report import words
from nbinterview.report.text import duration, line, number

# Names that read better than their own words; the rest follow the pattern.
_LABELS = {
    "duration_s": "seen for",
    "parts": "separate stretches",
    "measured_share": "of the time, could be measured",
    "yaw_deg": "head turned sideways, at most",
    "pitch_deg": "head turned up or down, at most",
    "faces": "faces, at most",
    "chars": "characters pasted",
    "luma_mean": "mean brightness (0 to 255)",
    "luma_std": "contrast (0 to 255)",
    "frame_diff": "difference between pictures (0 is a still picture)",
    "closed_by": "ended because",
    "claimed_by": "source",
}
# Why the engine ended an episode, in words.
_ENDED = {
    "ended": "it was over",
    "not measurable": "it could not be measured any more",
    "silence": "the page fell silent",
}
_SOURCES = {"browser": words.BROWSER, "server": words.SERVER, "room": words.SERVER}


def evidence_rows(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return label and value of each piece; where it comes from is told apart."""
    return [
        (_label(line(name, 60)), _shown(line(name, 60), value))
        for name, value in list(evidence.items())[:40]
        if name != "claimed_by"
    ]


def source_of(evidence: Mapping[str, Any]) -> str:
    """Return whether the browser claims this or the server saw it."""
    return _SOURCES.get(line(evidence.get("claimed_by"), 20), words.BROWSER)


def _label(name: str) -> str:
    if name in _LABELS:
        return _LABELS[name]
    for ending, _unit, _factor in words.UNITS:
        if name.endswith(ending):
            name = name.removesuffix(ending)
            break
    return name.replace("_", " ")


def _shown(name: str, value: object) -> str:
    if name == "closed_by":
        return _ENDED.get(line(value), line(value))
    return _value(name, value)


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = number(value)
    if found is None:
        return line(value)
    if name.endswith("_s"):
        return duration(found)
    for ending, unit, factor in words.UNITS:
        if name.endswith(ending):
            space = "" if unit in "°%" else "\N{NO-BREAK SPACE}"
            return f"{found * factor:.3g}{space}{unit}"
    return f"{found:.4g}"
