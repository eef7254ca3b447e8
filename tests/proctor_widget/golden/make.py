"""Make the golden vectors: real landmarks, and what a frame is reduced to.

Run it in the environment that has the Python MediaPipe, from the repository's root:

    PYTHONPATH=proctor_widget EVALUATE_PYTHON tests/proctor_widget/golden/make.py \\
        --model extensions/nbinterview_server/static/models/face_landmarker.task \\
        --portrait PATH_OF/skimage/data/astronaut.png

The portrait is NASA's photograph of Eileen Collins, in the public domain.
Made once and committed; the tests need neither MediaPipe nor the picture.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import json
from pathlib import Path

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from nbinterview_proctor import facemesh

HERE = Path(__file__).parent
SIZE = (640, 480)
#: Any second opinion: it passes through.
PERSON = 0.12345


def scene(*placed: tuple[Image.Image, int, int]) -> Image.Image:
    """Return a grey room with pictures in it."""
    room = Image.new("RGB", SIZE, (96, 96, 92))
    for picture, x, y in placed:
        room.paste(picture, (x, y))
    return room


def scenes(portrait: Image.Image) -> dict[str, Image.Image]:
    """Return the pictures by name."""
    head = portrait.crop((115, 0, 335, 220))
    near = head.resize((400, 400))
    half = head.resize((290, 290))
    small = head.resize((210, 210))
    mirrored = ImageOps.mirror(near)
    return {
        "centre": scene((near, 120, 40)),
        "mirrored": scene((mirrored, 120, 40)),
        "tilted": scene((near.rotate(15, fillcolor=(96, 96, 92)), 120, 40)),
        "squeezed": scene((head.resize((300, 400)), 170, 40)),
        "far": scene((small, 40, 170)),
        "at-the-edge": scene((near, -150, 40)),
        "two-faces": scene((half, 0, 100), (small, 400, 180)),
        "two-faces-larger-second": scene((small, 0, 100), (half, 330, 100)),
        "glare": glare(scene((near, 120, 40))),
        "dim": ImageEnhance.Brightness(scene((near, 120, 40))).enhance(0.35),
        "nobody": scene(),
        "covered": Image.new("RGB", SIZE, (3, 3, 3)),
    }


def glare(picture: Image.Image) -> Image.Image:
    """Return the picture with a lamp's reflection where a right lens would be."""
    ImageDraw.Draw(picture).ellipse((255, 200, 315, 235), fill=(255, 255, 255))
    return picture


def vector(
    landmarker: vision.FaceLandmarker, picture: Image.Image, *, still: bool
) -> dict[str, object]:
    """Return one golden vector."""
    rng = np.random.default_rng(7)
    pixels = np.asarray(picture)
    found = landmarker.detect(mp.Image(mp.ImageFormat.SRGB, pixels))
    # Rounded first, so that what is stored is exactly what was reduced.
    faces = [
        np.array([(round(p.x, 6), round(p.y, 6)) for p in face])
        for face in found.face_landmarks
    ]
    matrices = [
        np.round(np.asarray(matrix, dtype=float), 6)
        for matrix in found.facial_transformation_matrixes
    ]
    now = facemesh.thumbnail(noisy(pixels, rng))
    before = now if still else facemesh.thumbnail(noisy(pixels, rng))
    detection = facemesh.Detection(faces, matrices, *SIZE)
    boxes = facemesh.crops(detection)
    copies = facemesh.crop_copies(noisy(pixels, rng), boxes)
    asked = not faces
    frame = facemesh.reduce(
        detection,
        at_ms=1234.567,
        inference_ms=45.678,
        luma=facemesh.luminance(now),
        previous=facemesh.luminance(before),
        crops={name: facemesh.luminance(copy) for name, copy in copies.items()},
        person=PERSON if asked else None,
    )
    return {
        "width_px": SIZE[0],
        "height_px": SIZE[1],
        "at_ms": 1234.567,
        "inference_ms": 45.678,
        "faces": [face.tolist() for face in faces],
        "matrices": [matrix.flatten(order="F").tolist() for matrix in matrices],
        "rgb": coded(now),
        "previous_rgb": coded(before),
        "crops": {
            name: {"box": list(dataclasses.astuple(box)), "rgb": coded(copies[name])}
            for name, box in boxes.items()
        },
        "person": PERSON if asked else None,
        "frame": frame,
    }


def coded(pixels: NDArray[np.uint8]) -> str:
    """Return bytes as text."""
    return base64.b64encode(pixels.tobytes()).decode()


def noisy(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture as a sensor would give it."""
    grain = rng.normal(0, 2, pixels.shape)
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def main() -> None:
    """Write one file a scene."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--portrait", type=Path, required=True)
    arguments = parser.parse_args()
    portrait = Image.open(arguments.portrait).convert("RGB")
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(arguments.model)),
        num_faces=2,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for name, picture in scenes(portrait).items():
            made = vector(landmarker, picture, still=False)
            write(name, made)
        write("frozen", vector(landmarker, scene(), still=True))


def write(name: str, made: dict[str, object]) -> None:
    """Write one vector as compact JSON, and say what it is."""
    text = json.dumps(made, separators=(",", ":"))
    (HERE / f"{name}.json").write_text(text + "\n", "utf-8")
    frame = made["frame"]
    assert isinstance(frame, dict)
    print(name, len(text), {k: v for k, v in frame.items() if k != "pose"})


if __name__ == "__main__":
    main()
