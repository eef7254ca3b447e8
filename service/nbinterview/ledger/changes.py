"""What every update did to the notebook: the record's Yjs bytes in a plain form.

The document is played by pycrdt, whose observers say what changed; where they and
the document should ever disagree, the document is right and the difference is taken.
Positions in text count characters (code points) here; films count UTF-16 code units.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast
from weakref import WeakMethod

from pycrdt import Array, ArrayEvent, Doc, Map, MapEvent, Text, TextEvent

from nbinterview.errors import Invalid
from nbinterview.ledger.notebook import apply_update

CELL_TYPES = ("code", "markdown", "raw")
MAX_RENEWED_CHARS = 30_000_000
"""So much of cells is told anew because their id, type or lock changed: each time a few
bytes of record make a whole cell of film. Who changes more keeps what they had."""
_IDENTITY = frozenset(("id", "cell_type", "metadata"))


@dataclass(slots=True)
class PlayedCell:
    """One cell as it is now. `handle` is its own for the whole record."""

    handle: int
    id: str
    type: str
    source: str
    count: int | None
    locked: bool


@dataclass(frozen=True, slots=True)
class CellsInserted:
    """These cells came at `index`, with what is in them after the update."""

    index: int
    cells: tuple[PlayedCell, ...]


@dataclass(frozen=True, slots=True)
class CellsRemoved:
    """These cells, as they were before the update, went from `index`."""

    index: int
    cells: tuple[PlayedCell, ...]


@dataclass(frozen=True, slots=True)
class CellReplaced:
    """The cell at `index` got another id, type or lock, and a new handle."""

    index: int
    before: PlayedCell
    after: PlayedCell


@dataclass(frozen=True, slots=True)
class TextEdited:
    """In a cell's source, `removed` at `index` was replaced by `inserted`.

    `index_utf16` is the same place in UTF-16 code units.
    """

    cell: PlayedCell
    index: int
    index_utf16: int
    removed: str
    inserted: str


@dataclass(frozen=True, slots=True)
class OutputsChanged:
    """A cell's outputs are others now; `NotebookPlayer.outputs` reads them."""

    cell: PlayedCell


@dataclass(frozen=True, slots=True)
class CountChanged:
    """A cell's execution count is `cell.count` now."""

    cell: PlayedCell


Change: TypeAlias = (
    CellsInserted
    | CellsRemoved
    | CellReplaced
    | TextEdited
    | OutputsChanged
    | CountChanged
)
_Edit: TypeAlias = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an observer was told of one shared type below the cells."""

    path: tuple[Any, ...]
    delta: Sequence[Mapping[str, Any]]
    keys: frozenset[str]


def update_of(record: Mapping[str, Any]) -> bytes:
    """Return the Yjs update of a `document` record; raise `Invalid` for none."""
    try:
        return base64.b64decode(record["payload"]["update"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise Invalid(f"Record {record['seq']} holds no Yjs update.") from error


class NotebookPlayer:
    """A notebook to which the updates of its record are applied in their order.

    `cells` is the notebook after the last of them. Changes are to be read in the
    order in which `play` returns them: each one's index is that of its moment.
    """

    def __init__(self) -> None:
        self.cells: list[PlayedCell] = []
        self._document: Doc[Any] = Doc()
        self._cells = self._document.get("cells", type=Array)
        self._seen: list[_Seen] = []
        self._handles = 0
        self._renewed_chars = 0
        # Weak: Python does not see the circle through pycrdt, and would never free it.
        see = WeakMethod(self._see)

        def tell(events: list[Any]) -> None:
            if (listener := see()) is not None:
                listener(events)

        # Kept: an observer ends with its subscription.
        self._subscription = self._cells.observe_deep(tell)

    def play(self, update: bytes) -> list[Change]:
        """Apply one update; return what it changed. Raise `Invalid` for bad bytes."""
        self._seen.clear()
        apply_update(self._document, update)
        fresh: set[int] = set()
        changes: list[Change] = []
        for seen in self._seen:
            if not seen.path:
                changes += self._array(seen.delta, fresh)
        if len(self.cells) != len(self._cells):
            changes += self._anew(fresh)
        renewed: set[int] = set()
        for seen in self._seen:
            if seen.path and isinstance(seen.path[0], int):
                changes += self._inside(seen, fresh, renewed)
        for index in sorted(renewed):
            changes += self._replaced(index)
        return changes

    def outputs(self, cell: PlayedCell) -> list[Any]:
        """Return a cell's outputs as they are now, nbformat; none for one that went."""
        index = next((i for i, c in enumerate(self.cells) if c is cell), None)
        if index is None:
            return []
        found = _get(self._cells[index], "outputs")
        value = found.to_py() if isinstance(found, Array) else found
        return value if isinstance(value, list) else []

    # ------------------------------------------------------------ observed

    def _see(self, events: Sequence[Any]) -> None:
        # Read now: an event is of its transaction, and ends with it.
        for event in events:
            told: Any = event  # pycrdt's types do not name these attributes
            path = tuple(told.path)
            delta: Sequence[Mapping[str, Any]] = ()
            keys: frozenset[str] = frozenset()
            if isinstance(event, MapEvent):
                keys = frozenset(told.keys)
            elif isinstance(event, ArrayEvent):
                # Below the cells it is enough to know that something changed.
                delta = told.delta if not path else ()
            elif isinstance(event, TextEvent) and path[1:] == ("source",):
                delta = told.delta
            self._seen.append(_Seen(path, delta, keys))

    # --------------------------------------------------------------- cells

    def _array(
        self, delta: Sequence[Mapping[str, Any]], fresh: set[int]
    ) -> list[Change]:
        changes: list[Change] = []
        index = 0
        for step in delta:
            if "retain" in step:
                index += step["retain"]
            elif "delete" in step:
                changes += self._remove(index, step["delete"])
            else:
                count = len(step["insert"])
                changes.append(self._insert(index, count, fresh))
                index += count
        return changes

    def _anew(self, fresh: set[int]) -> list[Change]:
        """Take all cells from the document; no observer is known to need it."""
        fresh.clear()
        changes = self._remove(0, len(self.cells))
        return [*changes, self._insert(0, len(self._cells), fresh)]

    def _remove(self, index: int, count: int) -> list[Change]:
        gone = tuple(self.cells[index : index + count])
        del self.cells[index : index + count]
        return [CellsRemoved(index, gone)] if gone else []

    def _insert(self, index: int, count: int, fresh: set[int]) -> Change:
        # Read at their final places: a delta goes from left to right.
        last = len(self._cells)
        new = tuple(self._read(i) for i in range(index, min(index + count, last)))
        self.cells[index:index] = new
        fresh.update(cell.handle for cell in new)
        return CellsInserted(index, new)

    def _read(self, index: int) -> PlayedCell:
        shared = self._cells[index]
        self._handles += 1
        kind = _get(shared, "cell_type")
        return PlayedCell(
            handle=self._handles,
            id=str(_get(shared, "id") or ""),
            type=kind if kind in CELL_TYPES else "raw",
            source=_source(shared),
            count=_count(shared),
            locked=_locked(shared),
        )

    # -------------------------------------------------------- inside a cell

    def _inside(self, seen: _Seen, fresh: set[int], renewed: set[int]) -> list[Change]:
        index, below = seen.path[0], seen.path[1:]
        if index >= len(self.cells) or self.cells[index].handle in fresh:
            return []
        cell, shared = self.cells[index], self._cells[index]
        if below == ("source",):
            return self._edited(cell, shared, seen.delta)
        if below[:1] == ("outputs",):
            return [OutputsChanged(cell)]
        if below == ("metadata",) or (not below and seen.keys & _IDENTITY):
            renewed.add(index)
        if below:
            return []
        changes: list[Change] = []
        if "source" in seen.keys:
            changes += self._edited(cell, shared, ())
        if "execution_count" in seen.keys:
            cell.count = _count(shared)
            changes.append(CountChanged(cell))
        if "outputs" in seen.keys:
            changes.append(OutputsChanged(cell))
        return changes

    def _edited(
        self, cell: PlayedCell, shared: Any, delta: Sequence[Mapping[str, Any]]
    ) -> list[Change]:
        before, after = cell.source, _source(shared)
        edits = text_edits(before, after, delta)
        cell.source = after
        # Edits go from left to right: what is before one is as it stays.
        return [
            TextEdited(cell, index, utf16_length(after[:index]), removed, inserted)
            for index, removed, inserted in edits
        ]

    def _replaced(self, index: int) -> list[Change]:
        if self._renewed_chars > MAX_RENEWED_CHARS:
            return []
        cell, new = self.cells[index], self._read(index)
        if (cell.id, cell.type, cell.locked) == (new.id, new.type, new.locked):
            return []
        self._renewed_chars += len(new.source) + json_size(self.outputs(cell))
        self.cells[index] = new
        return [CellReplaced(index, cell, new)]


# ---------------------------------------------------------------------- text


def text_edits(
    before: str, after: str, delta: Sequence[Mapping[str, Any]]
) -> list[_Edit]:
    """Return `(index, removed, inserted)`, one after the other, from left to right.

    A delta of pycrdt counts bytes of UTF-8. One that does not lead from `before` to
    `after` is not believed; the shortest stretch that differs is the edit then.
    """
    if before == after:
        return []
    try:
        edits, result = _by_delta(before, delta)
    except ValueError:
        edits, result = [], before
    return edits if result == after else [_difference(before, after)]


def _by_delta(
    before: str, delta: Sequence[Mapping[str, Any]]
) -> tuple[list[_Edit], str]:
    content = before.encode()
    done: list[str] = []
    edits: list[_Edit] = []
    at_byte = index = 0
    removed = inserted = ""
    for step in (*delta, {"retain": 0}):
        if "insert" in step:
            if not isinstance(step["insert"], str):
                raise ValueError("something else than text in a text")
            inserted += step["insert"]
            continue
        size = step.get("retain", step.get("delete", 0))
        # Half a character cannot be decoded: a UnicodeDecodeError is a ValueError.
        chunk = content[at_byte : at_byte + size].decode()
        at_byte += size
        if "delete" in step:
            removed += chunk
            continue
        if removed or inserted:
            edits.append((index, removed, inserted))
            done.append(inserted)
            index += len(inserted)
        removed = inserted = ""
        done.append(chunk)
        index += len(chunk)
    return edits, "".join(done) + content[at_byte:].decode()


def _difference(before: str, after: str) -> _Edit:
    start, end = common_ends(before, after)
    return start, before[start : len(before) - end], after[start : len(after) - end]


def common_start(one: str, other: str) -> int:
    """Return how many characters two texts share at their start."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    return next(place for place in range(most) if one[place] != other[place])


def common_ends(one: str, other: str) -> tuple[int, int]:
    """Return how many characters two texts share at their start, then at their end."""
    start = common_start(one, other)
    return start, common_start(one[start:][::-1], other[start:][::-1])


def utf16_length(text: str) -> int:
    """Return how many UTF-16 code units a text has."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# -------------------------------------------------------------- shared cells


def json_size(value: object) -> int:
    """Return about how many characters a value of JSON has."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + json_size(one) for key, one in value.items())
    return 1 + sum(map(json_size, value)) if isinstance(value, list) else 1


def _get(shared: Any, key: str) -> Any:
    return shared.get(key) if isinstance(shared, Map) else None


def _source(shared: Any) -> str:
    found = _get(shared, "source")
    if isinstance(found, Text):
        return str(found)
    return found if isinstance(found, str) else ""


def _count(shared: Any) -> int | None:
    found = _get(shared, "execution_count")
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if abs(found) < 2**53 else None


def _locked(shared: Any) -> bool:
    metadata = _get(shared, "metadata")
    found = metadata.get("editable") if isinstance(metadata, Map | dict) else None
    return cast("object", found) is False
