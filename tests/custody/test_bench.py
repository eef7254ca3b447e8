"""What benchmarks say, they say rightly: quantiles, intervals, turns, and the page."""

from __future__ import annotations

import random

import pytest

from bench import page
from bench.rows import Report, Row, compare, interleaved, interval, p95, quantile


def test_quantiles_are_interpolated() -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert p95([float(one) for one in range(101)]) == 95.0
    assert p95([7.0]) == 7.0


def test_turns_are_fair() -> None:
    assert "".join(interleaved("AB", 4)) == "ABBAABBA"


def test_a_comparison_finds_a_ratio_and_how_sure_it_is() -> None:
    chance = random.Random(1)
    peer = [[chance.gauss(10, 1) for _ in range(200)] for _ in range(7)]
    ours = [[chance.gauss(20, 1) for _ in range(200)] for _ in range(7)]
    found = compare(ours, peer, p95, chance=chance)
    low, high = found.ratio
    assert 1.7 < low <= found.ours / found.peer <= high < 2.0
    assert 9 < found.difference[0] <= found.difference[1] < 11
    same = compare(peer, peer, p95, chance=chance)
    assert same.ratio[0] <= 1.0 <= same.ratio[1]


def test_one_value_has_no_spread() -> None:
    assert interval([3.0], p95, chance=random.Random(1)) == (3.0, 3.0)


@pytest.mark.parametrize(
    ("verdicts", "holds"),
    [([True, None], True), ([True, False], False), ([None], True)],
)
def test_a_report_holds_when_no_promise_is_missed(
    verdicts: list[bool | None], holds: bool
) -> None:
    report = Report("name", 1, rows=[Row("m", "s", 1.0, holds=one) for one in verdicts])
    assert report.holds is holds


def test_the_page_of_benchmarks_is_fresh() -> None:
    assert page.PAGE.read_text("utf-8") == page.fresh()
