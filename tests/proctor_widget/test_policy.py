"""A policy is read strictly, accommodated without a trace, and told in plain words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.schemas import check, schema
from nbinterview_proctor.policy import (
    ALLOWANCES,
    SENSORS,
    SOURCES,
    THRESHOLDS,
    Policy,
    Retention,
    accommodate,
    load,
    names,
    summary,
    words,
)
from nbinterview_proctor.policywords import lasting

OLD = json.loads((Path(__file__).parent / "policy_format_1.json").read_text())
HARSH = {"cheat", "suspicious", "violation", "illegal", "caught", "must", "fraud"}


def policy(name: str = "standard") -> Policy:
    return Policy.from_dict(load(name))


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


# ------------------------------------------------------------ what ships


def test_standard_has_every_rule_and_sensor_of_the_wire() -> None:
    definitions = schema("live")["$defs"]
    today = [rule for rule in definitions["Rule"]["enum"] if rule != "no_face"]
    assert list(policy().rules) == today == list(THRESHOLDS)
    assert list(policy().sensors) == definitions["Sensor"]["enum"] == list(SENSORS)
    assert definitions["Source"]["enum"] == list(SOURCES)
    assert definitions["Allowance"]["enum"] == list(ALLOWANCES)


def test_the_policies_that_ship() -> None:
    assert names() == ["no-camera", "standard", "strict", "unwatched"]
    assert [policy(name).name for name in names()] == names()


@pytest.mark.parametrize("name", names())
def test_a_policy_survives_the_record(name: str) -> None:
    found = policy(name)
    assert Policy.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("name", names())
def test_the_summary_fits_the_wire_and_hides_no_rule_that_counts(name: str) -> None:
    found = policy(name)
    told = summary(found, ["ai"])
    check(told, "live", "PolicySummary")
    active = [rule.rule for rule in found.active_rules]
    assert [rule["rule"] for rule in told["rules"]] == active


def test_no_camera_asks_for_none_and_finds_nothing_by_one() -> None:
    found = policy("no-camera")
    assert found.sensors == ("focus", "clipboard")
    assert not any(rule.sensor == "camera" for rule in found.active_rules)
    assert summary(found)["calibration"] is False


def test_unwatched_finds_nothing() -> None:
    assert policy("unwatched").active_rules == ()


def test_strict_is_standard_in_less_time_and_flags_what_standard_records() -> None:
    standard, strict = policy(), policy("strict")
    assert strict.camera_required
    assert strict.fullscreen
    for name, rule in standard.rules.items():
        other = strict.rules[name]
        if rule.flag_after_s is not None:
            assert other.flag_after_s is not None
            assert other.flag_after_s <= rule.flag_after_s, name
    assert standard.rules["unexplained_text"].flag_after_s is None
    assert strict.rules["unexplained_text"].flag_after_s is not None


def test_what_only_informs_never_flags() -> None:
    for name in names():
        rules = policy(name).rules
        for rule in ("second_display", "network_attempt", "process_attempt"):
            assert rule not in rules or rules[rule].flag_after_s is None


@pytest.mark.parametrize("name", names())
def test_every_rule_tells_before_it_flags_and_leaves_nearer_to_normal(
    name: str,
) -> None:
    for rule in policy(name).rules.values():
        if rule.flag_after_s is not None:
            assert rule.warn_after_s is not None
            assert rule.warn_after_s <= rule.flag_after_s
        for threshold, enters in rule.enter.items():
            leaves = rule.leave[threshold]
            below = rule.rule == "camera_covered"
            assert leaves >= enters if below else leaves <= enters


def test_leaving_the_tab_and_pasting_are_excused_where_it_is_allowed() -> None:
    for name in ("tab_hidden", "window_left", "external_paste"):
        assert set(policy().rules[name].excused_by) == set(ALLOWANCES)
    assert policy().rules["multiple_faces"].excused_by == ()


def test_fullscreen_and_sensors_decide_which_rules_count() -> None:
    data = {**load("standard"), "fullscreen": True, "sensors": ["focus"]}
    told = [rule.rule for rule in Policy.from_dict(data).active_rules]
    assert told == [
        "tab_hidden",
        "window_left",
        "fullscreen_left",
        "second_display",
        "unexplained_text",
        "network_attempt",
        "process_attempt",
    ]


# ------------------------------------------------------------ words


@pytest.mark.parametrize("name", names())
def test_the_words_accuse_nobody_and_say_that_a_person_decides(name: str) -> None:
    found = policy(name)
    told = words(found, ALLOWANCES)
    assert told[-1].startswith("A person always decides.")
    texts = [*told]
    for rule in found.rules.values():
        texts += [rule.title, rule.nudge, rule.warning]
    for text in texts:
        assert not HARSH & set(text.lower().replace(".", " ").split()), text


def test_the_words_name_every_finding_that_counts_with_its_time() -> None:
    for name in names():
        found = policy(name)
        told = " ".join(words(found)).lower()
        for rule in found.active_rules:
            assert rule.title.lower() in told
            if rule.flag_after_s:
                assert f"{rule.title.lower()} for {lasting(rule.flag_after_s)}" in told


@pytest.mark.parametrize("name", names())
def test_the_words_promise_a_warning_first_only_of_what_lasts(name: str) -> None:
    """What is a moment is told and flagged in one; its size is told beforehand."""
    found = policy(name)
    told = " ".join(words(found))
    flagged = [rule for rule in found.active_rules if rule.flag_after_s is not None]
    moments = [rule for rule in flagged if rule.flag_after_s == 0]
    lasts = [rule for rule in flagged if rule.flag_after_s]
    assert ("You are told first" in told) == bool(lasts)
    assert ("told and flagged in the same moment" in told) == bool(moments)
    for rule in moments:
        size = f"{rule.enter['chars']:g} characters or more"
        assert f"{rule.title.lower()} ({size}" in told.lower()
    assert told.count("flagged at once).") + told.count("flagged at once);") == len(
        moments
    )


def test_the_words_name_the_size_of_what_is_flagged_at_once() -> None:
    assert (
        "From pasting: pasted a longer text from outside the notebook (80 characters "
        "or more: flagged at once)."
    ) in words(policy())
    assert (
        "From the notebook: text that the page's typing does not explain (200 "
        "characters or more within 10 seconds: flagged at once)."
    ) in words(policy("strict"))
    only = {"findings_off": [rule for rule in THRESHOLDS if rule != "external_paste"]}
    told = " ".join(words(accommodate(policy(), only)))
    assert "only what goes on" not in told
    assert "told and flagged in the same moment" in told


def test_the_words_say_that_a_camera_which_stays_covered_can_count() -> None:
    for name in names():
        said = " ".join(words(policy(name)))
        cameras = "stays covered, frozen or off" in said
        assert cameras == ("camera" in policy(name).sensors)


def test_the_words_do_not_say_that_nobody_else_reads_a_hint() -> None:
    """It is shown to the candidate alone at that moment, and it is on record."""
    for name in names():
        told = " ".join(words(policy(name)))
        assert "for you alone" not in told
        assert ("it stays in the record" in told) == ("hint is quiet" in told)


def test_the_words_tell_the_camera_for_watching_from_that_of_a_call() -> None:
    told = words(policy())
    assert any("video call" in text and "own switch" in text for text in told)
    assert any("numbers" in text and "No picture" in text for text in told)
    assert words(policy("no-camera"))[0] == "No camera is used to watch you."
    assert "A camera is needed for this interview." in words(policy("strict"))


def test_the_words_say_what_the_question_allows() -> None:
    plain, allowed = words(policy()), words(policy(), ["documentation"])
    (more,) = [text for text in allowed if text not in plain]
    assert more == (
        "Reading documentation is allowed, so this is recorded and not flagged: left "
        "the interview's tab; worked in another window; pasted a longer text from "
        "outside the notebook."
    )
    assert "Using an AI assistant is allowed." in words(policy("unwatched"), ["ai"])


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 second"), (7.5, "7.5 seconds"), (60, "60 seconds"), (90, "1.5 minutes")],
)
def test_durations_in_words(seconds: float, told: str) -> None:
    assert lasting(seconds) == told


# ------------------------------------------------------------ accommodations


def test_an_accommodation_takes_sensors_and_findings_away() -> None:
    found = accommodate(
        policy("strict"), {"sensors_off": ["camera"], "findings_off": ["tab_hidden"]}
    )
    assert found.sensors == ("focus", "clipboard")
    assert not found.camera_required
    active = [rule.rule for rule in found.active_rules]
    assert "tab_hidden" not in active
    assert "window_left" in active
    assert not any(rule.sensor == "camera" for rule in found.rules.values())


def test_without_focus_the_room_asks_for_no_whole_screen() -> None:
    assert not accommodate(policy("strict"), {"sensors_off": ["focus"]}).fullscreen
    off = {"findings_off": ["fullscreen_left"]}
    assert not accommodate(policy("strict"), off).fullscreen


def test_wider_is_later_and_further_aside() -> None:
    before = policy().rules["looking_away"]
    after = accommodate(policy(), {"wider": {"looking_away": 2}}).rules["looking_away"]
    assert before.flag_after_s is not None
    assert before.repeat is not None
    assert after.repeat is not None
    assert after.flag_after_s == 2 * before.flag_after_s
    assert after.repeat.total_s == 2 * before.repeat.total_s
    assert after.enter["yaw_deg"] == 2 * before.enter["yaw_deg"]
    assert after.leave["yaw_deg"] == 2 * before.leave["yaw_deg"]
    assert after.merge_gap_s == before.merge_gap_s


def test_nothing_tells_that_there_is_an_accommodation() -> None:
    before = policy().to_dict()
    after = accommodate(policy(), {"wider": {"tab_hidden": 3}}).to_dict()
    assert list(after) == list(before)
    same = [key for key in before if key != "findings"]
    assert [after[key] for key in same] == [before[key] for key in same]
    assert "accommodat" not in json.dumps(after)
    assert accommodate(policy(), None) == policy()


factors = st.dictionaries(st.sampled_from(list(THRESHOLDS)), st.floats(1, 10))


@settings(deadline=None)
@given(
    wider=factors,
    sensors=st.lists(st.sampled_from(SENSORS)),
    findings=st.lists(st.sampled_from(list(THRESHOLDS))),
    name=st.sampled_from(names()),
)
def test_an_accommodated_policy_is_one_and_never_stricter(
    wider: dict[str, float], sensors: list[str], findings: list[str], name: str
) -> None:
    before = policy(name)
    given_ = {"wider": wider, "sensors_off": sensors, "findings_off": findings}
    after = accommodate(before, given_)
    assert Policy.from_dict(json.loads(json.dumps(after.to_dict()))) == after
    check(summary(after), "live", "PolicySummary")
    assert {r.rule for r in after.active_rules} <= {r.rule for r in before.active_rules}
    for rule in after.active_rules:
        old = before.rules[rule.rule]
        if old.flag_after_s is None:
            assert rule.flag_after_s is None
        else:
            assert rule.flag_after_s is not None
            assert rule.flag_after_s >= old.flag_after_s


@pytest.mark.parametrize(
    ("accommodations", "named"),
    [
        ({"reason": "x"}, "'reason' is not one of sensors_off"),
        ({"sensors_off": ["ear"]}, "'ear' is not one of camera"),
        ({"findings_off": ["ear"]}, "'ear' is not one of nobody"),
        ({"wider": {"nobody": 0.5}}, "wider.nobody must be at least 1"),
        ({"wider": {"nobody": "2"}}, "wider.nobody must be a number"),
        ({"wider": {"ear": 2}}, "'ear' is not one of nobody"),
        ({"wider": [1]}, "wider must be a mapping"),
        ({"sensors_off": "camera"}, "sensors_off must be a list"),
    ],
)
def test_a_wrong_accommodation_is_refused_by_name(
    accommodations: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        accommodate(policy(), accommodations)


# ------------------------------------------------------------ retention


def test_a_policy_from_before_there_were_times_gets_the_default() -> None:
    assert Policy.from_dict(without(load("standard"), "retention")) == policy()
    assert Policy.from_dict(OLD).retention == Retention()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (0, "retention.camera_days must be a whole number of at least 1"),
        (True, "retention.camera_days"),
        (1.5, "retention.camera_days"),
        ("30", "retention.camera_days"),
        (36526, "retention.camera_days is more than 36525"),
    ],
)
def test_a_time_is_a_number_of_whole_days(value: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Policy.from_dict(with_value(load("strict"), value, "retention", "camera_days"))


def test_a_misspelt_time_is_refused_by_name() -> None:
    data = with_value(load("strict"), 3, "retention", "camra_days")
    with pytest.raises(ValueError, match=r"unknown key retention\.camra_days"):
        Policy.from_dict(data)


def test_candidates_read_how_long_what_is_kept() -> None:
    data = with_value(load("standard"), None, "retention", "document_days")
    data = with_value(data, 1, "retention", "events_days")
    ends, stays, yours = words(Policy.from_dict(data))[-4:-1]
    assert ends == (
        "What is recorded is erased by itself, counted from the interview's end: what "
        "the page noted and the findings made of it after 1 day; the numbers from the "
        "camera after 30 days; what you and the reviewers wrote about it afterwards "
        "after 365 days."
    )
    assert stays.endswith("deletion: the notebook with what was typed and run.")
    assert "download everything about you" in yours
    assert "from the camera after" not in " ".join(words(policy("no-camera")))


# ------------------------------------------------------------ format 1


def test_a_policy_of_an_old_record_is_read_with_nothing_new_switched_on() -> None:
    old = Policy.from_dict(OLD)
    assert old.format == 1
    assert (old.name, old.version) == ("standard", 1)
    assert list(old.rules) == ["nobody" if r == "no_face" else r for r in OLD["rules"]]
    assert old.rules["nobody"].title == OLD["rules"]["no_face"]["title"]
    for name, rule in old.rules.items():
        was = OLD["rules"]["no_face" if name == "nobody" else name]
        assert (rule.warn_after_s, rule.flag_after_s) == (
            was["warn_after_s"],
            was["flag_after_s"],
        )
        assert (rule.nudge_after_s, rule.repeat) == (None, None)
        assert (rule.excused_by, rule.pardons) == ((), ())
    assert not old.calibrating.wanted
    assert old.calibrating.rough_window_s == OLD["baseline"]["window_s"]
    check(summary(old), "live", "PolicySummary")


def test_an_old_policy_stays_old_when_it_is_recorded_again() -> None:
    old = Policy.from_dict(OLD)
    again = Policy.from_dict(json.loads(json.dumps(old.to_dict())))
    assert again == old
    assert again.format == 1


def test_an_old_policy_without_a_sandbox_gets_the_default() -> None:
    assert Policy.from_dict(without(OLD, "sandbox")).sandbox.require == ("seccomp",)


@pytest.mark.parametrize("key", ["baseline", "rules", "measuring", "name"])
def test_what_is_no_policy_of_format_1_either_is_refused_by_name(key: str) -> None:
    with pytest.raises(ValueError, match=f"missing key policy.{key}"):
        Policy.from_dict(without(OLD, key))


# ------------------------------------------------------------ strict reading


def test_an_unknown_policy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"no policy '\.\./x'; there are: no-camera, "):
        load("../x")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("colour",), "policy.colour"),
        (("measuring", "colour"), "measuring.colour"),
        (("calibrating", "colour"), "calibrating.colour"),
        (("findings", "nobody", "colour"), "findings.nobody.colour"),
        (("findings", "nobody", "rule"), "findings.nobody.rule"),
        (("findings", "nobody", "enter", "colour"), "findings.nobody.enter.colour"),
        (("sandbox", "colour"), "sandbox.colour"),
    ],
)
def test_an_unknown_key_is_refused_by_name(path: tuple[str, ...], named: str) -> None:
    with pytest.raises(ValueError, match=f"unknown key {named}"):
        Policy.from_dict(with_value(load("standard"), 1, *path))


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("name",), "policy.name"),
        (("calibrating",), "policy.calibrating"),
        (("measuring", "person_there"), "measuring.person_there"),
        (("findings", "looking_away", "pardons"), "findings.looking_away.pardons"),
        (
            ("findings", "looking_away", "enter", "yaw_deg"),
            "findings.looking_away.enter.yaw_deg",
        ),
        (("sandbox", "require"), "sandbox.require"),
    ],
)
def test_a_missing_key_is_refused_by_name(path: tuple[str, ...], named: str) -> None:
    with pytest.raises(ValueError, match=f"missing key {named}"):
        Policy.from_dict(without(load("standard"), *path))


NOBODY = ("findings", "nobody")


@pytest.mark.parametrize(
    ("value", "path", "named"),
    [
        (-1, (*NOBODY, "flag_after_s"), "must be a number of at least 0"),
        (float("nan"), (*NOBODY, "flag_after_s"), "must be a number"),
        (True, (*NOBODY, "flag_after_s"), "must be a number"),
        ("4", (*NOBODY, "flag_after_s"), "must be a number"),
        (1, (*NOBODY, "flag_after_s"), "nudge, warning and flag come in this order"),
        (None, (*NOBODY, "warn_after_s"), "flag_after_s comes without a warning"),
        ("", (*NOBODY, "warning"), "warn_after_s has no words to say"),
        ("", (*NOBODY, "nudge"), "nudge_after_s has no words to say"),
        (0.5, (*NOBODY, "cooldown_s"), "shorter than merge_gap_s"),
        (
            {"total_s": 9, "window_s": 1, "times": 2},
            (*NOBODY, "repeat"),
            "fit into its window",
        ),
        ({"total_s": 9}, (*NOBODY, "repeat"), "missing key findings.nobody.repeat"),
        (["cheating"], (*NOBODY, "excused_by"), "'cheating' is not one of docum"),
        (["sleeping"], (*NOBODY, "pardons"), "'sleeping' is not one of typing"),
        ("", (*NOBODY, "title"), "title must be of type str"),
        ("ear", (*NOBODY, "sensor"), "'ear' is not one of camera"),
        ([], NOBODY, "findings.nobody must be a mapping"),
        (["camera", "ear"], ("sensors",), "'ear' is not one of camera"),
        ("camera", ("sensors",), "sensors must be a list"),
        (1, ("fullscreen",), "fullscreen must be of type bool"),
        (0, ("version",), "version must be a whole number"),
        (3, ("format",), "format must be 2"),
        (["root"], ("sandbox", "require"), "'root' is not one of seccomp"),
        ({"daydreaming": {}}, ("findings",), "'daydreaming' is not one of nobody"),
        (
            {"total_s": 1, "window_s": 2, "times": 2},
            ("findings", "second_display", "repeat"),
            "what is recorded only never flags",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    value: Any, path: tuple[str, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Policy.from_dict(with_value(load("standard"), value, *path))
