"""The guard: a new cell is one that pages can show, or it does not stay."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from tests.extensions.test_guard import Guarded

PARTS = ("source", "metadata", "id", "cell_type", "outputs")


def new_cell(page: YNotebook) -> Any:
    cell = {"cell_type": "code", "id": "new", "metadata": {}, "source": "x"}
    page.append_cell({**cell, "outputs": [], "execution_count": None})
    return page.ycells[len(page.ycells) - 1]


@pytest.mark.parametrize("part", PARTS)
def test_a_new_cell_whose_own_edit_takes_a_part_of_it_does_not_stay(part: str) -> None:
    room = Guarded()
    before = room.cells()

    def write(page: YNotebook) -> None:
        cell = new_cell(page)
        del cell[part]

    assert room.write(write) == "cell"
    assert not room.custody.broken
    assert room.cells() == before


def test_what_is_around_such_a_cell_stays() -> None:
    room = Guarded()

    def write(page: YNotebook) -> None:
        cell = new_cell(page)
        del cell["source"]
        page.ycells[1]["source"].insert(0, "typed ")
        page.append_cell({**page.get_cell(2), "id": "kept"})

    assert room.write(write) == "cell"
    assert room.cell("kept")["source"] == "2"
    assert room.cell("a")["source"] == "typed 1"
