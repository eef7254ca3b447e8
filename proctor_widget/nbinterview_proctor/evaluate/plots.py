"""Pictures of an evaluation: findings over thresholds, and each clip's timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # no screen is needed

from matplotlib import pyplot as plt

from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.results import Evaluation
from nbinterview_proctor.evaluate.tables import Point
from nbinterview_proctor.policy import Policy

#: False flags in an honest hour that all findings together may cost.
BUDGET_PER_HOUR = 0.05
# Okabe and Ito's colours, which nearly everybody can tell apart.
_FALSE, _FOUND, _FLAG = "#d55e00", "#0072b2", "#882255"
_LABELS = {
    "flag_after_s": "flagged after (s)",
    "yaw_deg": "head turned by more than (degrees)",
}
_STATES = {
    "screen": "#009e73",
    "face": "#8fd3bd",
    "keyboard": "#56b4e9",
    "notes": "#0072b2",
    "other_screen": "#004c7a",
    "aside": "#e69f00",
    "multiple_faces": "#cc79a7",
    "nobody": "#d55e00",
    "camera_covered": "#000000",
    "camera_frozen": "#777777",
}
_UNREADABLE = "#d9d9d9"


def draw(found: Evaluation, folder: Path) -> list[Path]:
    """Write each figure as PNG and SVG into `folder`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for clip in found.clips:
        written += _save(_timeline(clip, found.policy), folder / _file(clip.name))
    keys = dict.fromkeys((point.rule, point.parameter) for point in found.points)
    for rule, parameter in keys:
        points = [
            point
            for point in found.points
            if (point.rule, point.parameter) == (rule, parameter)
        ]
        title = found.policy.rules[rule].title
        name = f"sweep-{rule}-{parameter}"
        written += _save(_sweep(points, title), folder / name)
    return written


def _sweep(points: Sequence[Point], title: str) -> Any:
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(7, 6), sharex=True, layout="constrained"
    )
    _line(upper, points, "false_per_hour", _FALSE, "o-")
    upper.axhline(BUDGET_PER_HOUR, color=_FALSE, linewidth=1, linestyle=":")
    upper.set_ylabel("false flags an honest hour")
    upper.set_ylim(bottom=0)
    _line(lower, points, "found_share", _FOUND, "s-")
    lower.set_ylabel("share of labelled stretches found")
    lower.set_ylim(-0.03, 1.03)
    lower.set_xlabel(_LABELS[points[0].parameter])
    for axes in (upper, lower):
        for point in points:
            if point.chosen:
                axes.axvline(point.value, color="#777777", linewidth=1, zorder=0)
    upper.set_title(f"{title}\ngrey: the policy; bars: 95 % intervals", fontsize=10)
    return figure


def _line(
    axes: Any, points: Sequence[Point], name: str, colour: str, style: str
) -> None:
    """Draw what is known of a value over the threshold, with its intervals."""
    known = [(p.value, getattr(p, name)) for p in points if getattr(p, name)]
    if not known:
        axes.text(0.5, 0.5, "nothing is known", ha="center", transform=axes.transAxes)
        return
    values = [each.value for _, each in known]
    below = [max(0.0, each.value - each.low) for _, each in known]
    above = [max(0.0, each.high - each.value) for _, each in known]
    at = [value for value, _ in known]
    axes.errorbar(at, values, (below, above), fmt=style, color=colour, capsize=3)


def _timeline(clip: ClipResult, policy: Policy) -> Any:
    rules = list(policy.rules)
    rows = ["seen", *rules]
    height = 1.2 + 0.45 * len(rows)
    figure, axes = plt.subplots(figsize=(9, height), layout="constrained")
    for run in clip.timeline:
        colour = _STATES.get(run.state, _UNREADABLE)
        axes.barh(0, run.end_s - run.start_s, left=run.start_s, color=colour)
    for stretch in clip.labels.stretches:
        row = rows.index(stretch.what) if stretch.what in rules else 0
        length = stretch.end_s - stretch.start_s
        axes.barh(
            row,
            length,
            left=stretch.start_s,
            height=0.8,
            color="none",
            edgecolor="#333333",
            hatch="//",
            linewidth=0.8,
        )
    for each in clip.episodes:
        length = max(each.end_s - each.start_s, 0.05)
        colour = _FLAG if each.level == "flag" else "#999999"
        axes.barh(
            rows.index(each.rule), length, left=each.start_s, height=0.4, color=colour
        )
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, max(clip.seen_s, 0.1))
    axes.set_xlabel("seconds; hatched: labelled, grey: found, dark red: flagged")
    axes.set_title(clip.name)
    states = dict.fromkeys(run.state for run in clip.timeline)
    _legend(axes, list(states))
    return figure


def _legend(axes: Any, states: Sequence[str]) -> None:
    known = [state for state in states if state in _STATES]
    patches = [mpl.patches.Patch(color=_STATES[state], label=state) for state in known]
    if len(known) < len(states):
        patches.append(mpl.patches.Patch(color=_UNREADABLE, label="cannot be read"))
    axes.legend(
        handles=patches, loc="upper left", bbox_to_anchor=(1, 1), fontsize="small"
    )


def _save(figure: Any, base: Path) -> list[Path]:
    written = [base.with_name(f"{base.name}.{kind}") for kind in ("png", "svg")]
    for path in written:
        figure.savefig(path, dpi=120)
    plt.close(figure)
    return written


def _file(name: str) -> str:
    return "timeline-" + re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
