"""The custody core under random schedules: nothing lost, doubled or diverged."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from jupyter_ydoc import YNotebook
from pycrdt import Decoder, Doc

from nbinterview_server.documents.authorship import KERNEL, ROOM, written_by
from nbinterview_server.documents.custody import Custody

PEOPLE = ("p-zoe", "p-ida", "p-tom")
CELL: dict[str, Any] = {
    "cell_type": "code",
    "metadata": {},
    "outputs": [],
    "execution_count": None,
}
NOTEBOOK = {
    "cells": [{**CELL, "id": "a", "source": "x = 1"}],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
who = st.sampled_from(PEOPLE)


def template() -> bytes:
    doc: Doc[Any] = Doc(client_id=0)
    YNotebook(doc).set(NOTEBOOK)
    return doc.get_update()


class Page:
    """A person's page: keeps its own updates until the room has called them saved."""

    def __init__(self, kept: list[bytes]) -> None:
        self.doc: Doc[Any] = Doc()
        self.notebook = YNotebook(self.doc)
        self.kept = list(kept)
        """What was not called saved yet, in order; survives a reload."""
        self.inbox: list[bytes] = []
        self.online = False
        self.applying = False
        self._subscription = self.doc.observe(self._note)

    def _note(self, event: Any) -> None:
        if not self.applying and event.update != b"\x00\x00":
            self.kept.append(event.update)

    def hear(self, update: bytes) -> None:
        self.applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self.applying = False

    @property
    def loaded(self) -> bool:
        return len(self.notebook.ycells) > 0


class Schedules(RuleBasedStateMachine):
    """Several people, an unreliable network, crashes of the room."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[tuple[str, bytes]] = [(ROOM, template())]
        self.pages = {name: Page([]) for name in PEOPLE}
        self.marks = 0
        self.saved_marks: set[str] = set()
        self.erased: set[str] = set()
        self.cell_of: dict[str, str] = {}
        self.removed: set[str] = set()
        self._open_room()

    # ------------------------------------------------------------- the room

    def _open_room(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.notebook = YNotebook(self.doc)
        self.notebook.path = "interview.ipynb"  # written before anybody listens
        self.custody = Custody(self.doc, self._heard)
        assert self.custody.restore(list(self.journal)) == 0

    def _heard(self, author: str, update: bytes) -> None:
        self.journal.append((author, update))
        for page in self.pages.values():
            if page.online:
                page.inbox.append(update)

    @rule()
    def crash(self) -> None:
        """All that is left is the journal."""
        for page in self.pages.values():
            page.online = False
            page.inbox.clear()
        self._open_room()

    @rule(text=st.text("ab😀é", min_size=1, max_size=3))
    def run_a_cell(self, text: str) -> None:
        with written_by(KERNEL):
            cell = self.notebook.ycells[0]
            cell["execution_count"] = float(len(self.journal))
            cell["outputs"].append(text)

    # ------------------------------------------------------------ the people

    @rule(name=who)
    def connect(self, name: str) -> None:
        """Step 1 and 2 both ways, what is kept first."""
        page = self.pages[name]
        if page.online:
            return
        page.online = True
        page.inbox = [self.doc.get_update(page.doc.get_state())]
        for update in list(page.kept):
            self._take(name, update)
        self._take(name, page.doc.get_update(self.doc.get_state()))
        self._all_saved(page)

    @rule(name=who)
    def reload(self, name: str) -> None:
        """A new page with a new client id, and the old one's unsaved updates."""
        self.pages[name] = Page(self.pages[name].kept)

    @rule(name=who)
    def drop(self, name: str) -> None:
        self.pages[name].online = False

    @rule(name=who, at=st.integers(0, 30))
    def type(self, name: str, at: int) -> None:
        page = self.pages[name]
        if page.loaded:
            cell = page.notebook.ycells[at % len(page.notebook.ycells)]
            source = cell["source"]
            self.marks += 1
            self.cell_of[f"<{self.marks}>"] = str(cell["id"])
            mark = f"<{self.marks}>"
            text = str(source)
            # pycrdt counts bytes; never inside of another mark.
            starts = [0, *(n + 1 for n, c in enumerate(text) if c == ">"), len(text)]
            cut = starts[at % len(starts)]
            source.insert(len(text[:cut].encode()), mark + "é😀"[: at % 3])

    @rule(name=who, at=st.integers(0, 30))
    def erase(self, name: str, at: int) -> None:
        page = self.pages[name]
        if page.loaded:
            source = page.notebook.ycells[at % len(page.notebook.ycells)]["source"]
            text = str(source)
            first = text[: text.find(">") + 1]
            self.erased |= marks_in(first)
            del source[0 : len(first.encode())]

    @rule(name=who, at=st.integers(0, 30))
    def add_a_cell(self, name: str, at: int) -> None:
        page = self.pages[name]
        if page.loaded:
            self.marks += 1
            cell = {**CELL, "id": f"c{self.marks}", "source": f"<{self.marks}>"}
            self.cell_of[f"<{self.marks}>"] = cell["id"]
            made = page.notebook.create_ycell(cell)
            page.notebook.ycells.insert(at % (len(page.notebook.ycells) + 1), made)

    @rule(name=who)
    def remove_a_cell(self, name: str) -> None:
        page = self.pages[name]
        if len(page.notebook.ycells) > 1:
            self.removed.add(str(page.notebook.ycells[1]["id"]))
            del page.notebook.ycells[1]

    @rule(name=who, count=st.integers(1, 4))
    def send(self, name: str, count: int) -> None:
        """Some of what is kept reaches the room; whether the page hears of it..."""
        page = self.pages[name]
        if page.online:
            for update in page.kept[:count]:
                self._take(name, update)

    @rule(name=who)
    def hear_that_it_is_saved(self, name: str) -> None:
        page = self.pages[name]
        if page.online:
            for update in page.kept:
                self._take(name, update)
            self._all_saved(page)

    @rule(name=who, again=st.booleans())
    def deliver(self, name: str, again: bool) -> None:
        page = self.pages[name]
        if page.online:
            for update in page.inbox:
                page.hear(update)
                if again:
                    page.hear(update)
            page.inbox.clear()

    @precondition(lambda self: self.journal)
    @rule(name=who, at=st.integers(0, 1000))
    def repeat_somebodys_update(self, name: str, at: int) -> None:
        """What the room has already is no writing, whoever sends it."""
        before = len(self.journal)
        _, update = self.journal[at % before]
        assert not self.custody.take(name, update)
        assert len(self.journal) == before

    def _take(self, name: str, update: bytes) -> None:
        before = len(self.journal)
        changed = self.custody.take(name, update)
        assert changed == (len(self.journal) > before)

    def _all_saved(self, page: Page) -> None:
        page.kept.clear()
        self.saved_marks |= marks_in(all_text(page.notebook))

    # ------------------------------------------------------------ what holds

    @invariant()
    def what_was_saved_is_in_the_journal(self) -> None:
        doc: Doc[Any] = Doc()
        notebook = YNotebook(doc)
        for _, update in self.journal:
            doc.apply_update(update)
        found = Counter(marks_of(all_text(notebook)))
        gone = {mark for mark, cell in self.cell_of.items() if cell in self.removed}
        assert set(found) >= self.saved_marks - self.erased - gone
        assert not [mark for mark, count in found.items() if count > 1]
        ids = [str(cell["id"]) for cell in notebook.ycells]
        assert len(ids) == len(set(ids)), "a cell is doubled"
        assert notebook.get() == self.notebook.get()

    @invariant()
    def the_core_knows_what_pycrdt_knows(self) -> None:
        known = {c: row.reach for c, row in self.custody._known.rows.items()}
        assert known == state_of(self.doc)
        assert not self.custody.broken

    def teardown(self) -> None:
        for name, page in self.pages.items():
            page.online = False
            self.connect(name)
        for page in self.pages.values():
            for update in page.inbox:
                page.hear(update)
            assert page.notebook.get() == self.notebook.get()
        for page in self.pages.values():
            assert not marks_in(all_text(page.notebook)) & set()
        self.what_was_saved_is_in_the_journal()


def all_text(notebook: YNotebook) -> str:
    return " ".join(str(cell["source"]) for cell in notebook.ycells)


def marks_of(text: str) -> list[str]:
    return re.findall(r"<\d+>", text)


def marks_in(text: str) -> set[str]:
    return set(marks_of(text))


def state_of(doc: Doc[Any]) -> dict[int, int]:
    decoder = Decoder(doc.get_state())
    pairs = range(decoder.read_var_uint())
    return {decoder.read_var_uint(): decoder.read_var_uint() for _ in pairs}


TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
