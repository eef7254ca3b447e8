"""Running again, without doing it: what to ask of a runner, and what its answers say.

Two outputs agree when a reader would say so. What differs between any two runs of the
same code is evened out first, and nothing else: addresses of objects, names of
temporary files, execution counts, and the times that %time and %timeit print.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbinterview.ledger.runs import Run

Outputs = Sequence[Mapping[str, Any]]
Result = Literal["same", "differs", "error"]

CELL_TIMEOUT_S = 120.0
TOTAL_TIMEOUT_S = 900.0
MAX_DIFF_LINES = 8
MAX_LINE_CHARS = 160
MAX_COMPARED_LINES = 2000

_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}\b")
_TEMPORARY = re.compile(r"/tmp/ipykernel_\d+/\d+\.py")  # noqa: S108  # a name, no use
_COUNT = re.compile(r"\b(In|Out) ?\[\d+\]")
_TIMES = re.compile(
    r"^(?:(?:CPU times|Wall time|Compiler time|Parser) ?:.*"
    r"|.* ± .* per loop \(mean ± std\. dev\. of .*)$",
    re.MULTILINE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PICTURE = re.compile(r"image/|application/pdf")
_MARKUP = ("text/html", "text/latex", "text/markdown")

# ------------------------------------------------------------------ comparing


@dataclass(frozen=True)
class Comparison:
    """Whether a run gave the same again; `detail` says what does not agree."""

    result: Result
    detail: str


SAME = Comparison("same", "")


def compare(recorded: Outputs, answer: Mapping[str, Any]) -> Comparison:
    """Compare recorded outputs with a runner's `cell` event."""
    fresh = answer["outputs"]
    if answer["status"] in {"died", "timeout"} or answer["detail"]:
        return Comparison("error", answer["detail"] or failure(fresh))
    failed = answer["status"] != "ok"
    if failed and not any(map(_is_error, recorded)):
        return Comparison("error", failure(fresh))
    words = difference(recorded, fresh)
    return Comparison("differs", words) if words else SAME


def failure(outputs: Outputs) -> str:
    """Return how a cell failed, in a line."""
    for output in outputs:
        if _is_error(output):
            value = plain(str(output["evalue"])).split("\n")[0]
            return _short(f"{output['ename']}: {value}" if value else output["ename"])
    return "It failed without saying why."


def difference(before: Outputs, after: Outputs) -> str:
    """Return what does not agree between two outputs in a few lines, or nothing."""
    left, right = _joined(before), _joined(after)
    for one, other in zip(left, right, strict=False):
        if words := _output_difference(one, other):
            return words
    if len(left) > len(right):
        return f"Missing now: {_name(left[len(right)])}."
    if len(right) > len(left):
        return f"New: {_name(right[len(left)])}."
    return ""


def plain(text: str) -> str:
    """Return text without what differs between any two runs."""
    text = _COLORS.sub("", _shown(text))
    text = _ADDRESS.sub("0x…", text)
    text = _TEMPORARY.sub("<cell>", text)
    text = _COUNT.sub(r"\1[…]", text)
    return _TIMES.sub("<times>", text)


def _shown(text: str) -> str:
    """Return what a terminal shows: a carriage return writes over its line."""
    if "\r" not in text and "\b" not in text:
        return text
    return "\n".join(map(_overwritten, text.split("\n")))


def _overwritten(line: str) -> str:
    chars: list[str] = []
    cursor = 0
    for char in line:
        if char == "\r":
            cursor = 0
        elif char == "\b":
            cursor = max(0, cursor - 1)
            del chars[cursor : cursor + 1]
        else:
            chars[cursor : cursor + 1] = char
            cursor += 1
    return "".join(chars)


def _joined(outputs: Outputs) -> list[Mapping[str, Any]]:
    """Return outputs with neighbouring parts of one stream made one."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        one = dict(output)
        if one["output_type"] == "stream":
            one["text"] = _text(one["text"])
            last = joined[-1] if joined else {}
            if last.get("name") == one["name"]:
                last["text"] += one["text"]
                continue
        joined.append(one)
    return [one for one in joined if one.get("text") != ""]


def _text(found: object) -> str:
    return "".join(map(str, found)) if isinstance(found, list) else str(found)


def _is_error(output: Mapping[str, Any]) -> bool:
    return bool(output["output_type"] == "error")


def _name(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return f"text on {output['name']}"
        case "error":
            return f"the error {output['ename']}"
        case _ if any(map(_PICTURE.match, output["data"])):
            return "a picture"
    return "a result" if output["output_type"] == "execute_result" else "a display"


def _output_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    kinds = one["output_type"], other["output_type"]
    if kinds[0] != kinds[1] or one.get("name") != other.get("name"):
        return f"Before: {_name(one)}; now: {_name(other)}."
    if kinds[0] == "stream":
        return _diff(one["text"], other["text"])
    if kinds[0] == "error":
        return _diff(*(f"{each['ename']}: {each['evalue']}" for each in (one, other)))
    return _data_difference(one["data"], other["data"])


def _data_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    if set(one) != set(other):
        gone, new = sorted(set(one) - set(other)), sorted(set(other) - set(one))
        return "; ".join(
            [f"no {name} now" for name in gone] + [f"{name} is new" for name in new]
        )
    # The plain text is what a person can read in a line; pictures come last.
    for name in sorted(one, key=lambda name: (name != "text/plain", name)):
        left, right = one[name], other[name]
        if _PICTURE.match(name):
            if _text(left).split() != _text(right).split():
                return "The picture differs."
        elif not isinstance(left, str | list):
            if json.dumps(left, sort_keys=True) != json.dumps(right, sort_keys=True):
                return f"The {name} differs."
        elif words := _diff(_text(left), _text(right)):
            return "The formatting differs." if name in _MARKUP else words
    return ""


def _diff(before: str, after: str) -> str:
    """Return the first lines in which two texts differ, or nothing."""
    left, right = plain(before), plain(after)
    if left == right:
        return ""
    lines = list(
        # Without context: neither the cell nor the reader has room for it.
        difflib.unified_diff(_lines(left), _lines(right), n=0, lineterm="")
    )[2:]
    shown = [_short(line) for line in lines if not line.startswith("@@")]
    if len(shown) > MAX_DIFF_LINES:
        left_out = len(shown) - MAX_DIFF_LINES + 1
        shown = [*shown[: MAX_DIFF_LINES - 1], f"… and {left_out} more lines"]
    return "\n".join(shown) or f"The text differs after line {MAX_COMPARED_LINES}."


def _lines(text: str) -> list[str]:
    # Bounded: finding the difference takes time with the square of what it gets.
    return text.split("\n")[:MAX_COMPARED_LINES]


def _short(line: str) -> str:
    # What a candidate's code printed is shown on terminals too.
    line = _CONTROLS.sub("\ufffd", line)
    return line if len(line) <= MAX_LINE_CHARS else f"{line[: MAX_LINE_CHARS - 1]}…"


# ------------------------------------------------------- the runs of a record


@dataclass(frozen=True)
class Step:
    """One recorded run: to be run again, or left out because of `skipped`."""

    run: Run
    skipped: str
    fresh: bool
    """It began on another kernel than the run before."""


_WHY_NOT = {
    "aborted": "never ran: an error came before it",
    "interrupted": "was interrupted",
    "lost": "its kernel ended before it did",
    "running": "had not ended yet",
}


def plan(runs: Sequence[Run]) -> list[Step]:
    """Return what to do with each recorded run."""
    steps: list[Step] = []
    kernel = runs[0].kernel if runs else 1
    for run in runs:
        fresh = run.can_repeat and run.kernel != kernel
        steps.append(Step(run, _WHY_NOT.get(run.status, ""), fresh))
        if run.can_repeat:
            kernel = run.kernel
    return steps


def runs_task(steps: Sequence[Step]) -> dict[str, Any]:
    """Return the runner's task for these steps; each key is the run's id."""
    cells = [
        {
            "key": step.run.execution_id,
            "code": step.run.code,
            "inputs": step.run.inputs,
            "fresh": step.fresh,
        }
        for step in steps
        if not step.skipped
    ]
    return task(cells, stop_on_error=False)


def required_layers(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the layers of the sandbox without which nothing of an interview runs."""
    return tuple(policy.get("sandbox", {}).get("require", ()))


def task(cells: list[dict[str, Any]], *, stop_on_error: bool) -> dict[str, Any]:
    """Return a task of `nbinterview_kernels.runner` with the usual limits."""
    return {
        "cells": cells,
        "stop_on_error": stop_on_error,
        "cell_timeout_s": CELL_TIMEOUT_S,
        "total_timeout_s": TOTAL_TIMEOUT_S,
    }
