"""Pictures with and without somebody, to measure what the second opinion is worth.

    python -m tests.proctor_widget.pictures FOLDER

writes them and `labels.csv` (file, faces, condition, subject); then
`nbinterview evaluate FOLDER --labels FOLDER/labels.csv` gives the confusion of none
and somebody with and without it. Two people in the public domain (scikit-image's
astronaut, NASA; matplotlib's Grace Hopper, US Navy), turned, covered, cut off and in
bad light; rooms and scenes without anybody. All are made or in packages; few enough
to look at, and no measure of how it is with other people.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from tests.e2e.clip import build

Labelled = tuple[str, str, Image.Image]
"""Condition, name and picture."""

SKIN, PAPER, PHONE = (200, 150, 120), (245, 245, 240), (30, 30, 35)
WALL = (150, 150, 150)
SCENES = (
    "brick", "chelsea", "coffee", "coins", "clock_motion", "grass", "gravel", "horse",
    "moon", "motorcycle_left", "motorcycle_right", "page", "rocket", "text",
)  # fmt: skip


def packaged(name: str) -> Image.Image:
    """Return a picture of scikit-image as the camera would frame it."""
    [path] = (Path(skimage.__file__).parent / "data").glob(f"{name}.*g")
    return framed(Image.open(path))


def framed(picture: Image.Image) -> Image.Image:
    """Return the picture cut to the camera's shape and size."""
    return ImageOps.fit(picture.convert("RGB"), build.SIZE_PX)


def astronaut() -> Iterator[Labelled]:
    """Yield the astronaut as honest people are seen too."""
    facing = Image.fromarray(build.picture("facing"))
    whole = Image.open(Path(skimage.__file__).parent / "data/astronaut.png")
    yield "facing", "facing", facing
    for degrees in (-70, -60, -50, -40, 40, 50, 60, 70):
        picture = Image.fromarray(build.picture(f"turned:{degrees}"))
        yield "turned", f"turned{degrees}", picture
    for name, box in {
        "lower": (214, 240, 432, 400),
        "upper": (214, 125, 432, 240),
        "left": (214, 114, 322, 388),
        "right": (322, 114, 432, 388),
        "whole": (214, 114, 432, 388),
    }.items():
        for thing, colour in {"hand": SKIN, "paper": PAPER, "phone": PHONE}.items():
            yield "covered", f"{name}-{thing}", covered(facing, box, colour)
    mask = [(238, 270), (322, 247), (402, 270), (393, 343), (322, 377), (251, 343)]
    for name, colour in {
        "white": PAPER,
        "blue": (70, 110, 160),
        "black": PHONE,
    }.items():
        picture = facing.copy()
        ImageDraw.Draw(picture).polygon(mask, fill=colour)
        yield "masked", f"mask-{name}", picture
    for name, view in {
        "shoulders": (100, 150, 380, 360),
        "no-head": (120, 220, 400, 430),
        "top-of-head": (86, 0, 366, 90),
        "left-half": (227, 0, 507, 210),
        "left-quarter": (255, 0, 505, 190),
        "right-half": (0, 0, 215, 161),
        "right-quarter": (0, 0, 195, 146),
    }.items():
        yield "cut off", name, framed(whole.crop(view))
    sky = np.pad(np.asarray(whole), ((160, 0), (0, 0), (0, 0)), mode="edge")
    for name, top in {"forehead": 28, "hair": -2}.items():
        low = Image.fromarray(sky).crop((86, top, 366, top + 210))
        yield "cut off", f"only-{name}", framed(low)
    for angle in (60, 90, 120, 180):
        yield "tilted", f"tilted{angle}", facing.rotate(angle, fillcolor=WALL)
    for share in (0.3, 0.15, 0.08):
        dim = ImageEnhance.Brightness(facing).enhance(share)
        yield "dim or blurred", f"dim{share}", dim
    yield "dim or blurred", "blur", facing.filter(ImageFilter.GaussianBlur(12))
    for share in (0.5, 0.3, 0.2):
        yield "far away", f"far{share}", far(whole, share)


def hopper() -> Iterator[Labelled]:
    """Yield the other one."""
    path = Path(mpl.get_data_path()) / "sample_data/grace_hopper.jpg"
    picture = framed(Image.open(path))
    yield "facing", "hopper", picture
    for name, colour in {"paper": PAPER, "phone": PHONE}.items():
        hidden = covered(picture, (230, 180, 420, 440), colour)
        yield "covered", f"hopper-{name}", hidden
    yield "tilted", "hopper-upside-down", ImageOps.flip(picture)


def nobody() -> Iterator[Labelled]:
    """Yield rooms without anybody, and scenes that are no rooms."""
    yield "room", "backdrop", Image.fromarray(build.picture("nobody"))
    for level in (3, 90, 128, 230):
        yield "even", f"even{level}", Image.new("RGB", build.SIZE_PX, (level,) * 3)
    for seed in range(12):
        picture = room(seed)
        yield "drawn room", f"room{seed}", picture
        dim = ImageEnhance.Brightness(picture).enhance(0.3)
        yield "drawn room", f"room{seed}-dim", dim
    for name in SCENES:
        yield "scene", name, packaged(name)


def covered(
    picture: Image.Image, box: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> Image.Image:
    """Return the picture with something before a part of it."""
    copy = picture.copy()
    ImageDraw.Draw(copy).rectangle(box, fill=colour)
    return copy


def far(whole: Image.Image, share: float) -> Image.Image:
    """Return the person small in a room full of things."""
    scene = packaged("motorcycle_left")
    person = whole.crop((60, 0, 380, 512))
    person = person.resize((round(416 * share), round(666 * share)))
    scene.paste(person, (200, build.SIZE_PX[1] - person.height))
    return scene


def room(seed: int) -> Image.Image:
    """Draw a wall and a floor with a chair, shelves, a window, a lamp or a coat."""
    random = np.random.default_rng(seed)

    def colour(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(value) for value in random.integers(low, high, 3))

    picture = Image.new("RGB", build.SIZE_PX, colour(120, 230))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 360, 640, 480), fill=colour(60, 140))
    if seed % 3 == 0:
        draw.rectangle((380, 40, 600, 240), fill=(250, 250, 245))
        draw.line((490, 40, 490, 240), fill=(120, 110, 100), width=8)
    if seed % 3 == 1:
        for top in range(60, 330, 60):
            for left in range(25, 200, 16):
                height = int(random.integers(25, 45))
                book = (left, top + 45 - height, left + 13, top + 45)
                draw.rectangle(book, fill=colour(20, 230))
    if seed % 2 == 0:
        chair = colour(15, 70)
        draw.rounded_rectangle((230, 150, 410, 370), 40, fill=chair)
        draw.rounded_rectangle((260, 90, 380, 150), 20, fill=chair)
        draw.rounded_rectangle((210, 370, 430, 420), 20, fill=chair)
    if seed % 4 == 3:
        draw.ellipse((470, 120, 570, 220), fill=(255, 240, 200))
        draw.rectangle((515, 220, 525, 420), fill=(60, 50, 40))
    if seed % 6 == 2:
        draw.polygon(
            [(230, 170), (410, 170), (450, 400), (190, 400)], fill=(70, 50, 60)
        )
    return picture.filter(ImageFilter.GaussianBlur(1.5))


def write(folder: Path) -> int:
    """Write pictures and labels; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    rows = [
        (
            f"{condition} {name}.png".replace(" ", "_"),
            faces,
            condition,
            subject,
            picture,
        )
        for subject, faces, pictures in (
            ("astronaut", 1, astronaut()),
            ("hopper", 1, hopper()),
            ("nobody", 0, nobody()),
        )
        for condition, name, picture in pictures
    ]
    with (folder / "labels.csv").open("w", newline="") as stream:
        labels = csv.writer(stream)
        labels.writerow(["file", "faces", "condition", "subject"])
        for name, faces, condition, subject, picture in rows:
            pixels = np.asarray(picture, dtype=np.uint8)
            Image.fromarray(build.noisy(pixels, random)).save(folder / name)
            labels.writerow([name, faces, condition, subject])
    return len(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    print(write(parser.parse_args().folder), "pictures")
