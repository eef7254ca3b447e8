"""Measured error rates, and how sure they are."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview_proctor.rates import Rate, poisson, read, wilson

#: Garwood's 95 % bounds, as printed in tables of the Poisson distribution.
GARWOOD = [
    (0, 0.0, 3.689),
    (1, 0.0253, 5.572),
    (2, 0.242, 7.225),
    (5, 1.623, 11.668),
    (10, 4.795, 18.390),
    (100, 81.36, 121.63),
]
RATE: dict[str, Any] = {
    "rule": "looking_away",
    "false_episodes": 2,
    "honest_hours": 10.0,
    "found": 8,
    "cheats": 10,
    "subjects": 12,
    "source": "Recordings of March, 12 people",
    "engine_version": "2.0",
}


@pytest.mark.parametrize(("count", "low", "high"), GARWOOD)
def test_poisson_bounds_are_garwoods(count: int, low: float, high: float) -> None:
    found = poisson(count)
    assert found.value == count
    assert found.low == pytest.approx(low, rel=1e-3)
    assert found.high == pytest.approx(high, rel=1e-3)


def test_wilson_bounds_of_the_only_controlled_experiment() -> None:
    """0 of 6 (Twente 2021) is anything up to 39 %."""
    assert wilson(0, 6).low == 0
    assert wilson(0, 6).high == pytest.approx(0.39, abs=0.005)
    assert wilson(6, 6).high == 1
    assert wilson(5, 10).low == pytest.approx(1 - wilson(5, 10).high)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_bounds_hold_the_value_and_grow_with_it(one: int, other: int) -> None:
    less, more = sorted((one, other))
    for found in (poisson(less), wilson(less, 300)):
        assert found.low <= found.value <= found.high
    assert poisson(less).low <= poisson(more).low
    assert poisson(less).high <= poisson(more).high
    assert wilson(less, 300).high <= wilson(more, 300).high + 1e-12


@pytest.mark.parametrize(("count", "among"), [(1, 0), (2, 1), (-1, 3)])
def test_what_is_no_share_has_no_bounds(count: int, among: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(count, among)


def test_a_rate_says_false_episodes_an_hour_and_what_is_found() -> None:
    rate = Rate.from_dict(RATE)
    assert rate.per_hour is not None
    assert rate.sensitivity is not None
    assert rate.per_hour.value == pytest.approx(0.2)
    assert rate.per_hour.high == pytest.approx(0.7225, rel=1e-3)
    assert rate.sensitivity.value == pytest.approx(0.8)
    assert Rate.from_dict(rate.to_dict()) == rate


def test_nothing_measured_is_no_rate_of_zero() -> None:
    empty = {**RATE, "false_episodes": 0, "honest_hours": 0, "found": 0, "cheats": 0}
    rate = Rate.from_dict(empty)
    assert rate.per_hour is None
    assert rate.sensitivity is None


def test_rates_are_read_by_finding_or_as_a_list() -> None:
    rest = {key: value for key, value in RATE.items() if key != "rule"}
    assert read({"looking_away": rest}) == read([RATE])
    assert read({"looking_away": RATE})["looking_away"].subjects == 12
    assert read({}) == {}


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("false_episodes", -1, "false_episodes must be a whole number"),
        ("false_episodes", 1.5, "false_episodes must be a whole number"),
        ("found", True, "found must be a whole number"),
        ("found", 11, "found is more than there were cheats"),
        ("honest_hours", math.inf, "honest_hours must be a number"),
        ("honest_hours", 0, "false_episodes were counted in no honest_hours"),
        ("honest_hours", None, "honest_hours must be a number"),
        ("source", "", "source must be words"),
        ("engine_version", 2, "engine_version must be words"),
    ],
)
def test_a_wrong_rate_is_refused_by_name(key: str, value: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"rates of looking_away: {named}"):
        read([{**RATE, key: value}])


@pytest.mark.parametrize("data", [None, 1, "x", [1], {"looking_away": 1}])
def test_what_is_no_rates_at_all_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="must be a mapping"):
        read(data)


def test_rates_under_another_findings_name_are_refused() -> None:
    with pytest.raises(ValueError, match="rates of nobody are those of looking_away"):
        read({"nobody": RATE})
