"""What truly happens in a session, before any camera or page sees it.

A scene is a set of arrays over the camera's frames and over seconds; pieces of
behaviour write into stretches of it, later ones over earlier ones. Directions are in
degrees from the middle of the screen as the person sits: yaw + to the picture's right,
pitch + down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.fairness.people import Chance, Person

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Span = tuple[float, float]
#: Ways in which text comes into the notebook, as the page counts them.
WAYS = ("typed", "composed", "completed", "pasted", "dropped", "restored")


@dataclass(frozen=True)
class Blur:
    """The window is without focus; `cause` as in WindowFocusEvent."""

    start_s: float
    end_s: float
    cause: str


@dataclass(frozen=True)
class Link:
    """Trouble on the way: `slow` (late, batched, repeated), `cut`, or `asleep`."""

    start_s: float
    end_s: float
    kind: str


@dataclass
class Scene:
    """One session of one person."""

    person: Person
    seconds: int
    yaw: Array = field(init=False)
    """Where the person looks, and with which posture they sit."""
    pitch: Array = field(init=False)
    posture_yaw: Array = field(init=False)
    posture_pitch: Array = field(init=False)
    roll: Array = field(init=False)
    in_view: Array = field(init=False)
    """How much of the face is in the picture; 0 with `absent` false is bent down."""
    absent: Flags = field(init=False)
    hidden_face: Array = field(init=False)
    """How much of the face hands, a cup or a mask hide."""
    zoom: Array = field(init=False)
    glare: Array = field(init=False)
    luma: Array = field(init=False)
    covered: Flags = field(init=False)
    frozen: Flags = field(init=False)
    other_width: Array = field(init=False)
    """Face width of somebody else, 0 for nobody; and how well their face shows."""
    other_shows: Array = field(init=False)
    other_x: Array = field(init=False)
    text: dict[str, Array] = field(init=False)
    """Characters that come into the notebook each second, by way."""
    untold: Array = field(init=False)
    """The same that no event of the page tells of."""
    deleted: Array = field(init=False)
    runs: list[Span] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)
    blurs: list[Blur] = field(default_factory=list)
    window_only: list[Span] = field(default_factory=list)
    """Not in fullscreen, where the policy asks for it."""
    camera_lost: list[Span] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    paused: list[Span] = field(default_factory=list)
    """The interviewer paused the watching."""
    interviewer_chars: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = round(self.seconds * self.person.hz)
        for name in ("yaw", "pitch", "posture_yaw", "posture_pitch", "roll"):
            setattr(self, name, np.zeros(n))
        for name in ("hidden_face", "glare", "other_width", "other_shows"):
            setattr(self, name, np.zeros(n))
        for name in ("absent", "covered", "frozen"):
            setattr(self, name, np.zeros(n, dtype=bool))
        self.in_view, self.zoom = np.ones(n), np.ones(n)
        self.other_x = np.full(n, 0.1)
        self.luma = np.full(n, self.person.luma)
        self.text = {way: np.zeros(self.seconds) for way in WAYS}
        self.untold, self.deleted = np.zeros(self.seconds), np.zeros(self.seconds)

    @property
    def times_s(self) -> Array:
        """When each frame is taken."""
        return np.arange(len(self.yaw)) / self.person.hz

    def at(self, start_s: float, end_s: float) -> slice:
        """Return the frames of a stretch, at least one."""
        first = max(0, round(start_s * self.person.hz))
        return slice(first, max(first + 1, round(end_s * self.person.hz)))

    def look(self, start_s: float, end_s: float, yaw: float, pitch: float) -> None:
        """Look in this direction."""
        stretch = self.at(start_s, end_s)
        self.yaw[stretch], self.pitch[stretch] = yaw, pitch

    def idle(self, start_s: float, end_s: float) -> None:
        """Type and run nothing meanwhile."""
        whole = slice(int(start_s), int(np.ceil(end_s)))
        for array in (*self.text.values(), self.untold, self.deleted):
            array[whole] = 0
        self.runs = [r for r in self.runs if not start_s <= r[0] < end_s]

    def type(self, start_s: float, end_s: float, way: str, c: Chance) -> None:
        """Type as this person does: in bursts, with corrections."""
        first, last = int(start_s), min(self.seconds, int(end_s))
        if last <= first:
            return
        burst = c.random(last - first) < 0.7
        chars = c.poisson(self.person.keys_per_s, last - first) * burst
        self.text[way][first:last] += chars
        self.deleted[first:last] += c.binomial(chars, 0.08)

    def leave_tab(self, start_s: float, end_s: float) -> None:
        """Go to another tab, or minimise the window, and come back."""
        self.hidden.append((start_s, end_s))
        self.blurs.append(Blur(start_s, end_s, "elsewhere"))
        self.idle(start_s, end_s)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the stretches in order, those that touch as one."""
    found: list[Span] = []
    for start_s, end_s in sorted(spans):
        if found and start_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        else:
            found.append((start_s, end_s))
    return found


def inside(times_s: Array, spans: Iterable[Span]) -> Flags:
    """Say of each moment whether it lies in one of the stretches."""
    found = np.zeros(len(times_s), dtype=bool)
    for start_s, end_s in spans:
        found |= (times_s >= start_s) & (times_s < end_s)
    return found


def arrivals(c: Chance, per_hour: float, start_s: float, end_s: float) -> list[float]:
    """Return the moments of a Poisson process."""
    hours = (end_s - start_s) / 3600
    return sorted(c.uniform(start_s, end_s, c.poisson(per_hour * hours)).tolist())


def lasting(
    c: Chance, median_s: float, spread: float, low: float, high: float
) -> float:
    """Draw a duration: log-normal, as times of human acts are, within bounds."""
    return float(np.clip(c.lognormal(np.log(median_s), spread), low, high))
