"""An interview's record, told step by step: what was written, run and shown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Doc, Map, Text

from nbinterview.ledger.records import Record, format_time, parse_time
from tests.service.support import START

INES = "p-inesinesin"
CARA = "p-caracarac2"


class Told:
    """Makes records as a room does; its clock goes on a second with each."""

    def __init__(self, interview: str = "aaaaaaaaaa") -> None:
        self.interview = interview
        self.records: list[dict[str, Any]] = []
        self._doc: Doc[Any] = Doc()
        self._notebook = YNotebook(self._doc)
        self._state = self._doc.get_state()
        self._runs = 0
        self._count = 0
        self.tell("room.started", {"versions": {}, "policy": {}, "sandbox": {}})
        self.tell("interview.state", {"state": "open"})

    def tell(
        self, kind: str, payload: dict[str, Any], author: str = "room", **late: float
    ) -> None:
        """Add a record; `late` sets it less than a second behind the last one."""
        at = START + timedelta(seconds=len(self.records) + 1)
        if late:
            at = Told.time(self.records[-1]) + timedelta(**late)
        record = Record(
            interview=self.interview,
            seq=len(self.records) + 1,
            time=format_time(at),
            kind=kind,
            author=author,
            payload=payload,
            salt=f"{len(self.records):032x}",
        )
        self.records.append(record.wire())

    @staticmethod
    def time(record: dict[str, Any]) -> datetime:
        """When a record was written."""
        return parse_time(record["time"])

    def at_ms(self) -> int:
        """The moment of the last record, since the opening."""
        opened = Told.time(self.records[1])
        return round((Told.time(self.records[-1]) - opened).total_seconds() * 1000)

    def change(self, author: str, **late: float) -> None:
        """Record what was changed in the document since."""
        update = self._doc.get_update(self._state)
        self._state = self._doc.get_state()
        payload = {
            "path": "interview.ipynb",
            "update": base64.b64encode(update).decode(),
            "edit": {},
        }
        self.tell("document", payload, author, **late)

    def open(self, *sources: str) -> Told:
        """Open a notebook of code cells `cell-1`, `cell-2`, …."""
        self._notebook.set(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "id": f"cell-{number}",
                        "metadata": {"trusted": True},
                        "source": source,
                        "outputs": [],
                        "execution_count": None,
                    }
                    for number, source in enumerate(sources, start=1)
                ],
            }
        )
        self.change("room")
        return self

    def kernel(self, state: str) -> None:
        self.tell("kernel", {"state": state, "detail": ""})
        if state in {"started", "restarted"}:
            self._count = 0

    def write(self, number: int, source: str) -> None:
        """Let the candidate write into a cell."""
        text = self._notebook.ycells[number - 1]["source"]
        text.clear()
        text += source
        self.change(CARA)

    def ask(self, number: int, code: str | None = None, author: str = CARA) -> str:
        """Ask for a run of a cell; return its id."""
        self._runs += 1
        execution_id = f"run-{self._runs}"
        if code is None:
            code = str(self._notebook.ycells[number - 1]["source"])
        payload = {
            "execution_id": execution_id,
            "cell_id": f"cell-{number}",
            "code": code,
        }
        self.tell("execution.requested", payload, author)
        return execution_id

    def show(self, number: int, outputs: Sequence[Any]) -> None:
        """Put outputs into a cell, as the room does for a run."""
        cell = self._notebook.ycells[number - 1]
        with self._doc.transaction():
            del cell["outputs"][:]
            for output in outputs:
                shared: Any = output
                if output["output_type"] == "stream":
                    shared = Map({**output, "text": Text(output["text"])})
                cell["outputs"].append(shared)

    def finish(self, execution_id: str, number: int, status: str = "ok") -> None:
        if status in {"ok", "error"}:
            self._count += 1
        payload = {
            "execution_id": execution_id,
            "cell_id": f"cell-{number}",
            "status": "error" if status == "lost" else status,
            "execution_count": None if status == "lost" else self._count,
            "outputs": 0,
            "output_bytes": 0,
            "duration_ms": 5,
        }
        self.tell("execution.finished", payload, "kernel")

    def run(
        self,
        number: int,
        code: str | None = None,
        outputs: list[dict[str, Any]] | None = None,
        *,
        status: str = "ok",
        answers: tuple[str, ...] = (),
    ) -> None:
        """Run a cell from its begin to its end."""
        asked = self.ask(number, code)
        for answer in answers:
            payload = {"execution_id": asked, "prompt": "?", "password": False}
            self.tell("execution.input", {**payload, "value": answer}, CARA)
        self.show(number, outputs or [])
        self._notebook.ycells[number - 1]["execution_count"] = self._count + 1
        self.change("kernel")
        self.finish(asked, number, status)


def text(value: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": value}


def result(value: str, **data: Any) -> dict[str, Any]:
    return {
        "output_type": "execute_result",
        "data": {"text/plain": value, **data},
        "metadata": {},
        "execution_count": 1,
    }


def error(name: str = "ValueError", value: str = "no") -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": []}
