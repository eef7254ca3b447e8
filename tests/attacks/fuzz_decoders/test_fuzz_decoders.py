"""Every decoder, half a second each of inputs that are nearly right, from one seed.

The long form, `python -m tests.attacks.fuzz_decoders`, has a million.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from random import Random

import pytest

from nbinterview.errors import NBInterviewError
from tests.attacks.fuzz_decoders.mutate import mutated
from tests.attacks.fuzz_decoders.targets import TARGETS, Target, outcome

SEED = 20261122
SECONDS = 0.6
AT_LEAST = 100


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: what is refused may be no text, and pytest could not report it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nothing_but_a_refusal(target: Target) -> None:
    random, take, seeds = Random(SEED), target.make(), target.seeds()
    until_s = time.monotonic() + SECONDS
    done = 0
    while done < AT_LEAST or time.monotonic() < until_s:
        data = mutated(random, seeds)
        error = outcome(take, data)
        assert error is None, (repr(error), data)
        done += 1


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_seeds_reach_the_inside(target: Target) -> None:
    """Most of what inputs are made from is taken: they are not all noise."""
    taken = 0
    seeds = target.seeds()
    for seed in seeds:
        take = target.make()
        try:
            take(seed)
        except NBInterviewError:
            continue
        taken += 1
    assert taken >= len(seeds) / 2


def test_a_panic_is_an_outcome() -> None:
    class Panic(BaseException):
        """As pycrdt's, which is no `Exception`."""

    def take(_data: bytes) -> None:
        raise Panic

    assert isinstance(outcome(take, b""), Panic)
