"""The guard: what honest pages write stands, whoever they are; the rest does not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Array, Doc, Map, Text

from nbinterview.errors import NBInterviewError
from nbinterview_server.documents.authorship import KERNEL, ROOM, written_by
from nbinterview_server.documents.custody import Custody, Refused
from nbinterview_server.documents.places import Spans
from nbinterview_server.documents.trimming import joined
from nbinterview_server.documents.updates import Deletion, decode
from nbinterview_server.guard.limits import are_images, is_python
from nbinterview_server.guard.rules import may_stand

CANDIDATE, INTERVIEWER = "p-zoe", "p-ida"
DOCUMENT = "json:notebook:file"
PNG = {"a.png": {"image/png": "iVBORw0KGgo="}}


def notebook() -> dict[str, Any]:
    lock = {"editable": False, "deletable": False}
    return {
        "cells": [
            {"cell_type": "markdown", "id": "q", "metadata": lock, "source": "# Q"},
            {"cell_type": "code", "id": "a", "metadata": {"tags": ["x"]}, "source": "1",
             "outputs": [], "execution_count": None},
            {"cell_type": "code", "id": "b", "metadata": {}, "source": "2",
             "outputs": [], "execution_count": None},
        ],
        "metadata": {"kernelspec": {"name": "nbinterview-python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip


class Guarded:
    """A notebook under guard, and one page of it that writes as it likes."""

    def __init__(self, who: str = CANDIDATE) -> None:
        self.who = who
        self.heard: list[tuple[str, bytes]] = []
        self.what: list[str] = []
        source: Doc[Any] = Doc(client_id=0)
        YNotebook(source).set(notebook())
        self.begin = (ROOM, source.get_update())
        self.custody = self.open([self.begin])
        self.page = YNotebook(Doc())
        self.page.ydoc.apply_update(self.custody.doc.get_update())
        self._wrote: list[bytes] = []
        self._applying = False
        self._subscription = self.page.ydoc.observe(self._changed)

    def open(self, recorded: list[tuple[str, bytes]]) -> Custody:
        custody = Custody(
            Doc(), self._heard, corrected=self._corrected, document_id=DOCUMENT
        )
        custody.restore(recorded)
        return custody

    def _changed(self, event: Any) -> None:
        if not self._applying:
            self._wrote.append(event.update)

    def _heard(self, author: str, update: bytes) -> None:
        self.heard.append((author, update))
        if author != self.who:
            self.hear(update)

    def _corrected(self, author: str, update: bytes, inverse: bytes, what: str) -> None:
        self.heard += [(author, update), (ROOM, inverse)]
        self.what.append(what)
        self.hear(inverse)

    def hear(self, update: bytes) -> None:
        self._applying = True
        self.page.ydoc.apply_update(update)
        self._applying = False

    def write(self, change: Any) -> str:
        """Let the page make a change; return what was put right, empty for nothing."""
        before = len(self.what)
        with self.page.ydoc.transaction():
            change(self.page)
        update = self._wrote[-1]
        self.custody.take(self.who, update, staff=self.who == INTERVIEWER)
        assert self.cells() == (self.page.ycells.to_py() or [])
        return ", ".join(self.what[before:])

    def refuses(self, change: Any) -> str:
        with pytest.raises(NBInterviewError) as refused:
            self.write(change)
        assert not self.custody.broken
        return refused.value.detail

    def cells(self) -> list[Any]:
        return self.custody.doc.get("cells", type=Array).to_py() or []

    def cell(self, cell_id: str) -> Any:
        return next(one for one in self.cells() if one["id"] == cell_id)

    def run(self, at: int, count: int = 1) -> None:
        """Let the kernel write outputs."""
        cell = self.custody.doc.get("cells", type=Array)[at]
        with written_by(KERNEL):
            with self.custody.doc.transaction():
                cell["outputs"].clear()
                cell["execution_state"] = "running"
            printed = {"output_type": "stream", "name": "stdout", "text": Text("out\n")}
            cell["outputs"].append(Map(printed))
            shown = {"output_type": "display_data", "metadata": {}}
            cell["outputs"].append({**shown, "data": {"application/json": {"n": 2.0}}})
            with self.custody.doc.transaction():
                cell["execution_count"] = float(count)
                cell["execution_state"] = "idle"


def copied(page: YNotebook, at: int, **more: Any) -> Map[Any]:
    """Return a cell as JupyterLab makes one from another's JSON."""
    cell = {**page.get_cell(at), **more}
    return page.create_ycell(cell)


def move(page: YNotebook, old: int, new: int) -> None:
    cell = copied(page, old)
    del page.ycells[old]
    page.ycells.insert(new, cell)


def test_outputs_of_a_cell_that_is_moved_stand() -> None:
    room = Guarded()
    room.run(1)
    shown = room.cell("a")["outputs"]
    assert len(shown) == 2
    assert room.write(lambda page: move(page, 1, 2)) == ""
    assert room.cell("a")["outputs"] == shown
    assert room.cell("a")["execution_count"] == 1
    assert room.cell("a")["metadata"] == {"tags": ["x"]}


def test_outputs_stand_when_the_cell_comes_back_later_and_after_a_restart() -> None:
    room = Guarded()
    room.run(1)
    cell = room.page.get_cell(1)
    room.write(lambda page: page.ycells.pop(1))
    room.custody = room.open([room.begin, *room.heard])
    assert room.write(lambda page: page.append_cell(cell)) == ""
    assert len(room.cell("a")["outputs"]) == 2
    assert room.cell("a")["execution_count"] == 1


def test_outputs_that_the_server_never_made_are_cleared() -> None:
    room = Guarded()
    room.run(1)
    forged = {"output_type": "stream", "name": "stdout", "text": "forged\n"}

    def paste(page: YNotebook) -> None:
        cell = page.get_cell(1)
        cell["outputs"].insert(0, forged)
        page.append_cell({**cell, "id": "c", "metadata": {}})

    assert room.write(paste) == "outputs"
    assert room.cell("c")["outputs"] == room.cell("a")["outputs"]
    never = {"execution_count": 2, "id": "d", "metadata": {}}
    what = room.write(lambda p: p.append_cell({**p.get_cell(1), **never}))
    assert what == "execution_count"


def test_a_correction_is_the_rooms_and_pages_never_see_what_it_corrects() -> None:
    room = Guarded()
    watcher = YNotebook(Doc())
    watcher.ydoc.apply_update(room.custody.doc.get_update())
    seen: list[Any] = []
    watcher.ycells.observe_deep(lambda _: seen.append(watcher.ycells.to_py()))

    def trust(page: YNotebook) -> None:
        page.ycells[1]["metadata"]["trusted"] = True
        page.ycells[1]["source"].insert(0, "typed ")

    assert room.write(trust) == "trusted"
    (_, his), (author, ours) = room.heard[-2:]
    assert author == ROOM
    watcher.ydoc.apply_update(joined(his, ours))
    assert watcher.ycells.to_py() == room.cells()
    assert room.cell("a")["source"] == "typed 1"
    assert seen
    assert not any("trusted" in str(one) for one in seen)


@pytest.mark.parametrize("who", [CANDIDATE, INTERVIEWER])
def test_what_pages_write_by_themselves_stands_or_is_put_right(who: str) -> None:
    room = Guarded(who)
    language = {"name": "python", "version": "3.11.2", "mimetype": "text/x-python"}

    def begin(page: YNotebook) -> None:
        page.ystate["document_id"] = DOCUMENT
        page.ystate["dirty"] = True
        page.ydoc.get("meta", type=Map)["metadata"]["language_info"] = language

    assert room.write(begin) == ""

    def collapse(page: YNotebook) -> None:
        page.ycells[1]["metadata"]["collapsed"] = True
        page.ycells[1]["metadata"]["jupyter"] = {"outputs_hidden": True}

    assert room.write(collapse) == ""
    room.run(1)

    def clear(page: YNotebook) -> None:
        page.ycells[1]["outputs"].clear()
        page.ycells[1]["execution_count"] = None
        page.ycells[1]["metadata"]["trusted"] = True

    assert room.write(clear) == "trusted"
    assert room.cell("a")["outputs"] == []
    assert room.cell("a")["execution_count"] is None


def test_a_lock_holds_for_candidates_and_not_for_interviewers() -> None:
    def type_in(page: YNotebook) -> None:
        page.ycells[0]["source"].insert(0, "x")

    def unlock(page: YNotebook) -> None:
        page.ycells[0]["metadata"]["editable"] = True

    assert "locked" in Guarded().refuses(type_in)
    assert "locked" in Guarded().refuses(lambda page: page.ycells.pop(0))
    assert "locked" in Guarded().refuses(lambda page: move(page, 0, 1))
    assert Guarded().write(unlock) == "editable"
    ida = Guarded(INTERVIEWER)
    assert ida.write(type_in) == ""
    assert ida.write(unlock) == ""
    assert ida.write(lambda page: page.ycells.pop(0)) == ""


def test_a_copy_of_a_locked_cell_is_the_candidates_own() -> None:
    room = Guarded()
    copy = room.page.get_cell(0)
    what = room.write(lambda page: page.append_cell({**copy, "id": "mine"}))
    assert what == "deletable, editable"
    assert room.cell("mine")["metadata"] == {}


def test_pictures_may_be_attached_and_drawings_may_not() -> None:
    room = Guarded()
    cell = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "![]"}
    assert room.write(lambda p: p.append_cell({**cell, "attachments": PNG})) == ""
    svg = {"a.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}
    what = room.write(lambda p: p.append_cell({**cell, "id": "n", "attachments": svg}))
    assert what == "attachments"
    assert "attachments" not in room.cell("n")


@pytest.mark.parametrize(
    ("attachments", "fine"),
    [
        (PNG, True),
        ({}, True),
        ({"a": {"image/png": "<script>"}}, False),
        ({"a": {"image/png": 5}}, False),
        ({"a": {"text/html": "aGk="}}, False),
        ({"a": {"image/png": "A" * 3_000_000}}, False),
        ([], False),
    ],
)
def test_attachments(attachments: Any, fine: bool) -> None:
    assert are_images(attachments) is fine


def test_only_python_is_a_language() -> None:
    assert is_python({"name": "python"})
    assert not is_python({"name": "python", "mimetype": "text/html"})
    assert not is_python({"name": "python", "html": "x"})
    assert not is_python("python")


@pytest.mark.parametrize("staff", [False, True])
def test_nobody_is_trusted(staff: bool) -> None:
    assert not may_stand("trusted", value=True, staff=staff)
    assert may_stand("trusted", value=False, staff=staff)
    assert may_stand("editable", value=False, staff=staff) is staff
    assert not may_stand("anything", value=1, staff=staff)


def test_a_letter_takes_the_guard_less_than_a_fifth_of_a_millisecond() -> None:
    def typing_ms(*, guarded: bool) -> float:
        room = Guarded()
        if not guarded:
            room.custody = Custody(Doc(), room._heard)
            room.custody.restore([room.begin])
        source = room.page.ycells[1]["source"]
        for _ in range(300):
            source += "x"
        took = []
        for update in room._wrote:
            began_s = time.perf_counter()
            room.custody.take(CANDIDATE, update)
            took.append(1000 * (time.perf_counter() - began_s))
        return sorted(took)[len(took) // 2]

    added_ms = min(typing_ms(guarded=True) - typing_ms(guarded=False) for _ in range(3))
    assert added_ms <= 0.2


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=12)


@given(RANGES, st.tuples(st.integers(0, 60), st.integers(1, 30)))
def test_spans_are_sets_of_clocks(
    ranges: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    spans, clocks = Spans(), set()
    for clock, length in ranges:
        spans.add(clock, clock + length)
        clocks |= set(range(clock, clock + length))
    assert [one for one in range(80) if spans.holds(one)] == sorted(clocks)
    first, end = asked[0], asked[0] + asked[1]
    missing = [one for a, b in spans.missing(first, end) for one in range(a, b)]
    assert missing == [one for one in range(first, end) if one not in clocks]


def act(page: YNotebook, kind: str, at: int, text: str) -> None:
    """Do what people do in JupyterLab, as it writes it."""
    cells = page.ycells
    at = 1 + at % (len(cells) - 1)  # not the locked one
    if kind == "type":
        cells[at]["source"].insert(0, text)
    elif kind == "erase":
        cells[at]["source"].clear()
    elif kind == "add":
        made: dict[str, Any] = {
            "cell_type": "code",
            "metadata": {"trusted": True},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }
        cells.insert(at, page.create_ycell(made))
    elif kind == "move":
        move(page, at, 1)
    elif kind == "paste":
        cells.insert(at, copied(page, at, id=f"paste-{len(text)}-{at}"))
    elif kind == "to markdown":
        made = {"cell_type": "markdown", "id": cells[at]["id"], "metadata": {},
                "source": str(cells[at]["source"])}  # fmt: skip
        cells[at] = page.create_ycell(made)
    elif kind == "delete" and len(cells) > 2:
        del cells[at]


KINDS = ["type", "erase", "add", "move", "paste", "to markdown", "delete", "run"]
ACTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.text(max_size=5)),
    max_size=15,
)


@settings(max_examples=30, deadline=None)
@given(ACTS, st.sampled_from([CANDIDATE, INTERVIEWER]))
def test_nothing_honest_is_refused_or_loses_a_letter(acts: Any, who: str) -> None:
    room = Guarded(who)
    for number, (kind, at, text) in enumerate(acts, start=1):
        code = [n for n, one in enumerate(room.cells()) if "outputs" in one]
        if kind == "run":
            if code:
                room.run(code[at % len(code)], number)
            continue
        before = len(room._wrote)
        with room.page.ydoc.transaction():
            act(room.page, kind, at, text.replace("\x00", ""))
        for update in room._wrote[before:]:
            if update != b"\x00\x00":
                room.custody.take(who, update, staff=who == INTERVIEWER)
        assert room.cells() == (room.page.ycells.to_py() or [])
        # A copy's unknown metadata is not taken over; nothing else is missing.
        assert set(", ".join(room.what).split(", ")) <= {"trusted", "tags", ""}


def test_updates_are_joined_to_one() -> None:
    room = Guarded()

    def both(page: YNotebook) -> None:
        del page.ycells[2]
        page.ycells[1]["metadata"]["trusted"] = True

    room.write(both)
    (_, his), (_, ours) = room.heard[-2:]
    whole = decode(joined(his, ours))
    assert set(whole.by_client) == {*decode(his).by_client, *decode(ours).by_client}
    one, other = decode(his).deletions, decode(ours).deletions
    assert sorted(whole.deletions) == sorted([*one, *other])
    assert all(isinstance(each, Deletion) for each in whole.deletions)


def test_an_honest_write_after_a_refused_one_is_taken() -> None:
    room = Guarded()
    with pytest.raises(Refused):
        room.write(lambda page: page.ycells[0]["source"].insert(0, "x"))
    fresh = YNotebook(Doc())
    fresh.ydoc.apply_update(room.custody.doc.get_update())
    wrote: list[bytes] = []
    fresh.ydoc.observe(lambda event: wrote.append(event.update))
    fresh.ycells[1]["source"].insert(0, "y")
    assert room.custody.take(CANDIDATE, wrote[-1])
    assert room.cell("a")["source"] == "y1"
