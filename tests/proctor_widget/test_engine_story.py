"""What comes of an interview, told as what a candidate does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from nbinterview.schemas import check
from nbinterview_proctor import engine, replay
from tests.proctor_widget.engine_sim import (
    COVERED,
    DARK,
    FORMAT_1,
    START_S,
    Page,
    Record,
    closed,
    leave_tab,
    outcomes,
    rules,
    sensors,
    told,
)


def the_story() -> Page:
    page = Page().started().see(20).see(5, faces=0).see(10).see(5, faces=2).see(10)
    page.see(6, yaw=35).see(10)
    page.event(name="clipboard", action="paste", chars=300, origin="external").see(3)
    return leave_tab(page, 5).see(5).room("interview.state", state="ended")


# ------------------------------------------------------------ the whole story


def test_the_story_gives_exactly_its_findings_in_order_each_after_its_warning() -> None:
    expected = (
        "nobody",
        "multiple_faces",
        "looking_away",
        "external_paste",
        "tab_hidden",
    )
    assert told(the_story()) == [
        (kind, rule) for rule in expected for kind in ("warning", "flag")
    ]


def test_every_flag_and_warning_of_the_story_is_closed_by_its_end() -> None:
    found = outcomes(the_story())
    for opened, ended in (("flag", "flag.closed"), ("warning", "warning.cleared")):
        ids = [f.payload["episode_id"] for f in found if f.kind == opened]
        assert sorted(ids) == sorted(
            f.payload["episode_id"] for f in found if f.kind == ended
        )


def test_payloads_are_plain_json_and_live_messages_fit_the_schema() -> None:
    found = outcomes(the_story())
    at = engine.iso(START_S)
    for one in found:
        payload = engine.payload(one)
        assert json.loads(json.dumps(payload)) == payload == one.payload
        if one.kind == "warning":
            check({**payload, "at": at}, "live", "Warning")
        elif one.kind == "warning.cleared":
            assert set(payload) == {"episode_id", "rule"}
        elif one.kind == "sensor":
            check(payload, "live", "SensorState")
        elif one.kind == "calibration":
            check(payload, "live", "Calibration")
        elif one.kind == "nudge":
            check({**payload, "at": at}, "live", "Warning")
        elif one.kind == "episode":
            check(payload, "live", "Episode")
    records = [{"kind": f.kind, "payload": f.payload, "at_s": START_S} for f in found]
    flags = replay.flags([{**r, "monotonic_ms": None} for r in records])
    assert len(flags) == 5
    for flag in flags:
        assert flag["ended_at"] is not None
        check(flag, "live", "Flag")


def test_a_flag_says_when_it_began_and_ended_and_how_strong_it_was() -> None:
    page = Page().started().see(20).see(6, yaw=-35).see(14)
    (flag,) = [found for found in outcomes(page) if found.kind == "flag"]
    assert flag.started_s == pytest.approx(START_S + 20, abs=0.05)
    assert flag.payload["started_at"] == engine.iso(flag.started_s or 0)
    end = closed(page)
    assert end["ended_at"].startswith("2027-01-15T08:00:26")
    assert end["evidence"] == {
        "yaw_deg": -35.0,
        "pitch_deg": pytest.approx(0.0, abs=0.2),
        "duration_s": pytest.approx(6.0, abs=0.15),
        "parts": 1,
        "measured_share": 1.0,
        "doing": "idle",
        "repeat": False,
        "claimed_by": "browser",
        "closed_by": "ended",
    }


@pytest.mark.parametrize("shift_s", [0.1, 1 / 3, 0.7, 86_400.9, -1e9 + 0.3])
def test_the_time_of_day_changes_nothing(shift_s: float) -> None:
    def said_in(records: list[Record]) -> list[tuple[int, str]]:
        state = engine.initial(FORMAT_1)
        found: list[tuple[int, str]] = []
        for index, r in enumerate(records):
            state, more = engine.step(state, replay.fact(r))
            found += [(index, one.kind) for one in more]
        return found

    records = the_story().records
    moved = [{**record, "at_s": record["at_s"] + shift_s} for record in records]
    assert said_in(moved) == said_in(records)


def test_a_message_that_comes_again_and_again_is_one_message() -> None:
    page = Page().started().see(20).see(1, faces=0)
    again = page.records[-1]
    page.records += [{**again, "at_s": again["at_s"] + 0.5 * i} for i in range(20)]
    assert told(page) == []


@pytest.mark.parametrize("kind", sorted(engine.OWN_KINDS))
def test_the_engine_s_own_records_do_not_even_move_its_clock(kind: str) -> None:
    state = engine.initial(FORMAT_1)
    for r in Page().started().see(20).see(3, faces=0).records:
        state, _ = engine.step(state, replay.fact(r))
    later = engine.Fact(kind, {}, START_S + 1e6)
    assert engine.step(state, later) == (state, [])


# ------------------------------------------------------------ honest stretches


@pytest.mark.parametrize(
    "honest",
    [
        pytest.param(lambda p: p.see(60), id="facing the screen"),
        pytest.param(
            lambda p: p.see(60, lambda t: {"yaw": 30 if t % 6 < 2 else 0}),
            id="two-second glances aside",
        ),
        pytest.param(
            lambda p: p.see(60, lambda t: {"pitch": 24 if t % 5 < 2 else 0}),
            id="looking at the keyboard while typing",
        ),
        pytest.param(
            lambda p: p.see(
                60, lambda t: {"faces": 0 if round(t * 10) % 7 == 0 else 1}
            ),
            id="blinking out for a frame",
        ),
        pytest.param(
            lambda p: p.see(
                60, lambda t: {"faces": 2 if round(t * 10) % 3 == 0 else 1}
            ),
            id="a phantom second face in every third frame",
        ),
        pytest.param(
            lambda p: p.see(60, lambda t: {"faces": 0 if t % 10 < 1.5 else 1}),
            id="reaching for a cup",
        ),
        pytest.param(
            lambda p: p.see(60, lambda t: {"yaw": 12 if t % 9 < 6 else -12}),
            id="a second window beside the first on one screen",
        ),
        pytest.param(
            lambda p: p.see(
                60, lambda t: {"frame_diff": 0.0 if round(t * 10) % 2 else 0.9}
            ),
            id="a slow camera that repeats frames",
        ),
        pytest.param(lambda p: p.see(60, hz=2), id="a slow laptop"),
        pytest.param(lambda p: p.see(60, **DARK), id="a dark room"),
        pytest.param(
            lambda p: p.see(60, box=[0.4, 0.4, 0.06, 0.08], yaw=40),
            id="a face too small to read",
        ),
        pytest.param(
            lambda p: p.event(name="window_focus", focused=False, cause="frame").see(
                60
            ),
            id="a click into a frame of the page",
        ),
        pytest.param(
            lambda p: (
                p.event(name="window_focus", focused=False, cause="elsewhere")
                .see(4)
                .event(name="window_focus", focused=True)
                .see(10)
            ),
            id="a permission prompt",
        ),
        pytest.param(
            lambda p: p.event(
                name="clipboard", action="paste", chars=900, origin="notebook"
            ).see(10),
            id="moving code within the notebook",
        ),
        pytest.param(
            lambda p: p.event(
                name="clipboard", action="paste", chars=12, origin="external"
            ).see(10),
            id="a short word from elsewhere",
        ),
        pytest.param(
            lambda p: p.event(
                name="clipboard", action="copy", chars=900, origin="notebook"
            ).see(10),
            id="copying",
        ),
        pytest.param(
            lambda p: p.event(name="fullscreen", active=False).see(60),
            id="no fullscreen where none is asked for",
        ),
    ],
)
def test_nothing_is_said_about(honest: Any) -> None:
    page = Page().started().see(20)
    honest(page)
    assert told(page.see(5)) == []


def test_a_short_absence_brings_a_warning_that_clears_and_no_flag() -> None:
    page = Page().started().see(20).see(3, faces=0).see(10)
    kinds = [found.kind for found in outcomes(page) if found.kind != "sensor"]
    assert kinds == ["calibration", "warning", "warning.cleared"]


# ------------------------------------------------------------ each finding


@pytest.mark.parametrize(
    ("rule", "seconds", "scene"),
    [
        ("nobody", 6, {"faces": 0}),
        ("multiple_faces", 5, {"faces": 2}),
        ("looking_away", 7, {"yaw": 28}),
        ("looking_away", 7, {"yaw": -28}),
        ("looking_away", 7, {"pitch": -24}),
        ("looking_away", 7, {"pitch": 30}),
        ("camera_covered", 8, COVERED),
        ("camera_covered", 13, {**COVERED, "frame_diff": 0.0}),
        ("camera_frozen", 13, {"frame_diff": 0.0}),
        ("camera_frozen", 13, {"frame_diff": 0.0, "faces": 0}),
    ],
)
def test_the_camera_finds(rule: str, seconds: int, scene: dict[str, Any]) -> None:
    page = Page().started().see(20).see(seconds, **scene).see(5)
    assert told(page) == [("warning", rule), ("flag", rule)]


@pytest.mark.parametrize("state", ["off", "lost", "denied", "missing"])
def test_a_camera_that_goes_is_one_finding_that_names_what_happened(state: str) -> None:
    page = Page().started().see(20).event(name="camera", state=state).beat(20)
    assert told(page) == [("warning", "camera_off"), ("flag", "camera_off")]
    (flag,) = [f.payload for f in outcomes(page) if f.kind == "flag"]
    assert flag["evidence"]["state"] == state
    assert sensors(page, "camera")[-1] == "unmeasurable"


@pytest.mark.parametrize("state", ["denied", "missing"])
def test_a_camera_that_could_not_be_used_is_not_measurable_and_no_finding(
    state: str,
) -> None:
    page = Page().event(name="consent", sensor="camera", granted=True)
    page.event(name="camera", state=state).event(name="watch", state="started")
    page.beat(60)
    assert told(page) == []
    assert sensors(page, "camera")[-1] == "unmeasurable"


def test_a_camera_that_the_browser_stops_out_of_view_is_not_also_a_finding() -> None:
    page = Page().started().see(20).event(name="visibility", state="hidden")
    page.event(name="camera", state="lost").beat(30)
    assert rules(page) == ["tab_hidden"]


def test_a_camera_that_is_back_soon_is_no_finding() -> None:
    page = Page().started().see(20).event(name="camera", state="lost").beat(4)
    assert told(page.event(name="camera", state="on").see(20)) == []


def test_leaving_the_tab_is_one_finding_and_not_also_window_or_camera() -> None:
    page = leave_tab(Page().started().see(20), 30).see(10)
    assert told(page) == [("warning", "tab_hidden"), ("flag", "tab_hidden")]


def test_frames_that_still_come_from_a_hidden_page_are_not_judged() -> None:
    page = Page("a" * 36).started().see(20).event(name="visibility", state="hidden")
    page.see(20, faces=0).event(name="visibility", state="visible").see(5)
    assert rules(page) == ["tab_hidden"]


def test_time_out_of_view_does_not_count_and_the_return_has_a_second_to_settle() -> (
    None
):
    page = Page().started().see(20).see(1.8, faces=0)
    page.event(name="visibility", state="hidden").wait(0.3)
    page.event(name="visibility", state="visible").see(2.5, faces=0).see(5)
    assert told(page) == []


def test_a_page_out_of_view_gives_no_baseline() -> None:
    page = Page().event(name="visibility", state="hidden").started().see(20)
    assert "calibration" not in [found.kind for found in outcomes(page)]


def test_working_in_another_window_is_found_after_ten_seconds() -> None:
    page = Page().started().see(20)
    page.event(name="window_focus", focused=False, cause="elsewhere").see(12)
    assert told(page) == [("warning", "window_left"), ("flag", "window_left")]


def test_fullscreen_counts_where_the_policy_asks_for_it() -> None:
    strict = replace(FORMAT_1, fullscreen=True)
    page = Page().started().event(name="fullscreen", active=True).see(20)
    page.event(name="fullscreen", active=False).see(12)
    assert told(page, strict) == [
        ("warning", "fullscreen_left"),
        ("flag", "fullscreen_left"),
    ]
    assert told(page) == []


def test_an_external_paste_is_warned_of_and_flagged_at_once() -> None:
    page = Page().started().see(5)
    page.event(name="clipboard", action="paste", chars=20, origin="external")
    assert told(page) == [("warning", "external_paste"), ("flag", "external_paste")]


def test_pastes_in_a_row_are_one_finding_with_the_largest_as_evidence() -> None:
    page = Page().started().see(5)
    for chars in (40, 400, 30):
        page.event(name="clipboard", action="paste", chars=chars, origin="external")
        page.see(2)
    page.see(20)
    assert rules(page) == ["external_paste"]
    assert closed(page)["evidence"]["chars"] == 400
    assert closed(page)["evidence"]["parts"] == 3


# ------------------------------------------------------------ merging, cool-down


def test_near_neighbours_are_one_episode() -> None:
    page = Page().started().see(20)
    page.see(12, lambda t: {"faces": 0 if (t - 20) % 3 < 2.4 else 1}).see(15)
    assert rules(page) == ["nobody"]
    assert closed(page)["evidence"]["parts"] == 4
    assert closed(page)["evidence"]["duration_s"] == pytest.approx(9.6, abs=0.2)


def test_a_return_within_the_cool_down_continues_the_flag_and_warns_again() -> None:
    page = Page().started().see(20).see(5, faces=0).see(6).see(5, faces=0).see(15)
    assert told(page) == [
        ("warning", "nobody"),
        ("flag", "nobody"),
        ("warning", "nobody"),
    ]
    assert closed(page)["evidence"]["parts"] == 2


def test_within_the_cool_down_too_a_warning_needs_its_time() -> None:
    page = Page().started().see(20).see(5, faces=0).see(4).see(1.5, faces=0).see(15)
    assert told(page) == [("warning", "nobody"), ("flag", "nobody")]


def test_a_return_after_the_cool_down_is_a_second_finding_with_its_own_id() -> None:
    page = Page().started().see(20).see(5, faces=0).see(12).see(5, faces=0).see(15)
    ids = [f.payload["episode_id"] for f in outcomes(page) if f.kind == "flag"]
    assert ids == ["nobody-1", "nobody-2"]


def test_turning_between_the_thresholds_does_not_make_an_episode_flicker() -> None:
    page = Page().started().see(20)
    page.see(20, lambda t: {"yaw": 23 if round(t) % 2 else 17}).see(15)
    assert closed(page)["evidence"]["parts"] == 1
