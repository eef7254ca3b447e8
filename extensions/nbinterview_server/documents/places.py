"""Where each unit of a document is: what is known of it without reading it.

A place is a list of neighbours: a sequence type, or one key of a map. Structs
next to each other in clocks mostly share one, so runs of clocks are stored.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nbinterview_server.documents.updates import Deletion, Id


@dataclass(slots=True, eq=False)
class Place:
    """One list of neighbours: all of a sequence, or the values of one map key."""

    parent: Id | str | None
    sub: str | None
    depth: int
    items: int = 0
    """How many structs were ever written to it."""
    text: bool | None = None
    """Whether letters may stand here; for a root, what stood there first says it."""


GONE = Place(None, None, 0)
"""Where structs are whose surroundings were deleted and forgotten."""


class Container(NamedTuple):
    """A type: where it is itself, and whether it is text."""

    place: Place
    text: bool


class Spans:
    """Clocks of one client, as ranges that do not touch each other."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def holds(self, clock: int) -> bool:
        """Say whether this clock is in one of them."""
        at = bisect_right(self._starts, clock) - 1
        return at >= 0 and clock < self._ends[at]

    def add(self, clock: int, end: int) -> None:
        """Take a range in, and melt it with those that it touches."""
        first = bisect_left(self._ends, clock)
        after = bisect_right(self._starts, end)
        if first < after:
            clock = min(clock, self._starts[first])
            end = max(end, self._ends[after - 1])
        self._starts[first:after] = [clock]
        self._ends[first:after] = [end]

    def missing(self, clock: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of a range that are in none of them."""
        at = bisect_right(self._ends, clock)
        while clock < end:
            start = self._starts[at] if at < len(self._starts) else end
            if clock < start:
                yield clock, min(start, end)
            clock = self._ends[at] if at < len(self._ends) else end
            at += 1


class Row:
    """Where one client's structs are, from a clock on."""

    __slots__ = ("first", "halves", "places", "reach", "starts")

    def __init__(self, first: int) -> None:
        self.first = self.reach = first
        self.starts: list[int] = []
        self.places: list[Place] = []
        self.halves = array("I")
        """Clocks of second halves of surrogate pairs."""

    def add(self, end: int, place: Place) -> None:
        """Put all up to `end` at a place."""
        if not self.places or self.places[-1] is not place:
            self.starts.append(self.reach)
            self.places.append(place)
        self.reach = end

    def place(self, clock: int) -> Place:
        """Return where this unit is."""
        return self.places[bisect_right(self.starts, clock) - 1]

    def runs(self, clock: int, end: int) -> Iterator[tuple[Place, int, int]]:
        """Yield the places of these units, and from where to where each goes on."""
        at = bisect_right(self.starts, clock) - 1
        while clock < end:
            last = self.starts[at + 1] if at + 1 < len(self.starts) else self.reach
            yield self.places[at], clock, min(end, last)
            clock, at = last, at + 1

    def splits(self, clock: int) -> bool:
        """Say whether a cut before this unit goes through a character."""
        at = bisect_left(self.halves, clock)
        return at < len(self.halves) and self.halves[at] == clock

    def extend(self, newer: Row) -> None:
        """Take over what comes after."""
        if self.places and newer.places and self.places[-1] is newer.places[0]:
            del newer.starts[0], newer.places[0]
        self.starts += newer.starts
        self.places += newer.places
        self.halves.extend(newer.halves)
        self.reach = newer.reach


NOTHING = Row(0)
PlaceKey = tuple[Id | str, str | None]


@dataclass
class Known:
    """What the document holds, as far as placing an update asks."""

    rows: dict[int, Row] = field(default_factory=dict)
    containers: dict[Id, Container] = field(default_factory=dict)
    """Of each struct that is a type."""
    places: dict[PlaceKey, Place] = field(default_factory=dict)
    deleted: dict[int, Spans] = field(default_factory=dict)
    """Of each client: what is not there any more."""
    cuts: int = 0
    """How many ranges were deleted: each may have cut a struct in three."""

    def reach(self, client: int) -> int:
        """Return the first clock of a client that is not known."""
        return self.rows.get(client, NOTHING).reach

    def is_gone(self, unit: Id) -> bool:
        """Say whether this unit was deleted."""
        spans = self.deleted.get(unit.client)
        return spans is not None and spans.holds(unit.clock)

    def forget(self, deletions: Iterable[Deletion]) -> None:
        """Remember that these are deleted, some of them perhaps again."""
        for client, clock, end in deletions:
            self.deleted.setdefault(client, Spans()).add(clock, end)
