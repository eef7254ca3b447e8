"""Looking at places: what is known then, how well, and which zone is which."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.schemas import check
from nbinterview_proctor import calibration, geometry
from nbinterview_proctor.calibration import Calibration, Sample, collect, rough
from tests.proctor_widget.engine_looks import PLACES, consented, look_around
from tests.proctor_widget.engine_sim import (
    OWN_PITCH_DEG,
    OWN_YAW_DEG,
    STANDARD,
    Page,
    frame,
    outcomes,
    rules,
    sensors,
)

LIMITS = STANDARD.calibrating


def samples(
    places: dict[str, tuple[float, float]], noise_deg: float = 1.0, count: int = 16
) -> dict[str, list[Sample]]:
    dice = random.Random(4)
    return {
        target: [
            Sample(
                OWN_YAW_DEG + yaw + dice.gauss(0, noise_deg),
                OWN_PITCH_DEG + pitch + dice.gauss(0, noise_deg),
                0.45 + dice.gauss(0, 0.01),
            )
            for _ in range(count)
        ]
        for target, (yaw, pitch) in places.items()
    }


def known(places: dict[str, tuple[float, float]] = PLACES) -> Calibration:
    found = collect(samples(places), LIMITS)
    assert found is not None
    return found


def without(*targets: str) -> dict[str, tuple[float, float]]:
    return {name: angles for name, angles in PLACES.items() if name not in targets}


# ------------------------------------------------------------ how well


def test_all_places_looked_at_steadily_is_good() -> None:
    found = known()
    assert found.quality == "good"
    assert found.yaw_deg == pytest.approx(OWN_YAW_DEG, abs=1)
    assert found.pitch_deg == pytest.approx(OWN_PITCH_DEG, abs=1)
    assert found.zones["yaw_max"] == pytest.approx(14, abs=1.5)
    assert found.zones["keyboard_pitch"] == pytest.approx(30, abs=1.5)
    assert found.iris == pytest.approx(0.45, abs=0.01)


@pytest.mark.parametrize(
    "missing", [("notes",), ("keyboard",), ("top_left", "top_right")]
)
def test_without_some_places_it_is_fair(missing: tuple[str, ...]) -> None:
    assert known(without(*missing)).quality == "fair"


@pytest.mark.parametrize(
    "missing", [("centre",), ("top_left", "top_right", "bottom_left")]
)
def test_without_the_centre_or_the_corners_there_is_none(
    missing: tuple[str, ...],
) -> None:
    assert collect(samples(without(*missing)), LIMITS) is None


def test_places_looked_at_unsteadily_or_briefly_do_not_count() -> None:
    assert collect(samples(PLACES, noise_deg=15), LIMITS) is None
    assert collect(samples(PLACES, count=LIMITS.min_frames - 1), LIMITS) is None


def test_a_few_odd_frames_move_nothing() -> None:
    steady = samples(PLACES, count=20)
    steady["centre"][3] = Sample(70, 50)
    found = collect(steady, LIMITS)
    assert found is not None
    assert found.yaw_deg == pytest.approx(OWN_YAW_DEG, abs=1)


# ------------------------------------------------------------ zones


@pytest.mark.parametrize(
    ("yaw", "pitch", "zone"),
    [
        (0, 0, "screen"),
        (14, -9, "screen"),
        (
            -14 - LIMITS.screen_margin_deg / 2,
            8 + LIMITS.screen_margin_deg / 2,
            "screen",
        ),
        (2, 30, "keyboard"),
        (0, 24, "keyboard"),
        (-38, 25, "notes"),
        (-48, 36, "notes"),  # a sheet of paper is wider than one look at it
        (-54, 25, "aside"),
        (45, 5, "aside"),
        (-50, 0, "aside"),
        (0, -40, "aside"),
        (40, 40, "aside"),
    ],
)
def test_a_head_position_is_in_a_zone(yaw: float, pitch: float, zone: str) -> None:
    assert calibration.zone(known(), yaw, pitch, LIMITS, None) == zone


@pytest.mark.parametrize(
    ("yaw", "pitch", "zone"),
    [
        (0, 0, "screen"),
        (0, -60, "screen"),
        (0, 40, "keyboard"),
        (LIMITS.aside_yaw_deg - 2, 0, "screen"),
        (LIMITS.aside_yaw_deg + 2, 30, "aside"),
        (-40, 0, "aside"),
    ],
)
def test_a_rough_centre_only_tells_far_aside(
    yaw: float, pitch: float, zone: str
) -> None:
    found = rough(samples({"centre": (0, 0)})["centre"], LIMITS)
    assert found is not None
    assert calibration.zone(found, yaw, pitch, LIMITS, None) == zone


@settings(deadline=None)
@given(yaw=st.floats(-80, 80), pitch=st.floats(-80, 80))
def test_whoever_is_back_from_aside_was_not_aside_before(
    yaw: float, pitch: float
) -> None:
    """Hysteresis: coming back is never easier than staying."""
    back = calibration.zone(known(), yaw, pitch, LIMITS, "aside")
    stayed = calibration.zone(known(), yaw, pitch, LIMITS, "screen")
    assert back == "aside" or stayed != "aside"


@settings(deadline=None)
@given(st.floats(-10, 10), st.floats(-10, 10))
def test_every_place_that_was_looked_at_is_in_its_own_zone(
    yaw: float, pitch: float
) -> None:
    """For candidates of any size of screen and any place of the keyboard."""
    moved = {
        target: (y * 1.5 + yaw / 3, p + pitch / 3) for target, (y, p) in PLACES.items()
    }
    found = known(moved)
    for target, (y, p) in moved.items():
        centre = moved["centre"]
        zone = calibration.zone(found, y - centre[0], p - centre[1], LIMITS, None)
        expected = target if target in ("keyboard", "notes") else "screen"
        assert zone == expected


# ------------------------------------------------------------ in an interview


def calibrations(page: Page) -> list[dict[str, Any]]:
    found = [o for o in outcomes(page, STANDARD) if o.kind == "calibration"]
    for one in found:
        check(one.payload, "live", "Calibration")
    return [one.payload for one in found]


def test_a_calibration_before_the_start_counts() -> None:
    page = look_around(consented()).event(name="watch", state="started").see(10)
    (found,) = calibrations(page)
    assert (found["state"], found["quality"]) == ("taken", "good")
    assert found["yaw_deg"] == pytest.approx(OWN_YAW_DEG, abs=0.5)
    assert not found["rehearsal"]


def test_one_after_the_start_takes_the_place_of_the_rough_one() -> None:
    page = look_around(Page().started().see(5)).see(5)
    assert [one["quality"] for one in calibrations(page)] == ["rough", "good"]


def test_a_rehearsal_says_how_good_it_was_and_is_not_used() -> None:
    page = look_around(consented(), rehearsal=True)
    page.event(name="watch", state="started").see(10)
    first, second = calibrations(page)
    assert (first["rehearsal"], first["quality"]) == (True, "good")
    assert (second["rehearsal"], second["quality"]) == (False, "rough")


def test_what_fails_says_so_and_the_rough_centre_stays() -> None:
    page = look_around(Page().started().see(5), faces=0).see(5)
    rough_one, failed = calibrations(page)
    assert rough_one["quality"] == "rough"
    assert (failed["state"], failed["quality"]) == ("failed", "none")
    assert "fine" in failed["detail"]


def test_skipping_is_fine() -> None:
    page = Page().started().event(name="calibration", state="began").see(1)
    page.event(name="calibration", state="skipped").see(10)
    assert [one["state"] for one in calibrations(page)] == ["skipped", "taken"]


def test_frames_that_come_after_the_next_place_is_shown_are_of_the_one_before() -> None:
    """A slow connection brings them a second late, by the page's clock in time."""
    page = consented().event(name="calibration", state="began")
    frames: list[dict[str, Any]] = []
    for target, (yaw, pitch) in PLACES.items():
        page.event(name="calibration", state="target", target=target)
        page.wait(0.4).send(frames).wait(1.6)
        frames = [
            frame((page.now_s - 1.2 + tenth / 10) * 1000, yaw=yaw, pitch=pitch)
            for tenth in range(12)
        ]
    page.send(frames).event(name="calibration", state="finished")
    (found,) = calibrations(page)
    assert found["quality"] == "good"
    assert found["zones"]["keyboard_pitch"] == pytest.approx(30, abs=0.1)


def test_looking_at_the_places_is_no_finding_and_the_sensor_says_what_goes_on() -> None:
    places = dict.fromkeys(PLACES, (60.0, 0.0)) | {"centre": (0.0, 0.0)}
    page = Page().started().see(5)
    for _ in range(4):
        look_around(page, places=places, jump=False)
    assert "calibrating" in sensors(page, "camera")
    assert rules(page, policy=STANDARD) == []


def test_notes_that_were_shown_are_no_looking_away_and_others_are() -> None:
    page = look_around(consented()).event(name="watch", state="started").see(5)
    page.see(60, yaw=-38, pitch=25).see(20)
    assert rules(page, policy=STANDARD) == []
    page.see(120, yaw=45, pitch=5).see(20)
    assert rules(page, policy=STANDARD) == ["looking_away"]


def test_the_simulated_places_are_read_back_by_the_geometry() -> None:
    state = geometry.begun(geometry.initial(STANDARD))
    for number, (target, (yaw, pitch)) in enumerate(PLACES.items()):
        for tenth in range(20):
            at_s = number * 2 + tenth / 10
            seen = frame(yaw=yaw, pitch=pitch)
            state, _ = geometry.observe(state, seen, at_s, target)
    state, found = geometry.finished(state)
    assert found is not None
    assert found is state.calibration
    assert found.zones["notes_yaw"] == pytest.approx(-38, abs=0.1)
