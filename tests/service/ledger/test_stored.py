"""What is stored comes back as it was, smaller; damage is said."""

import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger import stored
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store, to_store


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab")),
    st.sampled_from(["observations", "document", "event", "flag"]),
)
def test_it_comes_back(payload: dict[str, str], kind: str) -> None:
    wire_json = orjson.dumps({"kind": kind, "payload": payload})
    assert from_store(to_store(wire_json, kind)) == wire_json


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab")),
    st.booleans(),
)
def test_a_record_comes_back_with_the_hash_that_is_not_stored(
    payload: dict[str, str], erased: bool
) -> None:
    record = Record(
        "abcdefghij",
        7,
        "2026-01-01T00:00:00.000000Z",
        "document",
        "p-aaaaaaaaaa",
        {**payload, "payload_hash": "x", "text": "a" * 200},
        "0123456789abcdef" * 2,
    )
    record = record.without_payload() if erased else record
    blob = to_store(record.wire_json, record.kind)
    assert from_store(blob) == record.wire_json


def test_what_is_not_stored_of_a_record_is_not_paid_for() -> None:
    record = Record(
        "abcdefghij", 7, "t", "document", "room", {"x": "a" * 200}, "5" * 32
    )
    blob = to_store(record.wire_json, record.kind)
    assert blob[0] == 2
    assert from_store(blob) == record.wire_json
    left = record.without_payload()
    assert to_store(left.wire_json, left.kind)[0] == 1


def test_a_row_of_an_old_journal_is_read() -> None:
    assert from_store('{"ä":1}') == '{"ä":1}'.encode()


def test_damage_is_said() -> None:
    packed = to_store(b'{"frames":[' + b"0.25," * 200 + b"1]}", "observations")
    assert packed[0] == 1
    assert len(packed) < 60
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    whole = bomb.compress(bytes(stored.MAX_WIRE_BYTES + 1)) + bomb.flush()
    for damaged in (packed[:-3], packed + b"x", b"", b"\x02", b"\x01", b"\x01" + whole):
        with pytest.raises(Invalid, match="damaged"):
            from_store(damaged)


def test_the_dictionary_is_never_changed() -> None:
    # What is stored can't be read by another: a new one gets a first byte of its own.
    assert zlib.crc32(stored._dictionary()) == 0xBD2ACF8D
