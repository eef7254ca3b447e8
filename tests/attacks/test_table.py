"""`make attack` shows what its parts print, and never leaves out one that failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.attack import __main__ as attack
from bench.page import table
from bench.rows import Report


def printed(**more: Any) -> str:
    wire = {
        "measure": "m",
        "ours": 0,
        "peer": 3,
        "bar": "none",
        "holds": True,
        "n": "9",
    }
    return f"some words\n{json.dumps([{**wire, **more}])}\n"


def test_a_parts_rows_become_the_tables() -> None:
    [row] = attack.rows("xss", printed(unit="payloads", extra="ignored"), 0)
    assert (row.measure, row.ours, row.peer, row.ratio) == ("xss: m", 0, 3, 0.0)
    assert row.holds is True
    report = Report("attack", 1, rows=[row])
    assert "xss: m" in attack.table(report)
    wire = {**vars(report), "rows": [vars(row)], "load": [0.0], "idle": [1.0]}
    machine = {"cores": 2, "memory_gib": 1, "system": "s", "python": "3"}
    assert "| xss: m | 0 payloads | 3 payloads |" in table({**wire, "machine": machine})


def test_rows_may_be_printed_over_many_lines() -> None:
    wire = {"measure": "m", "ours": 0, "examples": [], "holds": True, "n": 9}
    text = f"[words]\n{json.dumps([wire, wire], indent=1)}\n"
    assert [row.measure for row in attack.rows("kernel", text, 0)] == ["kernel: m"] * 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 1),
        ("Traceback (most recent call last):", 1),
        ("[]", 0),
        ('{"measure": "m"}', 0),
        (printed(ours="none"), 0),
        (printed(ours=True), 0),
        (printed(holds="yes"), 0),
        ("[[]]", 0),
    ],
)
def test_a_part_without_rows_is_a_row_that_is_missed(text: str, code: int) -> None:
    [row] = attack.rows("kernel", text, code)
    assert row.holds is False
    assert row.measure == "kernel: did not run"


def test_rows_that_hold_do_not_hide_a_failed_program() -> None:
    rows = attack.rows("xss", printed(), 3)
    assert [row.holds for row in rows] == [True, False]


def test_a_part_that_is_not_there_is_a_row_that_is_missed() -> None:
    [row] = attack.run("no_such_part")
    assert row.holds is False
