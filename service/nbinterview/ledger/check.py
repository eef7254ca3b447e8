"""Restart-and-run-all, without doing it: the task, and what a runner's answers say.

Does the notebook run clean from the top in a fresh kernel, and do the outputs agree?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nbinterview.ledger import rerun
from nbinterview.schemas.live_types import Check, CheckedCell

MAX_DETAIL_CHARS = 1000

State = Literal["running", "finished", "failed"]
Result = Literal["same", "differs", "new", "error", "not_run"]


class Checking:
    """One check, from its begin to its end; `wire` says how it stands.

    `inputs` are, by cell, the answers that were given to its last run.
    """

    def __init__(
        self,
        check_id: str,
        *,
        asked_by: str,
        asked_at: str,
        seq: int,
        notebook: Mapping[str, Any],
        inputs: Mapping[str, Sequence[str]],
    ) -> None:
        self._head = {
            "check_id": check_id,
            "asked_by": asked_by,
            "asked_at": asked_at,
            "seq": seq,
        }
        self._cells = [
            (place, cell)
            for place, cell in enumerate(notebook["cells"], start=1)
            if cell["cell_type"] == "code" and _source(cell).strip()
        ]
        self._inputs = inputs
        self._checked: list[CheckedCell] = []
        self._state: State = "running"
        self._detail = ""

    def task(self) -> dict[str, Any]:
        """Return the runner's task; a cell's key is its place."""
        cells = [
            {
                "key": str(place),
                "code": _source(cell),
                "inputs": list(self._inputs.get(cell["id"], ())),
            }
            for place, cell in self._cells
        ]
        return rerun.task(cells, stop_on_error=True)

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take a runner's event in; return whether `wire` is another now."""
        match event["event"]:
            case "cell":
                place, cell = self._cells[len(self._checked)]
                self._add(place, cell, *_compared(cell, event))
            case "done":
                self._finish(event["detail"])
            case "refused":
                self.fail(event["detail"])
            case _:
                return False
        return True

    def fail(self, detail: str) -> None:
        """End it: the check itself could not be made."""
        self._state, self._detail = "failed", detail[:MAX_DETAIL_CHARS]

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return self._state == "running"

    def wire(self) -> Check:
        """Return `Check` of live.schema.yaml."""
        results = [cell["result"] for cell in self._checked]
        finished = self._state == "finished"
        return {
            **self._head,  # type: ignore[typeddict-item]  # its four keys, see above
            "state": self._state,
            "total": len(self._cells),
            "done": sum(result != "not_run" for result in results),
            "clean": not {"error", "not_run"} & set(results) if finished else None,
            "agree": self._agree() if finished else None,
            "cells": list(self._checked),
            "detail": self._detail,
        }

    def _agree(self) -> bool:
        """Say whether every cell that had outputs gave the same ones."""
        had = {place for place, cell in self._cells if cell["outputs"]}
        return all(
            one["result"] == "same" for one in self._checked if one["index"] in had
        )

    def _finish(self, detail: str) -> None:
        for place, cell in self._cells[len(self._checked) :]:
            self._add(place, cell, "not_run", "")
        self._state, self._detail = "finished", detail

    def _add(
        self, place: int, cell: Mapping[str, Any], result: Result, detail: str
    ) -> None:
        self._checked.append(
            {
                "cell_id": str(cell["id"]),
                "index": place,
                "result": result,
                "detail": detail[:MAX_DETAIL_CHARS],
            }
        )


def _compared(cell: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Result, str]:
    if event["status"] != "ok":
        # An error is one also when it was there before: the notebook is not clean.
        found = rerun.compare([], event)
        return "error", found.detail
    if not cell["outputs"] and (event["outputs"] or cell["execution_count"] is None):
        return "new", ""
    found = rerun.compare(cell["outputs"], event)
    return found.result, found.detail


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)
