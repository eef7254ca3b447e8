"""By role, path and content: what is allowed, what is put right, what is refused.

`judge` is pure. It refuses what no honest page writes, and returns the places that
have to be looked at once the write is applied, which for typing are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from nbinterview.errors import TooLarge
from nbinterview_server.documents.integration import Refused
from nbinterview_server.documents.updates import Id, Kind, Struct, Type
from nbinterview_server.guard import limits
from nbinterview_server.guard.paths import Path, Removed, Write

CELL_TYPES = frozenset({"code", "markdown", "raw"})
CODE_KEYS = frozenset({"outputs", "execution_count"})
NEEDED_KEYS = frozenset({"id", "cell_type", "source", "metadata"})
VIEW_KEYS = frozenset(
    {"collapsed", "scrolled", "jupyter", "jp-MarkdownHeadingCollapsed"}
)
"""Metadata of a cell that says how it is shown."""
LOCK_KEYS = frozenset({"editable", "deletable"})
STATE_KEYS = frozenset({"dirty", "document_id", "path", "hash", "file_id"})

_GONE_KINDS = frozenset({Kind.GC, Kind.DELETED})
_KINDS = frozenset({Kind.ANY, Kind.STRING, Kind.TYPE, *_GONE_KINDS})
_TYPES = frozenset({Type.ARRAY, Type.MAP, Type.TEXT})
_TYPE_OF_KEY = {"source": Type.TEXT, "metadata": Type.MAP, "outputs": Type.ARRAY}
_VALUE_KEYS = frozenset(
    {"id", "cell_type", "execution_count", "execution_state", "attachments"}
)
_MISSING = object()
_FOREIGN = "No page of a notebook writes this."


class Lock(NamedTuple):
    """What a cell's metadata says about changing and deleting it."""

    editable: bool = True
    deletable: bool = True


class Cells(Protocol):
    """What the rules ask of the notebook as it stands."""

    def lock(self, cell: Id) -> Lock:
        """Return whether a cell is locked; one that is gone is not."""

    def source_units(self, cell: Id) -> int:
        """Return about how long a cell's source is."""

    def count(self) -> int:
        """Return how many cells there are."""


@dataclass
class Doubts:
    """What has to be looked at when a write is applied."""

    begun: set[Id] = field(default_factory=set)
    """New cells: they may bring along what only the server writes."""
    keys: set[tuple[Id, str]] = field(default_factory=set)
    """Of older cells: keys that get their values back."""
    metadata: set[tuple[Id, str]] = field(default_factory=set)
    outputs: set[Id] = field(default_factory=set)
    """Older cells whose outputs were written."""
    notebook: set[tuple[str, str]] = field(default_factory=set)
    """Keys of `meta`, of `state` and of the notebook's `metadata`."""

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return any(vars(self).values())


def judge(write: Write, cells: Cells, *, staff: bool, document_id: str) -> Doubts:
    """Return what to look at after a write; `Refused` or `TooLarge` when it is none."""
    return _Judge(write, cells, staff, document_id).all()


class _Judge:
    def __init__(
        self, write: Write, cells: Cells, staff: bool, document_id: str
    ) -> None:
        self._write = write
        self._cells = cells
        self._staff = staff
        self._document_id = document_id
        self._doubts = Doubts()
        self._begun: dict[Id, dict[str, list[Any]]] = {}
        """Of new cells: what is in them, by key."""
        self._typed: dict[Id, int] = {}

    def all(self) -> Doubts:
        for path, struct in self._write.added:
            self._add(path, struct)
        for removed in self._write.removed:
            self._remove(removed)
        self._check_begun()
        self._check_typed()
        return self._doubts

    # ------------------------------------------------------- what is added

    def _add(self, path: Path, struct: Struct) -> None:
        if struct.kind not in _KINDS:
            raise Refused(_FOREIGN)
        if struct.kind is Kind.TYPE and self._type(struct) not in _TYPES:
            raise Refused(_FOREIGN)
        match path.root, path.keys:
            case "cells", (None,):
                self._add_cell(struct)
            case "cells", (None, str(key)):
                self._add_key(path.inside[0], key, struct)
            case "cells", (None, "source", None):
                self._type_in(path.inside[0], struct)
            case "cells", (None, "metadata", str(key)):
                self._add_metadata(path.inside[0], key, struct)
            case "cells", (None, "outputs", None, *_):
                self._add_output(path, struct)
            case ("meta" | "state") as root, (str(key),):
                self._add_root(root, key, struct)
            case "meta", ("metadata", str(key)):
                value = self._value(struct)
                if key != "language_info" or not limits.is_python(value):
                    self._doubts.notebook.add(("metadata", key))
            case _:
                raise Refused(_FOREIGN)

    def _add_cell(self, struct: Struct) -> None:
        if struct.kind in _GONE_KINDS:
            return
        if struct.kind is not Kind.TYPE or self._type(struct) is not Type.MAP:
            raise Refused(_FOREIGN)
        cell = Id(struct.client, struct.clock)
        if cell not in self._write.ended:
            self._begun.setdefault(cell, {})

    def _add_key(self, cell: Id, key: str, struct: Struct) -> None:
        begun = self._is_begun(cell)
        if key in _TYPE_OF_KEY:
            if struct.kind in _GONE_KINDS and begun:
                return
            if struct.kind is not Kind.TYPE or not begun:
                raise Refused(_FOREIGN)
            if self._type(struct) is not _TYPE_OF_KEY[key]:
                raise Refused(_FOREIGN)
            self._begun.get(cell, {}).setdefault(key, []).append(None)
            return
        if key not in _VALUE_KEYS:
            raise Refused(_FOREIGN)
        value = self._value(struct)
        if begun:
            if value is not _MISSING:
                self._begun.get(cell, {}).setdefault(key, []).append(value)
            return
        if key in ("id", "cell_type"):
            raise Refused(_FOREIGN)
        if key == "attachments":
            self._check_lock(cell)
        self._doubts.keys.add((cell, key))

    def _type_in(self, cell: Id, struct: Struct) -> None:
        if struct.kind is not Kind.STRING and struct.kind not in _GONE_KINDS:
            raise Refused(_FOREIGN)
        if not self._is_begun(cell):
            self._check_lock(cell)
        self._typed[cell] = self._typed.get(cell, 0) + struct.length

    def _add_metadata(self, cell: Id, key: str, struct: Struct) -> None:
        value = self._value(struct)
        if self._is_begun(cell):
            return  # looked at as a whole
        if not may_stand(key, value, staff=self._staff):
            self._doubts.metadata.add((cell, key))

    def _add_output(self, path: Path, struct: Struct) -> None:
        """Outputs come whole: nobody writes into one that is there."""
        if len(path.inside) > 2 and path.inside[2] not in self._write.begun:
            raise Refused("Only Python writes outputs.")
        if len(path.inside) > 4:
            raise Refused(_FOREIGN)
        if struct.kind is Kind.STRING and path.keys[2:] != (None, "text", None):
            raise Refused(_FOREIGN)
        if not self._is_begun(path.inside[0]):
            self._doubts.outputs.add(path.inside[0])

    def _add_root(self, root: str, key: str, struct: Struct) -> None:
        known = STATE_KEYS if root == "state" else {"nbformat", "nbformat_minor"}
        if key not in known:
            raise Refused(_FOREIGN)
        value = self._value(struct)
        honest = (key == "dirty" and isinstance(value, bool)) or (
            key == "document_id" and value == self._document_id
        )
        if not honest:
            self._doubts.notebook.add((root, key))

    # ----------------------------------------------------- what is removed

    def _remove(self, removed: Removed) -> None:
        path = removed.path
        if not self._write.ended.isdisjoint(path.inside):
            return  # it goes along with what it is in
        match path.root, path.keys:
            case "cells", (None,):
                self._remove_cells(removed)
            case "cells", (None, "source", None):
                self._check_lock(path.inside[0])
            case "cells", (None, str(key)):
                self._remove_key(path.inside[0], key)
            case "cells", (None, "metadata", str(key)):
                self._remove_metadata(path.inside[0], key)
            case "cells", (None, "outputs", None):
                pass  # somebody clears them; they stay on record
            case ("meta" | "state") as root, (str(key),):
                if key == "metadata":
                    raise Refused(_FOREIGN)
                if (root, key) != ("state", "dirty"):
                    self._doubts.notebook.add((root, key))
            case "meta", ("metadata", str(key)):
                if key != "language_info":
                    self._doubts.notebook.add(("metadata", key))
            case _:
                if not set(path.inside) & self._write.begun:
                    raise Refused(_FOREIGN)

    def _remove_cells(self, removed: Removed) -> None:
        for clock in range(removed.clock, removed.end):
            cell = Id(removed.client, clock)
            if self._staff or cell in self._write.begun:
                continue
            if not self._cells.lock(cell).deletable:
                raise Refused("This cell is locked. It cannot be moved or deleted.")

    def _remove_key(self, cell: Id, key: str) -> None:
        if self._is_begun(cell):
            return
        if key in NEEDED_KEYS or key == "outputs":
            raise Refused(_FOREIGN)
        if key == "attachments":
            self._check_lock(cell)
        self._doubts.keys.add((cell, key))

    def _remove_metadata(self, cell: Id, key: str) -> None:
        if self._is_begun(cell) or key in VIEW_KEYS or key == "trusted":
            return
        if not (self._staff and key in LOCK_KEYS):
            self._doubts.metadata.add((cell, key))

    # ------------------------------------------------------------ as a whole

    def _check_begun(self) -> None:
        if len(self._begun) > limits.MAX_NEW_CELLS:
            raise TooLarge(f"An edit has at most {limits.MAX_NEW_CELLS} new cells.")
        if self._begun:
            ended = sum(
                one.end - one.clock
                for one in self._write.removed
                if (one.path.root, one.path.keys) == ("cells", (None,))
            )
            if self._cells.count() + len(self._begun) - ended > limits.MAX_CELLS:
                raise TooLarge(f"A notebook has at most {limits.MAX_CELLS} cells.")
        for found in self._begun.values():
            _check_cell(found)
        self._doubts.begun.update(self._begun)

    def _check_typed(self) -> None:
        for cell, units in self._typed.items():
            old = 0 if cell in self._begun else self._cells.source_units(cell)
            if old + units > limits.MAX_SOURCE_UNITS:
                raise TooLarge("This cell would be too long.")

    # --------------------------------------------------------------- helpers

    def _check_lock(self, cell: Id) -> None:
        if not self._staff and not self._cells.lock(cell).editable:
            raise Refused("This cell is locked.")

    def _is_begun(self, cell: Id) -> bool:
        return cell in self._write.begun

    def _type(self, struct: Struct) -> Type:
        return self._write.update.type_of(struct)

    def _value(self, struct: Struct) -> Any:
        """Return the value of a key; `_MISSING` when the key is taken away."""
        if struct.kind in _GONE_KINDS:
            return _MISSING
        if struct.kind is not Kind.ANY or struct.length != 1:
            raise Refused(_FOREIGN)
        (value,) = self._write.update.values(struct)
        return value


def _check_cell(found: Mapping[str, list[Any]]) -> None:
    """Refuse a new cell that pages could not show."""
    if not found.keys() >= NEEDED_KEYS:
        raise Refused("A cell of this edit is not whole.")
    if not all(map(limits.is_cell_id, found["id"])):
        raise Refused(_FOREIGN)
    types = found["cell_type"]
    if not all(isinstance(one, str) and one in CELL_TYPES for one in types):
        raise Refused(_FOREIGN)
    if "code" in types and "outputs" not in found:
        raise Refused("A cell of this edit is not whole.")
    if len(set(types)) > 1 or ("code" not in types and found.keys() & CODE_KEYS):
        raise Refused(_FOREIGN)


def is_whole(cell: Any) -> bool:
    """Say whether a cell has what every page needs to show it."""
    has_outputs = "outputs" in cell or cell.get("cell_type") != "code"
    return has_outputs and all(key in cell for key in NEEDED_KEYS)


def may_stand(key: str, value: object, *, staff: bool) -> bool:
    """Say whether a person may give this to a cell's metadata."""
    if value is _MISSING:
        return key in VIEW_KEYS or key == "trusted" or (staff and key in LOCK_KEYS)
    if key == "trusted":
        return value is False
    if key in LOCK_KEYS:
        return staff and isinstance(value, bool)
    return key in VIEW_KEYS and limits.size_bytes(value) <= limits.MAX_VALUE_BYTES
