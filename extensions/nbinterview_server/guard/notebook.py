"""The notebook as it stands, asked by the units that its cells are made of."""

from __future__ import annotations

from typing import Any

from pycrdt import Array, Map, Text

from nbinterview_server.documents.order import index_of
from nbinterview_server.documents.places import Known
from nbinterview_server.documents.updates import Id
from nbinterview_server.guard.rules import Lock


class Notebook:
    """Reads one document's roots. Changes nothing."""

    def __init__(self, doc: Any, known: Known) -> None:
        self.doc = doc
        self._known = known
        self.cells: Any = doc.get("cells", type=Array)
        self.meta: Any = doc.get("meta", type=Map)
        self.state: Any = doc.get("state", type=Map)

    def index(self, cell: Id) -> int | None:
        """Return where a cell is; None when it is gone."""
        if self._known.is_gone(cell):
            return None
        with self.doc.transaction() as transaction:
            return index_of(transaction, cell)

    def cell(self, cell: Id) -> Any:
        """Return a cell's map; None when it is gone."""
        index = self.index(cell)
        found = None if index is None else self.cells[index]
        return found if isinstance(found, Map) else None

    def root(self, name: str) -> Any:
        """Return `meta`, `state` or the notebook's `metadata`."""
        if name == "metadata":
            return self.meta.get("metadata")
        return self.meta if name == "meta" else self.state

    # ------------------------------------------------- what the rules ask

    def lock(self, cell: Id) -> Lock:
        """Return whether a cell is locked; one that is gone is not."""
        metadata = _get(self.cell(cell), "metadata")
        if not isinstance(metadata, Map):
            return Lock()
        return Lock(
            metadata.get("editable") is not False,
            metadata.get("deletable") is not False,
        )

    def source_units(self, cell: Id) -> int:
        """Return a cell's length in bytes: not less than its code units."""
        source = _get(self.cell(cell), "source")
        return len(source) if isinstance(source, Text) else 0

    def count(self) -> int:
        """Return how many cells there are."""
        return len(self.cells)


def plain(value: Any) -> Any:
    """Return a shared value as JSON has it."""
    return value.to_py() if isinstance(value, Map | Array) else (
        str(value) if isinstance(value, Text) else value
    )  # fmt: skip


def _get(found: Any, key: str) -> Any:
    return None if found is None else found.get(key)
