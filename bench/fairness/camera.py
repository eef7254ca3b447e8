"""What the browser's face model reports of a scene: `Frame`s with plausible errors.

Two sizes of face, glare, hands and turned heads make the model miss a face; misses come
in clusters, since their causes last. Measured on the one rendered face that we have
(docs of the face model, golden vectors of this repository): no face beyond 40 degrees
of yaw and below 0.07 of the picture's width, yaw slope 0.97, pitch slope 1.22, mesh
residual 0.031 to 0.039; of faces half hidden about a third are missed. The rest is
assumption and stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.fairness.people import Chance, Person
from bench.fairness.scene import Array, Flags, Scene, inside, merged

YAW_SLOPE, PITCH_SLOPE = 0.97, 1.22
#: Iris position along the line between the eye's corners, a degree of the eye's turn.
IRIS_PER_DEG = 0.0065
#: A sitter's face against the picture, 4:3.
ASPECT = 1.75
#: Noise of the model's margin, and how long its causes last.
MARGIN_NOISE, CAUSE_S = 1.7, 1.2
#: The second opinion is asked so often while no face is found.
OPINION_S = 1.0


@dataclass(frozen=True)
class Seen:
    """What the face model says of every frame; angles are as the camera sees them."""

    times_s: Array
    live: Flags
    """Whether there is a frame: the page in view, the camera on, the laptop awake."""
    faces: Array
    first: Flags
    """Whether the candidate's face is the largest one found."""
    yaw_deg: Array
    pitch_deg: Array
    roll_deg: Array
    eye_yaw_deg: Array
    eye_pitch_deg: Array
    width: Array
    """Of the largest face; `second_*` of the other one."""
    second: Flags
    second_width: Array
    second_x: Array
    second_y: Array
    second_residual: Array
    residual: Array


def smooth(c: Chance, n: int, hz: float, lasts_s: float) -> Array:
    """Return noise of variance 1 whose values hold for about `lasts_s`."""
    kernel = np.exp(-np.arange(0, 5 * lasts_s, 1 / hz) / lasts_s)
    drawn = c.normal(0, 1, n + len(kernel) - 1)
    noise: Array = np.convolve(drawn, kernel, "valid") / np.linalg.norm(kernel)
    return noise


def observe(scene: Scene, c: Chance) -> Seen:
    """Return what is found in every frame."""
    person, n = scene.person, len(scene.yaw)
    hz, times_s = person.hz, scene.times_s
    yaw, pitch, eye_yaw, eye_pitch = _gaze(scene, c)
    width = person.face_width * scene.zoom
    found = _found(scene, yaw, pitch, width, smooth(c, n, hz, CAUSE_S))
    away = [(lk.start_s, lk.end_s) for lk in scene.links if lk.kind == "asleep"]
    blind = [*scene.hidden, *scene.camera_lost, *away]
    other = _other(scene, c)
    faces = found.astype(float) + other.found
    blur = 0.8 + 4 * scene.hidden_face + 3 * (scene.luma < 35)
    return Seen(
        times_s=times_s,
        live=~inside(times_s, merged(blind)),
        faces=faces,
        first=found & ~(other.found & (other.width > width)),
        yaw_deg=YAW_SLOPE * yaw + blur * smooth(c, n, hz, 0.8),
        pitch_deg=PITCH_SLOPE * pitch + blur * smooth(c, n, hz, 0.8),
        roll_deg=scene.roll + person.rest_roll_deg + c.normal(0, 0.8, n),
        eye_yaw_deg=eye_yaw + _eye_bias(yaw) + c.normal(0, 2.5, n),
        eye_pitch_deg=eye_pitch + c.normal(0, 3, n),
        width=width,
        second=found & other.found,
        second_width=other.width,
        second_x=other.x,
        second_y=other.y,
        second_residual=other.residual,
        residual=c.normal(0.035, 0.003, n)
        + 0.0004 * np.abs(yaw)
        + 0.04 * scene.hidden_face,
    )


def _gaze(scene: Scene, c: Chance) -> tuple[Array, Array, Array, Array]:
    """Share each look between head and eyes; the head takes some 0.3 s to follow."""
    person = scene.person
    share = np.where(np.abs(scene.yaw) < 10, 0.5, 1.0) * person.head_share
    head_yaw, head_pitch = share * scene.yaw, person.head_share * scene.pitch
    kernel = np.exp(-np.arange(0, 1.5, 1 / person.hz) / 0.25)
    kernel /= kernel.sum()
    for axis in (head_yaw, head_pitch):
        padded = np.concatenate([np.full(len(kernel) - 1, axis[0]), axis])
        axis[:] = np.convolve(padded, kernel, "valid")
    n = len(head_yaw)
    jitter = [person.jitter_deg * smooth(c, n, person.hz, 2.0) for _ in range(2)]
    eye_yaw = np.clip(scene.yaw - head_yaw, -40, 40)
    eye_pitch = np.clip(scene.pitch - head_pitch, -30, 30)
    yaw = head_yaw + scene.posture_yaw + person.rest_yaw_deg + jitter[0]
    pitch = head_pitch + scene.posture_pitch + person.rest_pitch_deg + jitter[1]
    return yaw, pitch, eye_yaw, eye_pitch


def _eye_bias(yaw: Array) -> Array:
    """Return what a turned head adds: the ratio is .44 at 0, .47 at 20, .54 at -20."""
    bias: Array = np.where(yaw < 0, -yaw * 0.005, yaw * 0.0015) / IRIS_PER_DEG
    return bias


def _found(scene: Scene, yaw: Array, pitch: Array, width: Array, noise: Array) -> Flags:
    """Say in which frames the candidate's face is found: the weakest cause decides."""
    tilt = pitch - scene.person.rest_pitch_deg
    causes = [
        4.6 - 8.0 * scene.hidden_face,
        (42 - np.abs(yaw)) / 2.5,
        (45 - np.abs(tilt)) / 4,
        (width - 0.07) / 0.01,
        (scene.luma - 18) / 4,
        (scene.in_view - 0.45) * 12,
        4.6 - 3.0 * scene.glare,
    ]
    margin = np.minimum.reduce(causes) + scene.person.detectable
    shown = ~scene.absent & ~scene.covered & (scene.in_view > 0.05)
    found: Flags = (margin + MARGIN_NOISE * noise > 0) & shown
    return found


@dataclass(frozen=True)
class Other:
    """A second face that is found: a person, a poster, or none at all (a phantom)."""

    found: Flags
    width: Array
    x: Array
    y: Array
    residual: Array


def _other(scene: Scene, c: Chance) -> Other:
    person, n = scene.person, len(scene.yaw)
    width, x = scene.other_width.copy(), scene.other_x.copy()
    y = np.full(n, 0.25)
    residual = c.normal(0.04, 0.005, n)
    size = np.minimum((width - 0.085) / 0.012, 12 * (scene.other_shows - 0.35))
    found = (width > 0) & (size + MARGIN_NOISE * smooth(c, n, person.hz, CAUSE_S) > 0)
    found &= scene.luma > 20
    if person.poster_width:
        margin = (person.poster_width - 0.088) / 0.008
        poster = margin + MARGIN_NOISE * smooth(c, n, person.hz, 4.0) > 0
        poster &= ~found & (scene.luma > 40)
        width[poster], x[poster], y[poster] = person.poster_width, 0.78, 0.12
        residual[poster] += 0.01
        found |= poster
    phantom, overlaps = _phantoms(scene, c)
    phantom &= ~found
    width[phantom] = np.where(overlaps, person.face_width * 0.9, 0.12)[phantom]
    x[phantom] = np.where(overlaps, 0.5 - person.face_width * 0.4, 0.05)[phantom]
    residual[phantom] = c.uniform(0.10, 0.3, n)[phantom]
    found = (found | phantom) & ~scene.covered
    return Other(found, width, x, y, residual)


def _phantoms(scene: Scene, c: Chance) -> tuple[Flags, Flags]:
    """Detections on a hand, a lamp, or twice on the same face: about one an hour."""
    n, hours = len(scene.yaw), scene.seconds / 3600
    spans, doubled = [], []
    for at_s in c.uniform(0, scene.seconds, c.poisson(1.0 * hours)).tolist():
        span = (at_s, at_s + float(c.uniform(0.2, 3)))
        spans.append(span)
        if c.random() < 0.5:
            doubled.append(span)
    return inside(scene.times_s, spans), inside(scene.times_s, doubled)[:n]


# ------------------------------------------------------------ frames of the wire


def matrices(yaw_deg: Array, pitch_deg: Array, roll_deg: Array) -> Array:
    """Return the column-major pose matrices of heads turned so, one a row."""
    y, p, r = (np.radians(a) for a in (yaw_deg, pitch_deg, roll_deg))
    zero = np.zeros_like(y)
    side = np.stack([np.cos(y), zero, -np.sin(y)])
    up = np.stack([np.sin(y) * np.sin(p), np.cos(p), np.cos(y) * np.sin(p)])
    forward = np.stack([np.sin(y) * np.cos(p), -np.sin(p), np.cos(y) * np.cos(p)])
    turned = side * np.cos(r) + up * np.sin(r)
    raised = up * np.cos(r) - side * np.sin(r)
    place = np.stack([zero, zero, zero - 40])
    columns = (turned, raised, forward, place)
    lasts = (zero, zero, zero, zero + 1)
    parts = [row for c, w in zip(columns, lasts, strict=True) for row in (*c, w)]
    return np.stack(parts, axis=1)


def opinions(scene: Scene, seen: Seen, c: Chance) -> Array:
    """Return the second opinion on each frame, NaN where it was not asked."""
    n, hz = len(scene.yaw), scene.person.hz
    there = 0.95 - 0.25 * scene.hidden_face - 0.35 * (1 - scene.in_view)
    there -= 0.4 * np.clip((45 - scene.luma) / 30, 0, 1)
    level = np.where(scene.absent, scene.person.chair, there)
    behind = np.clip(8 * scene.other_width, 0, 0.9)
    level = np.maximum(level, np.where(scene.absent, behind, 0))
    level = np.where(scene.covered, 0.02, level) + 0.06 * smooth(c, n, hz, 3.0)
    answer = np.full(n, np.nan)
    next_s = 0.0
    for i in np.flatnonzero((seen.faces == 0) & seen.live):
        if seen.times_s[i] >= next_s:
            answer[i] = min(1.0, max(0.0, float(level[i])))
            next_s = seen.times_s[i] + OPINION_S
    return answer


def frames(scene: Scene, seen: Seen, c: Chance) -> Iterator[dict[str, Any]]:
    """Yield every `Frame` of live.schema.yaml that the page sends, in order."""
    person, n = scene.person, len(scene.yaw)
    columns = _columns(scene, seen, person, c)
    pose = matrices(seen.yaw_deg, seen.pitch_deg, seen.roll_deg).round(4).tolist()
    boxes = _boxes(seen, scene, c).round(4).tolist()
    second = _second_boxes(seen, c, n).round(4).tolist()
    residual = seen.second_residual.round(4).tolist()
    answers = opinions(scene, seen, c).round(4).tolist()
    names = list(columns)
    rows = list(zip(*(columns[name].tolist() for name in names), strict=True))
    picture = names.index("mesh_residual")
    faces, at_ms = seen.faces.astype(int).tolist(), (seen.times_s * 1000).round(1)
    for i in np.flatnonzero(seen.live).tolist():
        frame = {"at_ms": float(at_ms[i]), "faces": faces[i]}
        frame.update(zip(names[:picture], rows[i][:picture], strict=True))
        if faces[i]:
            own = bool(seen.first[i])
            frame.update(zip(names[picture:], rows[i][picture:], strict=True))
            frame["box"] = boxes[i] if own else second[i]
            frame["pose"] = pose[i]
            if faces[i] == 2:
                frame["second_box"] = second[i] if own else boxes[i]
                frame["second_mesh_residual"] = residual[i]
        elif answers[i] == answers[i]:  # not NaN: it was asked
            frame["person"] = answers[i]
        yield frame


def _columns(scene: Scene, seen: Seen, person: Person, c: Chance) -> dict[str, Array]:
    """Return the scalars by name: those of every picture, then those of a face."""
    n = len(scene.yaw)
    luma = np.where(scene.covered, 3.0, scene.luma)
    contrast = np.where(scene.covered, 0.6, 0.42 * scene.luma)
    face_luma = np.clip(1.25 * luma, 0, 250)
    eyes = 0.26 * face_luma * (1 - 0.8 * np.clip(scene.hidden_face - 0.6, 0, 1))
    down = np.clip(seen.eye_pitch_deg, 0, 30) / 30
    blinks = c.random(n) < 0.03
    lids = np.where(blinks, 0.06, 0.34 - 0.18 * down)
    glare = scene.glare * c.uniform(0.7, 1.3, n)
    diff = np.abs(c.normal(0.9, 0.15, n)) + 0.05 + _movement(scene, seen)
    diff = np.where(scene.frozen, 0.0, diff)
    made = {
        "luma_mean": np.clip(luma + c.normal(0, 0.5, n), 0, 255),
        "luma_std": np.clip(contrast + c.normal(0, 0.1, n), 0.1, None),
        "frame_diff": diff,
        "inference_ms": c.gamma(9, 5 if person.hz > 2 else 20, n),
        "mesh_residual": seen.residual,
        "face_luma_mean": face_luma,
        "face_luma_std": 0.32 * face_luma,
        "iris_left": 0.5 + IRIS_PER_DEG * seen.eye_yaw_deg,
        "iris_right": 0.45 + IRIS_PER_DEG * seen.eye_yaw_deg,
        "iris_left_y": -0.04 + 0.006 * seen.eye_pitch_deg,
        "iris_right_y": -0.04 + 0.006 * seen.eye_pitch_deg,
        "eye_open_left": np.clip(lids + c.normal(0, 0.01, n), 0.02, None),
        "eye_open_right": np.clip(lids + c.normal(0, 0.01, n), 0.02, None),
        "glare_left": np.clip(glare, 0, 1),
        "glare_right": np.clip(glare * c.uniform(0.3, 1.2, n), 0, 1),
        "eye_luma_std_left": eyes,
        "eye_luma_std_right": eyes,
    }
    return {name: np.round(values, 4) for name, values in made.items()}


def _movement(scene: Scene, seen: Seen) -> Array:
    """Return how much the picture changes by itself, in levels of luminance.

    A head that turns by 10 degrees between two frames changes it by about one level,
    somebody who gets up by five or more for a second.
    """

    def change(of: Array) -> Array:
        return np.abs(np.diff(of, prepend=of[:1]))

    turned = change(seen.yaw_deg) + change(seen.pitch_deg)
    big = 6 * change(scene.in_view) + 8 * change(scene.absent.astype(float))
    big += 3 * change(scene.hidden_face) + 10 * change(scene.other_width)
    big += 60 * change(scene.covered.astype(float))
    second = np.ones(max(1, round(scene.person.hz)))
    lasts = np.convolve(big, second, "full")[: len(big)]
    moved: Array = 0.1 * turned + lasts + 0.5 * change(scene.luma)
    return moved


def _boxes(seen: Seen, scene: Scene, c: Chance) -> Array:
    n = len(scene.yaw)
    width, height = seen.width, np.minimum(seen.width * ASPECT, 1.2)
    x = 0.5 - width / 2 + 0.02 * smooth(c, n, scene.person.hz, 5.0)
    # Who leans back or bends leaves the picture at its lower edge.
    y = 0.5 - height / 2 + (1 - scene.in_view) * (0.5 + height / 2)
    return np.stack([x, y, width, height], axis=1)


def _second_boxes(seen: Seen, c: Chance, n: int) -> Array:
    x = seen.second_x + c.normal(0, 0.002, n)
    y = np.where(seen.second_x > 0.3, seen.second_y, 0.25) + c.normal(0, 0.002, n)
    width = seen.second_width
    return np.stack([x, y, width, width * ASPECT], axis=1)
