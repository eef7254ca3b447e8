"""What a write did and nobody may, put right by the room in the same turn.

Before a write is applied, the values that it may touch are noted; after it, those that
may not stand are put back. Nothing here is refused any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbinterview_server.documents.updates import Id
from nbinterview_server.guard.limits import are_images, is_python
from nbinterview_server.guard.notebook import Notebook, plain
from nbinterview_server.guard.produced import Produced
from nbinterview_server.guard.rules import LOCK_KEYS, Doubts, is_whole, may_stand

_ABSENT = object()


@dataclass
class Before:
    """What stood at the places of doubt."""

    keys: dict[tuple[Id, str], Any] = field(default_factory=dict)
    metadata: dict[tuple[Id, str], Any] = field(default_factory=dict)
    notebook: dict[tuple[str, str], Any] = field(default_factory=dict)


def note(notebook: Notebook, doubts: Doubts) -> Before:
    """Return what stands at these places now."""
    before = Before()
    for unit, key in doubts.keys:
        before.keys[unit, key] = _value(notebook.cell(unit), key)
    for unit, key in doubts.metadata:
        cell = notebook.cell(unit)
        metadata = None if cell is None else cell.get("metadata")
        before.metadata[unit, key] = _value(metadata, key)
    for root, key in doubts.notebook:
        before.notebook[root, key] = _value(notebook.root(root), key)
    return before


class Correction:
    """One write's correction. `make` within a transaction; `what` says what it did."""

    def __init__(
        self,
        notebook: Notebook,
        produced: Produced,
        doubts: Doubts,
        before: Before,
        *,
        staff: bool,
    ) -> None:
        self._notebook = notebook
        self._produced = produced
        self._doubts = doubts
        self._before = before
        self._staff = staff
        self.what: set[str] = set()
        """The names of what was put right."""

    def make(self) -> None:
        """Put right what may not stand."""
        for unit in self._doubts.begun:
            cell = self._notebook.cell(unit)
            if cell is not None and is_whole(cell):
                self._check_new(cell)
            elif cell is not None:
                self._take_away(unit)
        for unit in self._doubts.outputs:
            cell = self._notebook.cell(unit)
            if cell is not None:
                self._drop_unknown(cell)
        for (unit, key), value in self._before.keys.items():
            cell = self._notebook.cell(unit)
            may = cell is not None and self._may_stand(cell, key)
            if key == "execution_state":  # what runs does not look idle
                may = may and value is _ABSENT
            if cell is not None and not may:
                self._restore(cell, key, value)
        for (unit, key), value in self._before.metadata.items():
            cell = self._notebook.cell(unit)
            if cell is not None:
                self._restore_metadata(cell["metadata"], key, value)
        for (root, key), value in self._before.notebook.items():
            self._restore_root(root, key, value)

    # --------------------------------------------------------- a new cell

    def _take_away(self, unit: Id) -> None:
        """Remove a new cell that no page could show: its own write took parts of it."""
        del self._notebook.cells[self._notebook.index(unit)]
        self.what.add("cell")

    def _check_new(self, cell: Any) -> None:
        cell_id = str(cell.get("id"))
        metadata = cell["metadata"]
        for key, value in metadata.to_py().items():
            if may_stand(key, value, staff=self._staff):
                continue
            if key == "trusted" or not self._may_return(cell_id, key, value):
                self._drop(metadata, key)
        if "outputs" in cell:
            self._drop_unknown(cell)
            if not self._may_stand(cell, "execution_count"):
                self._restore(cell, "execution_count", None)
        for key, value in (("execution_state", "idle"), ("attachments", _ABSENT)):
            if key in cell and not self._may_stand(cell, key):
                self._restore(cell, key, value)

    def _may_return(self, cell_id: str, key: str, value: Any) -> bool:
        if key in LOCK_KEYS:
            return False  # a candidate's copy is their own
        return self._produced.had(cell_id, key, value)

    def _drop_unknown(self, cell: Any) -> None:
        outputs = cell["outputs"]
        for at in reversed(self._produced.unknown(outputs.to_py())):
            del outputs[at]
            self.what.add("outputs")

    def _may_stand(self, cell: Any, key: str) -> bool:
        value = plain(cell.get(key))
        if key == "attachments":
            return key not in cell or are_images(value)
        if key == "execution_state":
            return key not in cell or value == "idle"
        outputs = plain(cell.get("outputs"))
        if value is None:
            return key in cell and outputs == []
        return self._produced.stood(outputs or [], value)

    # -------------------------------------------------------- an older one

    def _restore(self, holder: Any, key: str, value: Any) -> None:
        if value is _ABSENT:
            self._drop(holder, key)
        elif key not in holder or not _same(plain(holder.get(key)), value):
            holder[key] = value
            self.what.add(key)

    def _drop(self, holder: Any, key: str) -> None:
        if key in holder:
            del holder[key]
            self.what.add(key)

    def _restore_metadata(self, metadata: Any, key: str, value: Any) -> None:
        now = plain(metadata.get(key)) if key in metadata else _ABSENT
        if key == "trusted" and value is True:
            value = _ABSENT  # an older room let it in
        if now is _ABSENT and key not in LOCK_KEYS and value is _ABSENT:
            return
        self._restore(metadata, key, value)

    def _restore_root(self, root: str, key: str, value: Any) -> None:
        holder = self._notebook.root(root)
        if key == "language_info" and is_python(plain(holder.get(key))):
            return
        self._restore(holder, key, value)


def _value(holder: Any, key: str) -> Any:
    if holder is None or key not in holder:
        return _ABSENT
    return plain(holder.get(key))


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
