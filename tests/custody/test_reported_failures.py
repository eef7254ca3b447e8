"""jupyter-collaboration 594, 597, 621 and 219: shown in stock, gone in a room.

Stock is jupyter-server-ydoc 3.0.4 (jupyter-collaboration 5.0.4) as it comes, with
one page or two that do what JupyterLab's do. Since 3.0.4 loads a file under the
fixed client id 0, plain reopening no longer doubles what the file held when it was
first opened; what was added since is still doubled, as each test here shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.custody import steps
from tests.custody.stock import StockServer, template
from tests.extensions.harness import RoomServer

pytestmark = pytest.mark.asyncio

Stock = Callable[..., StockServer]
Room = Callable[..., RoomServer]


def no_cells() -> dict[str, Any]:
    """Return an empty notebook."""
    return {**template(), "cells": []}


async def started(server: Any) -> Any:
    await server.start()
    return server


async def test_stock_doubles_cells_when_its_store_is_lost_594(stock: Stock) -> None:
    server = await started(stock(notebook=no_cells()))
    found = await steps.cells_made_before_the_history_was_lost(server)
    assert found.everywhere("one = 1") == [2, 2]
    assert found.everywhere("two = 2") == [2, 2]


async def test_a_room_doubles_no_cell_594(room: Room) -> None:
    server = await started(room())
    found = await steps.cells_made_before_the_history_was_lost(server)
    assert found.everywhere("one = 1") == found.everywhere("two = 2") == [1, 1]
    assert not found.diverged


async def test_stock_leaves_pages_apart_for_ever_597(stock: Stock) -> None:
    """Since 3.0.4 both pages look right and stay so, and the server holds it twice."""
    server = await started(stock())
    found = await steps.an_edit_made_before_the_history_was_lost(server)
    assert found.diverged
    assert found.everywhere("edited = 1") == [1, 1, 2]


async def test_a_room_leaves_no_page_behind_597(room: Room) -> None:
    server = await started(room())
    found = await steps.an_edit_made_before_the_history_was_lost(server)
    assert not found.diverged
    assert found.everywhere("edited = 1") == [1, 1, 1]


async def test_stock_doubles_with_a_healthy_store_621(stock: Stock) -> None:
    """Its updates are written without waiting; here another reader held them up."""
    server = await started(stock())
    found = await steps.edits_made_while_the_store_was_busy(server)
    assert found.everywhere("three = 3") == [2, 2]
    assert found.everywhere("+ 3") == [2, 2]


async def test_a_room_doubles_nothing_621(room: Room) -> None:
    server = await started(room())
    found = await steps.edits_made_while_the_store_was_busy(server)
    assert found.everywhere("three = 3") == found.everywhere("+ 3") == [1, 1]
    assert not found.diverged


async def test_stock_takes_back_what_others_have_seen_219(stock: Stock) -> None:
    """The store holds the edit; the older file wins over it, in every page."""
    server = await started(stock())
    found = await steps.an_edit_seen_just_before_a_crash(server)
    assert found.everywhere("seen = 1") == [0, 0]


async def test_a_room_keeps_what_others_have_seen_219(room: Room) -> None:
    server = await started(room())
    found = await steps.an_edit_seen_just_before_a_crash(server)
    assert found.everywhere("seen = 1") == [1, 1]


async def test_stock_mixes_a_changed_file_with_an_old_page(stock: Stock) -> None:
    server = await started(stock())
    found = await steps.another_program_changes_the_file(server)
    assert found.diverged
    assert found.everywhere("mine = 1") == [1, 1]
    assert found.everywhere("theirs = 2") == [0, 1]


async def test_in_a_room_the_journal_wins_over_a_changed_file(room: Room) -> None:
    server = await started(room())
    found = await steps.another_program_changes_the_file(server)
    assert not found.diverged
    for text, count in (("mine = 1", 1), ("theirs = 2", 0), ("later = 3", 1)):
        assert found.everywhere(text) == [count, count]
