"""Where every character of a notebook comes from, kept up to date through all edits.

Only what the server knows counts: who sent an update, what it changed, what was in the
notebook before, and what the candidate's page told of pasting. It is information for
the reader of a film, never a finding about a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from nbinterview.ledger.changes import (
    CellReplaced,
    CellsInserted,
    CellsRemoved,
    Change,
    PlayedCell,
    TextEdited,
    common_ends,
    utf16_length,
)
from nbinterview.ledger.pastes import (
    MIN_PASTE_CHARS,
    Arrival,
    ByLength,
    Paste,
    matched,
)
from nbinterview.ledger.tracing import (
    MIN_COMMON_CHARS,
    Memory,
    Source,
    Tag,
    Tags,
    Taken,
    Traced,
    stretches,
    whole,
)
from nbinterview.schemas.film_types import Origin, Span

MAX_TYPED_CHARS = 40
"""Nobody types more than this at once. Keys bring one character, brackets that close
themselves two, an input method a phrase, a completion one name: the longest
of 2,849 public names in the candidate's packages has 37. Indentation is not counted."""
MAX_WORD_CHARS = 100
"""A single word may be longer: a completed path or attribute chain."""
MAX_COMPARED_CHARS = 300_000_000
"""So much text is compared for one film, seconds of work. After that, text that comes
at once is not looked for any more and stays unexplained."""
_RECENT = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """Which record is being played. `role` is its author's, None for the room's."""

    seq: int
    author: str
    role: str | None
    at_s: float
    first: bool
    """Whether it is the first of the document's records."""


@dataclass(slots=True, eq=False)
class _New:
    """Text that came: where it is now, and what it was put in the place of."""

    cell: PlayedCell
    traced: Traced
    index: int
    text: str
    chars: int
    """Of the whole insertion, before what stayed the same was taken off."""
    lines: int
    place: int | None = None
    """Of the cell among the cells, when all of the cell is new."""

    @property
    def whole_cell(self) -> bool:
        return self.place is not None


class Origins:
    """Keeps a tag for each character of each cell.

    `outputs_text` returns all outputs as text, for what was copied from there.
    """

    def __init__(
        self, pastes: Sequence[Paste], outputs_text: Callable[[], str] = lambda: ""
    ) -> None:
        self._pastes = pastes
        self._by_length = ByLength(pastes)
        self._outputs_text = outputs_text
        self._cells: dict[int, Traced] = {}
        self._replaced: dict[int, Traced] = {}
        self._memory = Memory()
        self._arrivals: list[Arrival] = []
        self._arrived: list[Source] = []
        self._compared = 0

    def tags(self, cell: PlayedCell) -> Tags:
        """Return a cell's tags, one for each character, after the last record.

        It may be one that the last record replaced.
        """
        found = self._cells.get(cell.handle) or self._replaced[cell.handle]
        return found.tags

    def play(self, moment: Moment, changes: Sequence[Change]) -> None:
        """Follow what one record changed."""
        before = self._before(changes)
        removed: list[Taken] = []
        new: list[_New] = []
        self._replaced.clear()
        for change in changes:
            if isinstance(change, CellsRemoved):
                for offset, cell in enumerate(change.cells):
                    traced = self._cells.pop(cell.handle)
                    place = change.index + offset
                    removed.append(Taken(cell.handle, place, moment.seq, traced))
            elif isinstance(change, CellReplaced):
                traced = self._cells.pop(change.before.handle)
                self._cells[change.after.handle] = traced
                self._replaced[change.before.handle] = traced
            elif isinstance(change, CellsInserted):
                new += [
                    self._new_cell(cell, change.index + offset)
                    for offset, cell in enumerate(change.cells)
                ]
            elif isinstance(change, TextEdited):
                self._edit(moment, change, removed, new)
        for arrival in new:
            tags = self._origin(moment, arrival, removed, before)
            start = arrival.index
            arrival.traced.tags[start : start + len(arrival.text)] = tags
        for taken in removed:
            self._memory.add(taken)
        if new:
            self._memory.interrupt()

    def settle(self) -> dict[int, int]:
        """Give each paste the text it brought; to be called after the last record.

        Return the record that brought the text by the record that told the paste.
        """
        external = [paste for paste in self._pastes if paste.external]
        brought = {}
        for place, paste in matched(external, self._arrivals).items():
            self._arrived[place].origin = "pasted"
            brought[paste.seq] = self._arrived[place].seq
        return brought

    # -------------------------------------------------------------- editing

    def _before(self, changes: Sequence[Change]) -> list[Traced]:
        """Return the cells as they are, when text has to be looked for in them."""
        touched = {
            change.cell.handle: None
            for change in changes
            if isinstance(change, TextEdited)
        }
        looks = any(
            isinstance(change, CellsInserted)
            or (isinstance(change, TextEdited) and len(change.inserted) > 1)
            for change in changes
        )
        if not looks:
            return []
        same = [t for handle, t in self._cells.items() if handle not in touched]
        return [*(self._cells[h].copy() for h in touched if h in self._cells), *same]

    def _new_cell(self, cell: PlayedCell, place: int) -> _New:
        traced = Traced(cell.source, [_NOWHERE] * len(cell.source))
        self._cells[cell.handle] = traced
        chars, lines = utf16_length(cell.source), cell.source.count("\n")
        return _New(cell, traced, 0, cell.source, chars, lines, place)

    def _edit(
        self,
        moment: Moment,
        edit: TextEdited,
        removed: list[Taken],
        new: list[_New],
    ) -> None:
        traced = self._cells[edit.cell.handle]
        # What is the same at both ends stayed: a completion, a source set anew.
        start, end = common_ends(edit.removed, edit.inserted)
        index = edit.index + start
        gone = edit.removed[start : len(edit.removed) - end]
        text = edit.inserted[start : len(edit.inserted) - end]
        if gone:
            tags = traced.tags[index : index + len(gone)]
            taken = Taken(edit.cell.handle, index, moment.seq, Traced(gone, tags))
            removed.append(taken)
        traced.edit(index, len(gone), text, [_NOWHERE] * len(text))
        if text:
            chars, lines = utf16_length(edit.inserted), edit.inserted.count("\n")
            new.append(_New(edit.cell, traced, index, text, chars, lines))

    # -------------------------------------------------------------- origins

    def _origin(
        self,
        moment: Moment,
        new: _New,
        removed: Sequence[Taken],
        before: Sequence[Traced],
    ) -> Tags:
        if moment.first or not new.text:
            return self._brought(moment, new, new.text)
        external = self._pasted(moment, new, external=True)
        found = self._moved(moment, new, removed, before, external=external)
        unknown = "".join(
            char for char, tag in zip(new.text, found, strict=True) if tag is None
        )
        brought = self._brought(moment, new, unknown)
        if not brought:
            stayed = [tag for tag in found if tag is not None]
            if _in_place(new, removed):
                return stayed
            carried = _Carried(moment.seq)
            return [carried[tag] for tag in stayed]
        new_tag, carried = brought[0], _Carried(moment.seq)
        return [new_tag if tag is None else carried[tag] for tag in found]

    def _moved(
        self,
        moment: Moment,
        new: _New,
        removed: Sequence[Taken],
        before: Sequence[Traced],
        *,
        external: bool,
    ) -> Sequence[Tag | None]:
        """Return the tags of what was in the notebook before."""
        text = new.text
        unknown: list[Tag | None] = [None] * len(text)
        if len(text) < 2 and not new.whole_cell:
            return unknown
        now = [taken.traced for taken in removed]
        long = len(text) >= MIN_COMMON_CHARS
        if not long and not new.whole_cell:
            recent = self._recent(new)
            tags = whole(text, now) or whole(text, recent)
            if tags is None and self._pasted(moment, new, external=False):
                tags = whole(text, self._known(before))
            return tags or unknown
        known = [*now, *self._known(before)]
        self._compared += sum(len(traced.text) for traced in known)
        if self._compared > MAX_COMPARED_CHARS:
            return whole(text, now) or unknown
        if new.whole_cell:
            # A short cell that is equal to another is a copy of it.
            equal = next((t for t in known if t.text == text), None)
            if equal is not None:
                return list(equal.tags)
        if not long:
            return whole(text, now) or unknown
        tags = whole(text, known)
        if tags is not None:
            return tags
        return unknown if external else stretches(text, known)

    def _recent(self, new: _New) -> list[Traced]:
        """Return what was last taken from this cell and is just this text: an undo."""
        own = [t for t in self._memory if t.handle == new.cell.handle][:_RECENT]
        return [taken.traced for taken in own if taken.traced.text == new.text]

    def _known(self, before: Sequence[Traced]) -> list[Traced]:
        return [*(taken.traced for taken in self._memory), *before]

    def _brought(self, moment: Moment, new: _New, text: str) -> Tags:
        """Return tags for text that this record brought."""
        if not text:
            return []
        source = Source(moment.seq, self._author_origin(moment, new, text))
        if moment.role == "candidate" and new.chars >= MIN_PASTE_CHARS:
            self._arrivals.append(_arrival(moment, new, text))
            self._arrived.append(source)
        return [Tag(source)] * len(text)

    def _author_origin(self, moment: Moment, new: _New, text: str) -> Origin:
        if moment.role in ("interviewer", "reviewer"):
            return "interviewer"
        if moment.author == "room":
            return "template"
        if not at_once(text):
            return "typed"
        copied = self._pasted(moment, new, external=False)
        return "typed" if copied and text in self._outputs_text() else "unexplained"

    def _pasted(self, moment: Moment, new: _New, *, external: bool) -> bool:
        if new.chars < MIN_PASTE_CHARS:
            return False
        arrival = _arrival(moment, new, new.text)
        return any(
            paste.external == external for paste in self._by_length.fitting(arrival)
        )


_NOWHERE = Tag(Source(0, "unexplained"))


def at_once(text: str) -> bool:
    """Say whether a text is longer than anybody types in one go."""
    words = text.split()
    if len(words) == 1:
        return len(words[0]) > MAX_WORD_CHARS
    return sum(map(len, words)) > MAX_TYPED_CHARS


def _arrival(moment: Moment, new: _New, text: str) -> Arrival:
    return Arrival(
        author=moment.author,
        at_s=moment.at_s,
        chars=new.chars,
        lines=new.lines,
        cell_id=new.cell.id,
        at_once=at_once(text),
    )


def _in_place(new: _New, removed: Sequence[Taken]) -> bool:
    """Say whether a cell only became another at its place, as when its type changes."""
    return any(
        taken.traced.text == new.text and taken.index == new.place for taken in removed
    )


class _Carried(dict[Tag, Tag]):
    """The tags of text that a record moved, by those it had before."""

    def __init__(self, seq: int) -> None:
        super().__init__()
        self._seq = seq

    def __missing__(self, tag: Tag) -> Tag:
        moved = self[tag] = Tag(tag.source, self._seq)
        return moved


def runs(text: str, tags: Sequence[Tag]) -> list[tuple[int, Tag]]:
    """Return the tags of a text with how many UTF-16 code units each holds for."""
    found = []
    place = 0
    for tag, group in groupby(tags):
        count = sum(1 for _ in group)
        found.append((utf16_length(text[place : place + count]), tag))
        place += count
    return found


def span(length: int, tag: Tag) -> Span:
    """Return a run in the form of a film, after `Origins.settle`."""
    found: Span = {"length": length, "origin": tag.source.origin, "seq": tag.source.seq}
    if tag.moved is not None:
        found["moved"] = tag.moved
    return found
