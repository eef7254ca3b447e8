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
    "chars": "characters",
    "attempts": "attempts",
    "doing": "the notebook then",
    "cell_id": "where",
    "repeat": "short times summed up",
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
    "paused": "the watching was paused",
    "allowed": "the question allows it from then on",
    "interview ended": "the interview ended",
    "watching stopped": "the candidate stopped the watching",
    "consent withdrawn": "the candidate took the consent back",
}
_SOURCES = {
    "browser": words.BROWSER,
    "server": words.SERVER,
    "room": words.SERVER,
    "kernel": words.KERNEL,
}
# What is worth a word in the sentence: name, from how much on, in words.
_PEAKS = (
    ("yaw_deg", 10.0, "turned {:.0f}° to the side"),
    ("pitch_deg", 10.0, "{:.0f}° up or down"),
    ("faces", 0.0, "{:.0f} faces"),
    ("chars", 0.0, "{:.0f} characters"),
    ("attempts", 0.0, "{:.0f} attempts"),
)
# What the notebook was doing meanwhile.
_DOING = {
    "typing": "the candidate was typing",
    "running": "code was running",
    "thinking": "a run had just finished",
    "idle": "nothing was typed or run",
}


def evidence_rows(
    evidence: Mapping[str, Any], cells: Mapping[str, int] | None = None
) -> list[tuple[str, str]]:
    """Return label and value of each piece; where it comes from is told apart.

    `cells` are the places of cells by their id; without them no cell is named.
    """
    untold = {"claimed_by"} if cells is not None else {"claimed_by", "cell_id"}
    return [
        (_label(line(name, 60)), _shown(line(name, 60), value, cells or {}))
        for name, value in list(evidence.items())[:40]
        if name not in untold
    ]


def in_words(
    evidence: Mapping[str, Any], cells: Mapping[str, int] | None = None
) -> str:
    """Return the evidence in a sentence or two: how long, how far, what went on."""
    parts = [*_how_long(evidence), *_how_far(evidence)]
    doing = _DOING.get(line(evidence.get("doing"), 20))
    if doing:
        cell = evidence.get("cell_id")
        last = ", last" if evidence["doing"] == "idle" else ""
        known = cell and cells is not None
        where = f"{last} in {_cell(cell, cells or {})}" if known else ""
        parts.append(f"meanwhile {doing}{where}")
    share = number(evidence.get("measured_share"))
    if share is not None and share < 1:
        parts.append(f"{share:.0%} of that time could be measured")
    if evidence.get("repeat") is True:
        parts.append("each time short, together long enough to count")
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _how_long(evidence: Mapping[str, Any]) -> list[str]:
    lasted_s = number(evidence.get("duration_s"))
    if not lasted_s:
        return []
    parts = number(evidence.get("parts")) or 1
    stretches = f" in {parts:.0f} stretches" if parts > 1 else ""
    return [f"{duration(lasted_s)}{stretches}"]


def _how_far(evidence: Mapping[str, Any]) -> list[str]:
    found = []
    for name, least, told in _PEAKS:
        value = number(evidence.get(name))
        if value is not None and abs(value) >= least:
            found.append(told.format(abs(value)))
    return found


def _cell(cell_id: object, cells: Mapping[str, int]) -> str:
    place = cells.get(str(cell_id))
    return f"cell {place}" if place else "a cell that is gone"


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


def _shown(name: str, value: object, cells: Mapping[str, int]) -> str:
    if name == "closed_by":
        return _ENDED.get(line(value), line(value))
    if name == "doing":
        return _DOING.get(line(value), line(value))
    if name == "cell_id":
        return _cell(value, cells)
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
