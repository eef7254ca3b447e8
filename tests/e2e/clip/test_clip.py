"""The story's clip shows what it says, to FaceLandmarker and to our engine."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.clip import build as clip

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / name for name in ("proctor_widget", "service", "extensions")]
VERIFY = Path(__file__).with_name("verify.py")
EVALUATE_PYTHON = "NBINTERVIEW_EVALUATE_PYTHON"
HONEST_DEG = 5.0


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip.build(tmp_path_factory.mktemp("clip") / "story.mjpeg")


@pytest.fixture(scope="module")
def seen(story: Path) -> dict[str, Any]:
    """What MediaPipe and the engine see, by `verify.py` in its own environment."""
    assert EVALUATE_PYTHON in os.environ, f"./test sets {EVALUATE_PYTHON}"
    done = subprocess.run(
        [os.environ[EVALUATE_PYTHON], str(VERIFY), str(story), "--json"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, FOLDERS))},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def seconds_of(state: str) -> list[int]:
    """The whole seconds of a state but for its first, in which the picture changes."""
    found: list[int] = []
    start = 0
    for name, seconds in clip.STORY:
        if name == state:
            found += range(start + 1, start + int(seconds))
        start += int(seconds)
    return found


def test_the_clip_is_one_run_of_jpeg_frames_small_enough_to_keep(story: Path) -> None:
    data = story.read_bytes()
    seconds = sum(seconds for _, seconds in clip.STORY)
    assert data.count(b"\xff\xd8\xff") == round(seconds * 30)
    assert data.startswith(b"\xff\xd8")
    assert data.endswith(b"\xff\xd9")
    assert len(data) < 120e6


def test_no_two_frames_in_a_row_are_the_same(tmp_path: Path) -> None:
    short = clip.build(tmp_path / "short.mjpeg", scenario=[("nobody", 2)])
    frames = short.read_bytes().split(b"\xff\xd9\xff\xd8")
    assert len(frames) == 60
    assert all(a != b for a, b in itertools.pairwise(frames))


def test_the_same_seed_builds_the_same_clip(tmp_path: Path) -> None:
    scenario = [("facing", 0.2), ("nobody", 0.2)]
    one, two, other = (
        clip.build(tmp_path / f"{n}.mjpeg", scenario, seed=seed).read_bytes()
        for n, seed in enumerate((1, 1, 2))
    )
    assert one == two != other


def test_frontal_frames_are_the_photograph_and_all_have_the_camera_s_size() -> None:
    for state in ("facing", "nobody", "two faces", "turned"):
        assert clip.picture(state).shape == (480, 640, 3)
    difference = np.abs(
        clip.picture("facing").astype(int) - clip.picture("turned:0").astype(int)
    )
    assert np.median(difference) <= 2  # a head turned by nothing is the photograph


def test_an_unknown_state_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="juggling"):
        clip.picture("juggling")


@pytest.mark.parametrize(
    ("state", "faces"),
    [("facing", [1]), ("nobody", [0]), ("two faces", [2]), ("turned", [1])],
)
def test_each_state_has_its_number_of_faces(
    seen: dict[str, Any], state: str, faces: list[int]
) -> None:
    rows = {row["second"]: row["faces"] for row in seen["seconds"]}
    assert {second: rows[second] for second in seconds_of(state)} == dict.fromkeys(
        seconds_of(state), faces
    )


def test_the_turned_head_reads_about_35_degrees_and_the_honest_one_none(
    seen: dict[str, Any],
) -> None:
    yaw = {row["second"]: row["yaw_deg"] for row in seen["seconds"]}
    assert all(30 <= yaw[second] <= 40 for second in seconds_of("turned"))
    calibrated = [second for second in seconds_of("facing") if second >= 4]
    assert all(abs(yaw[second]) < HONEST_DEG for second in calibrated)


def test_every_face_is_large_enough_and_every_picture_alive(
    seen: dict[str, Any],
) -> None:
    for row in seen["seconds"]:
        assert row["face_width"] is None or row["face_width"] * 640 >= 100
        assert row["frame_diff"] > 0.3
        assert row["luma_std"] > 8


def test_the_story_gives_exactly_its_three_findings_too_short_to_count(
    seen: dict[str, Any],
) -> None:
    episodes = [
        (outcome["rule"], outcome["because"])
        for outcome in seen["outcomes"]
        if outcome["kind"] == "episode"
    ]
    rules = ("nobody", "multiple_faces", "looking_away")
    assert episodes == [(rule, "short") for rule in rules]
    assert "flag" not in {outcome["kind"] for outcome in seen["outcomes"]}
