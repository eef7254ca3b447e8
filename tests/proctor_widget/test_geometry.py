"""Head position, baseline, and when a frame says nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.schemas import check
from nbinterview_proctor import geometry
from tests.proctor_widget.engine_sim import (
    BOOT_ID,
    COVERED,
    DARK,
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
    frames: list[dict[str, Any]], hz: float = 10, start_s: float = 0.0
) -> tuple[geometry.State, list[geometry.Observation]]:
    state, seen = geometry.initial(STANDARD), []
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


@given(yaw=st.floats(-80, 80), pitch=st.floats(-80, 80), roll=st.floats(-60, 60))
def test_the_head_position_is_read_back_from_any_rotation(
    yaw: float, pitch: float, roll: float
) -> None:
    found = geometry.pose(pose(yaw, pitch, roll))
    assert found is not None
    assert found.yaw_deg == pytest.approx(yaw, abs=1e-6)
    assert found.pitch_deg == pytest.approx(pitch, abs=1e-6)


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


def test_covered_has_hysteresis() -> None:
    flat = [frame(faces=0, luma_std=std) for std in (3.0, 5.0, 7.0, 5.0)]
    _, seen = fold(flat)
    assert [observation.covered for observation in seen] == [True, True, False, False]


def test_a_plain_wall_without_a_face_is_nobody_and_not_covered() -> None:
    _, (seen,) = fold([frame(faces=0, luma_mean=190.0, luma_std=11.0)])
    assert (seen.covered, seen.faces, seen.measurable) == (False, 0, True)


def test_darkness_without_a_face_is_not_nobody() -> None:
    _, (seen,) = fold([frame(**DARK)])
    assert seen.faces is None
    assert "dark" in seen.reason


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
    "box",
    [
        pytest.param([0.4, 0.4, 0.06, 0.08], id="far away"),
        pytest.param([-0.1, 0.3, 0.3, 0.4], id="cut off at the left"),
        pytest.param([0.8, 0.3, 0.3, 0.4], id="cut off at the right"),
        pytest.param([0.35, 0.8, 0.3, 0.4], id="cut off below"),
    ],
)
def test_a_face_is_somebody_but_has_no_position_when(box: list[float]) -> None:
    _, seen = geometry.observe(calibrated(), frame(box=box, yaw=40), 5.0)
    assert seen.faces == 1
    assert seen.yaw_deg is None
    assert not seen.measurable
    assert "closer" in seen.reason


def test_of_two_faces_none_is_judged_for_its_direction() -> None:
    _, seen = geometry.observe(calibrated(), frame(faces=2, yaw=40), 5.0)
    assert (seen.faces, seen.yaw_deg, seen.measurable) == (2, None, True)


@given(start_s=st.floats(0, 2e9))
def test_the_time_of_day_does_not_matter(start_s: float) -> None:
    frames = [frame(yaw=i % 3) for i in range(60)]
    here, there = fold(frames)[1], fold(frames, start_s=start_s)[1]
    assert [o.yaw_deg for o in here] == [o.yaw_deg for o in there]
