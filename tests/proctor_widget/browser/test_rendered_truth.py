"""Heads in known poses: how far off both paths are, and that they are one path.

A few poses every day, all of them with NBINTERVIEW_TRUTH=all; `-s` prints the errors.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbinterview_proctor import geometry
from tests.e2e.clip import build, rendered

from .conftest import Launch

ROOT = Path(__file__).parents[3]
ALL = os.environ.get("NBINTERVIEW_TRUTH") == "all"

Pose = tuple[float, float]
"""Yaw and pitch in degrees."""

#: In small steps, since a face is followed from picture to picture.
YAWS: Sequence[float] = range(-40, 41, 5) if ALL else (-30, -15, 15, 30)
PITCHES: Sequence[float] = range(-25, 26, 5) if ALL else (-20, 20)
POSES: list[Pose] = [(0, 0), *((yaw, 0) for yaw in YAWS), *((0, p) for p in PITCHES)]
#: Nobody, and people whom a face model does not find.
OTHERS = ("nobody", "turned:-65", "turned:70", "nobody")
#: A pose is shown so often, 100 ms apart, and the last time counts; the others once,
#: far enough apart for a second opinion each.
TIMES = 2


#: How far browser and Python may be apart; light is copied by another program.
TOLERANCES = {
    ("box", "iris_left", "iris_right", "iris_left_y", "iris_right_y"): 0.003,
    ("eye_open_left", "eye_open_right", "mesh_residual"): 0.003,
    ("luma_mean", "luma_std", "face_luma_mean", "face_luma_std"): 1.5,
    ("eye_luma_std_left", "eye_luma_std_right"): 4.0,
    ("glare_left", "glare_right"): 0.05,
}


@dataclass(frozen=True)
class Shown:
    """One picture of the clip."""

    name: str
    path: Path
    at_ms: int


Frames = list[dict[str, Any] | None]


def named(pose: Pose) -> str:
    return f"{pose[0]},{pose[1]}"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> list[Shown]:
    random = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("pictures")
    shown: list[Shown] = []

    def show(name: str, picture: build.Picture, after_ms: int) -> None:
        path = folder / f"{len(shown)}.png"
        Image.fromarray(build.noisy(picture, random)).save(path, compress_level=1)
        shown.append(Shown(name, path, (shown[-1].at_ms if shown else 0) + after_ms))

    for pose in POSES:
        picture = rendered.render(*pose)
        for _ in range(TIMES):
            show(named(pose), picture, 100)
    for name in OTHERS:
        show(name, build.picture(name), 1000)
    return shown


@pytest.fixture(scope="module")
def python(clip: list[Shown], tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """What Python's MediaPipe makes of the clip."""
    listing = tmp_path_factory.mktemp("clip") / "clip.json"
    listing.write_text(
        json.dumps([{"path": str(s.path), "at_ms": s.at_ms} for s in clip])
    )
    folders = (ROOT / "proctor_widget", ROOT / "service", ROOT / "extensions")
    done = subprocess.run(
        [
            os.environ["NBINTERVIEW_EVALUATE_PYTHON"],
            str(Path(__file__).with_name("truth_python.py")),
            str(listing),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Frames = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def kept() -> dict[str, Frames]:
    """What a browser measured for one test, for the next one."""
    return {}


@pytest.fixture
def browser(launch: Launch, clip: list[Shown], kept: dict[str, Frames]) -> Frames:
    """What the built worker makes of the clip."""
    if "browser" not in kept:
        kept["browser"] = in_browser(launch, clip)
    return kept["browser"]


def in_browser(launch: Launch, clip: list[Shown]) -> Frames:
    page = launch(camera=False, path="truth.html")
    by_name = {shown.path.name: shown.path for shown in clip}
    page.route(
        "**/pictures/*",
        lambda route: route.fulfill(path=by_name[route.request.url.rsplit("/", 1)[1]]),
    )

    def measure(shown: Shown, at_ms: int) -> dict[str, Any] | None:
        found: dict[str, Any] | None = page.evaluate(
            f"measure('/pictures/{shown.path.name}', {at_ms})"
        )
        return found

    # The second opinion loads while measuring has begun: an empty room until then.
    begin_ms = 1000
    deadline = time.monotonic() + 60
    while "person" not in (measure(clip[-1], begin_ms) or {}):
        assert time.monotonic() < deadline, "the second opinion did not load"
        begin_ms += 1000
    return [measure(shown, begin_ms + shown.at_ms) for shown in clip]


def of_poses(clip: list[Shown], frames: Frames) -> dict[Pose, dict[str, Any]]:
    """The frame of each pose, as it was measured the last time."""
    last = {shown.name: frame for shown, frame in zip(clip, frames, strict=True)}
    return {pose: frame for pose in POSES if (frame := last[named(pose)]) is not None}


def angles(frame: dict[str, Any]) -> geometry.Pose:
    pose = geometry.pose(frame["pose"])
    assert pose is not None
    return pose


def errors_deg(
    frames: dict[Pose, dict[str, Any]],
) -> tuple[dict[float, float], dict[float, float]]:
    """Error of yaw and of pitch by the true angle, both from the head held straight."""
    straight = angles(frames[0, 0])
    yaw = {
        truth: angles(frames[truth, 0]).yaw_deg - straight.yaw_deg - truth
        for truth in YAWS
    }
    pitch = {
        truth: angles(frames[0, truth]).pitch_deg - straight.pitch_deg - truth
        for truth in PITCHES
    }
    return yaw, pitch


def mean_size(errors: dict[float, float]) -> float:
    return float(np.mean(np.abs(list(errors.values()))))


def test_known_poses_are_read_and_both_paths_read_the_same(
    clip: list[Shown], python: Frames, browser: Frames
) -> None:
    paths = {
        "Python": of_poses(clip, python),
        "browser": of_poses(clip, browser),
    }
    for name, frames in paths.items():
        assert {frame["faces"] for frame in frames.values()} == {1}
        yaw, pitch = errors_deg(frames)
        for axis, errors in (("yaw", yaw), ("pitch", pitch)):
            by_truth = ", ".join(f"{at}: {error:+.1f}" for at, error in errors.items())
            print(f"{name} {axis}: mean {mean_size(errors):.2f} deg; {by_truth}")
        assert mean_size(yaw) <= 3
        assert mean_size(pitch) <= 6

    for pose in POSES:
        one, other = (frames[pose] for frames in paths.values())
        assert one.keys() == other.keys()
        for axis in ("yaw_deg", "pitch_deg", "roll_deg"):
            off_deg = getattr(angles(one), axis) - getattr(angles(other), axis)
            assert abs(off_deg) <= 0.1, (pose, axis)
        for keys, tolerance in TOLERANCES.items():
            for key in keys:
                assert other[key] == pytest.approx(one[key], abs=tolerance), (pose, key)


def test_the_second_opinion_is_the_same_on_both_paths(
    clip: list[Shown], python: Frames, browser: Frames
) -> None:
    persons: dict[str, list[float]] = {}
    for shown, one, other in zip(clip, python, browser, strict=True):
        if shown.name in OTHERS:
            assert one is not None
            assert other is not None
            assert one["faces"] == other["faces"] == 0
            assert other["person"] == pytest.approx(one["person"], abs=0.05)
            persons.setdefault(shown.name, []).append(other["person"])
    assert max(persons.pop("nobody")) < 0.2
    assert min(min(found) for found in persons.values()) > 0.8
