"""The notebook of a moment: which one it is, and that it is exact."""

from __future__ import annotations

import json
import warnings

import nbformat
import pytest

from nbinterview.errors import Invalid, NotFound
from nbinterview.ledger import moments, provenance
from tests.service.core.recording import (
    CANDIDATE,
    INTERVIEWER,
    PEOPLE,
    Recording,
    cell,
)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("00:23:10", 1_390_000),
        ("23:10", 1_390_000),
        ("90.5", 90_500),
        ("1:02:03.25", 3_723_250),
        ("0", 0),
        (" 95:00 ", 5_700_000),
    ],
)
def test_a_moment_is_read(text: str, at_ms: int) -> None:
    assert moments.parse_moment(text) == at_ms


@pytest.mark.parametrize(
    "text", ["", "x", "-5", "1:60", "1:60:00", "1:2:3:4", "1e3", "٣", "5:", "nan"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no moment"):
        moments.parse_moment(text)


def _typed() -> tuple[Recording, dict[int, str]]:
    """Return a recording and, by record, the JSON of the live document."""
    recording = Recording(cell("é😀", id_="a"), cell("# b", "markdown", "b"))
    live = {}
    for count, author in enumerate([CANDIDATE, INTERVIEWER] * 10):
        recording.now_s += 1
        recording.insert(author, 0, count, "x😀\n")
        with recording.by("kernel") as cells:
            cells[0]["execution_count"] = count
            cells[0]["outputs"].append(
                *recording.notebook._create_youtputs(
                    [{"output_type": "stream", "name": "stdout", "text": "a\nb"}]
                )
            )
        content = recording.notebook.get(deduplicate=False)
        live[recording.seq] = json.dumps(content, sort_keys=True)
    return recording, live


def test_every_moment_is_the_live_document_byte_for_byte() -> None:
    recording, live = _typed()
    for seq, expected in live.items():
        found = moments.notebook_after(recording.records, seq)
        assert json.dumps(found, sort_keys=True) == expected
    found_end = moments.find(recording.records, None)
    end = moments.notebook_after(recording.records, found_end.seq)
    assert json.dumps(end, sort_keys=True) == live[recording.seq]


def test_the_record_at_a_moment() -> None:
    recording, live = _typed()
    for second, seq in enumerate(live, start=1):
        assert moments.find(recording.records, second * 1000).seq == seq
        assert moments.find(recording.records, second * 1000 + 999).seq == seq


def test_moments_outside_are_moved_inside() -> None:
    recording, _ = _typed()
    end = moments.find(recording.records, 10**9)
    assert end == moments.find(recording.records, None)
    assert end == moments.Found(recording.seq, 20_000)
    # The notebook came 3 s after the opening.
    late = Recording()
    first = late.records.pop()
    late.now_s = 3
    late.add("document", "room", first["payload"])
    late.now_s = 9
    late.add("room.stopped", "room", {})
    assert moments.find(late.records, 1000) == moments.Found(late.seq - 1, 3000)


def test_without_a_notebook_there_is_nothing_to_show() -> None:
    with pytest.raises(NotFound, match="Nothing"):
        moments.find([], None)
    recording = Recording()
    with pytest.raises(NotFound, match="not opened yet"):
        moments.notebook_after(recording.records[:-1], recording.seq)


@pytest.mark.parametrize("plain", [True, False])
def test_the_file_is_a_valid_notebook_that_jupyter_would_write(plain: bool) -> None:
    recording, _ = _typed()
    found = moments.find(recording.records, None)
    notebook = moments.notebook_after(recording.records, found.seq)
    if not plain:
        notebook = provenance.annotate(notebook, PEOPLE, recording.records, found)
    text = moments.as_file(notebook)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(read, version=4, version_minor=5)
        again = nbformat.writes(read)  # type: ignore[no-untyped-call]
    assert again == text.removesuffix("\n") or again == text
    if not plain:
        loaded = json.loads(text)
        told = provenance.disagreement(loaded, PEOPLE, recording.records)
        assert told is None
