"""Records of an interview as a room writes them, for films and provenance."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import Array, Doc, Map, Text, TransactionEvent

from nbinterview.ledger.notebook import DEFAULT_PATH
from nbinterview.ledger.records import Record, format_time

INTERVIEW = "aaaaaaaaaa"
CANDIDATE, INTERVIEWER = "p-cccccccccc", "p-iiiiiiiiii"
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BOOT = "04d7a8e6-cd0b-4e65-9884-9d15ff05421b"
PEOPLE = [
    {
        "hub_name": CANDIDATE,
        "display_name": "Cara",
        "initials": "C",
        "color": "#00609c",
        "role": "candidate",
    },
    {
        "hub_name": INTERVIEWER,
        "display_name": "Ines",
        "initials": "I",
        "color": "#a34700",
        "role": "interviewer",
    },
]
HEADER = {"id": INTERVIEW, "title": "Wine", "people": PEOPLE}


def cell(source: str = "", kind: str = "code", id_: str = "", **more: Any) -> Any:
    """Return an nbformat cell."""
    made: dict[str, Any] = {
        "cell_type": kind,
        "id": id_ or f"id-{abs(hash(source)) % 10**8}",
        "metadata": {},
        "source": source,
    }
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made | more


class Recording:
    """A room's document and journal; time stands until it is moved."""

    def __init__(self, *cells: dict[str, Any], seed: int = 1) -> None:
        self.records: list[dict[str, Any]] = []
        self.now_s = 0.0
        self._random = random.Random(seed)
        self._author = "room"
        self.document: Doc[Any] = Doc(client_id=1)
        self.notebook = YNotebook(self.document)
        self.add("room.started", "room", {})
        self.add("interview.state", "room", {"state": "open"})
        for person in PEOPLE:
            self.add("person.joined", person["hub_name"], {"role": person["role"]})
        whole = {"cells": list(cells), "metadata": {}, "nbformat": 4}
        self.notebook.set({**whole, "nbformat_minor": 5})
        self.update(self.document.get_update(), "room")
        # Kept: an observer ends with its subscription.
        self._subscription = self.document.observe(self._changed)

    def add(
        self,
        kind: str,
        author: str,
        payload: Mapping[str, Any],
        monotonic_ms: float | None = None,
    ) -> int:
        """Write a record; return its number."""
        record = Record(
            interview=INTERVIEW,
            seq=len(self.records) + 1,
            time=format_time(START + timedelta(seconds=self.now_s)),
            kind=kind,
            author=author,
            payload=payload,
            salt=self._random.randbytes(16).hex(),
            monotonic_ms=monotonic_ms,
        )
        self.records.append(record.wire())
        return record.seq

    def update(self, update: bytes, author: str) -> int:
        """Write the record of an update."""
        encoded = base64.b64encode(update).decode()
        payload = {"path": DEFAULT_PATH, "update": encoded, "edit": {}}
        return self.add("document", author, payload)

    def _changed(self, event: TransactionEvent) -> None:
        self.update(event.update, self._author)

    @contextmanager
    def by(self, author: str) -> Iterator[Array[Any]]:
        """Do what follows as one edit of somebody; gives the shared cells."""
        self._author = author
        with self.document.transaction():
            yield self.cells

    @property
    def cells(self) -> Array[Any]:
        found: Array[Any] = self.notebook.ycells
        return found

    @property
    def seq(self) -> int:
        """The number of the last record."""
        return len(self.records)

    def source(self, index: int) -> Text:
        found: Text = self.cells[index]["source"]
        return found

    def new(self, made: dict[str, Any]) -> Map[Any]:
        """Return a shared cell, to be inserted."""
        found: Map[Any] = self.notebook.create_ycell(made)
        return found

    def insert(self, author: str, index: int, at: int, text: str) -> int:
        """Insert text into a cell at once; return the record's number."""
        with self.by(author):
            self.source(index).insert(byte_place(str(self.source(index)), at), text)
        return self.seq

    def type(self, author: str, index: int, text: str, *, at: int | None = None) -> int:
        """Type text, a record a key; return the number of the first."""
        place = len(str(self.source(index))) if at is None else at
        first = self.seq + 1
        for offset, key in enumerate(text):
            self.now_s += 0.1
            self.insert(author, index, place + offset, key)
        return first

    def delete(self, author: str, index: int, start: int, end: int) -> str:
        """Delete text of a cell at once and return it."""
        whole = str(self.source(index))
        with self.by(author):
            self.source(index)
            del self.source(index)[byte_place(whole, start) : byte_place(whole, end)]
        return whole[start:end]

    def paste_event(
        self,
        text: str,
        *,
        external: bool = True,
        cell_id: str | None = None,
        happened_s: float | None = None,
    ) -> int:
        """Write what the candidate's page tells of a paste."""
        event: dict[str, Any] = {
            "name": "clipboard",
            "action": "paste",
            "chars": len(text.encode("utf-16-le")) // 2,
            "origin": "external" if external else "notebook",
        }
        if cell_id is not None:
            event["cell_id"] = cell_id
        at_s = self.now_s if happened_s is None else happened_s
        return self.event(event, at_s)

    def event(self, event: Mapping[str, Any], happened_s: float) -> int:
        """Write an event of the page, whose clock began 5 s before the recording's."""
        payload = {"boot_id": BOOT, "client_seq": self.seq, "event": event}
        return self.add("event", CANDIDATE, payload, (happened_s + 5) * 1000)


def byte_place(text: str, index: int) -> int:
    """Return where a character is in UTF-8: pycrdt counts so."""
    return len(text[:index].encode())
