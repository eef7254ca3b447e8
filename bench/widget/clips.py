"""Clips for a fake camera, with a clock that a page reads from the picture itself.

The number of a picture in its clip is written in its lower left corner, as black and
white blocks. Clips go round.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.e2e.clip import build

FPS = 30
BITS, BLOCK_PX = 12, 20
"""As `page/clock.js` reads them."""

Scenario = Sequence[tuple[str, float]]


def turns(
    first: str,
    second: str,
    *,
    between_s: tuple[float, float],
    second_s: float,
    count: int,
) -> list[tuple[str, float]]:
    """Return two states in turns; the first lasts by chance: no rate fits it."""
    chance = random.Random(1)  # noqa: S311  # no secret
    found: list[tuple[str, float]] = []
    for _ in range(count):
        found += [(first, chance.uniform(*between_s)), (second, second_s)]
    return found


def states(scenario: Scenario) -> list[str]:
    """Return the state of each picture, by its number."""
    return list(build.frames(scenario, FPS))


def write(path: Path, scenario: Scenario) -> list[str]:
    """Write a clip with a clock; return the state of each picture, by its number."""
    numbered = states(scenario)
    assert len(numbered) < 2**BITS, "too long for the clock"
    noise = np.random.default_rng(1)
    pictures = {
        state: [build.noisy(build.picture(state), noise) for _ in range(6)]
        for state in dict.fromkeys(numbered)
    }
    with path.open("wb") as clip:
        for number, state in enumerate(numbered):
            picture = pictures[state][number % 6].copy()
            for bit in range(BITS):
                white = number >> (BITS - 1 - bit) & 1
                across = slice(bit * BLOCK_PX, (bit + 1) * BLOCK_PX)
                picture[-BLOCK_PX:, across] = 255 * white
            clip.write(build.jpeg(picture))
    return numbered


def changes(
    pictures: Sequence[tuple[float, int]], numbered: Sequence[str], to: str
) -> list[float]:
    """Return when a page was first shown this state, each time, in ms of its clock.

    `pictures` are those the page read: when it was shown, and its number.
    """
    found = []
    before = ""
    for at_ms, number in pictures:
        state = numbered[number] if number < len(numbered) else before
        if state == to != before and before:
            found.append(at_ms)
        before = state
    return found
