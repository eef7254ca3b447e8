"""Write the golden films of dashboard/replay/test/golden; `--check` fails when stale.

Each holds a film and what is to be seen at some moments, so that the player in the
browser and `nbinterview.ledger.playback` mean the same by every step. Neighbouring
spans of equal origin, record and move are put together in the states.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pycrdt import Map

from nbinterview.ledger.film import make_film
from nbinterview.ledger.playback import film_at, merged
from nbinterview.schemas.film_types import Film
from tests.service.core.recording import (
    CANDIDATE,
    HEADER,
    INTERVIEWER,
    Recording,
    cell,
)

GOLDEN = Path(__file__).parents[3] / "dashboard/replay/test/golden"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)


def text() -> Recording:
    """Emoji, combining and astral characters; edits before, in and after them."""
    recording = Recording(cell("a\U0001f600e\u0301z", id_="one"))
    recording.type(CANDIDATE, 0, "\U0001f468\u200d\U0001f469!")
    recording.now_s += 1
    recording.insert(INTERVIEWER, 0, 2, "\u4e2d\U0001d4b3")
    recording.now_s += 1
    recording.delete(CANDIDATE, 0, 1, 3)
    recording.now_s += 1
    with recording.by(CANDIDATE):
        recording.notebook.set_cell(0, source="b\U0001f600 = 1\n")
    return recording


def cells() -> Recording:
    """Cells that come, go, move, and change their type and lock, many at once."""
    recording = Recording(*(cell(f"x{n} = {n}", id_=f"c{n}") for n in range(5)))
    recording.now_s += 1
    with recording.by(CANDIDATE) as shared:
        made = recording.notebook.get_cell(4)
        del shared[4]
        shared.insert(0, recording.new(made))
        del shared[2]
        shared.insert(2, recording.new(cell("# new", "markdown", "new")))
        shared[1]["source"].insert(0, "y = ")
    recording.now_s += 1
    with recording.by(INTERVIEWER) as shared:
        shared[0]["metadata"]["editable"] = False
        shared[3]["cell_type"] = "raw"
    recording.now_s += 1
    with recording.by(INTERVIEWER) as shared:
        del shared[1:4]
    return recording


def outputs() -> Recording:
    """Runs: a stream that grows, pictures, an error, outputs that are cleared."""
    codes = {"one": "run()", "two": "plot()"}
    recording = Recording(*(cell(code, id_=id_) for id_, code in codes.items()))
    for place, (id_, code) in enumerate(codes.items()):
        about = {"execution_id": f"run-{place}", "cell_id": id_}
        recording.now_s += 1
        recording.add("execution.requested", CANDIDATE, {**about, "code": code})
        if place == 0:
            _print(recording)
        else:
            _plot(recording)
        with recording.by("kernel") as shared:
            shared[place]["execution_count"] = place + 1
        done = {**about, "status": ["ok", "error"][place], "duration_ms": 500}
        recording.add("execution.finished", "kernel", done)
    recording.now_s += 1
    recording.add("kernel", CANDIDATE, {"state": "restarted", "detail": ""})
    with recording.by(CANDIDATE) as shared:
        shared[1]["outputs"].clear()
        shared[1]["execution_count"] = None
    return recording


def _print(recording: Recording) -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "0\n"}
    with recording.by("kernel") as shared:
        shared[0]["outputs"].append(recording.notebook._create_youtputs([stream])[0])
    for number in range(1, 30):
        recording.now_s += 0.015
        with recording.by("kernel") as shared:
            text = shared[0]["outputs"][0]["text"]
            text.insert(len(text), f"{number}\n")


def _plot(recording: Recording) -> None:
    picture = {"output_type": "display_data", "data": {"image/png": PNG}}
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["E: v"]}
    for made in (picture, picture, error):
        recording.now_s += 0.2
        with recording.by("kernel") as shared:
            shared[1]["outputs"].append(Map({"metadata": {}, **made}))


def golden(recording: Recording) -> dict[str, Any]:
    """Return a film and its states at every frame and between them."""
    film: Film = make_film(HEADER, recording.records)
    times = {frame["at_ms"] for frame in film["frames"]}
    moments = sorted({0, film["duration_ms"], *times, *(time + 7 for time in times)})
    return {
        "film": film,
        "states": [
            {
                "at_ms": at_ms,
                "cells": [
                    {**one, "spans": merged(one["spans"])}
                    for one in film_at(film, at_ms)
                ],
            }
            for at_ms in moments
        ],
    }


def files() -> dict[Path, str]:
    """Return the golden files and their content."""
    return {
        GOLDEN / f"{make.__name__}.json": json.dumps(
            golden(make()), ensure_ascii=True, indent=1
        )
        + "\n"
        for make in (text, cells, outputs)
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` compare them."""
    fresh = files()
    if "--check" not in arguments:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for path, content in fresh.items():
            path.write_text(content, "utf-8")
        return 0
    return int(any(path.read_text("utf-8") != text for path, text in fresh.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
