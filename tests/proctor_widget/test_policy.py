"""A policy is read strictly, and told in plain words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from nbinterview.schemas import check, schema
from nbinterview_proctor.policy import (
    SENSORS,
    THRESHOLDS,
    Policy,
    load,
    names,
    summary,
)


def without(data: dict[str, Any], *path: str) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def with_value(data: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def test_standard_has_every_rule_and_sensor_of_the_wire() -> None:
    policy = Policy.from_dict(load("standard"))
    definitions = schema("live")["$defs"]
    assert list(policy.rules) == definitions["Rule"]["enum"] == list(THRESHOLDS)
    assert list(policy.sensors) == definitions["Sensor"]["enum"] == list(SENSORS)


def test_a_policy_survives_the_record() -> None:
    policy = Policy.from_dict(load("standard"))
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_the_summary_fits_the_wire_and_hides_no_rule_that_counts() -> None:
    policy = Policy.from_dict(load("standard"))
    told = summary(policy)
    check(told, "live", "PolicySummary")
    shown = [rule["rule"] for rule in told["rules"]]
    assert shown == [rule for rule in policy.rules if rule != "fullscreen_left"]


def test_fullscreen_and_sensors_decide_which_rules_count() -> None:
    data = {**load("standard"), "fullscreen": True, "sensors": ["focus"]}
    told = summary(Policy.from_dict(data))
    assert [rule["rule"] for rule in told["rules"]] == [
        "tab_hidden",
        "window_left",
        "fullscreen_left",
    ]


def test_fullscreen_is_standard_in_fullscreen() -> None:
    policy, standard = Policy.from_dict(load("fullscreen")), load("standard")
    assert policy.to_dict() == {**standard, "name": "fullscreen", "fullscreen": True}
    told = summary(policy)
    check(told, "live", "PolicySummary")
    assert told["fullscreen"] is True
    assert [rule["rule"] for rule in told["rules"]] == list(policy.rules)


def test_every_shipped_policy_can_be_read() -> None:
    assert names() == ["fullscreen", "standard", "unwatched"]
    assert [Policy.from_dict(load(name)).name for name in names()] == names()


def test_every_rule_warns_before_it_flags_and_leaves_below_where_it_enters() -> None:
    for rule in Policy.from_dict(load("standard")).rules.values():
        assert rule.warn_after_s <= rule.flag_after_s
        if rule.rule == "looking_away":
            assert all(rule.leave[name] < rule.enter[name] for name in rule.enter)
        if rule.rule == "camera_covered":
            assert rule.leave["luma_std"] > rule.enter["luma_std"]


def test_the_words_for_candidates_accuse_nobody() -> None:
    harsh = {"cheat", "suspicious", "violation", "illegal", "caught", "must", "fraud"}
    for rule in Policy.from_dict(load("standard")).rules.values():
        words = set(f"{rule.title} {rule.warning}".lower().replace(".", " ").split())
        assert not words & harsh, rule.rule


def test_an_unknown_policy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"no policy '\.\./x'; there are: fullscreen, "
    ):
        load("../x")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("colour",), "policy.colour"),
        (("measuring", "luck"), "measuring.luck"),
        (("baseline", "luck"), "baseline.luck"),
        (("rules", "no_face", "luck"), "rules.no_face.luck"),
        (("rules", "no_face", "rule"), "rules.no_face.rule"),
        (("rules", "no_face", "enter", "yaw_deg"), "rules.no_face.enter.yaw_deg"),
    ],
)
def test_an_unknown_key_is_refused_by_name(path: tuple[str, ...], named: str) -> None:
    with pytest.raises(ValueError, match=f"unknown key {named}$"):
        Policy.from_dict(with_value(load("standard"), 1, *path))


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("version",), "policy.version"),
        (("measuring", "silence_s"), "measuring.silence_s"),
        (("rules", "looking_away", "leave", "yaw_deg"), "leave.yaw_deg"),
        (("rules", "tab_hidden", "warn_after_s"), "rules.tab_hidden.warn_after_s"),
    ],
)
def test_a_missing_key_is_refused_by_name(path: tuple[str, ...], named: str) -> None:
    with pytest.raises(ValueError, match=f"missing key .*{named}$"):
        Policy.from_dict(without(load("standard"), *path))


@pytest.mark.parametrize(
    ("value", "path", "named"),
    [
        (-1, ("rules", "no_face", "warn_after_s"), "warn_after_s must be a number"),
        (float("nan"), ("rules", "no_face", "warn_after_s"), "must be a number"),
        (True, ("rules", "no_face", "warn_after_s"), "must be a number"),
        ("4", ("rules", "no_face", "flag_after_s"), "must be a number"),
        (1, ("rules", "no_face", "flag_after_s"), "comes before its warning"),
        (0.5, ("rules", "no_face", "cooldown_s"), "shorter than merge_gap_s"),
        ("", ("rules", "no_face", "title"), "title must be of type str"),
        ("ear", ("rules", "no_face", "sensor"), "'ear' is not one of camera"),
        ([], ("rules", "no_face"), "rules.no_face must be a mapping"),
        (["camera", "ear"], ("sensors",), "'ear' is not one of camera"),
        (1, ("fullscreen",), "fullscreen must be of type bool"),
        (0, ("version",), "version must be a whole number"),
        ({"daydreaming": {}}, ("rules",), "'daydreaming' is not one of no_face"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    value: Any, path: tuple[str, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Policy.from_dict(with_value(load("standard"), value, *path))
