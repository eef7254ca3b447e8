"""Format 2 can be erased and still verifies; format 1 is still read."""

import hashlib
from typing import Any

import orjson
import pytest
import rfc8785

from nbinterview.errors import Invalid
from nbinterview.ledger.records import Record, follows

FORMAT_1 = {  # as the first released room wrote it
    "format": 1,
    "interview": "bobjyhyg4a",
    "seq": 345,
    "time": "2026-11-22T15:02:31.557183Z",
    "monotonic_ms": 77222,
    "kind": "event",
    "author": "p-xmoommnxk6",
    "payload": {
        "boot_id": "04d7a8e6-cd0b-4e65-9884-9d15ff05421b",
        "client_seq": 89,
        "event": {"name": "camera", "state": "off"},
    },
    "salt": "693f2b3d1e6d34d68954ef30bc7993f6",
    "hash": "f5c031d630db61913b367439023b763fe4d46d7e0e40a03414097e8af922e608",
}


def a_record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "interview": "abcdefgh23",
        "seq": 7,
        "time": "2026-11-23T12:00:00.000001Z",
        "kind": "event",
        "author": "p-abcdefgh23",
        "payload": {"a": 1.0, "ä": [1e-7, None]},
        "salt": "ab" * 16,
        "monotonic_ms": 12.0,
    }
    return Record(**{**fields, **changes})


def test_the_hash_of_format_2_is_as_documented() -> None:
    record = a_record()
    wire = record.wire()
    salted = bytes.fromhex(wire["salt"]) + rfc8785.dumps(wire["payload"])
    assert wire["payload_hash"] == hashlib.sha256(salted).hexdigest()
    names = ("format", "interview", "seq", "time", "monotonic_ms", "kind", "author")
    body = {name: wire[name] for name in (*names, "payload_hash")}
    leaf = hashlib.sha256(b"\x00" + rfc8785.dumps(body)).digest()
    assert record.leaf == leaf
    assert wire["hash"] == record.hash == leaf.hex()


@pytest.mark.parametrize("monotonic_ms", [None, 0, 12.0, 0.1, 1e-7, 77222, 1e21, -0.0])
@pytest.mark.parametrize("format_", [1, 2])
def test_the_line_is_the_canonical_json_of_the_wire(
    monotonic_ms: float | None, format_: int
) -> None:
    record = a_record(monotonic_ms=monotonic_ms, format=format_)
    for one in (record, record.without_payload()):
        assert one.wire_json == rfc8785.dumps(one.wire())
        again = Record.from_json(one.wire_json, erased_by_us=True)
        assert again.wire_json == one.wire_json


def test_an_erased_record_still_verifies() -> None:
    record = a_record()
    erased = record.without_payload()
    assert erased.erased
    assert (erased.payload, erased.salt) == (None, None)
    assert erased.leaf == record.leaf
    assert Record.from_wire(erased.wire()).leaf == record.leaf
    assert erased.without_payload() == erased
    with pytest.raises(Invalid, match="erased"):
        _ = erased.facts


@pytest.mark.parametrize(
    ("name", "value"),
    [("kind", "flag"), ("author", "room"), ("seq", 8), ("payload_hash", "0" * 64)],
)
def test_the_head_of_an_erased_record_can_not_be_changed(
    name: str, value: object
) -> None:
    with pytest.raises(Invalid, match="hash"):
        Record.from_wire({**a_record().without_payload().wire(), name: value})


def test_a_record_of_format_1_verifies() -> None:
    record = Record.from_wire(FORMAT_1)
    assert record.wire() == FORMAT_1
    assert record.format == 1
    with pytest.raises(Invalid):
        Record.from_wire({**FORMAT_1, "author": "room"})


def test_only_the_platform_says_that_a_record_of_format_1_is_erased() -> None:
    erased = Record.from_wire(FORMAT_1).without_payload()
    assert erased.hash == FORMAT_1["hash"]
    with pytest.raises(Invalid, match="format 1"):
        Record.from_wire(erased.wire())
    assert Record.from_wire(erased.wire(), erased_by_us=True).leaf == erased.leaf


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": None},
        {"payload": None},
        {"format": 1},
        {"format": 3},
        {"payload_hash": "x"},
        {"kind": "audit.Bad"},
        {"payload": [1]},
    ],
)
def test_forms_are_not_mixed(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Record.from_wire({**a_record().wire(), **changes})
    without = a_record().wire()
    del without["payload_hash"]
    with pytest.raises(Invalid):
        Record.from_wire(without)


def test_a_format_never_goes_down() -> None:
    old, new = a_record(format=1), a_record(seq=8)
    assert follows(old, new)
    assert not follows(a_record(seq=7), a_record(seq=8, format=1))
    assert not follows(old, a_record(seq=9))
    assert not follows(old, a_record(seq=8, interview="zzzzzzzzzz"))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"payload":' * 100_000,
        orjson.dumps({**FORMAT_1, "seq": 2**60}),
        b'{"format":1e999}',
    ],
)
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(Invalid):
        Record.from_json(line)


def test_numbers_beyond_53_bits_are_refused() -> None:
    with pytest.raises(Invalid):
        a_record(payload={"n": 2**53})
    with pytest.raises(Invalid):
        _ = a_record(seq=2**53).leaf
