"""The guard of one document, as custody asks it: before a write, and after it.

correction = guard.admit(update, plan, staff=False)   # or Refused, TooLarge
...                                                   # the write is applied
if correction: correction.make()                      # in a transaction
"""

from __future__ import annotations

from typing import Any

from nbinterview_server.documents.integration import Plan
from nbinterview_server.documents.places import Known
from nbinterview_server.documents.updates import Id, Update
from nbinterview_server.guard.corrections import Correction, note
from nbinterview_server.guard.notebook import Notebook
from nbinterview_server.guard.paths import Write, path_of, read
from nbinterview_server.guard.produced import Produced
from nbinterview_server.guard.rules import judge

_RESULTS = ("outputs", "execution_count", "execution_state")


class Guard:
    """Says what of a write may stand."""

    def __init__(self, doc: Any, known: Known, document_id: str = "") -> None:
        """`known` is custody's; `document_id` is what pages call this document."""
        self._notebook = Notebook(doc, known)
        self._known = known
        self._document_id = document_id
        self._produced = Produced()
        self._ended = False
        """A run has ended, or begun, whose outputs were not looked at."""

    def admit(self, update: Update, plan: Plan, *, staff: bool) -> Correction | None:
        """Return what is to be put right after this write; None when it is nothing.

        Raises:
            Refused: no honest page writes this.
            TooLarge: it would make the notebook larger than it may be.
        """
        self.settle()
        write = read(update, plan, self._known)
        doubts = judge(
            write, self._notebook, staff=staff, document_id=self._document_id
        )
        self._remember_leaving(write)
        if not doubts:
            return None
        if doubts.begun or doubts.outputs or doubts.keys:
            self._produced.look(self._notebook)
        before = note(self._notebook, doubts)
        return Correction(self._notebook, self._produced, doubts, before, staff=staff)

    def wrote(self, plan: Plan) -> None:
        """Hear of what the server itself wrote. Called inside of the change."""
        for place in {place: None for _, place in plan.added}:
            path = path_of(plan, place)
            if path is None or path.root != "cells" or len(path.keys) < 2:
                continue
            if path.keys[1] in _RESULTS:
                self._produced.wrote(path.inside[0])
                self._ended = self._ended or path.keys[1] == "execution_state"

    def settle(self) -> None:
        """Take in what runs that came to an end have shown."""
        if self._ended:
            self._ended = False
            self._produced.look(self._notebook)

    def replays(self, update: Update, plan: Plan) -> None:
        """Hear of a person's recorded write, before it is applied again."""
        if update.deletions:
            self._remember_leaving(read(update, plan, self._known))

    def opens(self) -> None:
        """Take what the document shows at its start for the server's."""
        for cell in self._notebook.cells:
            self._produced.take(cell)

    def _remember_leaving(self, write: Write) -> None:
        leaving = [
            Id(one.client, clock)
            for one in write.removed
            if (one.path.root, one.path.keys) == ("cells", (None,))
            for clock in range(one.clock, one.end)
        ]
        if leaving or any("outputs" in one.path.keys for one in write.removed):
            self._produced.look(self._notebook)
        for unit in leaving:
            cell = self._notebook.cell(unit)
            if cell is not None:
                self._produced.leaves(cell)
