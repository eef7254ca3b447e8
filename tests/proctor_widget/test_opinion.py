"""The second opinion's pure parts, as in the browser (js/test/opinion.test.ts).

With its model it runs in browser/test_rendered_truth.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nbinterview_proctor.facemesh import Floats
from nbinterview_proctor.opinion import Asking, surest


def asked(faces: Sequence[int]) -> list[int]:
    """Every question that a run of pictures leads to; one picture each 100 ms."""
    asking = Asking()
    return [100 * i for i, count in enumerate(faces) if asking.due(count, 100 * i)]


def test_it_is_never_asked_while_a_face_is_found() -> None:
    assert asked([1] * 30 + [2] * 30) == []


def test_it_is_asked_with_the_first_picture_without_a_face_then_once_a_second() -> None:
    assert asked([1] * 5 + [0] * 25) == [500, 1500, 2500]


def test_it_is_asked_at_once_when_a_face_was_there_in_between() -> None:
    assert asked([0, 0, 0, 1, 0, 0]) == [0, 400]


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (lambda x, y: 0 * (x + y), 0),
        (lambda x, y: 0 * (x + y) + 1, 1),
        (lambda x, y: 0 * (x + y) + 0.25, 0.25),
        (lambda x, y: (x < 64) & (y < 64), 1),
        (lambda x, y: (x < 32) & (y < 32), 0.5),
        (lambda x, y: (x + y) % 2 == 0, 0.5),
        (lambda x, y: (x + 0 * y) / 256, 0.9824),
    ],
)
def test_the_surest_part_decides(
    confidence: Callable[[Floats, Floats], Floats], expected: float
) -> None:
    y, x = np.mgrid[:256, :256]
    found = surest(np.asarray(confidence(x, y), dtype=np.float32))
    assert found == pytest.approx(expected, abs=1e-4)
