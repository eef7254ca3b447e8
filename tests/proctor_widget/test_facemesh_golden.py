"""The Python reduction gives what the golden vectors say, as the browser's does."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nbinterview.schemas import check
from nbinterview_proctor import facemesh, geometry

GOLDEN = Path(__file__).parent / "golden"
VECTORS = sorted(GOLDEN.glob("*.json"))

#: One step of the rounding: sums in another order may fall on its other side.
STEP = {"frame_diff": 0.001, "luma_mean": 0.01, "luma_std": 0.01}


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return found


def rgb(text: str) -> NDArray[np.uint8]:
    shape = (facemesh.LUMA_HEIGHT_PX, facemesh.LUMA_WIDTH_PX, 3)
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(shape)


def reduced(vector: dict[str, Any]) -> dict[str, Any]:
    return facemesh.reduce(
        facemesh.Detection(
            [np.array(face) for face in vector["faces"]],
            [np.array(m).reshape(4, 4, order="F") for m in vector["matrices"]],
            vector["width_px"],
            vector["height_px"],
        ),
        at_ms=vector["at_ms"],
        inference_ms=vector["inference_ms"],
        luma=facemesh.luminance(rgb(vector["rgb"])),
        previous=facemesh.luminance(rgb(vector["previous_rgb"])),
    )


def test_there_are_vectors_of_every_kind() -> None:
    faces = {json.loads(path.read_text("utf-8"))["frame"]["faces"] for path in VECTORS}
    assert faces == {0, 1, 2}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_reduction_gives_the_golden_frame(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    frame, expected = reduced(vector), vector["frame"]
    check(frame, "live", "Frame")
    assert frame.keys() == expected.keys()
    for key, value in expected.items():
        assert frame[key] == pytest.approx(value, abs=STEP.get(key, 1e-4) * 1.01), key


def test_a_mirrored_person_looks_the_other_way() -> None:
    yaw = {}
    for name in ("centre", "mirrored"):
        pose = geometry.pose(load(name)["frame"]["pose"])
        assert pose is not None
        yaw[name] = pose.yaw_deg
    assert yaw["centre"] == pytest.approx(-yaw["mirrored"], abs=4)


def test_a_tilted_head_rolls() -> None:
    straight, tilted = (
        geometry.pose(load(name)["frame"]["pose"]) for name in ("centre", "tilted")
    )
    assert straight is not None
    assert tilted is not None
    assert abs(tilted.roll_deg - straight.roll_deg) == pytest.approx(15, abs=4)


def test_the_larger_of_two_faces_is_the_one_measured() -> None:
    first, second = load("two-faces"), load("two-faces-larger-second")
    assert first["frame"]["faces"] == second["frame"]["faces"] == 2
    assert first["frame"]["box"][0] < 0.3
    assert second["frame"]["box"][0] > 0.6


def test_eyes_are_measured_in_pixels_not_in_shares() -> None:
    # The same landmarks in a square picture: the eye is as wide but higher.
    vector = load("centre")
    square = reduced({**vector, "height_px": vector["width_px"]})
    ratio = square["eye_open_left"] / vector["frame"]["eye_open_left"]
    assert ratio == pytest.approx(640 / 480, rel=0.05)


def test_a_still_picture_differs_by_exactly_nothing() -> None:
    vector = load("frozen")
    assert reduced(vector)["frame_diff"] == 0
    nearly = np.frombuffer(base64.b64decode(vector["rgb"]), np.uint8).copy()
    nearly[0] += 1
    changed = {**vector, "previous_rgb": base64.b64encode(nearly.tobytes()).decode()}
    assert reduced(changed)["frame_diff"] > 0


def test_broken_landmarks_give_no_eye_numbers_instead_of_nonsense() -> None:
    vector = load("centre")
    vector["faces"][0] = [[0.5, 0.5]] * 478
    frame = reduced(vector)
    check(frame, "live", "Frame")
    assert "iris_left" not in frame
    assert "eye_open_right" not in frame


def test_a_matrix_that_is_no_number_is_left_out() -> None:
    vector = load("centre")
    vector["matrices"][0][5] = float("nan")
    assert "pose" not in reduced(vector)


def test_thumbnail_keeps_sensor_noise_and_a_flat_picture_flat() -> None:
    flat = np.full((480, 640, 3), 77, np.uint8)
    assert (facemesh.thumbnail(flat) == 77).all()
    rng = np.random.default_rng(3)
    noisy = np.clip(flat + rng.normal(0, 2, flat.shape), 0, 255).astype(np.uint8)
    assert 0.5 < float(np.std(facemesh.luminance(facemesh.thumbnail(noisy)))) < 2


def test_thumbnail_leaves_a_picture_of_its_own_size_alone() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    assert (facemesh.thumbnail(picture) == picture).all()
