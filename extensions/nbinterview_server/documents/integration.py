"""Whether an update would become part of the document, whole and at once.

pycrdt keeps what it cannot place yet and lets it in later, inside of somebody
else's update. So this module follows the document: how far each client's structs
are known, and at which place each of them is. It plays an update through,
struct by struct, and says before anything is applied what would go wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from nbinterview.errors import NBInterviewError, TooLarge
from nbinterview_server.documents.places import (
    GONE,
    NOTHING,
    Container,
    Known,
    Place,
    PlaceKey,
    Row,
)
from nbinterview_server.documents.updates import (
    Deletion,
    Id,
    Kind,
    Struct,
    Type,
    Update,
)

MAX_DEPTH = 32
"""Of types in types. A notebook's have 5; Yjs deletes them by recursion."""
MAX_STEPS = 4_000_000
"""Of comparing neighbours while one update is placed, in the worst case: 150 ms."""


class Refused(NBInterviewError):
    """A write that is not taken; nothing of it was applied."""

    status = 403
    title = "This edit was not saved"


class Pair(NamedTuple):
    """The two neighbours that a new struct names."""

    struct: Struct
    left: Id
    right: Id
    place: Place


_LETTERS = {Kind.STRING, Kind.FORMAT}
_TEXTS = {Type.TEXT, Type.XML_TEXT}


class Plan:
    """How one update would be placed on top of what is known.

    Making one changes nothing. Raises `Refused` when a part would be left
    pending, when a reference leads where no honest page's does, and when
    placing it could take too long (`TooLarge`). Of what is `trusted`, because
    this server wrote it or took it before, only the first is asked.
    """

    def __init__(self, known: Known, update: Update, *, trusted: bool = False) -> None:
        self._known = known
        self._update = update
        self._trusted = trusted
        self.rows: dict[int, Row] = {}
        """Of clients with new structs: where those are."""
        self.containers: dict[Id, Container] = {}
        self.texts: dict[Place, bool] = {}
        self.places: dict[PlaceKey, Place] = {}
        self.counts: dict[Place, int] = {}
        self.added: list[tuple[Struct, Place]] = []
        """The new structs, in the order in which they can be placed."""
        self.pairs: list[Pair] = []
        """Neighbours whose order is still to be asked."""
        self.cuts = len(update.deletions)
        self._origins: set[Id] = set()
        self._steps = 0
        self._added = 0
        self._place_all(update)
        self._check_deletions(update.deletions)
        self.empty = not self.rows and not update.deletions
        self.all_new = self._added == len(update.structs)
        """There is nothing in it that the document has already."""

    @property
    def clients(self) -> set[int]:
        """The client ids under which there are new structs."""
        return set(self.rows)

    def applied(self) -> None:
        """Let it be known: the update is part of the document now."""
        known = self._known
        for client, row in self.rows.items():
            before = known.rows.get(client)
            if before is None:
                known.rows[client] = row
            else:
                before.extend(row)
        known.containers.update(self.containers)
        known.places.update(self.places)
        known.cuts += self.cuts
        for place, count in self.counts.items():
            place.items += count
        for place, text in self.texts.items():
            place.text = text

    def runs(self, clock_range: Deletion) -> Iterator[tuple[Place, int, int]]:
        """Yield the places of these units, and from where to where each goes on."""
        client, clock, end = clock_range
        new = self.rows.get(client)
        first = end if new is None else max(clock, min(end, new.first))
        if clock < first:
            yield from self._known.rows[client].runs(clock, first)
        if new is not None and first < end:
            yield from new.runs(first, end)

    def container(self, unit: Id) -> Container | None:
        """Return the type that this unit makes, if it makes one."""
        return self.containers.get(unit) or self._known.containers.get(unit)

    def _object(self, error: NBInterviewError) -> None:
        if not self._trusted:
            raise error

    def _place_all(self, update: Update) -> None:
        """Place structs in the order in which Yjs can, or refuse."""
        queues = {
            client: queue
            for client, structs in update.by_client.items()
            if (queue := self._new(client, structs))
        }
        waiting: dict[int, list[tuple[int, int]]] = {}
        ready = list(queues)
        while ready:
            client = ready.pop()
            queue = queues[client]
            row = self.rows.get(client)
            if row is None:
                row = self.rows[client] = Row(self._known.reach(client))
            while queue:
                missing = self._missing(queue[0], row)
                if missing is not None:
                    heappush(
                        waiting.setdefault(missing.client, []), (missing.clock, client)
                    )
                    break
                self._add(queue.popleft(), row)
            held = waiting.get(client)
            while held and held[0][0] < row.reach:
                ready.append(heappop(held)[1])
        if any(queues.values()):
            raise Refused("This edit hangs on something that the room does not have.")

    def _new(self, client: int, structs: list[Struct]) -> deque[Struct]:
        reach = self._known.reach(client)
        new: deque[Struct] = deque()
        for struct in structs:
            if struct.end <= reach or struct.kind is Kind.SKIP:
                continue
            if struct.clock > reach:
                raise Refused("Something that came before this edit is missing.")
            new.append(struct)
            reach = struct.end
        return new

    def _reach(self, client: int) -> int:
        row = self.rows.get(client)
        return self._known.reach(client) if row is None else row.reach

    def _missing(self, struct: Struct, row: Row) -> Id | None:
        """Return a unit that has to be there first and is not."""
        parent = struct.parent
        for needed in (
            # Its own beginning is known: that is its neighbour, whatever it says.
            None if struct.clock < row.reach else struct.origin,
            struct.right,
            parent if isinstance(parent, Id) else None,
        ):
            if needed is not None and needed.clock >= self._reach(needed.client):
                return needed
        return None

    def _add(self, struct: Struct, row: Row) -> None:
        start = row.reach
        place = self._place(struct, start)
        self._added += start == struct.clock
        if struct.kind is Kind.TYPE:
            text = self._update.type_of(struct) in _TEXTS
            self.containers[Id(struct.client, struct.clock)] = Container(place, text)
        elif struct.text is not None and not struct.text.isascii():
            self._note_halves(struct, start, row)
        self._check_letters(struct, place)
        self.added.append((struct, place))
        row.add(struct.end, place)
        self.counts[place] = self.counts.get(place, 0) + 1

    def _place(self, struct: Struct, start: int) -> Place:
        """Return where a struct would be, `start` being its first new clock."""
        if struct.kind is Kind.GC:
            return GONE
        left = struct.origin if start == struct.clock else Id(struct.client, start - 1)
        right = struct.right
        if left is None and right is None:
            place = self._place_in(struct)
        else:
            place = self._place_between(left, right)
            self._note_pair(struct, left, place)
        self._count_steps(left, place)
        return place

    def _place_between(self, left: Id | None, right: Id | None) -> Place:
        found: Place | None = None
        for neighbour, cut in ((left, 1), (right, 0)):
            if neighbour is None:
                continue
            self._check_cut(neighbour.client, neighbour.clock + cut)
            place = self._place_of(neighbour)
            if place is GONE or found is GONE:
                found = GONE
            elif found is None:
                found = place
            elif found is not place:
                self._object(Refused("The neighbours of this edit are not neighbours."))
        assert found is not None
        return found

    def _note_pair(self, struct: Struct, left: Id | None, place: Place) -> None:
        if struct.right is None or place is GONE or self._trusted:
            return
        if place.sub is not None:
            self._object(Refused("A value has no value to its right."))
        if left is not None:
            self.pairs.append(Pair(struct, left, struct.right, place))

    def _place_in(self, struct: Struct) -> Place:
        parent, sub = struct.parent, struct.sub
        assert parent is not None, "the format has one where there is no neighbour"
        depth, text = 0, None if sub is None else False
        if isinstance(parent, Id):
            container = self.container(parent)
            if container is None and self._place_of(parent) is not GONE:
                self._object(Refused("This edit is inside of what holds nothing."))
            if container is None or container.place is GONE:
                return GONE
            depth = container.place.depth + 1
            text = container.text and sub is None
            if depth > MAX_DEPTH:
                self._object(TooLarge("This edit is nested too deeply."))
        key = (parent, sub)
        place = self.places.get(key) or self._known.places.get(key)
        if place is None:
            place = self.places[key] = Place(parent, sub, depth, text=text)
        return place

    def _place_of(self, unit: Id) -> Place:
        row = self.rows.get(unit.client)
        if row is None or unit.clock < row.first:
            row = self._known.rows[unit.client]
        return row.place(unit.clock)

    def _count_steps(self, left: Id | None, place: Place) -> None:
        """Bound the time of placing: as many comparisons as there are rivals.

        Beside a neighbour that is new and that nobody else named there are none.
        """
        if left is None:
            fresh = (
                place.parent,
                place.sub,
            ) in self.places and place not in self.counts
        else:
            row = self.rows.get(left.client)
            fresh = row is not None and left.clock >= row.first
            fresh = fresh and left not in self._origins
            self._origins.add(left)
        if not fresh and place is not GONE:
            self._steps += place.items + self.counts.get(place, 0)
            if self._steps > MAX_STEPS:
                self._object(TooLarge("This edit changes too much at one place."))

    def _check_letters(self, struct: Struct, place: Place) -> None:
        """Refuse letters in a list: pycrdt can look for them there for ever."""
        if place is GONE or struct.kind is Kind.DELETED:
            return
        letters = struct.kind in _LETTERS
        text = place.text
        if text is None:
            text = self.texts.setdefault(place, letters)
        if letters and not text:
            self._object(Refused("This edit puts letters where none can be."))

    def _note_halves(self, struct: Struct, start: int, row: Row) -> None:
        """Remember where a cut would go through a character."""
        assert struct.text is not None
        clock = struct.clock
        for character in struct.text:
            clock += 1
            if character > "\uffff":
                if clock == start:
                    self._object(Refused("This edit begins inside of a character."))
                if clock > start:
                    row.halves.append(clock)
                clock += 1

    def _check_cut(self, client: int, clock: int) -> None:
        """Refuse to cut through a character: pycrdt loses count of it."""
        row = self.rows.get(client)
        if row is None or clock < row.first:
            row = self._known.rows.get(client, NOTHING)
        if row.splits(clock):
            self._object(Refused("This edit cuts through a character."))

    def _check_deletions(self, deletions: list[Deletion]) -> None:
        for client, clock, end in deletions:
            if end > self._reach(client):
                raise Refused("This edit deletes something that the room never had.")
            self._check_cut(client, clock)
            self._check_cut(client, end)
