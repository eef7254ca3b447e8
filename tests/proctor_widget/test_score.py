"""The score adds up, item by item, and says what was not measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview_proctor import engine, replay
from nbinterview_proctor.score import KNOWN_ERROR, score
from tests.proctor_widget.engine_sim import STANDARD, START_S, Page, Record

RULES = [rule.rule for rule in STANDARD.active_rules]
Finding = tuple[str, float]


def flag(rule: str, duration_s: float) -> dict[str, Any]:
    return {
        "episode_id": f"{rule}-1",
        "rule": rule,
        "title": "",
        "started_at": engine.iso(0),
        "flagged_at": engine.iso(0),
        "ended_at": None,
        "evidence": {"duration_s": duration_s},
    }


def total(findings: list[Finding]) -> float:
    items = score(STANDARD, [flag(*finding) for finding in findings], {})
    return float(sum(item["points"] for item in items))


def journal(page: Page) -> list[Record]:
    """The records of a page and, between them, what the engine says."""
    state, found = engine.initial(STANDARD), []
    for record in page.records:
        found.append(record)
        state, outcomes = engine.step(
            state,
            record["kind"],
            record["payload"],
            record["at_s"],
            record["monotonic_ms"],
        )
        found += [{**record, "kind": o.kind, "payload": o.payload} for o in outcomes]
    return found


findings = st.lists(st.tuples(st.sampled_from(RULES), st.floats(0, 3600)), max_size=20)


@given(findings, findings)
def test_the_score_is_additive(one: list[Finding], other: list[Finding]) -> None:
    assert total(one + other) == pytest.approx(total(one) + total(other), abs=0.25)


@given(findings, st.tuples(st.sampled_from(RULES), st.floats(0, 3600)))
def test_one_more_finding_never_lowers_it(one: list[Finding], more: Finding) -> None:
    assert total([*one, more]) > total(one)


def test_there_is_a_line_for_each_rule_with_its_known_error_and_no_verdict() -> None:
    items = score(STANDARD, [], {"no_face": 100.0})
    assert [item["rule"] for item in items] == RULES
    assert {item["known_error"] for item in items} == {KNOWN_ERROR}
    assert all(item["points"] == 0 and item["episodes"] == 0 for item in items)
    assert {item["rule"]: item["measured_s"] for item in items} == {
        **dict.fromkeys(RULES, 0),
        "no_face": 100,
    }
    assert not any("verdict" in item or "passed" in item for item in items)


def test_the_points_of_a_line_are_its_flags_and_minutes() -> None:
    items = score(STANDARD, [flag("no_face", 30), flag("no_face", 90)], {})
    (item,) = [item for item in items if item["rule"] == "no_face"]
    assert (item["episodes"], item["seconds"]) == (2, 120)
    assert item["points"] == 2 * item["points_per_flag"] + 2 * item["points_per_minute"]


def test_a_journal_is_scored_from_its_own_records() -> None:
    page = Page().started().see(20).see(6, faces=0).see(20)
    records = journal(page.room("interview.state", state="ended"))
    flags = replay.flags(records)
    assert [(found["rule"], found["flagged_at"]) for found in flags] == [
        ("no_face", engine.iso(START_S + 25))
    ]
    measured = replay.measured(STANDARD, records)
    assert list(measured) == RULES
    # The first seconds of the camera go into the baseline of the head's position.
    assert measured["looking_away"] == pytest.approx(46 - 4, abs=1.01)
    assert measured["no_face"] == pytest.approx(46 - 1, abs=0.01)
    assert measured["tab_hidden"] == pytest.approx(46, abs=0.01)
    items = {item["rule"]: item for item in score(STANDARD, flags, measured)}
    assert items["no_face"]["seconds"] == pytest.approx(6, abs=0.15)
    assert items["no_face"]["measured_s"] == pytest.approx(measured["no_face"])


def test_what_was_flagged_before_there_is_a_baseline_could_be_measured() -> None:
    """The camera looks for a face while it still learns where this one looks."""
    page = Page().started().see(1).see(20, faces=0)
    records = journal(page.room("interview.state", state="ended"))
    assert [found["rule"] for found in replay.flags(records)] == ["no_face"]
    measured = replay.measured(STANDARD, records)
    assert measured["no_face"] == pytest.approx(20, abs=0.01)
    assert measured["looking_away"] == 0


@pytest.mark.parametrize("state", ["off", "declined", "waiting", "unmeasurable"])
def test_no_rule_is_measured_where_its_sensor_tells_nothing(state: str) -> None:
    assert not any(replay.measures(state, rule) for rule in ["", *RULES])


def test_an_open_flag_has_no_end() -> None:
    page = Page().started().see(20).see(6, faces=0)
    (found,) = replay.flags(journal(page))
    assert found["ended_at"] is None


def test_records_are_read_in_their_wire_form_too() -> None:
    page = Page().started().see(20).see(6, faces=0)
    wire = [
        {
            **{key: value for key, value in record.items() if key != "at_s"},
            "time": datetime.fromtimestamp(record["at_s"], UTC).strftime(
                "%Y-%m-%dT%H:%M:%S.%fZ"
            ),
        }
        for record in page.records
    ]
    assert replay.outcomes(STANDARD, wire) == replay.outcomes(STANDARD, page.records)
    assert replay.flags(journal(page))
