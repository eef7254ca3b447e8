"""Changes and films: after every record, what pycrdt and the real Yjs have."""

from __future__ import annotations

import base64
import gc
import gzip
import json
import subprocess
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Doc, Map

from nbinterview.errors import Invalid
from nbinterview.ledger.changes import (
    NotebookPlayer,
    common_ends,
    text_edits,
    utf16_length,
)
from nbinterview.ledger.film import make_film
from nbinterview.ledger.playback import apply
from nbinterview.outputs import joined, reduced
from nbinterview.schemas import check
from nbinterview.schemas.film_types import Film, FilmCell
from tests.service.core.recording import (
    CANDIDATE,
    HEADER,
    INTERVIEWER,
    Recording,
    byte_place,
    cell,
)

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "service/nbinterview/samples/recorded.jsonl.gz"
PANICS = "AQAAAAAAAAAFAe2tr8iCtdEfAAAAAAgAAK0CAQYBxY3kj3kBrQIB"
TEXTS = [
    "x",
    "é",
    "e\u0301",
    "😀",
    "👨\u200d👩",
    "中文",
    "\n  ",
    "value_counts",
    "\U0001d4b3y",
]


def shown(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a film has to show of an nbformat notebook."""
    return [
        {
            "id": one.get("id", ""),
            "type": one["cell_type"],
            "source": joined(one["source"]),
            "outputs": [
                (output.kind, output.content)
                for output in reduced(one.get("outputs", []), lambda *_: "a picture")
            ],
            "count": one.get("execution_count"),
            "locked": one["metadata"].get("editable") is False,
        }
        for one in notebook["cells"]
    ]


def played(cells: list[FilmCell]) -> list[dict[str, Any]]:
    """Return the same of a film's cells; each character has to have a span."""
    for one in cells:
        length = sum(span["length"] for span in one["spans"])
        assert length == utf16_length(one["source"])
    return [
        {
            "id": one["id"],
            "type": one["type"],
            "source": one["source"],
            "outputs": [
                (output["kind"], output["text"])
                if output["kind"] != "image"
                else ("image", "a picture")
                for output in one["outputs"]
            ],
            "count": one["count"],
            "locked": one["locked"],
        }
        for one in cells
    ]


def states(film: Film) -> dict[int, list[dict[str, Any]]]:
    """Return what the film shows after each of its frames, by record."""
    check(film, "film", "Film")
    cells: list[FilmCell] = []
    found = {}
    for frame in film["frames"]:
        for step in frame["steps"]:
            apply(cells, step)
        found[frame["seq"]] = played(cells)
    return found


# ------------------------------------------------------------------- real Yjs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edits_of_the_real_yjs_are_what_it_says(seed: int) -> None:
    script = Path(__file__).with_name("yjs_notebook.mjs")
    # Modules are found from the place of the one that asks.
    run = subprocess.run(
        ["node", "--input-type=module", "-", str(seed)],
        input=script.read_text("utf-8"),
        cwd=ROOT,
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )
    steps = json.loads(run.stdout)
    assert len(steps) > 120
    recording = Recording()
    recording.records.pop()
    for step in steps:
        recording.now_s += 1
        recording.update(base64.b64decode(step["update"]), CANDIDATE)
    found = states(make_film(HEADER, recording.records))
    first = recording.seq - len(steps) + 1
    for seq, step in enumerate(steps, start=first):
        if seq in found:
            assert found[seq] == shown(step), seq
    assert found[max(found)] == shown(steps[-1])


# --------------------------------------------------------------------- pycrdt


class Replicas:
    """Three pages beside the room, each with a copy that may be old."""

    def __init__(self) -> None:
        self.recording = Recording(cell("a = 1", id_="one"), cell("# é", "markdown"))
        self.expected: dict[int, list[dict[str, Any]]] = {}
        self.pages = [self._page(place) for place in range(3)]

    def _page(self, place: int) -> YNotebook:
        document: Doc[Any] = Doc(client_id=place + 2)
        document.apply_update(self.recording.document.get_update())
        return YNotebook(document)

    def send(self, place: int) -> None:
        """Let one page exchange with the room; what is new is one record."""
        page, room = self.pages[place].ydoc, self.recording.document
        self.recording.now_s += 0.5
        author = [CANDIDATE, INTERVIEWER, "kernel"][place]
        before = self.recording.seq
        self.recording._author = author
        room.apply_update(page.get_update(room.get_state()))
        page.apply_update(room.get_update(page.get_state()))
        if self.recording.seq > before:
            content = self.recording.notebook.get(deduplicate=False)
            self.expected[self.recording.seq] = shown(content)

    def act(self, place: int, what: str, where: int, other: int, text: str) -> None:
        """Change something in one page's copy, in one transaction."""
        notebook = self.pages[place]
        cells = notebook.ycells
        with notebook.ydoc.transaction():
            if what == "insert" or len(cells) == 0:
                made = cell(text, ["code", "markdown"][other % 2], f"new-{where}")
                cells.insert(where % (len(cells) + 1), notebook.create_ycell(made))
                return
            index = where % len(cells)
            one = cells[index]
            source = str(one["source"])
            start, end = sorted((other % (len(source) + 1), where % (len(source) + 1)))
            if what == "remove":
                del cells[index]
            elif what == "move":
                made = notebook.get_cell(index)
                del cells[index]
                to = other % (len(cells) + 1)
                cells.insert(to, notebook.create_ycell(made))
            elif what == "edit":
                del one["source"][byte_place(source, start) : byte_place(source, end)]
                one["source"].insert(byte_place(source, start), text)
            elif what == "set":
                notebook.set_cell(index, source=text + source)
            elif what == "outputs" and one["cell_type"] == "code":
                stream = {"output_type": "stream", "name": "stdout", "text": text}
                one["outputs"].append(*notebook._create_youtputs([stream]))
                one["execution_count"] = where
            elif what == "print" and one["cell_type"] == "code" and one["outputs"]:
                printed = one["outputs"][0]["text"]
                printed.insert(len(printed), text)
            elif what == "lock":
                one["metadata"]["editable"] = bool(other % 2)
            elif what == "replace":
                one["id"] = f"other-{where}"
                one["metadata"] = Map({"editable": False})


WHAT = "insert remove move edit edit edit set outputs print lock replace send send"
ACTS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(WHAT.split()),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sampled_from(TEXTS),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, max_size=40))
def test_a_film_shows_what_pycrdt_has_after_every_record(acts: list[Any]) -> None:
    replicas = Replicas()
    for place, what, *more in acts:
        if what == "send":
            replicas.send(place)
        else:
            replicas.act(place, what, *more)
    for place in range(3):
        replicas.send(place)
    found = states(make_film(HEADER, replicas.recording.records))
    last = None
    for seq in range(1, replicas.recording.seq + 1):
        last = found.get(seq, last)
        if seq in replicas.expected:
            assert last == replicas.expected[seq]


def test_two_thousand_edits_of_one_step_2_are_one_frame() -> None:
    recording = Recording(*(cell("é😀", id_=f"c{n}") for n in range(20)))
    page: Doc[Any] = Doc(client_id=9)
    page.apply_update(recording.document.get_update())
    notebook = YNotebook(page)
    for count in range(2000):
        notebook.ycells[count % 20]["source"].insert(
            2 + 4 * (count % 2), "ab"[count % 2]
        )
    with recording.by(CANDIDATE):
        recording.document.apply_update(page.get_update(recording.document.get_state()))
    film = make_film(HEADER, recording.records)
    found = states(film)
    assert len(film["frames"]) == 2
    content = recording.notebook.get(deduplicate=False)
    assert found[max(found)] == shown(content)


# ------------------------------------------------------------------ pure parts


@given(st.text(), st.text())
def test_a_wrong_delta_is_not_believed(before: str, after: str) -> None:
    text = before
    for index, removed, inserted in text_edits(before, after, [{"delete": 10**6}]):
        assert text[index : index + len(removed)] == removed
        text = text[:index] + inserted + text[index + len(removed) :]
    assert text == after


@given(st.text("ab"), st.text("ab"))
def test_common_ends_never_overlap(one: str, other: str) -> None:
    start, end = common_ends(one, other)
    assert start + end <= min(len(one), len(other))
    assert one[:start] == other[:start]
    assert one[len(one) - end :] == other[len(other) - end :]


def test_bytes_that_are_no_update_are_invalid() -> None:
    with pytest.raises(Invalid, match="not Yjs"):
        NotebookPlayer().play(b"\xff\xff\xff")


def test_what_is_no_cell_is_shown_as_an_empty_one() -> None:
    recording = Recording(cell("a"))
    with recording.by(CANDIDATE) as cells:
        cells.append("no cell")
        cells.append(Map({"source": 3, "cell_type": ["code"]}))
    film = make_film(HEADER, recording.records)
    assert [one["source"] for one in states(film)[recording.seq]] == ["a", "", ""]


def test_a_player_goes_when_nobody_has_it() -> None:
    player = NotebookPlayer()
    gone = ref(player)
    del player
    gc.collect()
    assert gone() is None


def test_bytes_over_which_the_library_panics_are_refused() -> None:
    """Found by `make attack`: they overlap what the first document record brought."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in list(lines)[1:]]
    first = next(record for record in found if record["kind"] == "document")
    player = NotebookPlayer()
    player.play(base64.b64decode(first["payload"]["update"]))
    with pytest.raises(Invalid, match="not Yjs"):
        player.play(base64.b64decode(PANICS))
