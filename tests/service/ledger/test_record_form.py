"""The quick look at a record's form says yes only where the schema does."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.record_form import check_form, well_formed
from nbinterview.schemas import check
from tests.service.ledger.bundles import an_interview

RECORDS = [
    *an_interview(events=6).records,
    *an_interview(events=6, format=1).records,
    *(one.without_payload() for one in an_interview(events=6).records),
]
STRANGE: list[Any] = [
    *(None, True, 0, -1, 1.0, 1.5, 2**60, "", "room\n", "room", "x" * 64, "0" * 64),
    *("0" * 32, "A" * 32, [], {}, "event", "audit.x", "audit.X", "aaaaaaaaaa"),
    *("2026-11-23T10:00:00.000000Z", "2026-11-23T10:00:00Z", "p-aaaaaaaaaa", 1, 2, 3),
]


def test_every_record_is_well_formed() -> None:
    for record in RECORDS:
        assert well_formed(record.wire())
        check_form(record.wire())


@settings(max_examples=400)
@given(seed=st.integers(0, 2**64))
def test_it_says_yes_only_where_the_schema_does(seed: int) -> None:
    chance = random.Random(seed)
    wire = copy.copy(chance.choice(RECORDS).wire())
    name = chance.choice([*wire, "more"])
    if chance.random() < 0.2:
        wire.pop(name, None)
    else:
        wire[name] = chance.choice(STRANGE)
    if well_formed(wire):
        check(wire, "record")
        check_form(wire)
    else:
        with pytest.raises(Invalid):
            check_form(wire)
