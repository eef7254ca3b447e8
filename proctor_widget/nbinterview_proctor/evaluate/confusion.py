"""Labelled pictures: none, one or many faces, with and without a second opinion.

Without it, the face model's own count is taken. With it, the geometry of a room
says who is there, so that "nobody" and "somebody whose face cannot be read" are
two answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview.errors import Invalid
from nbinterview_proctor import geometry
from nbinterview_proctor.evaluate import intervals
from nbinterview_proctor.evaluate.labels import PictureLabel
from nbinterview_proctor.policy import Policy

TRUTHS = ("none", "one", "many")
WITHOUT = ("none", "one", "many")
WITH = ("nobody", "somebody", "one", "many", "cannot be read")
#: What a picture of so many faces should be called; `somebody` accuses nobody.
RIGHT: Mapping[str, frozenset[str]] = {
    "none": frozenset({"none", "nobody"}),
    "one": frozenset({"one"}),
    "many": frozenset({"many"}),
}


@dataclass(frozen=True)
class Judged:
    """One picture: what is true, and what was said."""

    label: PictureLabel
    without: str
    with_opinion: str
    reason: str
    """Why it cannot be read; empty if it can."""


def judged(label: PictureLabel, frame: Mapping[str, Any], policy: Policy) -> Judged:
    """Return what is said of one picture that became this `Frame`."""
    _, seen = geometry.observe(geometry.initial(policy), frame, 0.0)
    count = min(int(frame["faces"]), 2)
    if seen.presence == "face":
        said = "many" if (seen.faces or 0) > 1 else "one"
    else:
        said = seen.presence or "cannot be read"
    return Judged(label, WITHOUT[count], said, seen.reason)


def check_files(folder: Path, labels: Sequence[PictureLabel]) -> None:
    """Refuse labels of a picture that the folder does not hold."""
    if not labels:
        raise Invalid("The labels name no picture.")
    for label in labels:
        if not (folder / label.file).is_file():
            raise Invalid(f"{folder} holds no {label.file!r}, which the labels name.")


# ------------------------------------------------------------ tables


def tables(found: Sequence[Judged], seed: int) -> dict[str, Any]:
    """Return both tables over all pictures and for each condition, as plain JSON."""
    conditions = sorted({name for each in found for name in each.label.conditions})
    return {
        "count": len(found),
        "all": _tables(found, seed),
        "conditions": {
            name: _tables([j for j in found if name in j.label.conditions], seed)
            for name in conditions
        },
        "pictures": [
            {
                "file": each.label.file,
                "faces": each.label.faces,
                "without_second_opinion": each.without,
                "with_second_opinion": each.with_opinion,
                "reason": each.reason,
            }
            for each in found
        ],
    }


def _tables(found: Sequence[Judged], seed: int) -> dict[str, Any]:
    return {
        "without_second_opinion": _table(found, WITHOUT, lambda j: j.without, seed),
        "with_second_opinion": _table(found, WITH, lambda j: j.with_opinion, seed),
    }


def _table(
    found: Sequence[Judged],
    answers: Sequence[str],
    said: Callable[[Judged], str],
    seed: int,
) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for truth in TRUTHS:
        mine = [each for each in found if each.label.faces == truth]
        right: dict[str, tuple[float, float]] = {}
        for each in mine:
            counted, among = right.get(each.label.subject, (0.0, 0.0))
            hit = said(each) in RIGHT[truth]
            right[each.label.subject] = counted + hit, among + 1
        share = intervals.share(right, seed)
        table[truth] = {
            "said": {a: sum(said(each) == a for each in mine) for a in answers},
            "right_share": share and share.to_dict(),
        }
    return table
