"""What was given to a candidate is read off the policy that was in force."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview_proctor.accommodations import derived, listed, shipped
from nbinterview_proctor.policy import (
    SENSORS,
    THRESHOLDS,
    Accommodations,
    Policy,
    accommodate,
    load,
    names,
)

SHIPPED = {name: Policy.from_dict(load(name)) for name in names()}
FINDINGS = list(THRESHOLDS)

accommodations = st.fixed_dictionaries(
    {
        "sensors_off": st.lists(st.sampled_from(SENSORS), unique=True),
        "findings_off": st.lists(st.sampled_from(FINDINGS), unique=True, max_size=5),
        "wider": st.dictionaries(
            st.sampled_from(FINDINGS), st.floats(1.01, 10), max_size=5
        ),
    }
)
policies = st.sampled_from(sorted(SHIPPED))


def kept(policy: Policy) -> Policy:
    """The policy as a record brings it back."""
    return Policy.from_dict(json.loads(json.dumps(policy.to_dict())))


def numbers(policy: Policy, name: str) -> list[float]:
    """All times and thresholds of a rule."""
    rule = policy.rules[name]
    repeat = rule.repeat and (rule.repeat.total_s, rule.repeat.window_s)
    times = (rule.nudge_after_s, rule.warn_after_s, rule.flag_after_s, *(repeat or ()))
    limits = (*rule.enter.values(), *rule.leave.values())
    return [-1.0 if one is None else one for one in (*times, *limits)]


@settings(deadline=None)
@given(given_=accommodations, name=policies, other=policies)
def test_what_was_given_holds_under_every_policy(
    given_: dict[str, Any], name: str, other: str
) -> None:
    """As far as the recorded policy looks for it at all."""
    whole = SHIPPED[name]
    found = derived(kept(accommodate(whole, given_)), whole)
    assert found is not None
    asked = accommodate(SHIPPED[other], given_)
    held = accommodate(SHIPPED[other], found)
    for rule in whole.rules:
        assert (rule in held.rules) == (rule in asked.rules), rule
        if rule in held.rules:
            assert numbers(held, rule) == pytest.approx(numbers(asked, rule)), rule
    assert {r.rule for r in held.active_rules} & set(whole.rules) == {
        r.rule for r in asked.active_rules
    } & set(whole.rules)


@settings(deadline=None)
@given(given_=accommodations, name=policies)
def test_tables_have_every_finding_of_the_named_policy(
    given_: dict[str, Any], name: str
) -> None:
    whole = SHIPPED[name]
    effective = accommodate(whole, given_)
    shown = listed(kept(effective))
    assert [r.rule for r in shown.active_rules] == [r.rule for r in whole.active_rules]
    for rule in effective.rules:
        assert shown.rules[rule] == effective.rules[rule]


@pytest.mark.parametrize("name", names())
def test_without_accommodations_there_are_none(name: str) -> None:
    assert derived(kept(SHIPPED[name]), SHIPPED[name]) == Accommodations()
    assert listed(SHIPPED[name]) == SHIPPED[name]


def test_a_policy_that_differs_otherwise_tells_nothing() -> None:
    whole = SHIPPED["standard"]
    rule = replace(whole.rules["nobody"], warning="Otherwise.")
    for other in (
        replace(whole, rules={**whole.rules, "nobody": rule}),
        replace(whole, title="Otherwise"),
        accommodate_by_less(whole),
    ):
        assert derived(other, whole) is None


def accommodate_by_less(whole: Policy) -> Policy:
    return accommodate(whole, Accommodations(wider={"nobody": 0.5}))


def test_only_the_same_name_and_version_is_the_shipped_one() -> None:
    whole = SHIPPED["standard"]
    assert shipped(whole) == whole
    assert shipped(replace(whole, version=whole.version + 1)) is None
    assert shipped(replace(whole, name="ours")) is None
    assert shipped(replace(whole, format=1)) is None
    ours = replace(whole, name="ours", rules={"nobody": whole.rules["nobody"]})
    assert listed(ours) == ours
    assert len(listed(ours, whole).rules) == len(whole.rules)


def test_what_is_pasted_may_be_longer_and_what_is_attempted_stays_one() -> None:
    given_ = {"wider": {"external_paste": 5, "unexplained_text": 2}}
    found = accommodate(SHIPPED["strict"], given_).rules
    before = SHIPPED["strict"].rules
    assert found["external_paste"].enter == {
        "chars": 5 * before["external_paste"].enter["chars"]
    }
    assert found["unexplained_text"].enter == {
        **before["unexplained_text"].enter,
        "chars": 2 * before["unexplained_text"].enter["chars"],
    }
    more = accommodate(SHIPPED["strict"], {"wider": {"network_attempt": 2}})
    assert more == SHIPPED["strict"]
