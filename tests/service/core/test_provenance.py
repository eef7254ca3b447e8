"""Where text comes from: stories, and that nothing is laundered by moving it."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger import moments, provenance
from nbinterview.ledger.film import make_film
from nbinterview.ledger.origins import at_once
from nbinterview.ledger.playback import film_at
from tests.service.core.recording import (
    CANDIDATE,
    HEADER,
    INTERVIEWER,
    PEOPLE,
    Recording,
    cell,
)

ANSWER = "model = make_pipeline(StandardScaler(), Ridge(alpha=0.5))\nmodel.fit(X, y)"
HINT = "# What happens to the missing values in the second column?\n"
TEMPLATE = "import pandas as pd\nwines = pd.read_csv('wines.csv')\n"

Told = list[tuple[str, str, bool]]


def told(recording: Recording, index: int = 0) -> Told:
    """Return a cell's text in pieces: what, its origin, whether it was moved."""
    film = make_film(HEADER, recording.records)
    one = film_at(film, film["duration_ms"])[index]
    units, place = one["source"].encode("utf-16-le"), 0
    found: Told = []
    for span in one["spans"]:
        end = place + 2 * span["length"]
        piece = units[place:end].decode("utf-16-le")
        origin, moved = span["origin"], "moved" in span
        if found and found[-1][1:] == (origin, moved):
            piece = found.pop()[0] + piece
        found.append((piece, origin, moved))
        place = end
    assert place == len(units)
    return found


def paste(recording: Recording, index: int, at: int, text: str) -> None:
    """Paste from outside, with all that the page and the editor tell."""
    cell_id = str(recording.cells[index]["id"])
    recording.now_s += 30
    recording.paste_event(text, cell_id=cell_id)
    recording.now_s += 0.1
    recording.insert(CANDIDATE, index, at, text)


# ------------------------------------------------------------------- stories


def test_the_first_record_of_the_room_is_the_template() -> None:
    assert told(Recording(cell(TEMPLATE))) == [(TEMPLATE, "template", False)]


def test_each_writes_what_they_write() -> None:
    recording = Recording(cell(""))
    recording.type(CANDIDATE, 0, "a = 1\n")
    recording.insert(INTERVIEWER, 0, 6, HINT)
    recording.type(INTERVIEWER, 0, "ok")
    assert told(recording) == [
        ("a = 1\n", "typed", False),
        (HINT + "ok", "interviewer", False),
    ]


@pytest.mark.parametrize("delay_s", [-8, -1, 0, 1, 8])
def test_a_paste_is_found_before_or_after_its_text(delay_s: float) -> None:
    recording = Recording(cell("", id_="c"))
    # The page is known to be quick, so that the paste is known to be late or early.
    recording.event({"name": "fullscreen", "active": False}, 0)
    recording.now_s = 100
    if delay_s < 0:
        recording.paste_event(ANSWER, cell_id="c")
    recording.now_s += abs(delay_s)
    recording.insert(CANDIDATE, 0, 0, ANSWER)
    if delay_s >= 0:
        recording.now_s += delay_s
        recording.paste_event(ANSWER, cell_id="c")
    assert told(recording) == [(ANSWER, "pasted", False)]


@pytest.mark.parametrize("chars", [None, "7", -1, [3]])
def test_a_paste_of_an_odd_size_explains_nothing(chars: object) -> None:
    recording = Recording(cell("", id="c"))
    about = {"name": "clipboard", "action": "paste", "origin": "external"}
    recording.event({**about, "chars": chars}, recording.now_s)
    recording.insert(CANDIDATE, 0, 0, ANSWER)
    assert told(recording) == [(ANSWER, "unexplained", False)]


@pytest.mark.parametrize("event_first", [True, False])
def test_a_paste_while_offline_is_found(event_first: bool) -> None:
    recording = Recording(cell("", id_="c"))
    recording.event({"name": "fullscreen", "active": False}, 0)
    recording.now_s = 900
    for is_event in (event_first, not event_first):
        if is_event:
            recording.paste_event(ANSWER, cell_id="c", happened_s=60)
        else:
            recording.insert(CANDIDATE, 0, 0, ANSWER)
        recording.now_s += 3
    assert told(recording) == [(ANSWER, "pasted", False)]


def test_windows_line_ends_are_counted_by_the_clipboard_only() -> None:
    recording = Recording(cell("", id_="c"))
    recording.paste_event(ANSWER.replace("\n", "\r\n"), cell_id="c")
    recording.insert(CANDIDATE, 0, 0, ANSWER)
    assert told(recording) == [(ANSWER, "pasted", False)]


def test_a_short_paste_with_astral_characters_is_found() -> None:
    recording = Recording(cell("x = ", id_="c"))
    paste(recording, 0, 4, "'😀👨\u200d👩'")
    assert told(recording)[-1] == ("'😀👨\u200d👩'", "pasted", False)


@pytest.mark.parametrize(
    ("chars_more", "cell_id", "after_s"),
    [(5, "c", 1), (0, "other", 1), (0, "c", 3600)],
)
def test_another_paste_explains_nothing(
    chars_more: int, cell_id: str, after_s: float
) -> None:
    recording = Recording(cell("", id_="c"))
    recording.insert(CANDIDATE, 0, 0, ANSWER)
    recording.now_s += after_s
    recording.paste_event(ANSWER + "x" * chars_more, cell_id=cell_id)
    assert told(recording) == [(ANSWER, "unexplained", False)]


def test_one_paste_explains_one_text_the_nearest() -> None:
    recording = Recording(cell("", id_="c"))
    recording.insert(CANDIDATE, 0, 0, "\n" * 3 + "a" * 5 + " b" * 50)
    recording.now_s += 5
    other = "\n" * 3 + "c" * 5 + " d" * 50
    recording.paste_event(other, cell_id="c")
    recording.insert(CANDIDATE, 0, 0, other)
    assert [origin for _, origin, _ in told(recording)] == ["pasted", "unexplained"]


@pytest.mark.parametrize(
    "text",
    [
        "value_counts",
        "()",
        '""""""',
        "\n" + " " * 80,
        "HistGradientBoostingClassifier",
        "/data/2024/measurements/second-series/wines_and_origins.csv",
        "これは入力方式で一度に入った文です",
    ],
)
def test_what_an_editor_writes_at_once_is_typed(text: str) -> None:
    recording = Recording(cell("x."))
    recording.insert(CANDIDATE, 0, 2, text)
    assert not at_once(text)
    assert told(recording)[-1] == (text, "typed", False)


def test_a_completion_keeps_what_was_typed() -> None:
    recording = Recording(cell(""))
    first = recording.type(CANDIDATE, 0, "val")
    with recording.by(CANDIDATE):
        recording.source(0).clear()
        recording.source(0).insert(0, "value_counts")
    assert told(recording) == [("value_counts", "typed", False)]
    film = make_film(HEADER, recording.records)
    spans = film_at(film, film["duration_ms"])[0]["spans"]
    assert [span["seq"] for span in spans][:3] == [first, first + 1, first + 2]


def test_typing_by_hand_what_was_pasted_is_typing() -> None:
    recording = Recording(cell("", id_="a"), cell("", id_="b"))
    paste(recording, 0, 0, ANSWER)
    recording.type(CANDIDATE, 1, ANSWER)
    assert told(recording, 1) == [(ANSWER, "typed", False)]


def test_a_copy_of_an_output_is_no_outside_text() -> None:
    printed = "0.981 0.972 0.955 0.961 0.949 0.938 0.927 0.977"
    stream = {"output_type": "stream", "name": "stdout", "text": printed}
    recording = Recording(cell("", id_="a", outputs=[stream]), cell("", id_="b"))
    recording.paste_event(printed, external=False, cell_id="b")
    recording.insert(CANDIDATE, 1, 0, printed)
    assert told(recording, 1) == [(printed, "typed", False)]


def test_a_page_that_claims_a_copy_is_not_simply_believed() -> None:
    recording = Recording(cell("", id_="a"))
    recording.paste_event(ANSWER, external=False, cell_id="a")
    recording.insert(CANDIDATE, 0, 0, ANSWER)
    assert told(recording) == [(ANSWER, "unexplained", False)]


# -------------------------------------------------------------------- moving


def _start() -> Recording:
    recording = Recording(cell(TEMPLATE, id_="a"), cell("", id_="b"), cell("", id_="c"))
    paste(recording, 1, 0, ANSWER)
    recording.now_s += 60
    recording.insert(INTERVIEWER, 2, 0, HINT)
    return recording


def test_cut_and_paste_keeps_the_origin() -> None:
    recording = _start()
    text = recording.delete(CANDIDATE, 1, 0, len(ANSWER))
    recording.now_s += 5
    recording.paste_event(text, external=False, cell_id="c")
    recording.insert(CANDIDATE, 2, 0, text)
    assert told(recording, 2) == [
        (ANSWER, "pasted", True),
        (HINT, "interviewer", False),
    ]


def test_text_of_the_interviewer_stays_theirs_when_copied() -> None:
    recording = _start()
    recording.insert(CANDIDATE, 1, 0, HINT)
    assert told(recording, 1)[0] == (HINT, "interviewer", True)


def test_a_short_copy_keeps_its_origin_when_the_page_tells_of_it() -> None:
    recording = Recording(cell("", id_="a"), cell("", id_="b"))
    paste(recording, 0, 0, "C=0.5")
    recording.now_s += 60
    recording.paste_event("C=0.5", external=False, cell_id="b")
    recording.insert(CANDIDATE, 1, 0, "C=0.5")
    assert told(recording, 1) == [("C=0.5", "pasted", True)]


def test_undo_brings_the_origin_back() -> None:
    recording = _start()
    # A held backspace takes one character a record.
    for end in range(len(ANSWER), len(ANSWER) - 9, -1):
        recording.delete(CANDIDATE, 1, end - 1, end)
    gone = len(ANSWER) - 9
    recording.insert(CANDIDATE, 1, gone, ANSWER[gone:])
    assert told(recording, 1) == [
        (ANSWER[:gone], "pasted", False),
        (ANSWER[gone:], "pasted", True),
    ]


def test_a_moved_deleted_and_restored_cell_keeps_its_origins() -> None:
    recording = _start()
    recording.type(CANDIDATE, 1, "\n# mine")
    with recording.by(CANDIDATE) as cells:
        made = recording.notebook.get_cell(1)
        del cells[1]
        cells.insert(0, recording.new(made))
    expected = [(ANSWER, "pasted", True), ("\n# mine", "typed", True)]
    assert told(recording, 0) == expected
    with recording.by(INTERVIEWER) as cells:
        del cells[0]
    recording.now_s += 5
    with recording.by(CANDIDATE) as cells:
        cells.append(recording.new(made))
    assert told(recording, 2) == expected


def test_a_split_and_merged_cell_keeps_its_origins() -> None:
    recording = _start()
    head, tail = ANSWER.split("\n")
    with recording.by(CANDIDATE) as cells:
        del recording.source(1)[len(head) :]
        cells.insert(2, recording.new(cell(tail, id_="d")))
    assert told(recording, 2) == [(tail, "pasted", True)]
    with recording.by(CANDIDATE) as cells:
        recording.notebook.set_cell(1, source=f"{head}\n\n{tail}")
        del cells[2]
    assert told(recording, 1) == [
        (head, "pasted", False),
        ("\n", "typed", False),
        ("\n" + tail, "pasted", True),
    ]


def test_a_cell_whose_type_changes_was_not_moved() -> None:
    recording = _start()
    with recording.by(CANDIDATE) as cells:
        made = recording.notebook.get_cell(1)
        del cells[1]
        cells.insert(1, recording.new(cell(made["source"], "markdown", "b")))
    assert told(recording, 1) == [(ANSWER, "pasted", False)]


def test_moved_text_within_new_text_is_known() -> None:
    recording = _start()
    around = (
        f"def run():\n    pass\n{ANSWER}\nprint(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)"
    )
    recording.insert(CANDIDATE, 0, 0, around)
    assert told(recording, 0)[:3] == [
        ("def run():\n    pass\n", "unexplained", False),
        (ANSWER, "pasted", True),
        ("\nprint(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)", "unexplained", False),
    ]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["cut", "copy", "cell", "retype", "delete and undo"]),
        st.integers(0, 200),
        st.integers(15, 60),
        st.integers(0, 200),
        st.sampled_from([CANDIDATE, INTERVIEWER]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_moving_never_changes_an_origin(moves: list[Any]) -> None:
    """Each origin writes in its own letters, so a letter tells its true origin."""
    kinds = {"pasted": "pqrs", "interviewer": "vwxy", "template": "abcd"}
    texts = {
        kind: "".join(letters[i * i * 7 // (i + 1) % 4] for i in range(90))
        for kind, letters in kinds.items()
    }
    recording = Recording(cell(texts["template"], id_="a"), cell("", id_="b"))
    paste(recording, 1, 0, texts["pasted"])
    recording.now_s += 60
    with recording.by(INTERVIEWER) as cells:
        cells.append(recording.new(cell(texts["interviewer"], id_="c")))
    for what, where, length, to, author in moves:
        recording.now_s += 1
        index, target = where % 3, to % 3
        source = str(recording.source(index))
        start = where % (len(source) + 1)
        text = source[start : start + length]
        if what == "cell":
            with recording.by(author) as cells:
                made = recording.notebook.get_cell(index)
                del cells[index]
                cells.insert(target, recording.new(made))
        elif len(text) >= 15:
            if what != "copy":
                recording.delete(author, index, start, start + len(text))
            at = to % (len(str(recording.source(target))) + 1)
            back = what == "delete and undo"
            recording.insert(
                author, index if back else target, start if back else at, text
            )
    for index in range(3):
        for piece, origin, _ in told(recording, index):
            assert set(piece) <= set(kinds[origin])


# -------------------------------------------------------------- in a notebook


def annotated(recording: Recording, at_ms: int | None = None) -> dict[str, Any]:
    found = moments.find(recording.records, at_ms)
    notebook = moments.notebook_after(recording.records, found.seq)
    return provenance.annotate(notebook, PEOPLE, recording.records, found)


def test_a_notebook_carries_provenance_with_record_numbers() -> None:
    recording = _start()
    first = recording.type(CANDIDATE, 1, "\n# mine")
    found = annotated(recording)
    pasted = next(r["seq"] for r in recording.records if r["kind"] == "event") + 1
    assert found["cells"][1]["metadata"]["nbinterview"]["provenance"] == [
        {"start": 0, "length": len(ANSWER), "origin": "pasted", "record": pasted},
        {
            "start": len(ANSWER),
            "length": 7,
            "origin": "typed",
            "record": first,
            "last_record": first + 6,
        },
    ]
    last = recording.records[-1]
    about = found["metadata"]["nbinterview"]
    assert (about["seq"], about["record_hash"]) == (last["seq"], last["hash"])
    assert provenance.disagreement(found, PEOPLE, recording.records) is None


def _change(notebook: dict[str, Any], what: str) -> None:
    one = notebook["cells"][1]
    stretches = one["metadata"]["nbinterview"]["provenance"]
    if what == "origin":
        stretches[0]["origin"] = "typed"
    elif what == "missing":
        stretches.pop()
    elif what == "text":
        one["source"] += " "
    elif what == "cell":
        notebook["cells"].pop()
    elif what == "hash":
        notebook["metadata"]["nbinterview"]["record_hash"] = "0" * 64
    elif what == "output":
        one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("origin", r"Cell 2 \(b\), stretch 1: the notebook says \d+ characters typed"),
        ("missing", r"Cell 2 \(b\), stretch 1: the notebook says nothing"),
        ("text", r"Cell 2 \(b\): the record has another text"),
        ("output", r"Cell 2 \(b\): the record has another output"),
        ("cell", "It has 2 cells, the record 3"),
        ("hash", "has another hash"),
    ],
)
def test_the_first_thing_that_does_not_agree_is_named(what: str, words: str) -> None:
    recording = _start()
    found = annotated(recording)
    _change(found, what)
    said = provenance.disagreement(found, PEOPLE, recording.records)
    assert said is not None
    assert re.search(words, said)


def test_an_altered_record_is_named() -> None:
    recording = _start()
    found = annotated(recording)
    records = copy.deepcopy(recording.records)
    event = next(record for record in records if record["kind"] == "event")
    event["payload"]["event"]["origin"] = "notebook"
    said = provenance.disagreement(found, PEOPLE, records)
    assert said == f"Record {event['seq']} does not match its hash."


@pytest.mark.parametrize("notebook", [{}, {"cells": [], "metadata": {}}])
def test_what_was_not_written_so_is_refused(notebook: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="no notebook with provenance"):
        provenance.disagreement(notebook, PEOPLE, _start().records)
