"""An interview under another policy: what it finds, and what that changes."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview_proctor import engine, replay
from nbinterview_proctor.policy import Policy, load
from nbinterview_proctor.rescoring import (
    Finding,
    comparable,
    differences,
    findings,
    notes,
    rescored,
)

STANDARD, STRICT = (Policy.from_dict(load(name)) for name in ("standard", "strict"))


@cache
def sample() -> list[dict[str, Any]]:
    """The records of the interview that ships, made by version 1."""
    path = resources.files("nbinterview") / "samples/recorded.jsonl.gz"
    _header, *lines = gzip.decompress(path.read_bytes()).splitlines()
    return [json.loads(line) for line in lines]


def recorded_policy() -> Policy:
    started = next(r for r in sample() if r["kind"] == "room.started")
    return Policy.from_dict(started["payload"]["policy"])


def finding(start_s: float, lasts_s: float, **different: Any) -> Finding:
    made = Finding(
        episode_id="tab_hidden-1",
        rule="tab_hidden",
        title="Left the interview's tab",
        flagged=True,
        because="",
        started_at=engine.iso(1_800_000_000 + start_s),
        ended_at=engine.iso(1_800_000_000 + start_s + lasts_s),
        duration_s=lasts_s,
    )
    return replace(made, **different)


# ------------------------------------------------------------ old records


def test_an_old_record_folds_to_what_it_said() -> None:
    """Under its own policy the engine of today finds what that of its day did."""
    policy = recorded_policy()
    assert policy.format == 1
    now = rescored(sample(), policy)
    changed = differences(findings(sample()), now.findings)
    assert [(one.one.rule, one.change) for one in changed] == [
        ("nobody", "same"),
        ("multiple_faces", "same"),
        ("looking_away", "same"),
        ("external_paste", "same"),
        ("tab_hidden", "same"),
    ]
    assert sum(line["points"] for line in now.score) == pytest.approx(11.68)


def test_without_a_second_opinion_nobody_is_not_found_under_todays_policy() -> None:
    old = recorded_policy()
    now = rescored(sample(), comparable(old, STRICT))
    assert not any(one.rule == "nobody" for one in now.findings)
    gone = [d for d in differences(findings(sample()), now.findings) if not d.after]
    assert [one.one.rule for one in gone] == ["nobody"]
    told = notes(old, STRICT)
    assert "no second opinion" in told[0]
    assert told[1] == "This interview did not ask for the whole screen."


def test_what_was_never_asked_for_is_not_found_missing() -> None:
    assert not comparable(recorded_policy(), STRICT).fullscreen
    assert comparable(STRICT, STRICT).fullscreen
    assert comparable(None, STRICT).fullscreen
    without = Policy.from_dict(load("no-camera"))
    assert notes(without, STANDARD) == ["This interview did not ask for camera."]
    assert notes(None, STRICT) == []


def test_the_notebook_is_on_record_for_the_whole_interview() -> None:
    lines = {line["rule"]: line for line in rescored(sample(), STANDARD).score}
    first, last = (replay.fact(sample()[place]).at_s for place in (0, -1))
    assert lines["network_attempt"]["measured_s"] == pytest.approx(last - first)
    assert 0 < lines["tab_hidden"]["measured_s"] < last - first


def test_no_records_give_no_findings() -> None:
    now = rescored([], STANDARD)
    assert now.findings == []
    assert all(line["points"] == 0 for line in now.score)


# ------------------------------------------------------------ differences


def test_a_finding_is_the_same_where_rule_and_moment_are() -> None:
    before = [finding(0, 10), finding(60, 10), finding(200, 10)]
    after = [
        finding(0.4, 10, episode_id="tab_hidden-7"),
        finding(60, 30),
        finding(300, 5),
        finding(200, 10, rule="window_left"),
    ]
    assert [(d.change, d.one.rule) for d in differences(before, after)] == [
        ("same", "tab_hidden"),
        ("changed", "tab_hidden"),
        ("gone", "tab_hidden"),
        ("added", "window_left"),
        ("added", "tab_hidden"),
    ]


def test_a_flag_that_would_only_be_recorded_is_changed() -> None:
    [found] = differences(
        [finding(0, 10)], [finding(0, 10, flagged=False, because="short")]
    )
    assert found.change == "changed"


def test_a_flag_that_never_ended_lasts_as_long_as_it_was_seen() -> None:
    [found] = differences([finding(0, 10, ended_at=None)], [finding(0, 10)])
    assert found.change == "same"


stretches = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.integers(0, 60),
        st.sampled_from(["tab_hidden", "nobody"]),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(stretches, stretches)
def test_nothing_is_lost_between_before_and_after(
    one: list[tuple[int, int, str]], other: list[tuple[int, int, str]]
) -> None:
    before = [finding(s, long, rule=rule) for s, long, rule in one]
    after = [finding(s, long, rule=rule) for s, long, rule in other]
    found = differences(before, after)
    assert sorted(map(repr, before)) == sorted(
        repr(d.before) for d in found if d.before
    )
    assert sorted(map(repr, after)) == sorted(repr(d.after) for d in found if d.after)
    assert {d.change for d in differences(before, [])} <= {"gone"}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=6))
def test_compared_with_itself_all_is_the_same(some: list[tuple[int, int]]) -> None:
    """Stretches apart from each other, as an engine's episodes of one rule are."""
    found = [finding(100 * place + s, long) for place, (s, long) in enumerate(some)]
    assert {d.change for d in differences(found, found)} <= {"same"}
