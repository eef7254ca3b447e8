"""Which runs were of code that their cell did not hold, though it shows the outputs.

A page asks to run a cell by its id and says the code; the room runs that. What is
typed comes to the room by another way, so the text may follow a little later, and who
asked for a run may go on typing at once. So a run is of its cell's code when the cell
held it at any moment from the asking until `AGREE_MS` after the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbinterview.ledger.changes import (
    CellReplaced,
    CellsInserted,
    Change,
    PlayedCell,
    TextEdited,
)

AGREE_MS = 5_000


@dataclass(slots=True)
class _Open:
    execution_id: str
    shown: bool
    """Whether there was a cell under whose text outputs could come to stand."""
    until_ms: int | None = None


def cell_of(cells: Iterable[PlayedCell], cell_id: object) -> PlayedCell | None:
    """Return the cell that an id means, as the room sees it.

    Of several it is a locked one, then the one that came first.
    """
    same = [cell for cell in cells if cell.id == cell_id]
    return min(same, key=lambda cell: (not cell.locked, cell.handle), default=None)


class OtherCode:
    """Follows runs and cells in the order of the record."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._waiting: dict[tuple[str, str], list[_Open]] = {}
        """By cell and the code that it would have to hold."""
        self._others: dict[str, _Open] = {}

    def asked(
        self, execution_id: str, cell_id: str, code: str, cells: Sequence[PlayedCell]
    ) -> None:
        """Take a run in, as it is asked for."""
        cell = cell_of(cells, cell_id)
        if cell is not None and _lines(cell.source) == _lines(code):
            return
        run = _Open(execution_id, shown=cell is not None)
        self._open[execution_id] = self._others[execution_id] = run
        self._waiting.setdefault((cell_id, _lines(code)), []).append(run)

    def changed(
        self, at_ms: int, changes: Iterable[Change], cells: Sequence[PlayedCell]
    ) -> None:
        """Take in what one update did; `cells` are those after it."""
        if not self._waiting:
            return
        for cell in _written(changes):
            key = cell.id, _lines(cell.source)
            if key in self._waiting and cell_of(cells, cell.id) is cell:
                for run in self._waiting.pop(key):
                    if run.until_ms is None or at_ms <= run.until_ms:
                        self._others.pop(run.execution_id, None)

    def finished(
        self, execution_id: str, at_ms: int, *, ran: bool, shown: bool
    ) -> None:
        """Take in a run's end; `shown`: its cell is there."""
        run = self._open.pop(execution_id, None)
        if run is not None:
            run.until_ms = at_ms + AGREE_MS
            run.shown = ran and (run.shown or shown)

    def found(self) -> frozenset[str]:
        """Return the runs, by their ids, of code that their cell did not hold."""
        return frozenset(name for name, run in self._others.items() if run.shown)


def _written(changes: Iterable[Change]) -> list[PlayedCell]:
    cells: dict[int, PlayedCell] = {}
    for change in changes:
        match change:
            case CellsInserted(_, inserted):
                cells |= {cell.handle: cell for cell in inserted}
            case CellReplaced(_, _, after):
                cells[after.handle] = after
            case TextEdited(cell):
                cells[cell.handle] = cell
    return list(cells.values())


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
