"""The quick reading of a line takes nothing that the slow one refuses."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.quick import Quick
from nbinterview.ledger.records import Record
from tests.service.ledger.bundles import HERE, an_interview

INTERVIEW = an_interview(events=20)
QUICK = Quick(HERE)


def test_it_reads_every_usual_line_as_the_slow_one_does() -> None:
    for record in INTERVIEW.records:
        found = QUICK.read(record.wire_json, record.seq)
        assert found == (record.leaf, record.kind, record.payload)


@pytest.mark.parametrize(
    "monotonic_ms", [None, 0, 12.5, 0.1, 77222, 1e-5, 1e-7, 1e21, 2.5e-300, 1e15, -1.5]
)
def test_every_number_is_read_or_left_to_the_slow_one(
    monotonic_ms: float | None,
) -> None:
    record = replace(INTERVIEW.records[4], monotonic_ms=monotonic_ms)
    found = QUICK.read(record.wire_json, record.seq)
    assert found is None or found[0] == record.leaf


@settings(max_examples=300)
@given(seed=st.integers(0, 2**64))
def test_whatever_it_takes_of_a_changed_line_the_slow_one_takes(seed: int) -> None:
    chance = random.Random(seed)
    record = chance.choice(INTERVIEW.records)
    line = bytearray(record.wire_json)
    for _ in range(chance.randrange(1, 3)):
        place = chance.randrange(len(line))
        what = chance.randrange(3)
        if what == 0:
            line[place] = chance.choice(b'0123456789abcdefABCDEF.,:"{}[] nultre-+E')
        elif what == 1:
            del line[place]
        else:
            line.insert(place, chance.choice(b'0 ",:'))
    changed = bytes(line)
    found = QUICK.read(changed, record.seq)
    if found is None:
        return
    slow = Record.from_json(changed)
    assert slow.wire_json == changed
    assert found == (slow.leaf, slow.kind, slow.payload)


def test_a_payload_that_could_be_read_two_ways_is_left_to_the_slow_one() -> None:
    # Only who writes the hashes, too, could get so far.
    import hashlib

    record = INTERVIEW.records[4]
    line = record.wire_json
    twice = b'{"a":1,"a":2}'
    salted = bytes.fromhex(record.salt or "") + twice
    payload_hash = hashlib.sha256(salted).hexdigest()
    forged = replace(record, payload_hash=payload_hash)
    made = line.replace(record.payload_json, twice)
    made = made.replace(record.payload_hash.encode(), payload_hash.encode())
    made = made.replace(record.hash.encode(), forged.hash.encode())
    assert QUICK.read(made, record.seq) is None
    with pytest.raises(Invalid):
        Record.from_json(made)
