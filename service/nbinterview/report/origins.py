"""Where the text of the final notebook comes from, line by line and in all. Pure.

The service worked it out from the record and wrote it into the notebook's metadata
(`nbinterview.ledger.provenance`). It is information for the reader, never a finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from nbinterview.outputs import joined

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class OriginWords:
    """One origin: its sign in the margin, and how it reads in two sentences."""

    sign: str
    words: str
    share: str


# What a reader should see first, where a line has several. The replay has the same.
ORIGINS = {
    "pasted": OriginWords("P", "pasted from outside", "pasted from outside"),
    "unexplained": OriginWords(
        "?", "came at once, no paste seen", "came at once, with no paste seen"
    ),
    "interviewer": OriginWords(
        "I", "written by an interviewer", "written by an interviewer"
    ),
    "template": OriginWords("T", "there from the start", "there from the start"),
    "typed": OriginWords("", "typed", "typed by the candidate"),
}
_LOUDEST = {origin: place for place, origin in enumerate(ORIGINS)}


@dataclass(frozen=True)
class Stretch:
    """Neighbouring text of one origin; record numbers, `moved` 0 when it was not."""

    length: int
    origin: str
    first: int
    last: int
    moved: int


@dataclass(frozen=True)
class LineOrigin:
    """A line's loudest origin; `mixed` when it has something of another, too."""

    origin: str
    first: int
    last: int
    moved: int
    mixed: bool

    @property
    def classes(self) -> str:
        """The style of the line's margin."""
        names = [f"from-{self.origin}"]
        names += ["moved"] if self.moved else []
        return " ".join([*names, "mixed"] if self.mixed else names)

    @property
    def sign(self) -> str:
        """The letter in the margin."""
        return ORIGINS[self.origin].sign or ("↷" if self.moved else "")


@dataclass(frozen=True)
class Share:
    """How much of the text is of one origin."""

    origin: str
    percent: str
    words: str
    width: float
    """In percent, for a bar."""


def stretches(cell: Mapping[str, Any]) -> list[Stretch]:
    """Return what a cell's metadata tells; nothing when it is not whole."""
    metadata = cell.get("metadata")
    about = metadata.get("nbinterview") if isinstance(metadata, Mapping) else None
    told = about.get("provenance") if isinstance(about, Mapping) else None
    found = [_stretch(each) for each in told] if isinstance(told, list) else []
    return [each for each in found if each] if all(found) else []


def _stretch(told: object) -> Stretch | None:
    if not isinstance(told, Mapping) or told.get("origin") not in ORIGINS:
        return None
    length, first = told.get("length"), told.get("record")
    last, moved = told.get("last_record", first), told.get("moved", 0)
    match length, first, last, moved:
        case int(), int(), int(), int():
            return Stretch(length, str(told["origin"]), first, last, moved)
    return None


def lines_of(cell: Mapping[str, Any]) -> list[LineOrigin | None]:
    """Return each line's origin; None for a line that is white space.

    Empty when nothing is known of the cell, or it is not about this text.
    """
    source, found = joined(cell.get("source")), stretches(cell)
    texts = list(_pieces(source, found))
    if "".join(text for text, _ in texts) != source:
        return []
    lines: list[list[Stretch]] = [[]]
    for text, stretch in texts:
        for place, part in enumerate(_LINE_END.split(text)):
            if place:
                lines.append([])
            if part.strip():
                lines[-1].append(stretch)
    return [_loudest(parts) for parts in lines]


def _pieces(source: str, found: Sequence[Stretch]) -> Iterator[tuple[str, Stretch]]:
    """Yield the text of each stretch; their lengths count UTF-16 code units."""
    units = source.encode("utf-16-le", "surrogatepass")
    at = 0
    for stretch in found:
        part = units[at : at + 2 * stretch.length]
        at += 2 * stretch.length
        yield part.decode("utf-16-le", "surrogatepass"), stretch


def _loudest(parts: Sequence[Stretch]) -> LineOrigin | None:
    if not parts:
        return None
    origin = min((part.origin for part in parts), key=_LOUDEST.__getitem__)
    same = [part for part in parts if part.origin == origin]
    return LineOrigin(
        origin,
        min(part.first for part in same),
        max(part.last for part in same),
        max(part.moved for part in same),
        len(same) < len(parts),
    )


def in_words(lines: Sequence[LineOrigin | None]) -> list[str]:
    """Return the margin in words, for lines that were not simply typed."""

    def kind(item: tuple[int, LineOrigin | None]) -> object:
        _, line = item
        if line is None or (line.origin == "typed" and not line.moved):
            return None
        hand = line.origin in ("typed", "interviewer")
        return replace(line, first=0, last=0) if hand else line

    words = []
    for key, group in groupby(enumerate(lines, start=1), key=kind):
        if key is not None:
            words.append(_sentence([(n, line) for n, line in group if line]))
    return words


def _sentence(run: Sequence[tuple[int, LineOrigin]]) -> str:
    start, end = run[0][0], run[-1][0]
    origin = run[0][1]
    first = min(line.first for _, line in run)
    last = max(line.last for _, line in run)
    place = f"Line {start}" if start == end else f"Lines {start} to {end}"
    some = " in part" if origin.mixed else ""
    records = f"record {first}" if first == last else f"records {first} to {last}"
    told = f", {records}" if first > 0 else ""
    moved = f"; moved by record {origin.moved}" if origin.moved else ""
    return f"{place}{some} {ORIGINS[origin.origin].words}{told}{moved}"


def shares(notebook: Mapping[str, Any] | None) -> list[Share]:
    """Return how much of the notebook's text, white space aside, is of which origin."""
    cells = notebook.get("cells") if notebook else None
    counts: Counter[str] = Counter()
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, Mapping):
            for text, stretch in _pieces(joined(cell.get("source")), stretches(cell)):
                counts[stretch.origin] += len("".join(text.split()))
    total = counts.total()
    return [
        Share(origin, _percent(n / total), ORIGINS[origin].share, 100 * n / total)
        for origin, n in counts.most_common()
        if n
    ]


def _percent(share: float) -> str:
    whole = round(100 * share)
    return f"{'less than ' if whole == 0 else ''}{max(whole, 1)}\N{NO-BREAK SPACE}%"
