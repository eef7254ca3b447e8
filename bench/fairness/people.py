"""The people of the synthetic interviews: how each sits, looks, types, and is filmed.

Everything about a person is drawn once from the run's seed and the person's number,
so that all of a person's sessions share it, and results can be resampled by person.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

Chance = np.random.Generator


def chance(seed: int, *names: int | str) -> Chance:
    """Return a source of chance of its own for whatever is named.

    Each piece of behaviour has its own, so that adding one changes no other.
    """
    parts = [n if isinstance(n, int) else zlib.crc32(n.encode()) for n in names]
    return np.random.default_rng([seed, *parts])


@dataclass(frozen=True)
class Person:
    """One synthetic candidate with a desk, a camera and habits."""

    number: int
    hz: float
    """Frames a second: 4, and 2 on a slow laptop."""
    face_width: float
    """Share of the picture's width; 0.25 is about 60 cm from a 63-degree camera."""
    rest_yaw_deg: float
    """Towards the screen, as the camera sees it; large when the camera stands aside."""
    rest_pitch_deg: float
    rest_roll_deg: float
    screen_yaw_deg: float
    """Half the screen's width; half its height is 0.6 of it."""
    head_share: float
    """Of a turn of gaze, how much the head makes and not the eyes."""
    jitter_deg: float
    averts: float
    """How much more (or less) than the average this person looks away in thought."""
    detectable: float
    """Offset of the face model's margin: skin tone, hair, headwear, camera quality."""
    luma: float
    glasses: bool
    keyboard_share: float
    """Of the time typing, how much the eyes are on the keyboard."""
    keys_per_s: float
    notes_side: int
    """Paper notes: -1 left, +1 right; 0 none."""
    calibrates: str
    """`well`, `restless` (moves meanwhile), or `skips`."""
    distracted: float
    """Multiplies how often clocks are checked, pop-ups answered, things picked up."""
    poster_width: float
    """Face width of a poster on the wall behind, 0 for none."""
    chair: float
    """What the second opinion takes the empty chair for, 0 to 1."""
    input_method: str
    """`keys`, `composing` (an input method) or `dictation`."""
    reader: str
    """Assistive technology: `none`, `magnifier` or `screen_reader`."""
    password_manager: bool
    network: str
    """`good` or `poor`."""
    displays: str
    """What the browser says of more than one display: `yes`, `no` or `unknown`."""
    other_screen_deg: float
    """Where another screen stands, across; 0 for none."""
    call_there: bool
    """Whether the call's pictures are on that other screen."""
    asked: str
    """What they do when they are asked to look there: `shows`, `waits` with the eyes on
    this screen, or `denies` that there is one, which a few do to have it over with."""
    dusk: bool
    """The light fades during the session and a lamp is switched on."""


def person(seed: int, number: int) -> Person:
    """Return the person of this number.

    Shares and spreads are assumptions and all of them are here. Head and eye share of
    a gaze turn differ widely between people (Fuller 1992, "head movers"); about three
    in five adults wear glasses; the zero of the head's pitch depends on person and
    camera (our own measurements: +11.6 degrees on the one face that was rendered).
    """
    c = chance(seed, "person", number)
    screens = chance(seed, "screens", number)
    more, says = screens.random() < 0.35, screens.random() < 0.85
    slanted = c.random() < 0.10
    aside = float(c.choice([-1, 1]) * c.uniform(18, 35))
    return Person(
        number=number,
        hz=2.0 if c.random() < 0.15 else 4.0,
        face_width=float(np.clip(c.lognormal(np.log(0.24), 0.25), 0.12, 0.45)),
        rest_yaw_deg=aside if slanted else float(c.normal(0, 4)),
        rest_pitch_deg=float(c.normal(9, 6)),
        rest_roll_deg=float(c.normal(0, 3)),
        screen_yaw_deg=float(c.uniform(11, 24)),
        head_share=float(np.clip(c.normal(0.65, 0.15), 0.3, 0.95)),
        jitter_deg=float(c.uniform(0.5, 2.0)),
        averts=float(c.lognormal(0, 0.35)),
        detectable=float(c.normal(0, 0.6)),
        luma=float(np.clip(c.normal(112, 28), 45, 190)),
        glasses=bool(c.random() < 0.6),
        keyboard_share=float(c.beta(1.2, 3.0)),
        keys_per_s=float(c.uniform(2.0, 6.0)),
        notes_side=int(c.choice([-1, 1])) if c.random() < 0.4 else 0,
        calibrates=str(c.choice(["well", "restless", "skips"], p=[0.8, 0.1, 0.1])),
        distracted=float(c.lognormal(0, 0.5)),
        poster_width=float(c.uniform(0.04, 0.10)) if c.random() < 0.06 else 0.0,
        chair=_chair(c),
        input_method=str(
            c.choice(["keys", "composing", "dictation"], p=[0.86, 0.10, 0.04])
        ),
        reader=str(
            c.choice(["none", "magnifier", "screen_reader"], p=[0.94, 0.03, 0.03])
        ),
        password_manager=bool(c.random() < 0.4),
        network="poor" if c.random() < 0.15 else "good",
        displays=("yes" if more else "no") if says else "unknown",
        other_screen_deg=float(screens.choice([-1, 1]) * screens.uniform(30, 60))
        if more
        else 0.0,
        call_there=bool(more and screens.random() < 0.5),
        asked=str(
            screens.choice(
                ["shows", "waits", "denies"],
                p=[0.7, 0.25, 0.05] if more else [0.0, 0.3, 0.7],
            )
        ),
        dusk=bool(c.random() < 0.15),
    )


def _chair(c: Chance) -> float:
    """Draw what the second opinion says of the room behind, when nobody is there.

    Of 36 pictures of rooms without anybody, many with a chair or a coat, it called 25
    nobody, 5 somebody and 6 neither (docs/explanation/second-opinion.md).
    """
    low, high = ((0.0, 0.12), (0.2, 0.5), (0.5, 0.9))[
        int(c.choice(3, p=[25 / 36, 6 / 36, 5 / 36]))
    ]
    return float(c.uniform(low, high))
