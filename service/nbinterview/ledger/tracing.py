"""Text that keeps its provenance, and finding where text came from by comparing it.

Every character carries a tag. What is taken out is remembered, so that text which
comes back, moves or is copied can be recognised and keep what it carried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from nbinterview.ledger.changes import common_start
from nbinterview.schemas.film_types import Origin

MIN_COMMON_CHARS = 15
"""Text shorter than this is too often the same by chance (`import pandas`)."""
_SEED_CHARS = 8
_MAX_PLACES = 32
# Any common stretch of MIN_COMMON_CHARS holds a whole seed.
assert 2 * _SEED_CHARS - 1 <= MIN_COMMON_CHARS

MAX_TAKEN_TEXTS = 4000
MAX_TAKEN_CHARS = 2_000_000


@dataclass(slots=True, eq=False)
class Source:
    """Text that one record brought. `origin` may be settled later than the text."""

    seq: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Tag:
    """What one character carries: its source, and the record that moved it last."""

    source: Source
    moved: int | None = None


Tags: TypeAlias = list[Tag]


@dataclass(slots=True, eq=False)
class Traced:
    """A text and a tag for each of its characters."""

    text: str
    tags: Tags
    _seeds: dict[str, int] | None = field(default=None, repr=False)

    def seeds(self) -> dict[str, int]:
        """Return short pieces of the text, side by side, and where they are."""
        if self._seeds is None:
            last = len(self.text) - _SEED_CHARS
            self._seeds = {
                self.text[place : place + _SEED_CHARS]: place
                for place in range(0, last + 1, _SEED_CHARS)
            }
        return self._seeds

    def edit(self, index: int, removed: int, text: str, tags: Sequence[Tag]) -> None:
        """Put a text with its tags in the place of another."""
        self.text = self.text[:index] + text + self.text[index + removed :]
        self.tags[index : index + removed] = tags
        self._seeds = None

    def copy(self) -> Traced:
        """Return it as it is now."""
        return Traced(self.text, list(self.tags), self._seeds)


@dataclass(slots=True, eq=False)
class Taken:
    """Text that was taken out of a cell, at a place."""

    handle: int
    index: int
    seq: int
    traced: Traced


class Memory:
    """The texts that were taken out, the latest first; the oldest are forgotten."""

    def __init__(self) -> None:
        self._taken: deque[Taken] = deque()
        self._chars = 0
        self._interrupted = False

    def __iter__(self) -> Iterator[Taken]:
        return iter(self._taken)

    def add(self, taken: Taken) -> None:
        """Remember one; what a held delete key takes is one text."""
        self._chars += len(taken.traced.text)
        last = self._taken[0] if self._taken and not self._interrupted else None
        if last is not None and _continues(last, taken):
            place = 0 if taken.index < last.index else len(last.traced.text)
            last.traced.edit(place, 0, taken.traced.text, taken.traced.tags)
            last.index, last.seq = taken.index, taken.seq
        else:
            self._taken.appendleft(taken)
        self._interrupted = False
        while len(self._taken) > MAX_TAKEN_TEXTS or self._chars > MAX_TAKEN_CHARS:
            self._chars -= len(self._taken.pop().traced.text)

    def interrupt(self) -> None:
        """Something was written: what is taken next is another text."""
        self._interrupted = True


def _continues(last: Taken, taken: Taken) -> bool:
    if last.handle != taken.handle or last.seq == taken.seq:
        return False
    length = len(taken.traced.text)
    return length == 1 and taken.index in (last.index, last.index - length)


def whole(text: str, known: Iterable[Traced]) -> Tags | None:
    """Return the tags of a text that is somewhere in a known one."""
    for traced in known:
        place = traced.text.find(text)
        if place >= 0:
            return traced.tags[place : place + len(text)]
    return None


def stretches(text: str, known: Iterable[Traced]) -> list[Tag | None]:
    """Return the tags of those long stretches of a text that are in known ones.

    The longest comes first; of equal ones, that of the text which is named first.
    """
    found: list[Tag | None] = [None] * len(text)
    common: list[_Common] = []
    places = _places(text)
    for traced in known:
        if len(traced.text) >= MIN_COMMON_CHARS:
            common += _common(text, places, traced)
    # Sorting is stable.
    for stretch in sorted(common, key=lambda stretch: -stretch.length):
        for offset in range(stretch.length):
            if found[stretch.start + offset] is None:
                found[stretch.start + offset] = stretch.tags[stretch.there + offset]
    return found


@dataclass(frozen=True, slots=True)
class _Common:
    """`length` characters from `start` are those from `there` in a known text."""

    start: int
    there: int
    length: int
    tags: Tags


def _places(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place in range(len(text) - _SEED_CHARS + 1):
        seed = text[place : place + _SEED_CHARS]
        if not seed.isspace():
            places.setdefault(seed, []).append(place)
    return places


def _common(
    text: str, places: Mapping[str, list[int]], traced: Traced
) -> Iterator[_Common]:
    seeds = traced.seeds()
    covered: dict[int, int] = {}
    hits = sorted(
        (place, seeds[seed])
        for seed in seeds.keys() & places.keys()
        for place in places[seed][:_MAX_PLACES]
    )
    for place, there in hits:
        # Stretches of the same shift are the same stretch.
        if covered.get(place - there, -1) > place:
            continue
        before = common_start(text[:place][::-1], traced.text[:there][::-1])
        after = common_start(text[place:], traced.text[there:])
        covered[place - there] = place + after
        if before + after >= MIN_COMMON_CHARS:
            yield _Common(place - before, there - before, before + after, traced.tags)
