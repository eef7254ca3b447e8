"""What counts as somebody's edit."""

from collections.abc import Callable
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview_server.documents.edits import EditCounter

CELL: dict[str, Any] = {
    "cell_type": "code",
    "metadata": {},
    "outputs": [],
    "execution_count": None,
}


def edit_of(change: Callable[[YNotebook], None]) -> dict[str, int]:
    """Return what the room counts when a page makes a change."""
    page, room = YNotebook(Doc()), YNotebook(Doc())
    page.set(
        {
            "cells": [{**CELL, "id": "a", "source": "x = 1"}],
            "metadata": {},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )
    room.ydoc.apply_update(page.ydoc.get_update())
    edits, updates = EditCounter(room.ycells), []
    page.ydoc.observe(lambda event: updates.append(event.update))
    with page.ydoc.transaction():
        change(page)
    room.ydoc.apply_update(updates[0])
    counted = edits.take()
    assert edits.take() == {}
    return counted


def type_in(page: YNotebook) -> None:
    source = page.ycells[0]["source"]
    source += "23"


def erase(page: YNotebook) -> None:
    del page.ycells[0]["source"][0:4]


def add_a_cell(page: YNotebook) -> None:
    page.append_cell({**CELL, "id": "b", "source": "y"})


def remove_the_cell(page: YNotebook) -> None:
    del page.ycells[0]


def open_the_notebook(page: YNotebook) -> None:
    page.ycells[0]["metadata"]["trusted"] = True
    page.ycells[0]["execution_state"] = "running"
    page.ystate["dirty"] = True


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (type_in, {"inserted_chars": 2}),
        (erase, {"deleted_chars": 4}),
        (add_a_cell, {"inserted_cells": 1}),
        (remove_the_cell, {"deleted_cells": 1}),
        (open_the_notebook, {}),
    ],
)
def test_an_edit_is_what_changes_cells(
    change: Callable[[YNotebook], None], counted: dict[str, int]
) -> None:
    assert edit_of(change) == counted
