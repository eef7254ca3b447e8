"""Head position, who is there, zones, and when a frame says nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.schemas import check
from nbinterview_proctor import geometry, words
from nbinterview_proctor.policy import Policy
from tests.proctor_widget.engine_sim import (
    BOOT_ID,
    COVERED,
    DARK,
    FORMAT_1,
    OWN_PITCH_DEG,
    OWN_YAW_DEG,
    STANDARD,
    frame,
    pose,
)

#: What FaceLandmarker's Python gave for the astronaut's frontal crop (row-major),
#: and for the same head turned to image right.
FRONTAL = [
    [0.999, 0.048, -0.016, -0.153],
    [-0.049, 0.994, -0.098, -1.773],
    [0.011, 0.099, 0.995, -28.753],
    [0.0, 0.0, 0.0, 1.0],
]
TURNED = [
    [0.818, 0.128, 0.561, 5.338],
    [-0.049, 0.982, -0.182, -1.497],
    [-0.573, 0.121, 0.808, -30.0],
    [0.0, 0.0, 0.0, 1.0],
]


def fold(
    frames: list[dict[str, Any]],
    hz: float = 10,
    start_s: float = 0.0,
    policy: Policy = STANDARD,
) -> tuple[geometry.State, list[geometry.Observation]]:
    state, seen = geometry.initial(policy), []
    for index, one in enumerate(frames):
        state, observation = geometry.observe(state, one, start_s + index / hz)
        seen.append(observation)
    return state, seen


def calibrated() -> geometry.State:
    state, _ = fold([frame()] * 40)
    assert state.calibration is not None
    return state


def test_the_simulated_frames_are_frames_of_the_wire() -> None:
    for different in ({}, {"faces": 0}, COVERED, DARK, {"yaw": 35}):
        message = {
            "type": "observations",
            "boot_id": BOOT_ID,
            "client_seq": 1,
            "monotonic_ms": 0,
            "frames": [frame(**different)],
            "frames_dropped": 0,
        }
        check(message, "live", "Observations")


# ------------------------------------------------------------ head position


@settings(deadline=None)
@given(yaw=st.floats(-80, 80), pitch=st.floats(-80, 80), roll=st.floats(-60, 60))
def test_the_head_position_is_read_back_from_any_rotation(
    yaw: float, pitch: float, roll: float
) -> None:
    found = geometry.pose(pose(yaw, pitch, roll))
    assert found is not None
    assert found.yaw_deg == pytest.approx(yaw, abs=1e-6)
    assert found.pitch_deg == pytest.approx(pitch, abs=1e-6)


@settings(deadline=None)
@given(yaw=st.floats(-60, 60), scale=st.floats(0.1, 10))
def test_the_matrix_s_scale_does_not_matter(yaw: float, scale: float) -> None:
    scaled = [scale * number for number in pose(yaw, 10)]
    found = geometry.pose(scaled)
    assert found is not None
    assert found.yaw_deg == pytest.approx(yaw, abs=1e-6)
    assert found.pitch_deg == pytest.approx(10, abs=1e-6)


def test_signs_are_those_of_mediapipe_s_own_matrices() -> None:
    frontal, turned = (
        geometry.pose(np.array(matrix).flatten(order="F"))
        for matrix in (FRONTAL, TURNED)
    )
    assert frontal is not None
    assert turned is not None
    assert frontal.yaw_deg == pytest.approx(-0.9, abs=0.1)
    assert frontal.pitch_deg == pytest.approx(5.6, abs=0.1)  # nose down is plus
    assert frontal.roll_deg == pytest.approx(-2.8, abs=0.1)
    assert turned.yaw_deg == pytest.approx(34.8, abs=0.1)  # to image right is plus


@pytest.mark.parametrize(
    "matrix", [[0.0] * 16, [1.0] * 15, [math.nan] * 16, [math.inf] * 16]
)
def test_what_is_no_rotation_gives_no_position(matrix: list[float]) -> None:
    assert geometry.pose(matrix) is None
    _, (seen,) = fold([{**frame(), "pose": matrix}])
    assert seen.yaw_deg is None
    assert seen.faces == 1
    assert not seen.measurable


# ------------------------------------------------------------ baseline


def test_angles_are_relative_to_the_candidate_s_own_position() -> None:
    state = calibrated()
    assert state.calibration is not None
    assert state.calibration.yaw_deg == pytest.approx(OWN_YAW_DEG)
    assert state.calibration.pitch_deg == pytest.approx(OWN_PITCH_DEG)
    _, seen = geometry.observe(state, frame(yaw=-31, pitch=7), 5.0)
    assert seen.yaw_deg == pytest.approx(-31)
    assert seen.pitch_deg == pytest.approx(7)


def test_the_baseline_takes_three_steady_seconds() -> None:
    _, seen = fold([frame()] * 40)
    known = [
        observation.at_s for observation in seen if observation.yaw_deg is not None
    ]
    assert known[0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    "unsteady",
    [
        pytest.param([{"yaw": 20}] * 10 + [{"yaw": -20}] * 10, id="turning"),
        pytest.param([{"yaw": 50}], id="facing elsewhere"),
        pytest.param([{"faces": 2}], id="two people"),
        pytest.param([{"faces": 0}], id="nobody"),
        pytest.param([{"box": [0.4, 0.4, 0.05, 0.07]}], id="too small"),
        pytest.param([{"frame_diff": 0.0}], id="a still picture"),
    ],
)
def test_there_is_no_baseline_from(unsteady: list[dict[str, Any]]) -> None:
    state, _ = fold([frame(**unsteady[i % len(unsteady)]) for i in range(100)])
    assert state.calibration is None


def test_the_baseline_is_a_median_that_a_few_odd_frames_do_not_move() -> None:
    state, _ = fold([frame(yaw=40 if i in (7, 21) else 0) for i in range(40)])
    assert state.calibration is not None
    assert state.calibration.yaw_deg == pytest.approx(OWN_YAW_DEG)


def test_once_taken_the_baseline_stays() -> None:
    state = calibrated()
    before = state.calibration
    for index in range(100):
        state, _ = geometry.observe(state, frame(yaw=15), 10 + index / 10)
    assert state.calibration == before


def test_few_frames_a_second_are_enough() -> None:
    state, _ = fold([frame()] * 12, hz=2)
    assert state.calibration is not None


# ------------------------------------------------------------ measurable or not


def test_a_covered_camera_says_nothing_about_faces() -> None:
    _, (seen,) = fold([frame(**COVERED)])
    assert (seen.covered, seen.faces, seen.measurable) == (True, None, False)


@pytest.mark.parametrize("luma_std", [0.3, 2.5])
def test_a_black_picture_is_dark_and_nobodys_fault(luma_std: float) -> None:
    _, (seen,) = fold([frame(faces=0, luma_mean=6.0, luma_std=luma_std)])
    assert (seen.covered, seen.faces, seen.reason) == (False, None, "dark")


def test_covered_has_hysteresis() -> None:
    flat = [frame(faces=0, luma_std=std) for std in (3.0, 5.0, 7.0, 5.0)]
    _, seen = fold(flat)
    assert [observation.covered for observation in seen] == [True, True, False, False]


def test_before_version_2_a_plain_wall_without_a_face_was_nobody() -> None:
    wall = [frame(faces=0, luma_mean=190.0, luma_std=11.0)]
    _, (seen,) = fold(wall, policy=FORMAT_1)
    assert seen.presence == "nobody"
    assert (seen.covered, seen.faces, seen.measurable) == (False, 0, True)


def test_darkness_without_a_face_is_not_nobody() -> None:
    _, (seen,) = fold([frame(**DARK)])
    assert seen.faces is None
    assert seen.presence is None
    assert seen.reason == "dark"


def test_a_face_seen_in_the_dark_counts() -> None:
    _, (seen,) = fold([frame(luma_mean=15.0)])
    assert seen.faces == 1


def test_a_still_picture_is_frozen_after_a_second_and_says_nothing_then() -> None:
    _, seen = fold([frame()] + [frame(frame_diff=0.0)] * 15 + [frame()])
    assert [observation.frozen for observation in seen].index(True) == 11
    assert seen[11].faces is None
    assert not seen[-1].frozen
    assert seen[-1].faces == 1


@pytest.mark.parametrize(
    ("different", "reason"),
    [
        pytest.param({"box": [0.4, 0.4, 0.06, 0.08]}, "small", id="far away"),
        pytest.param({"box": [-0.1, 0.3, 0.3, 0.4]}, "cut_off", id="at the left"),
        pytest.param({"box": [0.8, 0.3, 0.3, 0.4]}, "cut_off", id="at the right"),
        pytest.param({"box": [0.35, 0.8, 0.3, 0.4]}, "cut_off", id="below"),
        pytest.param({"mesh_residual": 0.2}, "face_hidden", id="a hand or a mask"),
        pytest.param({"pose": None}, "face_hidden", id="no head position"),
        pytest.param({"face_luma_mean": 12.0}, "dark", id="a face in the dark"),
        pytest.param({"face_luma_std": 3.0}, "dark", id="against the light"),
        pytest.param({"pose": pose(40, 0, 40)}, "slanted", id="a camera on its side"),
        pytest.param({"yaw": 5, "glare_left": 0.6}, "glare", id="a lamp in glasses"),
        pytest.param({"yaw": 5, "eye_luma_std_right": 1.0}, "eye_hidden", id="hair"),
    ],
)
def test_a_face_is_somebody_but_has_no_position_when(
    different: dict[str, Any], reason: str
) -> None:
    _, seen = geometry.observe(calibrated(), frame(**{"yaw": 40, **different}), 5.0)
    assert (seen.faces, seen.presence) == (1, "face")
    assert seen.yaw_deg is None
    assert seen.zone is None
    assert not seen.measurable
    assert seen.reason == reason
    assert words.hint(reason)


@pytest.mark.parametrize(
    ("pitch_deg", "slanted"),
    [(-16.0, True), (-10.0, False), (11.6, False), (33.0, False), (39.0, True)],
)
def test_a_camera_is_slanted_from_where_a_level_head_is_seen(
    pitch_deg: float, slanted: bool
) -> None:
    """What the model calls level is not its zero."""
    state, _ = fold([frame(pose=pose(0, pitch_deg))] * 40)
    _, seen = geometry.observe(state, frame(pose=pose(30, pitch_deg)), 5.0)
    assert (seen.reason == "slanted") is slanted
    assert (seen.zone == "aside") is not slanted


def test_a_turned_head_hides_its_far_eye_and_is_read_all_the_same() -> None:
    hidden = frame(yaw=45, eye_luma_std_right=0.5, glare_left=0.9)
    _, seen = geometry.observe(calibrated(), hidden, 5.0)
    assert seen.yaw_deg == pytest.approx(45)
    assert seen.zone == "aside"


def test_of_two_faces_none_is_judged_for_its_direction() -> None:
    _, seen = geometry.observe(calibrated(), frame(faces=2, yaw=40), 5.0)
    assert (seen.faces, seen.yaw_deg, seen.measurable) == (2, None, True)


# ------------------------------------------------------------ who is there


#: A picture that changes as when somebody gets up, and the second opinions then.
LEAVING: Mapping[str, Any] = {"faces": 0, "frame_diff": 9.0}


def last(frames: list[dict[str, Any]], policy: Policy = STANDARD) -> Any:
    return fold(frames, policy=policy)[1][-1]


def test_nobody_needs_a_second_opinion() -> None:
    empty = frame(faces=0)
    gone = [frame()] * 5 + [frame(**LEAVING)] + [empty] * 20
    seen = last(gone)
    assert (seen.presence, seen.faces) == (None, None)
    assert seen.reason == "no_second_opinion"
    seen = last([*gone, frame(faces=0, person=0.05)])
    assert (seen.presence, seen.faces, seen.reason) == ("nobody", 0, "")


def test_somebody_whose_face_is_not_found_is_there() -> None:
    seen = last([frame(**LEAVING)] * 3 + [frame(faces=0, person=0.8)])
    assert (seen.presence, seen.faces) == ("somebody", None)
    assert seen.reason == "face_hidden"


def test_an_opinion_in_between_is_none() -> None:
    seen = last([frame(**LEAVING)] * 3 + [frame(faces=0, person=0.35)])
    assert (seen.presence, seen.faces) == (None, None)


def test_an_opinion_holds_for_some_seconds_and_not_beyond_a_face() -> None:
    hold_s = STANDARD.measuring.person_hold_s
    asked = [frame(**LEAVING), frame(faces=0, person=0.05)]
    within = asked + [frame(faces=0)] * round(hold_s * 10 - 1)
    assert last(within).presence == "nobody"
    assert last(within + [frame(faces=0)] * 3).presence is None
    back = [*asked, frame(), frame(**LEAVING), frame(faces=0)]
    assert last(back).presence is None


def test_who_did_not_move_is_still_there_for_a_moment() -> None:
    """A face that is lost without a movement was not taken away."""
    still = [frame()] * 10 + [frame(faces=0, person=0.05)] * 10
    assert last(still).presence == "somebody"
    assert last(still + [frame(faces=0, person=0.05)] * 40).presence == "nobody"


def test_one_who_says_somebody_outweighs_one_who_does_not_within_the_hold() -> None:
    opinions = [frame(faces=0, person=0.9), frame(faces=0, person=0.05)]
    assert last([frame(**LEAVING), *opinions]).presence == "somebody"


def test_an_opinion_in_doubt_does_not_turn_those_before_it() -> None:
    gone = [frame(**LEAVING), *[frame(faces=0, person=0.05)] * 3]
    assert last([*gone, frame(faces=0, person=0.35)]).presence == "nobody"
    doubts = [frame(faces=0, person=0.45)] * 4
    assert last([*gone, *doubts]).presence is None


SECOND = [0.05, 0.3, 0.2, 0.3]


@pytest.mark.parametrize(
    ("different", "faces"),
    [
        pytest.param({"second_box": SECOND}, 2, id="beside"),
        pytest.param({"second_box": [0.4, 0.3, 0.3, 0.4]}, 1, id="over the first"),
        pytest.param({"second_box": [0.05, 0.3, 0.04, 0.05]}, 1, id="tiny"),
        pytest.param(
            {"second_box": SECOND, "second_mesh_residual": 0.4}, 1, id="no fitting mesh"
        ),
        pytest.param(
            {"second_box": SECOND, "second_mesh_residual": 0.04}, 2, id="a good mesh"
        ),
    ],
)
def test_a_second_face_is_a_second_person_or_a_phantom(
    different: dict[str, Any], faces: int
) -> None:
    _, seen = geometry.observe(calibrated(), frame(faces=2, **different), 5.0)
    assert seen.faces == faces
    assert seen.measurable


def test_a_phantom_leaves_the_first_face_readable() -> None:
    over = frame(faces=2, second_box=[0.4, 0.3, 0.3, 0.4], yaw=12)
    _, seen = geometry.observe(calibrated(), over, 5.0)
    assert seen.yaw_deg == pytest.approx(12)


# ------------------------------------------------------------ drift and gaze


def test_the_centre_follows_who_types_at_the_screen_slowly_and_not_far() -> None:
    state, tau_s = calibrated(), STANDARD.calibrating.drift_tau_s
    for tenth in range(round(tau_s * 10)):
        at_s = 10 + tenth / 10
        state, seen = geometry.observe(state, frame(yaw=8), at_s, typing=True)
    assert seen.yaw_deg == pytest.approx(8 / math.e, abs=0.3)
    for tenth in range(round(tau_s * 60)):
        at_s = 100 + tenth / 5
        state, seen = geometry.observe(state, frame(yaw=20), at_s, typing=True)
    assert state.drift_deg[0] == pytest.approx(STANDARD.calibrating.drift_max_deg)


def test_the_centre_follows_nobody_who_does_not_type() -> None:
    state = calibrated()
    for tenth in range(600):
        state, _ = geometry.observe(state, frame(yaw=8), 10 + tenth / 10)
    assert state.drift_deg == (0.0, 0.0)


def test_gaze_is_told_from_the_centre_and_only_near_it() -> None:
    eyes = {"iris_left": 0.5, "iris_right": 0.46}
    state, _ = fold([frame(**eyes)] * 40)
    moved = {"iris_left": 0.6, "iris_right": 0.56}
    _, seen = geometry.observe(state, frame(**moved), 5.0)
    assert seen.gaze == pytest.approx(0.1 / geometry.GAZE_TRAVEL)
    _, seen = geometry.observe(state, frame(**moved, yaw=20), 5.0)
    assert seen.gaze is None
    _, seen = geometry.observe(state, frame(), 5.0)
    assert seen.gaze is None


# ------------------------------------------------------------ whatever comes


numbers = st.floats(0, 1)
anything = st.fixed_dictionaries(
    {
        "faces": st.integers(0, 3),
        "luma_mean": st.floats(0, 255),
        "luma_std": st.floats(0, 100),
        "frame_diff": st.floats(0, 20),
    },
    optional={
        "yaw": st.floats(-90, 90),
        "pitch": st.floats(-80, 80),
        "person": numbers,
        "second_box": st.lists(numbers, min_size=4, max_size=4),
        "second_mesh_residual": numbers,
        "mesh_residual": numbers,
        "glare_left": numbers,
        "eye_luma_std_left": st.floats(0, 60),
        "iris_left": numbers,
        "iris_right": numbers,
        "box": st.lists(numbers, min_size=4, max_size=4),
    },
)


@settings(deadline=None)
@given(st.lists(anything, min_size=1, max_size=40))
def test_what_cannot_be_read_says_nothing_and_says_why(
    scenes: list[dict[str, Any]],
) -> None:
    _, seen = fold([frame(**scene) for scene in scenes])
    for one in seen:
        assert one.measurable == (not one.reason)
        if one.reason:
            assert one.reason in words.REASONS
            assert one.presence != "nobody"
            assert (one.yaw_deg, one.pitch_deg, one.gaze) == (None, None, None)
            assert one.zone is None
        if one.presence == "nobody":
            assert one.faces == 0


@settings(deadline=None)
@given(start_s=st.floats(0, 2e9))
def test_the_time_of_day_does_not_matter(start_s: float) -> None:
    frames = [frame(yaw=i % 3) for i in range(60)]
    here, there = fold(frames)[1], fold(frames, start_s=start_s)[1]
    assert [o.yaw_deg for o in here] == [o.yaw_deg for o in there]
