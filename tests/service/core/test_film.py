"""Films: outputs, marks and times; the golden films are as they would be written."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

from pycrdt import Map

from nbinterview.ledger.changes import MAX_RENEWED_CHARS
from nbinterview.ledger.film import OUTPUT_STEP_MS, make_film
from nbinterview.ledger.playback import film_after, film_at
from nbinterview.ledger.records import format_time
from nbinterview.schemas import check
from nbinterview.schemas.film_types import Film
from tests.service.core import make_golden_films
from tests.service.core.recording import (
    BOOT,
    CANDIDATE,
    HEADER,
    START,
    Recording,
    cell,
)


def output_steps(film: Film) -> list[tuple[int, dict[str, Any]]]:
    return [
        (frame["at_ms"], dict(step))
        for frame in film["frames"]
        for step in frame["steps"]
        if step["do"] == "outputs"
    ]


def printing(recording: Recording, text: str, every_s: float, times: int) -> None:
    """Print into the first cell again and again."""
    stream = {"output_type": "stream", "name": "stdout", "text": ""}
    with recording.by("kernel") as cells:
        cells[0]["outputs"].append(recording.notebook._create_youtputs([stream])[0])
    for _ in range(times):
        recording.now_s += every_s
        with recording.by("kernel") as cells:
            printed = cells[0]["outputs"][0]["text"]
            printed.insert(len(printed), text)


def test_the_golden_films_are_fresh() -> None:
    for path, content in make_golden_films.files().items():
        assert path.read_text("utf-8") == content, path.name


def test_an_interview_without_records_is_an_empty_film() -> None:
    film = make_film(HEADER, [])
    assert (film["frames"], film["duration_ms"], film["last_seq"]) == ([], 0, 0)


def test_outputs_that_grow_are_shown_ten_times_a_second_and_whole_at_the_end() -> None:
    recording = Recording(cell("run()"))
    printing(recording, "x", 0.007, 300)
    film = make_film(HEADER, recording.records)
    steps = output_steps(film)
    assert 15 <= len(steps) <= 23
    times = [at_ms for at_ms, _ in steps]
    # The last ones may be flushed earlier: nothing else came.
    assert all(b - a >= OUTPUT_STEP_MS - 7 for a, b in pairwise(times[:-1]))
    [shown] = film_at(film, film["duration_ms"])[0]["outputs"]
    assert shown == {"kind": "text", "text": "x" * 300, "note": ""}
    assert [frame["seq"] for frame in film["frames"]] == sorted(
        {frame["seq"] for frame in film["frames"]}
    )


def test_what_waited_is_shown_before_its_run_ends() -> None:
    recording = Recording(cell("run()", id_="c"))
    printing(recording, "x", 0.01, 5)
    last = recording.seq
    recording.now_s += 0.001
    done = {"execution_id": "1", "cell_id": "c", "status": "ok", "duration_ms": 51}
    ended = recording.add("execution.finished", "kernel", done)
    film = make_film(HEADER, recording.records)
    assert film_after(film, last)[0]["outputs"][0]["kind"] == "text"
    assert film_after(film, last)[0]["outputs"] == film_after(film, ended)[0]["outputs"]


def test_an_endless_stream_makes_no_endless_film() -> None:
    recording = Recording(cell("run()"))
    printing(recording, "y" * 9, 0.11, 4000)
    size = len(json.dumps(make_film(HEADER, recording.records)))
    assert size < 6_000_000


def test_pictures_that_are_looked_at_again_take_no_minutes() -> None:
    recording = Recording(cell("run()"))
    head = base64.b64decode(make_golden_films.PNG)[:33]
    picture = base64.b64encode(head + bytes(900_000)).decode()
    made = {"output_type": "display_data", "metadata": {}, "data": {}}
    for number in range(40):
        recording.now_s += 1
        tail = base64.b64encode(f"{number:03}".encode()).decode()
        with recording.by(CANDIDATE) as cells:
            data = {"image/png": picture + tail}
            cells[0]["outputs"].append(Map({**made, "data": data}))
    for _ in range(200):
        recording.now_s += 0.2
        with recording.by(CANDIDATE) as cells:
            cells[0]["outputs"].append(Map(made))
    film = make_film(HEADER, recording.records)
    assert len(output_steps(film)) < 20


def test_a_cell_that_is_locked_and_unlocked_makes_no_endless_film() -> None:
    """A record of a few bytes changes the lock; the film tells the whole cell."""
    recording = Recording(cell("x" * 1_000_000))
    for number in range(100):
        recording.now_s += 1
        with recording.by("kernel") as cells:
            cells[0]["metadata"] = Map({"editable": number % 2 == 0})
        with recording.by("kernel") as cells:
            cells[0]["source"].insert(0, "#")
    film = make_film(HEADER, recording.records)
    assert len(json.dumps(film)) < MAX_RENEWED_CHARS * 1.2
    [shown] = film_at(film, film["duration_ms"])
    assert shown["source"] == "#" * 100 + "x" * 1_000_000


def test_pastes_without_end_take_no_minutes() -> None:
    recording = Recording(cell("a"))
    event = {"name": "clipboard", "action": "paste", "origin": "external", "chars": 10}
    for _ in range(5_000):
        payload = {"boot_id": "b", "event": event}
        recording.add("event", CANDIDATE, payload, monotonic_ms=5.0)
    for text in ("\n" * 4_000_000, *[f"a{number:09}" for number in range(2_000)]):
        with recording.by(CANDIDATE) as cells:
            cells[0]["source"].insert(0, text)
        if len(text) > 10:
            with recording.by(CANDIDATE) as cells:
                del cells[0]["source"][0 : len(text)]
    started_s = time.monotonic()
    make_film(HEADER, recording.records)
    assert time.monotonic() - started_s < 20


def test_outputs_that_stay_are_kept() -> None:
    recording = Recording(cell("run()"))
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}
    for _ in range(3):
        recording.now_s += 1
        with recording.by("kernel") as cells:
            cells[0]["outputs"].append(Map(error))
    steps = output_steps(make_film(HEADER, recording.records))
    assert [(step["keep"], len(step["outputs"])) for _, step in steps] == [
        (0, 1),
        (1, 1),
        (2, 1),
    ]


def test_a_picture_is_in_the_film_once_and_nothing_else_is_one() -> None:
    recording = Recording(cell("plot()"))
    for content in (make_golden_films.PNG, make_golden_films.PNG, "PHN2Zz4="):
        recording.now_s += 1
        data = {"image/png": content, "text/html": "<b>rich</b>"}
        made = {"output_type": "display_data", "metadata": {}, "data": data}
        with recording.by("kernel") as cells:
            cells[0]["outputs"].append(Map(made))
    film = make_film(HEADER, recording.records)
    [key] = film["images"]
    assert film["images"][key] == f"data:image/png;base64,{make_golden_films.PNG}"
    shown = film_at(film, film["duration_ms"])[0]["outputs"]
    assert [output["kind"] for output in shown] == ["image", "image", "text"]
    assert "rich" not in json.dumps(film)


def test_times_count_from_the_opening_and_never_go_back() -> None:
    recording = Recording(cell(""))
    recording.now_s = 10
    recording.insert(CANDIDATE, 0, 0, "a")
    recording.now_s = 4  # a clock was set
    recording.insert(CANDIDATE, 0, 0, "b")
    film = make_film(HEADER, recording.records)
    assert [frame["at_ms"] for frame in film["frames"]] == [0, 10_000, 10_000]
    assert film["duration_ms"] == 10_000
    assert film["started_at"] == recording.records[1]["time"]


def test_whoever_goes_to_a_paste_sees_its_text() -> None:
    pasted = "import numpy as np  # from a page"
    recording = Recording(cell("", id="c"))
    recording.now_s = 5
    about = {"episode_id": "e", "rule": "external_paste", "title": "Pasted"}
    recording.paste_event(pasted, cell_id="c")
    flag = {**about, "started_at": recording.records[-1]["time"], "evidence": {}}
    recording.add("flag", "room", flag)
    recording.now_s = 5.2
    recording.insert(CANDIDATE, 0, 0, pasted)
    film = make_film(HEADER, recording.records)
    places = {mark["kind"]: mark["at_ms"] for mark in film["marks"]}
    assert places["paste"] == places["flag"] == 5200
    assert film_at(film, places["flag"])[0]["source"] == pasted


def test_marks_of_all_kinds() -> None:
    recording = Recording(cell("x = 1\ny", id_="c"))
    recording.now_s = 5
    about = {"episode_id": "e", "rule": "no_face"}
    started = recording.records[0]["time"]
    recording.add("warning", "room", {**about, "text": "We can't see you."})
    flag = {**about, "title": "Nobody", "started_at": started, "evidence": {"faces": 0}}
    recording.add("flag", "room", flag)
    recording.add("gap", "room", {"what": "live", "state": "began", "detail": "9 s"})
    run = {"execution_id": "1", "cell_id": "c", "code": "x = 1\ny"}
    recording.add("execution.requested", CANDIDATE, run)
    recording.add("kernel", CANDIDATE, {"state": "died", "detail": ""})
    recording.add("check", "room", {"check_id": "k", "state": "asked"})
    recording.paste_event("text", cell_id="c")
    recording.now_s = 8
    recording.add("warning.cleared", "room", about)
    end = recording.records[-1]["time"]
    recording.add("flag.closed", "room", {**about, "ended_at": end})
    recording.add("gap", "room", {"what": "live", "state": "ended", "detail": ""})
    done = {"execution_id": "1", "cell_id": "c", "status": "error", "duration_ms": 3000}
    recording.add("execution.finished", "kernel", done)
    finished = {"check_id": "k", "state": "finished", "clean": True, "agree": False}
    recording.add("check", "room", finished)
    recording.add("person.left", CANDIDATE, {"role": "candidate"})
    film = make_film(HEADER, recording.records)
    found = [
        (mark["kind"], mark["at_ms"], mark["end_ms"], mark["title"], mark["detail"])
        for mark in film["marks"]
    ]
    assert found == [
        ("person", 0, None, "The candidate came", ""),
        ("person", 0, None, "The interviewer came", ""),
        ("flag", 0, 8000, "Nobody", ""),
        ("warning", 5000, 8000, "The candidate was told", "We can't see you."),
        ("gap", 5000, 8000, "Nothing heard from the candidate's page", "9 s"),
        ("run", 5000, 8000, "Run with an error", "x = 1"),
        ("kernel", 5000, None, "Python died", ""),
        ("check", 5000, 8000, "Restart and run all", "runs clean, outputs differ"),
        (
            "paste",
            5000,
            None,
            "Pasted from outside",
            "4 characters, as the candidate's page tells",
        ),
        ("person", 8000, None, "The candidate left", ""),
    ]


def test_what_did_not_count_and_what_was_said_are_quiet_marks() -> None:
    recording = Recording(cell("x = 1", id_="c"))
    recording.now_s = 4
    started = recording.records[0]["time"]
    about = {"episode_id": "e", "rule": "looking_away"}
    recording.add("nudge", "room", {**about, "text": "Your screen is the other way."})
    recording.add("warning", "room", {**about, "text": "Please look at the screen."})
    recording.now_s = 9
    ended = {
        "started_at": started,
        "ended_at": format_time(START + timedelta(seconds=6)),
    }
    words = {"title": "Looked far aside", "because": "short"}
    evidence = {"evidence": {"duration_s": 6.0}}
    recording.add("episode", "room", {**about, **ended, **words, **evidence})
    comments = [
        {"episode_id": "e", "text": "The door bell."},
        {"text": "All went well."},
    ]
    for each in comments:
        event = {"boot_id": BOOT, "client_seq": 1, "event": {"name": "comment", **each}}
        recording.add("event", CANDIDATE, event)

    def quiet() -> list[tuple[Any, ...]]:
        film = make_film(HEADER, recording.records)
        check(film, "film", "Film")
        return [
            (m["kind"], m["at_ms"], m["end_ms"], m["title"], m["detail"], m["author"])
            for m in film["marks"]
            if m["kind"] in ("nudge", "episode", "comment")
        ]

    did_not_count = "did not count: it was over before it counted; 6.0 s"
    public = [
        ("episode", 0, 6000, "Looked far aside", did_not_count, "room"),
        (
            *("comment", 9000, None, "Comment on “Looked far aside”"),
            *("The door bell.", CANDIDATE),
        ),
        ("comment", 9000, None, "Comment", "All went well.", CANDIDATE),
    ]
    # A hint is the candidate's alone while the interview goes on.
    assert quiet() == public
    recording.add("interview.state", "room", {"state": "ended"})
    hint = "Your screen is the other way."
    nudge = ("nudge", 4000, None, "A private hint", hint, "room")
    assert quiet() == [public[0], nudge, *public[1:]]
