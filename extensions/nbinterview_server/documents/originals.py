"""Which cell an id means, when several have it: the one that was there first.

Whoever writes cells can give a new one the id of another, and two people who move
the same cell at the same moment leave two with its id. What is run goes by id, so
a copy must not get the outputs: a locked cell comes before one that is not, then
the one that the room had first. The same for everybody, and after a restart too,
as the journal keeps the order in which cells came.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pycrdt import Array, Assoc, Map

from nbinterview_server.documents.integration import Plan
from nbinterview_server.documents.updates import Id


class Originals:
    """Remembers in which order the cells of one notebook came."""

    def __init__(self, doc: Any) -> None:
        self._doc = doc
        self._came: dict[Id, int] = {}

    def came(self, plan: Plan) -> None:
        """Hear of what was written, in the order in which it was applied."""
        for struct, place in plan.added:
            if (place.parent, place.sub) == ("cells", None):
                unit = Id(struct.client, struct.clock)
                self._came.setdefault(unit, len(self._came))

    def all(self) -> dict[str, Any]:
        """Return the cell that each id means, in the order in which they stand."""
        cells = self._doc.get("cells", type=Array)
        found: dict[str, list[int]] = {}
        for index, cell in enumerate(cells):
            if isinstance(cell, Map):
                found.setdefault(str(cell.get("id")), []).append(index)
        return {
            cell_id: cells[
                indices[0]
                if len(indices) == 1
                else min(indices, key=partial(self._rank, cells))
            ]
            for cell_id, indices in found.items()
        }

    def _rank(self, cells: Any, index: int) -> tuple[bool, int]:
        item = cells.sticky_index(index, Assoc.AFTER).to_json()["item"]
        unit = Id(item["client"], item["clock"])
        return not _is_locked(cells[index]), self._came[unit]


def _is_locked(cell: Any) -> bool:
    metadata = cell.get("metadata")
    return isinstance(metadata, Map) and (
        metadata.get("editable") is False or metadata.get("deletable") is False
    )
