"""What was run in an interview: code, answers, how it ended, what the cell showed.

All of it follows from the record: what was asked is in `execution.*` records, what a
run showed is in the document as it stood when the run had ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pycrdt import Array, Doc

from nbinterview.ledger.erased import with_payload
from nbinterview.ledger.notebook import DEFAULT_PATH, apply_update, document_updates
from nbinterview.ledger.records import parse_time

Wire = Mapping[str, Any]
RunStatus = Literal["ok", "error", "aborted", "interrupted", "lost", "running"]

# Records of older rooms may have a run's last output behind its end.
_LATE_S = 0.5
_NEW_KERNEL = frozenset({"started", "restarted"})


@dataclass
class Run:
    """One execution. `status` is `lost` when its kernel ended before it did."""

    execution_id: str
    cell_id: str
    author: str
    code: str
    requested_seq: int
    requested_at: str
    kernel: int
    """On which kernel of the interview it ran, counted from 1."""
    inputs: list[str] = field(default_factory=list)
    status: RunStatus = "running"
    execution_count: int | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """nbformat, as the cell had them when the run ended."""
    duration_ms: int = 0

    @property
    def can_repeat(self) -> bool:
        """Whether it ran to its own end, so that it would do the same again."""
        return self.status in {"ok", "error"}


def recorded_runs(records: Iterable[Wire], path: str = DEFAULT_PATH) -> list[Run]:
    """Return the runs of these records, in their order.

    `records` are the wire form from number 1 up to any moment.
    """
    reader = _Reader(path)
    for record in with_payload(records):
        reader.take(record)
    reader.settle()
    return reader.runs


def last_inputs(records: Iterable[Wire]) -> dict[str, list[str]]:
    """Return, by cell, the answers that were given to input() in its last run."""
    reader = _Reader(path=None)
    for record in with_payload(records):
        reader.take(record)
    return {run.cell_id: run.inputs for run in reader.runs}


def runs_to_restore(runs: Sequence[Run]) -> list[Run]:
    """Return what brings a new kernel to where the last one stands."""
    last = max((run.kernel for run in runs), default=0)
    return [run for run in runs if run.kernel == last and run.can_repeat]


class _Reader:
    """Folds records into runs. `path` None: nobody asks for outputs."""

    def __init__(self, path: str | None) -> None:
        self.runs: list[Run] = []
        self._open: dict[str, Run] = {}
        self._interrupted: set[str] = set()
        self._kernel = 0
        self._path = path
        self._document: Doc[Any] = Doc()
        self._cells = self._document.get("cells", type=Array)
        self._settling: tuple[Run, float] | None = None
        """The run that ended last, and until when outputs may come behind its end."""

    def take(self, record: Wire) -> None:
        """Take one record in."""
        kind, payload = record["kind"], record["payload"]
        if kind == "document":
            self._change(record)
        elif kind == "execution.requested":
            self._request(record)
        elif kind == "execution.input":
            if run := self._open.get(payload["execution_id"]):
                # A password has no value on record.
                run.inputs.append(str(payload.get("value") or ""))
        elif kind == "execution.finished":
            self._finish(record)
        elif kind == "kernel":
            self._live(payload["state"])
        elif kind == "room.started":
            # The server was gone, its kernel and what it ran are too.
            self._lose(self._open.values())
            self._open.clear()

    def settle(self) -> None:
        """Read the outputs of the run that ended last: no more of them will come."""
        if self._settling is not None:
            run, _ = self._settling
            run.outputs = self._outputs(run.cell_id)
            self._settling = None

    def _request(self, record: Wire) -> None:
        payload = record["payload"]
        if self._settling and self._settling[0].cell_id == payload["cell_id"]:
            self.settle()
        run = Run(
            execution_id=payload["execution_id"],
            cell_id=payload["cell_id"],
            author=record["author"],
            code=payload["code"],
            requested_seq=record["seq"],
            requested_at=record["time"],
            kernel=max(1, self._kernel),
        )
        self.runs.append(run)
        self._open[run.execution_id] = run

    def _finish(self, record: Wire) -> None:
        self.settle()
        payload = record["payload"]
        run = self._open.pop(payload["execution_id"], None)
        if run is None:
            return
        run.execution_count = payload["execution_count"]
        run.duration_ms = payload["duration_ms"]
        run.status = self._status(run, payload["status"])
        if run.status != "lost":
            # One that was asked for while the kernel was replaced ran on the new one.
            run.kernel = max(1, self._kernel)
        until_s = parse_time(record["time"]).timestamp() + _LATE_S
        again = any(one.cell_id == run.cell_id for one in self._open.values())
        self._settling = (run, 0.0 if again else until_s)

    def _status(self, run: Run, said: str) -> RunStatus:
        if said == "ok":
            return "ok"
        if said == "aborted":
            return "aborted"
        # Only a kernel that is gone gives no count.
        if run.execution_count is None:
            return "lost"
        return "interrupted" if run.execution_id in self._interrupted else "error"

    def _live(self, state: str) -> None:
        if state in _NEW_KERNEL:
            self._kernel += 1
        elif state == "interrupted" and self._open:
            self._interrupted.add(next(iter(self._open)))

    def _lose(self, runs: Iterable[Run]) -> None:
        for run in runs:
            run.status = "lost"

    def _change(self, record: Wire) -> None:
        if self._path is None:
            return
        if self._settling is not None:
            _, until_s = self._settling
            late = parse_time(record["time"]).timestamp() > until_s
            if late or record["author"] != "kernel":
                self.settle()
        for update in document_updates([record["payload"]], self._path):
            apply_update(self._document, update)

    def _outputs(self, cell_id: str) -> list[dict[str, Any]]:
        if self._path is None:
            return []
        for cell in self._cells:
            if cell.get("id") == cell_id and "outputs" in cell:
                found: list[dict[str, Any]] = cell["outputs"].to_py()
                return found
        return []
