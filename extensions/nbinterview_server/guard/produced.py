"""What the server's own execution once produced for this document.

A cell that comes back, by undo, paste or a move, brings its outputs along. They stand
when outputs just like them have stood in the document before: those were the
server's, or came back themselves. What is kept are hashes, made anew from the
journal when a room starts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nbinterview_server.documents.updates import Id
from nbinterview_server.guard.notebook import Notebook, plain

MAX_CELLS = 10_000
"""Of cells that left, what they had is remembered, the oldest forgotten first."""


class Produced:
    """Hashes of outputs, and what cells that left the notebook had."""

    def __init__(self) -> None:
        self._outputs: set[bytes] = set()
        self._results: set[bytes] = set()
        self._changed: set[Id] = set()
        self._left: dict[str, dict[str, Any]] = {}

    def wrote(self, cell: Id) -> None:
        """Remember that the server wrote outputs to a cell."""
        self._changed.add(cell)

    def look(self, notebook: Notebook) -> None:
        """Take in the outputs that the server wrote since it was last asked."""
        for cell in self._changed:
            found = notebook.cell(cell)
            if found is not None:
                self.take(found)
        self._changed.clear()

    def take(self, cell: Any) -> None:
        """Take in what a cell shows now."""
        outputs = plain(cell.get("outputs"))
        if not isinstance(outputs, list):
            return
        hashes = [_hash(one) for one in outputs]
        self._outputs.update(hashes)
        self._results.add(_result(hashes, cell.get("execution_count")))

    def leaves(self, cell: Any) -> None:
        """Remember what a cell had that is about to be deleted."""
        metadata = plain(cell.get("metadata"))
        if isinstance(metadata, dict):
            while len(self._left) >= MAX_CELLS:
                del self._left[next(iter(self._left))]
            self._left[str(cell.get("id"))] = metadata

    def unknown(self, outputs: Sequence[Any]) -> list[int]:
        """Return which of these outputs the server never produced."""
        return [at for at, one in enumerate(outputs) if _hash(one) not in self._outputs]

    def stood(self, outputs: Sequence[Any], execution_count: Any) -> bool:
        """Say whether some cell has shown these outputs under this number."""
        hashes = [_hash(one) for one in outputs]
        return _result(hashes, execution_count) in self._results

    def had(self, cell_id: str, key: str, value: Any) -> bool:
        """Say whether a cell of this id left with this value in its metadata."""
        left = self._left.get(cell_id, {})
        return key in left and _hash(left[key]) == _hash(value)


def _result(hashes: Sequence[bytes], execution_count: Any) -> bytes:
    return _hash([[one.hex() for one in hashes], execution_count])


def _hash(value: Any) -> bytes:
    text = json.dumps(_as_browsers(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def _as_browsers(value: Any) -> Any:
    """Return a value as a browser sends it back, which has one kind of number."""
    if isinstance(value, Mapping):
        return {key: _as_browsers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_browsers(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return repr(value) if isinstance(value, bytes) else value
