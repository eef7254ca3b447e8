"""What somebody says is true in clips and pictures: CSV files, strictly read.

A mistake in labels makes a wrong error rate that nobody notices, so what does
not fit is refused by line, and nothing is guessed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from nbinterview.errors import Invalid
from nbinterview_proctor.calibration import TARGETS

#: The findings that a camera clip can show.
CLIP_RULES = (
    "nobody",
    "multiple_faces",
    "looking_away",
    "camera_covered",
    "camera_frozen",
)
CALIBRATION = "calibration"
_CLIP_COLUMNS = ("clip", "start_s", "end_s", "rule")
_PICTURE_COLUMNS = ("file", "faces")
_OPTIONAL = ("subject", "condition")

Count = Literal["none", "one", "many"]


@dataclass(frozen=True)
class Stretch:
    """From `start_s` to `end_s` of a clip this is true."""

    start_s: float
    end_s: float
    what: str
    """A rule; of a calibration the target looked at, empty for the screen as such."""


@dataclass(frozen=True)
class ClipLabels:
    """What is true in one clip; without a stretch it is honest."""

    subject: str = ""
    conditions: tuple[str, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    calibration: tuple[Stretch, ...] = ()


@dataclass(frozen=True)
class PictureLabel:
    """How many faces are in one picture."""

    file: str
    faces: Count
    subject: str = ""
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """One labels file: of clips, or of pictures."""

    name: str
    clips: Mapping[str, ClipLabels] = field(default_factory=dict)
    """By the clip's name; a clip that is absent is honest."""
    pictures: tuple[PictureLabel, ...] | None = None


def read(path: Path) -> Labels:
    """Read a labels file; `Invalid` names the line that does not fit."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not a CSV file in UTF-8.") from error
    rows = csv.DictReader(text.splitlines(), restkey="", strict=True)
    try:
        columns = tuple(rows.fieldnames or ())
        lines = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise Invalid(f"{path} is not a CSV file: {error}.") from error
    of_pictures = "file" in columns
    _check_columns(path, columns, _PICTURE_COLUMNS if of_pictures else _CLIP_COLUMNS)
    for number, row in lines:
        if "" in row or None in row.values():
            raise Invalid(f"{path}, line {number}: not as many fields as columns.")
    if of_pictures:
        return Labels(path.name, pictures=tuple(_pictures(path, lines)))
    return Labels(path.name, clips=_clips(path, lines))


def names_of(paths: Iterable[Path]) -> dict[Path, str]:
    """Return what each clip is called: its file name, or its path if two share it."""
    given = list(paths)
    short = [path.name or str(path) for path in given]
    return {
        path: name if short.count(name) == 1 else str(path)
        for path, name in zip(given, short, strict=True)
    }


def check_known(labels: Labels, names: Iterable[str]) -> None:
    """Refuse labels of a clip that was not given."""
    known = set(names)
    for name in labels.clips:
        if name not in known:
            raise Invalid(
                f"{labels.name} has labels of {name!r}, which is none of the clips: "
                f"{', '.join(sorted(known))}."
            )


def check_duration(labels: ClipLabels, name: str, duration_s: float) -> None:
    """Refuse labels that begin after the clip's end."""
    for stretch in (*labels.stretches, *labels.calibration):
        if stretch.start_s >= duration_s:
            raise Invalid(
                f"The labels of {name} begin a stretch at {stretch.start_s:g} s, "
                f"and the clip ends at {duration_s:.1f} s."
            )


# ------------------------------------------------------------ rows

_Row = Mapping[str, str]


def _check_columns(
    path: Path, columns: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        wanted = f"{','.join(_CLIP_COLUMNS)} or {','.join(_PICTURE_COLUMNS)}"
        raise Invalid(
            f"{path} lacks the column {missing[0]!r}. Its first line says the columns: "
            f"{wanted}, and if you like subject,condition."
        )
    for name in columns:
        if name not in (*needed, *_OPTIONAL):
            raise Invalid(f"{path} has an unknown column {name!r}.")
        if columns.count(name) > 1:
            raise Invalid(f"{path} has the column {name!r} twice.")


def _clips(path: Path, lines: Iterable[tuple[int, _Row]]) -> dict[str, ClipLabels]:
    found: dict[str, ClipLabels] = {}
    for number, row in lines:
        where = f"{path}, line {number}"
        name = row["clip"].strip()
        if not name:
            raise Invalid(f"{where}: no clip is named.")
        so_far = _with_person(found.get(name), row, where)
        found[name] = _with_stretch(so_far, row, where)
    return found


def _with_person(so_far: ClipLabels | None, row: _Row, where: str) -> ClipLabels:
    subject = (row.get("subject") or "").strip()
    conditions = _conditions(row)
    if so_far is None:
        return ClipLabels(subject, conditions)
    for before, now, word in (
        (so_far.subject, subject, "subject"),
        (so_far.conditions, conditions, "condition"),
    ):
        if now and before and now != before:
            raise Invalid(f"{where}: the clip has another {word} in a line before.")
    return replace(
        so_far,
        subject=so_far.subject or subject,
        conditions=so_far.conditions or conditions,
    )


def _with_stretch(so_far: ClipLabels, row: _Row, where: str) -> ClipLabels:
    rule = row["rule"].strip()
    start, end = row["start_s"].strip(), row["end_s"].strip()
    if not (rule or start or end):
        return so_far  # names only subject and condition of an honest clip
    start_s, end_s = _seconds(start, "start_s", where), _seconds(end, "end_s", where)
    if end_s <= start_s:
        raise Invalid(f"{where}: the stretch ends at {end} s and begins at {start} s.")
    name, _, target = rule.partition(":")
    if name == CALIBRATION:
        return _with_target(so_far, start_s, end_s, target, where)
    if rule not in CLIP_RULES:
        raise Invalid(
            f"{where}: a clip cannot show {rule!r}. It can show "
            f"{', '.join(CLIP_RULES)}, or {CALIBRATION}."
        )
    added = Stretch(start_s, end_s, rule)
    if any(_overlap(added, each) for each in so_far.stretches if each.what == rule):
        raise Invalid(f"{where}: {rule} overlaps a stretch of it in a line before.")
    return replace(so_far, stretches=(*so_far.stretches, added))


def _with_target(
    so_far: ClipLabels, start_s: float, end_s: float, target: str, where: str
) -> ClipLabels:
    if target and target not in TARGETS:
        raise Invalid(
            f"{where}: no target of a calibration is called {target!r}. "
            f"There are {', '.join(TARGETS)}."
        )
    added = Stretch(start_s, end_s, target)
    if any(_overlap(added, each) for each in so_far.calibration):
        raise Invalid(f"{where}: two targets of a calibration at the same time.")
    if so_far.calibration and "" in (target, so_far.calibration[0].what):
        raise Invalid(
            f"{where}: a calibration is one stretch without a target, or several with."
        )
    ordered = sorted((*so_far.calibration, added), key=lambda each: each.start_s)
    return replace(so_far, calibration=tuple(ordered))


def _pictures(path: Path, lines: Iterable[tuple[int, _Row]]) -> Iterable[PictureLabel]:
    seen: set[str] = set()
    for number, row in lines:
        where = f"{path}, line {number}"
        file = row["file"].strip()
        if not file:
            raise Invalid(f"{where}: no file is named.")
        if file in seen:
            raise Invalid(f"{where}: {file!r} is there twice.")
        seen.add(file)
        subject = (row.get("subject") or "").strip()
        yield PictureLabel(file, _count(row["faces"], where), subject, _conditions(row))


def _count(text: str, where: str) -> Count:
    number = text.strip().removesuffix("+")
    if not number.isdecimal():
        raise Invalid(f"{where}: faces is 0, 1 or 2+, not {text!r}.")
    counts: tuple[Count, ...] = ("none", "one", "many")
    return counts[min(int(number), 2)]


def _conditions(row: _Row) -> tuple[str, ...]:
    parts = (part.strip() for part in (row.get("condition") or "").split(";"))
    return tuple(part for part in parts if part)


def _seconds(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise Invalid(f"{where}: {column} is no number of seconds: {text!r}.")
    return value


def _overlap(one: Stretch, other: Stretch) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s
