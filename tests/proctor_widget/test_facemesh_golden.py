"""The Python reduction gives what the golden vectors say, as the browser's does."""

from __future__ import annotations

import base64
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nbinterview.schemas import check
from nbinterview_proctor import facemesh, geometry

GOLDEN = Path(__file__).parent / "golden"
VECTORS = sorted(set(GOLDEN.glob("*.json")) - set(GOLDEN.glob("policy*.json")))

#: One step of the rounding: sums in another order may fall on its other side.
STEP = {"frame_diff": 0.001} | dict.fromkeys(
    (
        "luma_mean", "luma_std", "face_luma_mean", "face_luma_std",
        "eye_luma_std_left", "eye_luma_std_right",
    ),
    0.01,
)  # fmt: skip


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return found


def rgb(
    text: str,
    size_px: tuple[int, int] = (facemesh.LUMA_WIDTH_PX, facemesh.LUMA_HEIGHT_PX),
) -> NDArray[np.uint8]:
    width_px, height_px = size_px
    pixels = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return pixels.reshape(height_px, width_px, 3)


def detection(vector: dict[str, Any]) -> facemesh.Detection:
    return facemesh.Detection(
        [np.array(face) for face in vector["faces"]],
        [np.array(m).reshape(4, 4, order="F") for m in vector["matrices"]],
        vector["width_px"],
        vector["height_px"],
    )


def reduced(vector: dict[str, Any]) -> dict[str, Any]:
    return facemesh.reduce(
        detection(vector),
        at_ms=vector["at_ms"],
        inference_ms=vector["inference_ms"],
        luma=facemesh.luminance(rgb(vector["rgb"])),
        previous=facemesh.luminance(rgb(vector["previous_rgb"])),
        crops={
            name: facemesh.luminance(rgb(crop["rgb"], facemesh.CROP_SIZE_PX[name]))
            for name, crop in vector["crops"].items()
        },
        person=vector["person"],
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


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_crops_are_where_the_golden_vector_has_them(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    boxes = facemesh.crops(detection(vector))
    assert {name: list(astuple(box)) for name, box in boxes.items()} == {
        name: crop["box"] for name, crop in vector["crops"].items()
    }


def test_the_second_face_is_told_apart_from_the_first() -> None:
    frame = load("two-faces")["frame"]
    assert frame["box"][0] < 0.3 < 0.6 < frame["second_box"][0]
    assert frame["box"][2] > frame["second_box"][2]
    assert frame["second_mesh_residual"] > 0


def test_a_mesh_fits_a_face_and_not_something_else() -> None:
    vector = load("centre")
    fits = reduced(vector)["mesh_residual"]
    rng = np.random.default_rng(5)
    face = np.array(vector["faces"][0])
    vector["faces"][0] = (face + rng.normal(0, 0.05, face.shape)).tolist()
    assert reduced(vector)["mesh_residual"] > 2 * fits


def test_the_fit_of_a_mesh_does_not_depend_on_where_the_face_is() -> None:
    fits = {
        name: load(name)["frame"]["mesh_residual"]
        for name in ("centre", "mirrored", "tilted", "far", "at-the-edge")
    }
    assert max(fits.values()) < 1.4 * min(fits.values())


def test_a_reflection_is_seen_on_its_own_side_only() -> None:
    clean, shiny = load("centre")["frame"], load("glare")["frame"]
    assert clean["glare_right"] < 0.05 < 0.3 < shiny["glare_right"]
    assert shiny["glare_left"] < 0.05


def test_light_on_the_face_is_measured_on_the_face() -> None:
    centre, dim = load("centre")["frame"], load("dim")["frame"]
    assert dim["face_luma_mean"] == pytest.approx(
        0.35 * centre["face_luma_mean"], rel=0.1
    )
    assert dim["eye_luma_std_left"] < 0.5 * centre["eye_luma_std_left"]


def test_an_iris_that_moves_down_is_further_below_its_line() -> None:
    vector = load("centre")
    before = reduced(vector)
    eye_px = 640 * abs(vector["faces"][0][263][0] - vector["faces"][0][362][0])
    vector["faces"][0][473][1] += 0.1 * eye_px / 480
    after = reduced(vector)
    assert after["iris_left_y"] - before["iris_left_y"] == pytest.approx(0.1, abs=0.01)
    assert after["iris_right_y"] == before["iris_right_y"]


def test_crops_outside_of_the_picture_are_missing() -> None:
    vector = load("centre")
    vector["faces"][0] = [[x + 2, y] for x, y in vector["faces"][0]]
    assert facemesh.crops(detection(vector)) == {}


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
