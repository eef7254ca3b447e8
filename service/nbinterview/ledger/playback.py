"""What a film shows at a moment: the meaning of its steps, for tests and the CLI.

`@nbinterview/replay` does the same in the browser; `dashboard/replay/test/golden`
holds films and moments on which both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbinterview.schemas.film_types import (
    EditText,
    Film,
    FilmCell,
    FilmFrame,
    Span,
    Step,
)


def film_at(film: Film, at_ms: int) -> list[FilmCell]:
    """Return the cells after all frames up to and at a moment."""
    return played(frame for frame in film["frames"] if frame["at_ms"] <= at_ms)


def film_after(film: Film, seq: int) -> list[FilmCell]:
    """Return the cells after the frames of all records up to and with one."""
    return played(frame for frame in film["frames"] if frame["seq"] <= seq)


def played(frames: Iterable[FilmFrame]) -> list[FilmCell]:
    """Return the cells after these frames."""
    cells: list[FilmCell] = []
    for frame in frames:
        for step in frame["steps"]:
            apply(cells, step)
    return cells


def apply(cells: list[FilmCell], step: Step) -> None:
    """Change the cells as a step says; runs and the kernel change no cell."""
    if step["do"] == "insert":
        at = step["index"]
        # Copies: a film is played more than once.
        cells[at:at] = [FilmCell(**cell) for cell in step["cells"]]
    elif step["do"] == "remove":
        del cells[step["index"] : step["index"] + step["count"]]
    elif step["do"] == "edit":
        _edit(_cell(cells, step["cell"]), step)
    elif step["do"] == "outputs":
        cell = _cell(cells, step["cell"])
        cell["outputs"] = [*cell["outputs"][: step["keep"]], *step["outputs"]]
    elif step["do"] == "count":
        _cell(cells, step["cell"])["count"] = step["count"]


def _cell(cells: Sequence[FilmCell], handle: int) -> FilmCell:
    return next(cell for cell in cells if cell["cell"] == handle)


def _edit(cell: FilmCell, step: EditText) -> None:
    start, end = step["index"], step["index"] + step["removed"]
    source = cell["source"]
    if source.isascii():
        cell["source"] = source[:start] + step["inserted"] + source[end:]
    else:
        units = source.encode("utf-16-le")
        before, after = units[: 2 * start], units[2 * end :]
        cell["source"] = (
            before.decode("utf-16-le") + step["inserted"] + after.decode("utf-16-le")
        )
    spans = cell["spans"]
    length = sum(span["length"] for span in spans)
    cell["spans"] = merged(
        [*_cut(spans, 0, start), *step["spans"], *_cut(spans, end, length)]
    )


def _cut(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return what of some spans lies between two places."""
    found: list[Span] = []
    place = 0
    for span in spans:
        first, last = max(place, start), min(place + span["length"], end)
        if first < last:
            found.append({**span, "length": last - first})
        place += span["length"]
    return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans, neighbours that say the same as one."""
    found: list[Span] = []
    for span in spans:
        if found and {**found[-1], "length": 0} == {**span, "length": 0}:
            found[-1] = {**span, "length": found[-1]["length"] + span["length"]}
        else:
            found.append(span)
    return found
