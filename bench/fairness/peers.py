"""The rules that peers publish, on the same sessions, as they would see them.

Each sees what its own page would: the face model's raw findings, head angles against a
baseline of the first five seconds after set-up, and tab and window as they happen. None
of them is troubled by a slow network, since their rules run in the page. Where a rule
leaves something open, it is filled in here and said; where it could be read two ways,
the way that finds more cheats was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.fairness.camera import Seen
from bench.fairness.honest import BEGIN_S
from bench.fairness.scene import Array, Flags, Scene, Span, merged

#: Head angles that count as aside, up and down, as no peer publishes angles: those of
#: our own first version. Narrower ones, as in many tutorials, would flag more.
YAW_DEG, UP_DEG, DOWN_DEG = 20.0, 20.0, 25.0
BASELINE_S = 5.0


@dataclass(frozen=True)
class Flag:
    """What a rule reports. `spans` are the moments that it holds against the person."""

    rule: str
    spans: tuple[Span, ...]

    def touches(self, spans: list[Span], slack_s: float) -> bool:
        """Whether it lies within these stretches, give or take."""
        return any(
            start_s <= end + slack_s and end_s >= begin - slack_s
            for start_s, end_s in self.spans
            for begin, end in spans
        )


@dataclass(frozen=True)
class View:
    """What a peer's page sees."""

    times_s: Array
    live: Flags
    faces: Array
    yaw_deg: Array
    pitch_deg: Array
    hidden: list[Span]
    left: list[Span]
    """Focus went to another window."""
    blurred: list[Span]
    """Focus left for whatever cause, frames of the page among them."""

    @property
    def aside(self) -> Flags:
        """Head turned aside, or no face at all."""
        turned: Flags = (np.abs(self.yaw_deg) > YAW_DEG) | (self.faces == 0)
        return turned & self.live

    @property
    def down(self) -> Flags:
        """Head turned down."""
        return self.live & (self.faces > 0) & (self.pitch_deg > DOWN_DEG)

    @property
    def away(self) -> Flags:
        """Head turned anywhere, or no face at all."""
        up = (self.faces > 0) & (self.pitch_deg < -UP_DEG)
        return self.aside | self.down | (self.live & up)


def view(scene: Scene, seen: Seen) -> View:
    """Return a session as a peer's page sees it."""
    early = (seen.times_s >= BEGIN_S) & (seen.times_s < BEGIN_S + BASELINE_S)
    early &= seen.live & (seen.faces > 0)
    if not early.any():
        early = seen.faces > 0
    return View(
        times_s=seen.times_s,
        live=seen.live & (seen.times_s >= BEGIN_S),
        faces=seen.faces,
        yaw_deg=seen.yaw_deg - float(np.median(seen.yaw_deg[early])),
        pitch_deg=seen.pitch_deg - float(np.median(seen.pitch_deg[early])),
        hidden=merged(scene.hidden),
        left=merged(
            (b.start_s, b.end_s) for b in scene.blurs if b.cause == "elsewhere"
        ),
        blurred=merged([*((b.start_s, b.end_s) for b in scene.blurs), *scene.hidden]),
    )


def runs(times_s: Array, true: Flags) -> list[Span]:
    """Return the stretches in which this is true of every frame."""
    edges = np.diff(np.concatenate([[False], true, [False]]).astype(int))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    step_s = float(times_s[1] - times_s[0])
    return [
        (float(times_s[a]), float(times_s[b - 1]) + step_s)
        for a, b in zip(starts, ends, strict=True)
    ]


def lasting(spans: list[Span], at_least_s: float) -> list[Span]:
    """Return the stretches of at least this length."""
    return [span for span in spans if span[1] - span[0] >= at_least_s]


# ------------------------------------------------------------ the rules


def exits(seen: View) -> list[Flag]:
    """Screened out after two exits, or one longer than 10 s (HackerRank at scale).

    An exit is the tab hidden or another window in use.
    """
    found = merged([*seen.hidden, *seen.left])
    if len(found) >= 2 or lasting(found, 10.0):
        return [Flag("exits", tuple(found))]
    return []


def ten_frames(seen: View) -> list[Flag]:
    """More than ten suspicious frames in a row, or more than 10 % of them (DoSelect).

    Suspicious is no face, more than one, or a head turned away; one frame a second,
    as no rate is published.
    """
    step = max(1, round(1 / float(seen.times_s[1] - seen.times_s[0])))
    times_s, live = seen.times_s[::step], seen.live[::step]
    suspicious = (seen.away | (seen.live & (seen.faces > 1)))[::step]
    found = [
        Flag("ten frames in a row", (span,))
        for span in runs(times_s, suspicious)
        if span[1] - span[0] > 10.0
    ]
    if suspicious.sum() > 0.1 * live.sum():
        found.append(Flag("10 % of the frames", tuple(runs(times_s, suspicious))))
    return found


def strikes(seen: View) -> list[Span]:
    """Return what counts: tab, window, 3 s with no face, with two, or looking away."""
    double = seen.live & (seen.faces > 1)
    away = lasting(runs(seen.times_s, seen.away), 3.0)
    doubles = lasting(runs(seen.times_s, double), 3.0)
    return sorted([*merged([*seen.hidden, *seen.left]), *away, *doubles])


def six_strikes(seen: View) -> list[Flag]:
    """Six strikes end the session (SNIPP).

    What is struck is not published in detail. The session is taken to go on and to
    count anew, so that a cheat after the end can still be found.
    """
    found = strikes(seen)
    ends = range(6, len(found) + 1, 6)
    return [Flag("six strikes", tuple(found[end - 6 : end])) for end in ends]


def guard(level: int) -> Callable[[View], list[Flag]]:
    """Timers (GUARD): down 7, 10, 15 s, sideways 5, 8, 12 s; 0 soft, 1 warn, 2 hard.

    A frame counts when 3 of the last 5 do, and the timer starts after 2 s. Sideways
    includes no face, as a head turned far is not found.
    """
    down_s, aside_s = ((7.0, 5.0), (10.0, 8.0), (15.0, 12.0))[level]

    def rule(seen: View) -> list[Flag]:
        found = []
        for name, raw, after_s in (
            ("down", seen.down, down_s),
            ("sideways", seen.aside, aside_s),
        ):
            voted = np.convolve(raw, np.ones(5), "full")[: len(raw)] >= 3
            spans = lasting(runs(seen.times_s, voted), 2.0 + after_s)
            found += [Flag(name, (span,)) for span in spans]
        return found

    return rule


def three_seconds(seen: View) -> list[Flag]:
    """Looking away for 3 s or more."""
    return [
        Flag("away", (span,)) for span in lasting(runs(seen.times_s, seen.away), 3.0)
    ]


def any_blur(seen: View) -> list[Flag]:
    """Any loss of focus (Hourglass).

    Mouse-outs and resizes, which count too, are not simulated.
    """
    return [Flag("blur", (span,)) for span in seen.blurred]


PEERS: Mapping[str, Callable[[View], list[Flag]]] = {
    "HackerRank: two exits": exits,
    "DoSelect: ten frames": ten_frames,
    "SNIPP: six strikes": six_strikes,
    "GUARD: soft": guard(0),
    "GUARD: warning": guard(1),
    "GUARD: lock": guard(2),
    "look-away 3 s": three_seconds,
    "Hourglass: any blur": any_blur,
}
