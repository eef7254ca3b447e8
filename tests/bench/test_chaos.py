"""`make chaos` goes on where it was interrupted, and leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chaos import __main__ as chaos
from bench.chaos.__main__ import Done
from tests.chaos.catalog import MATRIX

NUMBERS = [fault.number for fault in MATRIX]


def test_the_matrix_has_every_fault_once() -> None:
    assert list(range(1, 21)) == NUMBERS


def test_trials_of_earlier_runs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "KEPT", tmp_path / "chaos.jsonl")
    assert chaos.kept() == []
    done = [
        Done(3, 1, {}, {"room back after kill -9": [2.5]}, 9.0),
        Done(3, 1, {"I4": ["x"]}, {}, 9.0, "stock"),
    ]
    for one in done:
        chaos.keep(one)
    assert chaos.kept() == done


def test_a_fault_that_was_not_played_does_not_hold() -> None:
    rows = list(chaos.rows(MATRIX, []))
    assert len(rows) == len(MATRIX)
    assert {row.holds for row in rows} == {False}


def test_rows_tell_what_broke_how_soon_it_was_over_and_what_stock_did() -> None:
    [fault] = [one for one in MATRIX if one.number == 3]
    done = [
        Done(3, 1, {}, {"room back after kill -9": [2.0]}, tested=["I1", "I4"]),
        Done(3, 2, {"I1": ["one was lost"]}, {"room back after kill -9": [9.0]}),
        Done(3, 1, {"I4": ["x"]}, side="stock"),
        Done(4, 1, {"I1": ["another fault"]}),
    ]
    trials, back, unmeasured = chaos.rows([fault], done)
    assert (trials.ours, trials.peer, trials.holds) == (1, 1, False)
    assert "seed 2: I1: one was lost" in trials.note
    assert trials.n.startswith("2 trials")
    assert trials.bar == "none; put to the test: I1, I4"
    assert (back.unit, back.holds) == ("s", False)
    assert "reconnected" in unmeasured.measure
    assert (unmeasured.n, unmeasured.holds) == ("0", False)
    assert next(iter(chaos.rows([fault], done[:1]))).holds is True
