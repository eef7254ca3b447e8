"""Records: the hash covers everything, and nothing unknown comes in."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import Invalid
from nbinterview.ledger.records import Record, format_time, parse_time

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def a_record(payload: dict[str, object], **changes: object) -> Record:
    fields: dict[str, object] = {
        "interview": "abcdefgh23",
        "seq": 1,
        "time": "2026-11-22T12:00:00.000001Z",
        "kind": "event",
        "author": "p-abcdefgh23",
        "payload": payload,
        "salt": "0" * 32,
        "monotonic_ms": 12.5,
    }
    return Record(**{**fields, **changes})  # type: ignore[arg-type]


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), _json, max_size=4
    )
)
def test_a_record_survives_the_wire(payload: dict[str, object]) -> None:
    record = a_record(payload)
    assert Record.from_json(json.dumps(record.wire())).wire() == record.wire()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interview", "zzzzzzzzzz"),
        ("seq", 2),
        ("time", "2026-11-22T12:00:00.000002Z"),
        ("kind", "flag"),
        ("author", "room"),
        ("payload", {"a": 2}),
        ("salt", "1" * 32),
        ("monotonic_ms", None),
    ],
)
def test_any_changed_field_breaks_the_hash(field: str, value: object) -> None:
    wire = {**a_record({"a": 1}).wire(), field: value}
    with pytest.raises(Invalid) as refused:
        Record.from_wire(wire)
    assert refused.value.field == "hash"


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        Record.from_wire({**a_record({}).wire(), "picture": "x"})
    assert refused.value.field == "picture"


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_times_survive(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert parse_time(format_time(aware)) == aware
