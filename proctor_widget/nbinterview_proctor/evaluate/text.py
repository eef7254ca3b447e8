"""An evaluation in plain words and columns, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbinterview_proctor.evaluate.compare import Episode, Tally
from nbinterview_proctor.evaluate.confusion import TRUTHS
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.intervals import Interval
from nbinterview_proctor.evaluate.results import Evaluation
from nbinterview_proctor.evaluate.tables import Row
from nbinterview_proctor.evaluate.timeline import smoothed
from nbinterview_proctor.policy import Policy

_SHORTEST_S = 0.5
_MOST_RUNS = 40
_STATES = {
    "face": "one face, head position not known yet",
    "screen": "towards the screen",
    "keyboard": "towards the keyboard",
    "notes": "towards the notes",
    "other_screen": "towards the other screen",
    "aside": "far aside",
    "nobody": "nobody",
    "multiple_faces": "more than one person",
    "camera_covered": "camera covered or empty",
    "camera_frozen": "picture stands still",
}


def report(found: Evaluation) -> str:
    """Return the whole report."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Evaluation) -> Iterator[str]:
    policy = found.policy
    title = f"{policy.name} {policy.version} ({policy.title})"
    yield f"Policy {title}, {found.rate_hz:g} Hz"
    if not found.complete:
        yield "Stopped before the end: only what was seen until then is counted."
    for each in found.skipped:
        yield f"Not counted: {each}"
    for clip in found.clips:
        yield ""
        yield from _clip(clip, policy)
    if found.clips:
        yield ""
        yield from _findings(found)
    if found.pictures is not None:
        yield from _pictures(found.pictures)


def _clip(clip: ClipResult, policy: Policy) -> Iterator[str]:
    said = [clock(clip.seen_s), f"{clip.pictures} pictures"]
    said += [f"subject {clip.labels.subject}"] if clip.labels.subject else []
    said += clip.labels.conditions
    said += [] if clip.complete else ["not seen to its end"]
    yield f"{clip.name}  {', '.join(said)}"
    quality = (clip.calibration or {}).get("quality", "none")
    yield f"  calibration: {quality}"
    runs = smoothed(clip.timeline, _SHORTEST_S)
    for run in runs[:_MOST_RUNS]:
        state = _STATES.get(run.state, run.state)
        yield f"  {clock(run.start_s):>8} - {clock(run.end_s):<8} {state}"
    if len(runs) > _MOST_RUNS:
        yield f"  … and {len(runs) - _MOST_RUNS} more; all of them are in the JSON."
    if not clip.episodes:
        yield "  nothing was found"
    for each in clip.episodes:
        yield f"  {_episode(each, policy)}"


def _episode(each: Episode, policy: Policy) -> str:
    title = policy.rules[each.rule].title
    span = f"{clock(each.start_s)} - {clock(each.end_s)}"
    because = f" ({each.because.replace('_', ' ')})" if each.because else ""
    return f"{each.level.upper()}: {title}, {span}{because}"


def _findings(found: Evaluation) -> Iterator[str]:
    if found.truth is None:
        yield (
            "Nobody said what is true in these clips, so nothing can be said of false "
            "findings. Give --labels, or --honest where nobody cheats."
        )
        return
    yield f"What is true: {found.truth}. Intervals are 95 %."
    yield from _rows(found.rows, "")
    names = list(dict.fromkeys(row.condition for row in found.conditions))
    for name in names:
        yield ""
        yield f"condition {name}"
        yield from _rows([r for r in found.conditions if r.condition == name], "")


def _rows(rows: Sequence[Row], indent: str) -> Iterator[str]:
    table = [
        (
            row.rule,
            f"{row.counted.honest_s / 3600:.3f}",
            _steps(row.counted),
            _interval(row.false_per_hour, 1.0, ""),
            f"{row.counted.found} of {row.counted.cheats}",
            _interval(row.found_share, 100.0, " %"),
            str(row.subjects),
        )
        for row in rows
    ]
    head = (
        "finding",
        "honest hours",
        "false nudges/warnings/flags",
        "false flags an hour",
        "found",
        "share found",
        "subjects",
    )
    yield from _columns([head, *table], indent)


def _steps(counted: Tally) -> str:
    steps = (counted.false_nudges, counted.false_warnings, counted.false_flags)
    return "/".join(map(str, steps))


def _pictures(pictures: Mapping[str, Any]) -> Iterator[str]:
    yield from _confusion(f"all {pictures['count']} pictures", pictures["all"])
    for name, both in pictures["conditions"].items():
        yield from _confusion(f"condition {name}", both)


def _confusion(title: str, both: Mapping[str, Any]) -> Iterator[str]:
    for key, words in (
        ("without_second_opinion", "the face model alone"),
        ("with_second_opinion", "with the second opinion"),
    ):
        table = both[key]
        answers = list(table["none"]["said"])
        yield ""
        yield f"{title}, {words}"
        rows = [("really", *answers, "right")]
        for truth in TRUTHS:
            said, share = table[truth]["said"], table[truth]["right_share"]
            right = Interval(**share) if share else None
            counts = (str(said[answer]) for answer in answers)
            rows.append((truth, *counts, _interval(right, 100.0, " %")))
        yield from _columns(rows, "")


# ------------------------------------------------------------ words


def clock(seconds: float) -> str:
    """Return 83.4 as 1:23.4."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"


def _interval(found: Interval | None, times: float, unit: str) -> str:
    if found is None:
        return "-"
    value, low, high = (times * n for n in (found.value, found.low, found.high))
    digits = 0 if unit else 2
    bounds = f"{low:.{digits}f} to {high:.{digits}f}"
    return f"{value:.{digits}f}{unit} ({bounds}; {found.method})"


def _columns(rows: Sequence[Sequence[str]], indent: str) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()
