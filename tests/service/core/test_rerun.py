"""Recorded runs, what to run again, and whether it gave the same."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nbinterview.ledger import rerun
from nbinterview.ledger.check import Checking
from nbinterview.ledger.rerun import compare, difference, plan, runs_task
from nbinterview.ledger.runs import last_inputs, recorded_runs, runs_to_restore
from tests.service.told import CARA, Told, error, result, text


def again(*outputs: dict[str, Any], status: str = "ok", detail: str = "") -> Any:
    """Return a runner's answer."""
    return {
        "event": "cell",
        "key": "x",
        "status": status,
        "execution_count": 7,
        "outputs": list(outputs),
        "duration_ms": 1,
        "detail": detail,
    }


# ---------------------------------------------------------------------- runs


def test_a_run_has_what_its_cell_showed_when_it_ended() -> None:
    told = Told().open("print('a')", "1 + 1")
    told.kernel("started")
    told.run(1, "print('first')", [text("first\n")])
    told.run(2, outputs=[result("2")])
    told.run(1, "print('second')", [text("second\n")], answers=("yes", "no"))
    told.write(1, "something else")
    first, other, second = recorded_runs(told.records)
    assert (first.code, first.author, first.status) == ("print('first')", CARA, "ok")
    assert [one["text"] for one in first.outputs] == ["first\n"]
    assert other.outputs[0]["data"] == {"text/plain": "2"}
    assert (second.inputs, second.execution_count) == (["yes", "no"], 3)
    assert [one["text"] for one in second.outputs] == ["second\n"]
    assert last_inputs(told.records) == {"cell-1": ["yes", "no"], "cell-2": []}


def test_outputs_of_older_records_may_come_behind_the_end() -> None:
    told = Told().open("print('late')")
    told.kernel("started")
    asked = told.ask(1)
    told.finish(asked, 1)
    told.show(1, [text("late\n")])
    told.change("kernel", milliseconds=30)
    told.write(1, "x")
    [run] = recorded_runs(told.records)
    assert [one["text"] for one in run.outputs] == ["late\n"]


def test_what_comes_much_later_is_not_of_that_run() -> None:
    told = Told().open("1")
    told.run(1, outputs=[result("1")])
    told.show(1, [])
    told.change("kernel")  # a second later
    [run] = recorded_runs(told.records)
    assert run.outputs[0]["data"]["text/plain"] == "1"


def test_a_cell_asked_twice_at_once_keeps_its_runs_apart() -> None:
    told = Told().open("x")
    first, second = told.ask(1, "1"), told.ask(1, "2")
    told.show(1, [result("1")])
    told.change("kernel")
    told.finish(first, 1)
    told.show(1, [])
    told.change("kernel", milliseconds=1)
    told.show(1, [result("2")])
    told.change("kernel")
    told.finish(second, 1)
    shown = [
        run.outputs[0]["data"]["text/plain"] for run in recorded_runs(told.records)
    ]
    assert shown == ["1", "2"]


def test_how_runs_end_and_on_which_kernel() -> None:
    told = Told().open("a", "b")
    told.kernel("started")
    told.run(1)
    asked = told.ask(2)
    told.tell("kernel", {"state": "interrupted", "detail": ""}, CARA)
    told.finish(asked, 2, "error")
    waiting = told.ask(1)
    told.finish(waiting, 1, "aborted")
    dying = told.ask(1)
    told.finish(dying, 1, "lost")
    held = told.ask(1)
    told.kernel("died")
    told.kernel("restarted")
    told.finish(held, 1)
    told.run(2, status="error")
    told.ask(2)
    runs = recorded_runs(told.records)
    assert [(run.status, run.kernel) for run in runs] == [
        ("ok", 1),
        ("interrupted", 1),
        ("aborted", 1),
        ("lost", 1),
        ("ok", 2),
        ("error", 2),
        ("running", 2),
    ]
    assert [run.execution_id for run in runs_to_restore(runs)] == ["run-5", "run-6"]
    steps = plan(runs)
    assert [bool(step.skipped) for step in steps] == [
        *(False, True, True, True, False, False, True)
    ]
    assert [step.fresh for step in steps if not step.skipped] == [False, True, False]
    keys = [cell["key"] for cell in runs_task(steps)["cells"]]
    assert keys == ["run-1", "run-5", "run-6"]


def test_a_server_that_is_gone_takes_its_runs_along() -> None:
    told = Told().open("a")
    told.kernel("started")
    told.run(1)
    told.ask(1)
    told.tell("room.started", {})
    told.kernel("started")
    runs = recorded_runs(told.records)
    assert [run.status for run in runs] == ["ok", "lost"]
    # What the new kernel holds is nothing yet; see `recorded_runs`.
    assert recorded_runs([]) == [] == runs_to_restore([])


def test_many_edits_and_runs_are_read_in_time() -> None:
    told = Told().open(*["x"] * 50)
    for number in range(300):
        told.write(number % 50 + 1, f"print({number})")
        told.run(number % 50 + 1, outputs=[text(f"{number}\n")])
    began_s = time.monotonic()
    assert len(recorded_runs(told.records)) == 300
    assert time.monotonic() - began_s < 5


# ----------------------------------------------------------------- comparing


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([text("a\nb\n")], [text("a\n"), text("b\n")]),
        ([text("")], []),
        ([text("100 %")], [text("10 %\r50 %\r100 %")]),
        ([text("<object at 0x7f01aa22>")], [text("<object at 0x55e0beef>")]),
        (
            [text("CPU times: user 3 ms\nWall time: 4 ms\nfine")],
            [text("CPU times: user 9 ms\nWall time: 8 ms\nfine")],
        ),
        ([result("1")], [{**result("1"), "execution_count": 9}]),
        (
            [error("E", "in /tmp/ipykernel_11/123.py")],
            [error("E", "in /tmp/ipykernel_3/45.py")],
        ),
        (
            [result("f", **{"image/png": "QUJD\n"})],
            [result("f", **{"image/png": ["QUJD"]})],
        ),
        ([text("\x1b[31mred\x1b[0m")], [text("red")]),
    ],
)
def test_the_same_is_the_same(before: Any, after: Any) -> None:
    assert difference(before, after) == ""
    assert difference(after, before) == ""


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([text("1\n2\n3")], [text("1\n5\n3")], "-2\n+5"),
        ([text("a")], [text("a", "stderr")], "Before: text on stdout; now: text on"),
        ([text("a"), result("1")], [text("a")], "Missing now: a result."),
        ([], [result("f", **{"image/png": "QQ"})], "New: a picture."),
        (
            [result("f", **{"image/png": "QQ"})],
            [result("f", **{"image/png": "QR"})],
            "The picture differs.",
        ),
        (
            [result("f", **{"text/html": "<b>1</b>"})],
            [result("f", **{"text/html": "<i>1</i>"})],
            "The formatting differs.",
        ),
        (
            [result("f", **{"application/json": {"a": 1}})],
            [result("f", **{"application/json": {"a": 2}})],
            "The application/json differs.",
        ),
        ([result("f")], [result("f", **{"text/html": "x"})], "text/html is new"),
        ([error()], [], "Missing now: the error ValueError."),
        ([text("0x12")], [text("0x13")], "-0x12\n+0x13"),
        ([text("a\n" * 3000 + "b")], [text("a\n" * 3000 + "c")], "after line 2000"),
        ([text("x" * 500)], [text("y" * 500)], "…"),
        ([text("a\x1b]0;own\x07")], [text("b")], "-a\ufffd]0;own\ufffd"),
    ],
)
def test_what_differs_is_said(before: Any, after: Any, words: str) -> None:
    found = compare(before, again(*after))
    assert found.result == "differs"
    assert words in found.detail
    assert len(found.detail) < 1500


def test_a_long_difference_is_shortened() -> None:
    found = difference([text("\n".join("abcdefghij"))], [text("\n".join("0123456789"))])
    assert found.count("\n") == rerun.MAX_DIFF_LINES - 1
    assert found.endswith("… and 13 more lines")


def test_an_error_is_one_unless_it_was_there() -> None:
    failed = again(error(), status="error")
    assert compare([], failed) == rerun.Comparison("error", "ValueError: no")
    assert compare([error()], failed) == rerun.SAME
    assert compare([error("KeyError")], failed).result == "differs"
    died = again(status="died", detail="Python was stopped: memory.")
    assert compare([error()], died) == rerun.Comparison("error", died["detail"])
    asked = again(error(), status="error", detail="It asked for more.")
    assert compare([error()], asked).detail == "It asked for more."


# ------------------------------------------------------- restart and run all


def checking(*cells: dict[str, Any]) -> Checking:
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# Q"},
            *(
                {
                    "cell_type": "code",
                    "id": f"c{number}",
                    "source": "1",
                    "outputs": [],
                    "execution_count": None,
                    **cell,
                }
                for number, cell in enumerate(cells)
            ),
        ]
    }
    return Checking(
        "check", asked_by=CARA, asked_at="t", seq=5, notebook=notebook, inputs={}
    )


DONE = {"event": "done", "detail": ""}


def test_a_check_goes_on_cell_by_cell() -> None:
    had = {"outputs": [result("1")], "execution_count": 1}
    check = checking(
        had,
        {"source": " \n"},
        {},
        {"execution_count": 2},
        had,
        {"source": ["1\n", "2"]},
    )
    task = check.task()
    assert task["stop_on_error"] is True
    assert [cell["key"] for cell in task["cells"]] == ["2", "4", "5", "6", "7"]
    assert task["cells"][-1]["code"] == "1\n2"
    assert not check.take({"event": "started", "layers": {}})
    for number, answer in enumerate(
        (again(result("1")), again(), again(), again(result("2"))), start=1
    ):
        assert check.take(answer)
        assert (check.wire()["done"], check.wire()["clean"]) == (number, None)
    check.take(again(error(), status="error"))
    check.take(DONE)
    found = check.wire()
    results = [cell["result"] for cell in found["cells"]]
    assert results == ["same", "new", "same", "differs", "error"]
    assert (found["state"], found["clean"], found["agree"]) == (
        "finished",
        False,
        False,
    )


def test_a_check_whose_end_was_not_reached() -> None:
    check = checking({}, {"outputs": [result("1")]})
    check.take(again(error(), status="error"))
    check.take(DONE)
    found = check.wire()
    assert [cell["result"] for cell in found["cells"]] == ["error", "not_run"]
    assert (found["done"], found["clean"], found["agree"]) == (1, False, False)


def test_a_check_of_nothing_is_clean() -> None:
    check = checking()
    check.take(DONE)
    assert (check.wire()["clean"], check.wire()["agree"]) == (True, True)


def test_a_check_that_cannot_be_made() -> None:
    check = checking({})
    check.take({"event": "refused", "detail": "no sandbox"})
    found = check.wire()
    assert (found["state"], found["clean"], found["detail"]) == (
        "failed",
        None,
        "no sandbox",
    )
    assert not check.running
