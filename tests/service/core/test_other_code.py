"""A run of code that its cell did not hold is marked; honest runs are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nbinterview.ledger.film import make_film
from nbinterview.ledger.othercode import AGREE_MS
from tests.service.core.recording import CANDIDATE, HEADER, Recording, cell


def ask(recording: Recording, code: str, cell_id: str = "c") -> None:
    payload = {"execution_id": "1", "cell_id": cell_id, "code": code}
    recording.add("execution.requested", CANDIDATE, payload)


def end(recording: Recording, status: str = "ok", cell_id: str = "c") -> None:
    recording.now_s += 0.01
    payload = {"execution_id": "1", "cell_id": cell_id, "status": status}
    recording.add("execution.finished", "kernel", {**payload, "duration_ms": 10})


def write(recording: Recording, text: str, after_s: float = 0.1) -> None:
    """Replace the first cell's text."""
    recording.now_s += after_s
    with recording.by(CANDIDATE) as cells:
        source = cells[0]["source"]
        del source[:]
        source += text


def title(recording: Recording) -> str:
    film = make_film(HEADER, recording.records)
    [found] = [mark["title"] for mark in film["marks"] if mark["kind"] == "run"]
    return found


def held(recording: Recording) -> None:
    ask(recording, "x = 1")
    write(recording, "x = 2  # typed on at once")
    end(recording)


def came_later(recording: Recording) -> None:
    ask(recording, "x = 2")
    end(recording)
    write(recording, "x = 2")
    write(recording, "x = 3")


def queued(recording: Recording) -> None:
    ask(recording, "x = 2")
    write(recording, "x = 2")
    write(recording, "x = 3", after_s=60)
    end(recording)


def other_ends_of_lines(recording: Recording) -> None:
    write(recording, "x\r\ny")
    ask(recording, "x\ny")
    end(recording)


def moved_meanwhile(recording: Recording) -> None:
    ask(recording, "x = 2")
    with recording.by(CANDIDATE) as cells:
        del cells[0]
        made = cell("x = 2", id_="c")
        cells.append(recording.notebook.create_ycell(made))
    end(recording)


def gone(recording: Recording) -> None:
    ask(recording, "x = 2", cell_id="none")
    end(recording, cell_id="none")


@pytest.mark.parametrize(
    "story", [held, came_later, queued, other_ends_of_lines, moved_meanwhile, gone]
)
def test_an_honest_run_is_a_run(story: Callable[[Recording], None]) -> None:
    recording = Recording(cell("x = 1", id_="c"))
    story(recording)
    assert title(recording) == "Run"


def never(recording: Recording) -> None:
    ask(recording, "print('it works')")
    write(recording, "x = 2")
    end(recording)


def too_late(recording: Recording) -> None:
    ask(recording, "x = 2")
    end(recording)
    write(recording, "x = 2", after_s=AGREE_MS / 1000 + 1)


def in_a_copy(recording: Recording) -> None:
    """Another cell with that id, before it, has the code."""
    with recording.by(CANDIDATE) as cells:
        copy = recording.notebook.create_ycell(cell("x = 2", id_="c"))
        cells.insert(0, copy)
    ask(recording, "x = 2")
    end(recording)


@pytest.mark.parametrize("story", [never, too_late, in_a_copy])
def test_a_run_of_other_code_is_marked(story: Callable[[Recording], None]) -> None:
    recording = Recording(cell("x = 1", id_="c"))
    story(recording)
    assert title(recording) == "Run, of code that the cell did not hold"


def test_what_did_not_run_is_not_marked() -> None:
    recording = Recording(cell("x = 1", id_="c"))
    ask(recording, "x = 2")
    end(recording, "aborted")
    assert title(recording) == "Not run"


def test_a_run_is_shown_at_the_cell_that_was_there_first() -> None:
    recording = Recording(cell("x = 1", id_="c"))
    in_a_copy(recording)
    film = make_film(HEADER, recording.records)
    steps = [step for frame in film["frames"] for step in frame["steps"]]
    cells = {step["cell"] for step in steps if step["do"] in {"run", "ran"}}
    assert cells == {1}
