"""The candidate's camera in the end-to-end story, built from a public-domain portrait.

    python -m tests.e2e.clip.build CLIP.mjpeg

writes a motion-JPEG file (concatenated JPEG frames) that Chromium takes as a
fake camera. The portrait is scikit-image's astronaut (NASA). Frontal frames are
crops of the photograph; turned heads are the photograph on a mesh of its own
face landmarks (`astronaut_landmarks.json`, made once with MediaPipe), turned
and projected. Every frame carries sensor noise: without it a still picture is,
rightly, a frozen camera.
"""

from __future__ import annotations

import argparse
import io
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image
from scipy import interpolate, ndimage

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

#: (state, seconds): what the camera sees, in order.
STORY: tuple[tuple[str, float], ...] = (
    ("facing", 20),
    ("nobody", 5),
    ("facing", 10),
    ("two faces", 5),
    ("facing", 10),
    ("turned", 6),
    ("facing", 10),
)
SIZE_PX = (640, 480)
TURNED_DEG = 43.0  # of this mesh; FaceLandmarker reads about 35 degrees
NOISE_SIGMA = 2.0
NOISE_VARIANTS = 20
JPEG_QUALITY = 85

# In pixels of the 512 x 512 photograph.
_VIEW = (86, 0, 280, 210)  # x, y, width, height of what the camera sees
_HALF = (145, 0, 164, 246)  # the same for one of two people
HEAD_X, HEAD_Y, HEAD_HALF_WIDTH, HEAD_HALF_HEIGHT = 227.0, 104.0, 80.0, 92.0
_DEPTH_SCALE = 1.35  # MediaPipe's depth is flatter than a head
_AXIS_Z = 74.0  # depth of the neck's axis behind the middle of the face
_DISTANCE = 500.0  # from the camera to the middle of the face


def build(
    path: Path,
    scenario: Sequence[tuple[str, float]] = STORY,
    fps: int = 30,
    seed: int = 1,
) -> Path:
    """Write the clip and return its path; the same seed gives the same bytes."""
    random = np.random.default_rng(seed)
    variants = {
        state: [jpeg(noisy(picture(state), random)) for _ in range(NOISE_VARIANTS)]
        for state in dict.fromkeys(state for state, _ in scenario)
    }
    variant = 0
    with path.open("wb") as clip:
        for state in frames(scenario, fps):
            # never the same twice in a row, which would be a still picture
            variant += int(random.integers(1, NOISE_VARIANTS))
            clip.write(variants[state][variant % NOISE_VARIANTS])
    return path


def frames(scenario: Sequence[tuple[str, float]], fps: int) -> Iterator[str]:
    """Yield the state of each frame."""
    for state, seconds in scenario:
        for _ in range(round(seconds * fps)):
            yield state


def picture(state: str) -> Picture:
    """Return what the camera sees in a state, without noise.

    `facing`, `nobody`, `two faces`, `turned`, or `turned:DEGREES` (to image right).
    """
    portrait = skimage.data.astronaut()  # type: ignore[no-untyped-call]  # has no types
    photo = np.asarray(portrait, dtype=np.uint8)
    if state == "facing":
        return crop(photo, _VIEW, SIZE_PX)
    if state == "nobody":
        return crop(_without_person(photo), _VIEW, SIZE_PX)
    if state == "two faces":
        half_px = (SIZE_PX[0] // 2, SIZE_PX[1])
        half = crop(photo, _HALF, half_px)
        return np.hstack([half, half[:, ::-1]])
    if state.startswith("turned"):
        degrees = float(state.partition(":")[2] or TURNED_DEG)
        return crop(_turned(photo, degrees), _VIEW, SIZE_PX)
    raise ValueError(f"no state {state!r} in the clip")


def noisy(image: Picture, random: np.random.Generator) -> Picture:
    """Return the picture with the noise of a sensor."""
    noise = random.normal(0.0, NOISE_SIGMA, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def jpeg(image: Picture) -> bytes:
    """Return one frame of motion JPEG."""
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return out.getvalue()


# ------------------------------------------------------------ the photograph


def crop(
    photo: Picture, box: tuple[int, int, int, int], size_px: tuple[int, int]
) -> Picture:
    x, y, width, height = box
    image = Image.fromarray(photo).crop((x, y, x + width, y + height))
    return np.asarray(image.resize(size_px, Image.Resampling.BICUBIC), dtype=np.uint8)


def _without_person(photo: Picture) -> Picture:
    """Return the backdrop: the person's place filled from the wall around it."""
    person = np.zeros(photo.shape[:2], dtype=bool)
    person[8:, :370] = True
    return _filled(photo, person, 12.0, person)


def _filled(
    photo: Picture,
    hole: npt.NDArray[np.bool_],
    blur_px: float,
    person: npt.NDArray[np.bool_],
) -> Picture:
    """Fill a hole with the nearest picture of anything but the person, smoothed."""
    nearest = ndimage.distance_transform_edt(
        hole | person, return_distances=False, return_indices=True
    )
    filled = photo[nearest[0], nearest[1]]
    smooth = ndimage.gaussian_filter(filled.astype(float), (blur_px, blur_px, 0))
    edge = ndimage.gaussian_filter(hole.astype(float), 2.0)[..., None]
    edge = np.where(hole[..., None], 1.0, edge)
    mixed = np.rint(smooth * edge + photo * (1 - edge))
    return np.asarray(mixed, dtype=np.uint8)


# ------------------------------------------------------------ a turned head


def _turned(photo: Picture, degrees: float) -> Picture:
    """Return the photograph with the head turned by `degrees` to image right."""
    u, v = head_points(step_px=0.25)
    z = _depth(u, v)
    angle = math.radians(degrees)
    right, back = u - HEAD_X, z - _AXIS_Z
    x = right * math.cos(angle) - back * math.sin(angle)
    depth = right * math.sin(angle) + back * math.cos(angle) + _AXIS_Z
    scale = _DISTANCE / (_DISTANCE + depth)
    return with_head(
        photo, (u, v), HEAD_X + x * scale, HEAD_Y + (v - HEAD_Y) * scale, depth
    )


def with_head(
    photo: Picture, at: tuple[Floats, Floats], x: Floats, y: Floats, depth: Floats
) -> Picture:
    """Return the photograph with its head's points drawn elsewhere.

    `at` says where in the photograph the points are, `x` and `y` where they go;
    of two in one place the one of less `depth` is seen.
    """
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (column >= 0) & (column < photo.shape[1])
    inside &= (row >= 0) & (row < photo.shape[0])
    order = np.argsort(-depth[inside], kind="stable")  # the nearest is drawn last
    column, row = column[inside][order], row[inside][order]
    colour = _sampled(photo, at[0][inside][order], at[1][inside][order])
    head = np.zeros(photo.shape, dtype=float)
    drawn = np.zeros(photo.shape[:2], dtype=bool)
    head[row, column], drawn[row, column] = colour, True
    whole = ndimage.binary_closing(drawn, iterations=3)
    nearest = ndimage.distance_transform_edt(
        ~drawn, return_distances=False, return_indices=True
    )
    head = head[nearest[0], nearest[1]]
    mask = ndimage.gaussian_filter(ndimage.binary_erosion(whole).astype(float), 1.5)
    person = np.zeros(photo.shape[:2], dtype=bool)
    person[120:, 110:320] = True
    scene = _filled(photo, _head_area(photo.shape[:2]), 6.0, person)
    mixed = head * mask[..., None] + scene * (1 - mask[..., None])
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def head_points(step_px: float) -> tuple[Floats, Floats]:
    """Return x and y of points that cover the head densely."""
    across = np.arange(-HEAD_HALF_WIDTH, HEAD_HALF_WIDTH, step_px)
    down = np.arange(-HEAD_HALF_HEIGHT, HEAD_HALF_HEIGHT, step_px)
    x, y = np.meshgrid(across, down)
    inside = (x / HEAD_HALF_WIDTH) ** 2 + (y / HEAD_HALF_HEIGHT) ** 2 < 0.97
    return x[inside] + HEAD_X, y[inside] + HEAD_Y


def _head_area(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    across = (x - HEAD_X) / (1.15 * HEAD_HALF_WIDTH)
    down = (y - HEAD_Y) / HEAD_HALF_HEIGHT
    return np.asarray((np.abs(across) ** 4 + np.abs(down) ** 4 < 1) & (y < 150))


def _depth(u: Floats, v: Floats) -> Floats:
    """Return the depth of the head's front: the face's mesh, hair around it."""
    path = Path(__file__).with_name("astronaut_landmarks.json")
    mesh = np.array(json.loads(path.read_text()), dtype=float) * 512
    mesh[:, 2] *= _DEPTH_SCALE
    around = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    outline = np.column_stack(
        [
            HEAD_X + HEAD_HALF_WIDTH * np.cos(around),
            HEAD_Y + HEAD_HALF_HEIGHT * np.sin(around),
            np.full(48, _AXIS_Z),
        ]
    )
    points = np.vstack([mesh, outline])
    depth = interpolate.LinearNDInterpolator(points[:, :2], points[:, 2])(u, v)
    return np.nan_to_num(depth, nan=_AXIS_Z)


def _sampled(photo: Picture, u: Floats, v: Floats) -> Floats:
    channels = [
        ndimage.map_coordinates(photo[..., c].astype(float), [v, u], order=1)
        for c in range(3)
    ]
    return np.column_stack(channels)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the story's clip from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--fps", type=int, default=30)
    given = parser.parse_args(arguments)
    built = build(given.path, fps=given.fps)
    print(f"{built}: {built.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
