"""The short form of the fuzz; `python -m tests.attacks.fuzz_api --n N` is the long."""

from __future__ import annotations

import asyncio

from tests.attacks.fuzz_api import room, service
from tests.attacks.fuzz_api.outcome import Outcome


def test_no_input_breaks_the_service() -> None:
    outcome = asyncio.run(service.run(n=600, seed_number=20261122))
    assert not outcome.faults(), outcome.faults()
    # It got behind the guard: some of everything was answered.
    assert {200, 303, 400, 401, 403, 404, 405} <= set(outcome.answers)
    assert outcome.inputs > 400


def test_no_input_breaks_a_room() -> None:
    outcome = room.run(n=600, seed_number=20261122)
    assert not outcome.faults(), outcome.faults()
    assert {200, 400, 403, 404} <= set(outcome.answers)
    assert outcome.inputs > 400


def test_a_fault_is_counted_and_fails_its_row() -> None:
    outcome = Outcome(secrets=("the token",))
    outcome.answered("GET /", 200, "the token")
    assert all(row["holds"] for row in outcome.rows("x"))
    outcome.answered("GET /", 403, "not with the token")
    outcome.answered("GET /", 500, "")
    outcome.failed("GET /", ValueError("no"))
    assert [row["ours"] for row in outcome.rows("x")] == [1, 1, 1]
    assert not any(row["holds"] for row in outcome.rows("x"))
    assert len(outcome.faults()) == 3
    assert not Outcome(()).rows("nothing was sent")[0]["holds"]
