"""What somebody wrote in the cells, told apart from what a page writes by itself.

A page that only opens the notebook writes metadata into it. A record that called
that typing would accuse people of edits they never made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pycrdt import ArrayEvent, TextEvent


class EditCounter:
    """Counts characters and cells since it was last asked."""

    def __init__(self, cells: Any) -> None:
        """Observe the notebook's shared array of cells.

        Yjs calls these observers before the one that gets the update's bytes.
        """
        self._counts: Counter[str] = Counter()
        cells.observe_deep(self._count)

    def take(self) -> dict[str, int]:
        """Return `{inserted,deleted}_{chars,cells}` that are not 0, and begin anew."""
        counts = dict(self._counts)
        self._counts.clear()
        return counts

    def _count(self, events: Sequence[Any]) -> None:
        for event in events:
            kind, path = type(event), list(event.path)
            if kind is TextEvent and path[-1:] == ["source"]:
                self._add(event.delta, "chars")
            elif kind is ArrayEvent and not path:
                self._add(event.delta, "cells")

    def _add(self, delta: Sequence[dict[str, Any]], unit: str) -> None:
        for step in delta:
            if "insert" in step:
                self._counts[f"inserted_{unit}"] += len(step["insert"])
            elif "delete" in step:
                self._counts[f"deleted_{unit}"] += step["delete"]
