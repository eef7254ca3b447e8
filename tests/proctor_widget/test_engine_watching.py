"""Consent, start and end, silence, and what cannot be measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proctor_widget.engine_sim import (
    BOOT_ID,
    DARK,
    FORMAT_1,
    START_S,
    Page,
    closed,
    frame,
    leave_tab,
    outcomes,
    rules,
    sensors,
    told,
)

OTHER_BOOT_ID = "00000000-0000-4000-8000-000000000002"

# ------------------------------------------------------------ consent and start


def test_nothing_is_judged_before_the_candidate_starts() -> None:
    page = Page()
    for sensor in FORMAT_1.sensors:
        page.event(name="consent", sensor=sensor, granted=True)
    page.event(name="camera", state="on").see(20).see(20, faces=0)
    page.event(name="clipboard", action="paste", chars=900, origin="external").see(2)
    assert told(page) == []
    assert sensors(page, "camera") == ["waiting"]


def test_frames_from_before_the_start_are_not_judged() -> None:
    page = Page().see(19.1, faces=0)
    for sensor in FORMAT_1.sensors:
        page.event(name="consent", sensor=sensor, granted=True)
    page.wait(1.75).event(name="watch", state="started").wait(0.05)
    page.send([frame(20_000 + 100 * i, faces=0) for i in range(9)])  # up to 20.8 s
    assert told(page.see(1.8, faces=0).see(3)) == []


def test_watching_anew_takes_a_new_baseline() -> None:
    page = Page().started().see(20).event(name="watch", state="stopped").wait(60)
    page.event(name="watch", state="started").see(20, yaw=25)
    assert told(page) == []
    assert [found.kind for found in outcomes(page)].count("calibration") == 2


@pytest.mark.parametrize("sensor", FORMAT_1.sensors)
def test_only_what_was_agreed_to_is_judged(sensor: str) -> None:
    page = Page().started(sensor).see(20).see(8, faces=0)
    page.event(name="clipboard", action="paste", chars=900, origin="external").see(1)
    leave_tab(page, 5).see(3)
    found = {"camera": "nobody", "focus": "tab_hidden", "clipboard": "external_paste"}
    assert rules(page) == [found[sensor]]


def test_a_declined_sensor_says_so() -> None:
    page = Page().event(name="consent", sensor="camera", granted=False).started("focus")
    assert sensors(page, "camera") == ["declined"]
    assert sensors(page, "focus") == ["waiting", "measuring"]


def test_withdrawn_consent_ends_the_sensor_at_once_and_the_rest_goes_on() -> None:
    page = Page().started().see(20).see(5, faces=0)
    page.event(name="consent", sensor="camera", granted=False)
    assert [found.kind for found in outcomes(page)][-3:] == [
        "warning.cleared",
        "flag.closed",
        "sensor",
    ]
    assert closed(page)["evidence"]["closed_by"] == "consent withdrawn"
    page.see(20, faces=0)
    leave_tab(page, 5).see(1)
    assert rules(page) == ["nobody", "tab_hidden"]
    assert sensors(page, "camera")[-1] == "declined"


def test_consent_given_again_waits_for_the_new_camera() -> None:
    page = Page().started().see(20)
    page.event(name="consent", sensor="camera", granted=False)
    page.event(name="camera", state="off").beat(20)
    page.event(name="consent", sensor="camera", granted=True).beat(20)
    page.event(name="camera", state="on").see(10)
    assert told(page) == []
    assert sensors(page, "camera")[-1] == "measuring"


@pytest.mark.parametrize("ending", ["watch", "interview"])
def test_after_the_end_nothing_is_judged_and_all_is_closed(ending: str) -> None:
    page = Page().started().see(20).see(5, faces=0)
    if ending == "watch":
        page.event(name="watch", state="stopped")
    else:
        page.room("interview.state", state="ended")
    page.see(20, faces=0)
    assert rules(page) == ["nobody"]
    assert closed(page)["ended_at"].startswith("2027-01-15T08:00:24.9")


# ------------------------------------------------------------ not measurable


def test_silence_closes_what_was_open_where_it_was_last_seen() -> None:
    page = Page().started().see(20).see(5, faces=0).wait(3.5)
    page.room("gap", what="live", state="began", detail="").wait(60)
    page.room("gap", what="live", state="ended", detail="").see(10)
    assert closed(page)["evidence"]["closed_by"] == "silence"
    assert closed(page)["evidence"]["duration_s"] == pytest.approx(5, abs=0.15)


def test_silence_alone_is_no_finding_even_while_others_work_in_the_room() -> None:
    page = Page().started().see(20).event(name="visibility", state="hidden")
    for _ in range(60):
        page.wait(0.5).room("document", path="interview.ipynb", update="")
    assert told(page) == []


def gap(page: Page, state: str, cause: str) -> Page:
    """Write the gap record of a room that counts beats."""
    more: dict[str, Any] = {
        "gap_id": "gap-1",
        "started_at": "",
        "ended_at": None,
        "detail": "",
    }
    return page.room("gap", what="watching", state=state, cause=cause, **more)


def test_a_page_that_keeps_its_proof_back_ends_no_finding_by_it() -> None:
    """Its worker is gone, and it goes on to say that nobody is there."""
    page = Page().started().see(20).see(3, faces=0)
    gap(page, "began", "worker").see(12, faces=0)
    assert rules(page) == ["nobody"]
    kept = gap(Page().started().see(20).see(3, faces=0).wait(3.5), "began", "unknown")
    kept.wait(60).see(10)
    assert rules(kept) == []


def test_only_the_page_that_has_the_lease_says_what_is_seen() -> None:
    """A second one in sight does not cover the first in the background."""

    def hidden(*, leased: bool) -> list[str]:
        page = Page().started()
        if leased:
            page.room("lease", state="taken", boot_id=BOOT_ID, connection="a")
        page.see(20).event(name="visibility", state="hidden")
        other = Page(OTHER_BOOT_ID, page.now_s)
        for _ in range(30):
            page.beat(1)
            other.now_s = page.now_s
            page.records += other.event(name="fullscreen", active=True).records
            other.records.clear()
        return rules(page)

    assert "tab_hidden" in hidden(leased=True)
    assert hidden(leased=False) == []


def test_a_gap_makes_every_sensor_unmeasurable_at_once() -> None:
    page = Page().started().see(20)
    page.room("gap", what="live", state="began", detail="")
    for sensor in ("camera", "focus", "clipboard"):
        assert sensors(page, sensor)[-1] == "unmeasurable"
        assert sensors(page.see(1), sensor)[-1] == "measuring"
        page.records.pop()


def test_a_dead_page_without_a_recorded_gap_is_not_known_any_more() -> None:
    page = Page().started().see(20).event(name="visibility", state="hidden").beat(4)
    page.wait(60).room("kernel", state="died", detail="")
    assert closed(page)["evidence"]["closed_by"] == "not measurable"
    assert closed(page)["evidence"]["duration_s"] == pytest.approx(4, abs=0.01)


def test_frames_that_stop_end_the_episode_where_they_stopped() -> None:
    page = Page().started().see(20).see(5, faces=0).beat(12).see(5)
    assert closed(page)["evidence"]["duration_s"] == pytest.approx(5, abs=0.15)
    assert "unmeasurable" in sensors(page, "camera")


def test_a_warning_is_cleared_when_frames_stop() -> None:
    page = Page().started().see(20).see(3, faces=0).beat(3)
    assert [found.kind for found in outcomes(page)].count("warning.cleared") == 1


def test_between_frames_far_apart_nothing_is_known() -> None:
    """A page that stalled sends six seconds at once, with hardly a frame in them."""
    page = Page().started().see(20).wait(4.9)
    times_ms = [20_000, 20_100, 20_200, 24_500, 24_600, 24_700]
    page.send([frame(at_ms, faces=0) for at_ms in times_ms])
    assert told(page.see(3)) == []


def test_what_arrives_in_one_piece_is_warned_of_and_not_flagged() -> None:
    """The candidate must have had the time to come back after the warning."""
    page = Page().started().see(20).wait(4.9)
    page.send([frame(20_000 + 100 * i, faces=0) for i in range(49)])
    assert told(page.see(3)) == [("warning", "nobody")]


def test_late_frames_do_not_make_the_baseline() -> None:
    page = Page().started()
    late = Page("b" * 36).see(60).records
    page.records += [{**record, "at_s": START_S + 60} for record in late]
    page.wait(60).see(10)
    (base,) = [f.payload for f in outcomes(page) if f.kind == "calibration"]
    assert base["frames"] <= 31


def test_what_comes_late_is_not_judged() -> None:
    """A minute offline with nobody there, sent at once when the network is back."""
    page = Page().started().see(20)
    offline = Page("b" * 36, start_s=20).see(60, faces=0)
    for record in offline.records:
        page.records.append({**record, "at_s": START_S + 80})
    page.wait(61).see(10)
    assert told(page) == []


def test_a_room_that_restarts_does_not_extend_what_was_open() -> None:
    page = Page().started().see(20).see(5, faces=0).wait(5)
    page.room("room.started", versions={}, policy={}, sandbox={}).see(10)
    assert closed(page)["evidence"]["closed_by"] == "silence"


def test_a_camera_refused_after_a_reload_is_a_finding_all_the_same() -> None:
    page = Page().started().see(20).event(name="page", state="unloading")
    fresh = Page(OTHER_BOOT_ID, start_s=page.now_s + 2)
    fresh.event(name="page", state="loaded").event(name="watch", state="started")
    fresh.event(name="camera", state="denied")
    page.records += fresh.beat(30).records
    assert ("flag", "camera_off") in told(page)


def test_reloading_the_page_is_no_finding() -> None:
    page = Page().started().see(20)
    page.event(name="page", state="unloading")
    page.event(name="visibility", state="hidden")
    fresh = Page(OTHER_BOOT_ID, start_s=page.now_s + 8)
    fresh.event(name="visibility", state="visible")
    fresh.event(name="page", state="loaded").event(name="camera", state="on")
    page.records += fresh.see(20).records
    assert told(page) == []
    assert sensors(page, "camera")[-1] == "measuring"


def test_a_page_that_goes_is_not_heard_of_any_more() -> None:
    page = Page().started().see(20).event(name="page", state="unloading")
    page.event(name="visibility", state="hidden")
    assert sensors(page, "focus")[-1] == "unmeasurable"


def test_a_second_tab_in_view_is_not_leaving() -> None:
    page = Page().started().see(20)
    second = Page(OTHER_BOOT_ID, start_s=20).event(name="visibility", state="visible")
    page.event(name="visibility", state="hidden").beat(20)
    second.beat(20)
    page.records = sorted(page.records + second.records, key=lambda r: r["at_s"])
    assert told(page) == []


def test_a_turned_head_is_not_judged_before_there_is_a_baseline() -> None:
    page = Page().started().see(30, lambda t: {"yaw": 30 if round(t) % 2 else -30})
    assert told(page) == []
    assert sensors(page, "camera") == ["waiting", "waiting", "calibrating"]


def test_an_absent_face_is_found_while_calibrating_too() -> None:
    assert rules(Page().started().see(10, faces=0)) == ["nobody"]


def test_the_camera_sensor_says_what_helps_when_it_is_dark() -> None:
    page = Page().started().see(20).see(10, **DARK)
    (last,) = [f.payload for f in outcomes(page) if f.kind == "sensor"][-1:]
    assert last["state"] == "unmeasurable"
    assert "lamp" in last["detail"]


def test_a_failed_detector_makes_the_camera_unmeasurable() -> None:
    page = Page().started().see(20)
    page.event(name="detector", state="failed", reason="no wasm").beat(3)
    assert sensors(page, "camera")[-1] == "unmeasurable"


def test_a_head_position_of_its_own_is_the_zero() -> None:
    """Somebody who sits at a slant to the camera is judged from there."""
    slanted = Page().started().see(20, yaw=25, pitch=-10).see(20, yaw=25, pitch=-10)
    assert told(slanted) == []
    assert rules(slanted.see(7, yaw=0, pitch=-10)) == ["looking_away"]


def test_unknown_boots_and_kinds_are_taken_calmly() -> None:
    page = Page().room("document", path="x", update="").room("person.joined")
    page.records.append(
        {
            "kind": "observations",
            "at_s": START_S,
            "monotonic_ms": None,
            "payload": {"boot_id": BOOT_ID, "client_seq": 1, "frames": []},
        }
    )
    assert told(page) == []
