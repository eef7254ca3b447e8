"""The score adds up, with what was not measured and what did not count."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview_proctor.policy import Policy, load
from nbinterview_proctor.rates import NOT_MEASURED, Rate
from nbinterview_proctor.score import SET_ASIDE, expected_false, score, total

STANDARD = Policy.from_dict(load("standard"))
RULES = [rule.rule for rule in STANDARD.active_rules]
COUNTED = [r.rule for r in STANDARD.active_rules if r.points_per_flag]
HOUR_S = 3600.0
Finding = tuple[str, float]


def flag(rule: str, duration_s: float, number: int = 1) -> dict[str, Any]:
    at = "2027-01-15T08:00:00.000000Z"
    return {
        "episode_id": f"{rule}-{number}",
        "rule": rule,
        "title": "",
        "started_at": at,
        "flagged_at": at,
        "ended_at": None,
        "evidence": {"duration_s": duration_s},
    }


def episode(rule: str, duration_s: float, because: str) -> dict[str, Any]:
    made = {**flag(rule, duration_s), "because": because}
    del made["flagged_at"]
    return made


def rate(false_episodes: int = 1, honest_hours: float = 10.0) -> Rate:
    return Rate("nobody", false_episodes, honest_hours, 9, 10, 12, "recordings", "2.0")


def rates(**known: Any) -> dict[str, Rate]:
    return {rule: rate(**known) for rule in RULES}


def lines(
    found: list[Finding], measured_s: float = HOUR_S, **more: Any
) -> dict[str, dict[str, Any]]:
    flags = [flag(*one, number) for number, one in enumerate(found)]
    measured = dict.fromkeys(RULES, measured_s)
    return {item["rule"]: item for item in score(STANDARD, flags, measured, **more)}


def points(found: list[Finding]) -> float:
    return float(sum(item["points"] for item in lines(found).values()))


findings = st.lists(st.tuples(st.sampled_from(RULES), st.floats(0, 3600)), max_size=20)
counted = st.tuples(st.sampled_from(COUNTED), st.floats(0, 3600))


@settings(deadline=None)
@given(findings, findings)
def test_the_score_is_additive(one: list[Finding], other: list[Finding]) -> None:
    assert points(one + other) == pytest.approx(points(one) + points(other), abs=0.25)


@settings(deadline=None)
@given(findings, counted)
def test_one_more_finding_never_lowers_it(one: list[Finding], more: Finding) -> None:
    assert points([*one, more]) > points(one)


@settings(deadline=None)
@given(findings, counted, st.integers(0, 50), st.floats(0.1, 1000), st.floats(0, 9e4))
def test_one_more_finding_lowers_no_end_of_the_interval(
    one: list[Finding],
    more: Finding,
    false_episodes: int,
    honest_hours: float,
    measured_s: float,
) -> None:
    known = rates(false_episodes=false_episodes, honest_hours=honest_hours)
    before = lines(one, measured_s, rates=known)
    after = lines([*one, more], measured_s, rates=known)
    for rule in RULES:
        for end in ("points_low", "points", "points_high"):
            assert after[rule][end] >= before[rule][end]
        low, high = after[rule]["points_low"], after[rule]["points_high"]
        assert 0 <= low <= high <= after[rule]["points"]


@settings(deadline=None)
@given(findings, st.data())
def test_longer_findings_score_no_less(
    found: list[Finding], data: st.DataObject
) -> None:
    longer = [(rule, s + data.draw(st.floats(0, 100))) for rule, s in found]
    assert points(longer) >= points(found)


@settings(deadline=None)
@given(findings)
def test_what_is_measured_elsewhere_changes_no_points(found: list[Finding]) -> None:
    assert [x["points"] for x in lines(found, 0).values()] == [
        x["points"] for x in lines(found, HOUR_S).values()
    ]


def test_there_is_a_line_for_each_rule_with_its_known_error_and_no_verdict() -> None:
    items = score(STANDARD, [], {"nobody": 100.0})
    assert [item["rule"] for item in items] == RULES
    assert {item["known_error"] for item in items} == {NOT_MEASURED}
    assert all(item["points"] == 0 and item["flags"] == 0 for item in items)
    assert {item["rule"]: item["measured_s"] for item in items} == {
        **dict.fromkeys(RULES, 0),
        "nobody": 100,
    }
    words = set(itertools.chain.from_iterable(items)) | set(total(items))
    assert not words & {"verdict", "passed", "color", "colour", "level", "outcome"}


def test_the_points_of_a_line_are_its_flags_and_minutes() -> None:
    item = lines([("nobody", 30), ("nobody", 90)])["nobody"]
    assert (item["flags"], item["seconds"]) == (2, 120)
    assert item["points"] == 2 * item["points_per_flag"] + 2 * item["points_per_minute"]


def test_a_flag_of_an_old_record_is_of_todays_finding() -> None:
    assert score(STANDARD, [flag("no_face", 30)], {})[0]["flags"] == 1


def test_what_did_not_count_is_listed_with_its_reason_and_no_points() -> None:
    episodes = [
        episode("tab_hidden", 8, "allowed"),
        episode("tab_hidden", 4, "allowed"),
        episode("tab_hidden", 3, "short"),
    ]
    item = lines([], episodes=episodes)["tab_hidden"]
    assert item["points"] == 0
    assert item["not_counted"] == (
        {"because": "allowed", "episodes": 2, "seconds": 12.0},
        {"because": "short", "episodes": 1, "seconds": 3.0},
    )


def test_a_flag_that_a_reviewer_set_aside_adds_no_points() -> None:
    item = lines([("nobody", 30), ("nobody", 90)], set_aside={"nobody-0"})["nobody"]
    assert (item["flags"], item["seconds"]) == (1, 90)
    assert item["not_counted"] == (
        {"because": SET_ASIDE, "episodes": 1, "seconds": 30.0},
    )


def test_expected_false_flags_are_the_rate_times_the_hours() -> None:
    """One false episode in ten hours: 0.05 in half an hour, at most 0.279."""
    found = expected_false(rate(), HOUR_S / 2)
    assert found is not None
    assert found.value == pytest.approx(0.05)
    assert (found.low, found.high) == pytest.approx((0.00127, 0.2786), rel=1e-2)
    assert expected_false(None, HOUR_S) is None
    assert expected_false(rate(0, 0), HOUR_S) is None


def test_the_interval_takes_off_the_false_flags_that_there_may_have_been() -> None:
    item = lines([("nobody", 0), ("nobody", 0)], rates={"nobody": rate()})["nobody"]
    each = item["points_per_flag"]
    assert item["points"] == 2 * each
    assert item["points_low"] == pytest.approx(each * (2 - 0.557), abs=0.01)
    assert item["points_high"] == pytest.approx(each * (2 - 0.0025), abs=0.01)
    assert item["known_error"] == "recordings: 12 people, 10 honest hours"


def test_the_sum_has_an_interval_only_where_all_that_counts_was_measured() -> None:
    found: list[Finding] = [("nobody", 60), ("tab_hidden", 60)]
    some = {"nobody": rate()}
    assert total(lines(found, rates=some).values())["points_low"] is None
    whole = total(lines(found, rates=rates()).values())
    assert whole["points"] == total(lines(found).values())["points"]
    assert whole["points_low"] is not None
    assert whole["points_high"] is not None
    assert whole["points"] is not None
    assert 0 < whole["points_low"] < whole["points_high"] <= whole["points"]


def test_where_more_false_flags_are_expected_than_there_are_little_remains() -> None:
    known = rates(false_episodes=100, honest_hours=10.0)
    item = lines([("nobody", 60)], rates=known)["nobody"]
    assert (item["points_low"], item["points_high"]) == (0, 0)
    assert item["points"] > 0
