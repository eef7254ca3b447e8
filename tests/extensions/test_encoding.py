"""A new record's quick bytes are the same as those of the ledger's own way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.records import Record
from nbinterview_server.encoding import new_record

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NUMBERS = (
    st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53) + 1, 2**53 - 1)
)


@given(
    payload=st.dictionaries(st.text(), JSON),
    clock=NUMBERS,
    kind=st.text(max_size=20),
    author=st.text(max_size=20),
    salt=st.binary(min_size=16, max_size=16),
    seq=st.integers(1, 2**53 - 1),
)
def test_it_is_the_record_that_the_ledger_makes(
    payload: dict[str, object],
    clock: float | None,
    kind: str,
    author: str,
    salt: bytes,
    seq: int,
) -> None:
    fields = ("abcdefghij", seq, "2026-01-01T00:00:00.000000Z", kind, author)
    made, wire = new_record(*fields, payload, salt.hex(), clock)
    slow = Record(*fields, payload, salt.hex(), clock)
    assert wire == slow.wire_json == made.wire_json
    assert made.leaf == slow.leaf
    assert made == slow


@pytest.mark.parametrize("clock", [math.nan, math.inf, "1", True])
def test_a_clock_that_is_no_number_is_refused(clock: object) -> None:
    with pytest.raises(Invalid):
        new_record("abcdefghij", 1, "", "gap", "room", {}, "0" * 32, clock)  # type: ignore[arg-type]
