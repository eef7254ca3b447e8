"""Of several cells with one id, a run is of the one that was there first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview_server.documents.custody import Custody
from tests.extensions.harness import CANDIDATE, RoomServer, document, eventually
from tests.extensions.test_execution import cells

LOCKED = {"editable": False, "deletable": False}


def code(source: str, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "same",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
        **more,
    }


class Room:
    """A custody, and people who write to it, each with a document of their own."""

    def __init__(self, *template: dict[str, Any]) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.custody = self._made(())
        start: Doc[Any] = Doc(client_id=0)
        whole = {"cells": list(template), "metadata": {}, "nbformat": 4}
        YNotebook(start).set({**whole, "nbformat_minor": 5})
        self.heard.append(("room", start.get_update()))
        self.reopen()

    def _made(self, recorded: Sequence[tuple[str, bytes]]) -> Custody:
        def corrected(author: str, update: bytes, inverse: bytes, _what: str) -> None:
            self.heard += [(author, update), ("room", inverse)]

        custody = Custody(
            Doc(),
            lambda author, update: self.heard.append((author, update)),
            corrected=corrected,
        )
        assert custody.restore(recorded) == 0
        return custody

    def reopen(self) -> None:
        self.custody = self._made(tuple(self.heard))

    def page(self) -> YNotebook:
        doc: Doc[Any] = Doc()
        doc.apply_update(self.custody.doc.get_update())
        return YNotebook(doc)

    def take(self, who: str, page: YNotebook, *, staff: bool = False) -> None:
        update = page.ydoc.get_update(self.custody.doc.get_state())
        self.custody.take(who, update, staff=staff)

    def source(self) -> str:
        return str(self.custody.originals.all()["same"]["source"])


def insert(page: YNotebook, index: int, made: dict[str, Any]) -> None:
    page.ycells.insert(index, page.create_ycell(made))


def move(page: YNotebook, source: int, to: int) -> None:
    """Move a cell as JupyterLab does: a copy of it comes, and it goes."""
    with page.ydoc.transaction():
        made = page.get_cell(source)
        del page.ycells[source]
        insert(page, to, made)


@pytest.mark.parametrize("metadata", [LOCKED, {}])
def test_a_copy_before_it_is_not_it(metadata: dict[str, Any]) -> None:
    room = Room(code("first", metadata=metadata), code("other", id="b"))
    page = room.page()
    insert(page, 0, code("copy"))
    room.take("p-zoe", page)
    assert len(room.custody.doc.get("cells", type=type(page.ycells))) == 3
    assert room.source() == "first"
    room.reopen()
    assert room.source() == "first"


def test_a_locked_cell_stays_it_when_an_interviewer_moves_it() -> None:
    room = Room(code("first", metadata=LOCKED), code("other", id="b"))
    page = room.page()
    insert(page, 0, code("copy"))
    room.take("p-zoe", page)
    panel = room.page()
    move(panel, 1, 2)
    room.take("p-ida", panel, staff=True)
    assert room.source() == "first"


@pytest.mark.parametrize("first", ["p-zoe", "p-ida"])
def test_of_two_moves_at_once_the_one_that_came_first_counts(first: str) -> None:
    room = Room(code("first"), code("b", id="b"), code("c", id="c"))
    pages = {"p-zoe": room.page(), "p-ida": room.page()}
    move(pages["p-zoe"], 0, 1)
    move(pages["p-ida"], 0, 2)
    for who, page in pages.items():
        source = page.ycells[{"p-zoe": 1, "p-ida": 2}[who]]["source"]
        source += f" by {who}"
    order = sorted(pages, key=lambda who: who != first)
    for who in order:
        room.take(who, pages[who], staff=who == "p-ida")
    assert room.source() == f"first by {first}"
    room.reopen()
    assert room.source() == f"first by {first}"
    # When that one goes, the other is what the id means.
    page = room.page()
    at = [str(each["source"]) for each in page.ycells].index(f"first by {first}")
    del page.ycells[at]
    room.take("p-zoe", page)
    assert room.source() == f"first by {order[1]}"


@pytest.mark.asyncio
async def test_outputs_go_to_the_cell_that_was_there_first(room: RoomServer) -> None:
    async with cells(room) as notebook, document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        insert(page.notebook, 0, code("print('there')", id="answer-1"))
        await eventually(lambda: page.saved)
        result = await notebook.run("print('here')")
        assert result["status"] == "ok"

        def shown() -> list[int]:
            found = [one.get("outputs") for one in page.notebook.ycells]
            return [at for at, outputs in enumerate(found) if outputs]

        assert await eventually(shown) == [page.sources().index("1 + 1")]
