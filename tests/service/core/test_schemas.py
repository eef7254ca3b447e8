"""The schemas refuse what they do not know, and say which field."""

import copy
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nbinterview import schemas
from nbinterview.errors import Invalid
from nbinterview.schemas import check, schema

BOOT = "00000000-0000-4000-8000-000000000000"
FRAME = {
    "at_ms": 1,
    "faces": 1,
    "luma_mean": 100,
    "luma_std": 20,
    "frame_diff": 0.8,
    "inference_ms": 20,
}


def observations(**changes: Any) -> dict[str, Any]:
    return {
        "type": "observations",
        "boot_id": BOOT,
        "client_seq": 1,
        "monotonic_ms": 2,
        "frames_dropped": 0,
        "frames": [FRAME],
        **changes,
    }


@pytest.mark.parametrize("name", ["live", "record", "room"])
def test_schemas_are_valid(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_an_honest_frame_passes() -> None:
    check(observations(), "live", "Observations")


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({**FRAME, "landmarks": [0.5] * 1434}, "frames.0.landmarks"),
        ({**FRAME, "picture": "data:image/jpeg;base64,"}, "frames.0.picture"),
        ({**FRAME, "pose": [0.0] * 17}, "frames.0.pose"),
        ({**FRAME, "faces": -1}, "frames.0.faces"),
        ({k: v for k, v in FRAME.items() if k != "faces"}, "frames.0.faces"),
    ],
)
def test_what_a_frame_may_not_hold_is_named(frame: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(observations(frames=[frame]), "live", "Observations")
    assert refused.value.field == field


def test_every_object_of_the_live_messages_is_closed() -> None:
    def objects(node: Any, path: str) -> list[str]:
        found = []
        if isinstance(node, dict):
            if node.get("type") == "object" and "additionalProperties" not in node:
                found.append(path)
            for key, value in node.items():
                found += objects(value, f"{path}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                found += objects(value, f"{path}/{index}")
        return found

    assert objects(schema("live"), "") == []


def test_no_array_is_long_enough_for_landmarks() -> None:
    frame = schema("live")["$defs"]["Frame"]["properties"]
    lengths = [p["maxItems"] for p in frame.values() if p["type"] == "array"]
    assert max(lengths) <= 16


def test_a_long_name_is_not_quoted_whole() -> None:
    hello = {"type": "hello", "boot_id": BOOT, "k" * 50_000: 1}
    with pytest.raises(Invalid) as raised:
        check(hello, "live", "Hello")
    assert len(raised.value.detail) < 100
    assert len(raised.value.field or "") <= 64


WHOLE: list[tuple[str, str, dict[str, Any]]] = [
    ("live", "Observations", observations()),
    ("live", "Hello", {"type": "hello", "boot_id": BOOT}),
    (
        "live",
        "Event",
        {
            "type": "event",
            "boot_id": BOOT,
            "client_seq": 1,
            "monotonic_ms": 2.5,
            "event": {"name": "comment", "text": "a parcel"},
        },
    ),
    (
        "ledger",
        "Checkpoint",
        {
            "format": 1,
            "interview": "abcdefghij",
            "size": 3,
            "root": "00" * 32,
            "time": "2026-11-22T15:01:05.809419Z",
            "key_id": "0" * 16,
            "signature": "00" * 64,
        },
    ),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None), max_size=12),
    st.sampled_from([math.nan, math.inf, -0.0, 1.0, 2**53, 2**64, 2**200, 1e400]),
    st.sampled_from(["\ud800", "1\n", BOOT + "\n", BOOT.upper(), "٣", "\u2028", b""]),
    st.builds(lambda: {1: 2}),
    st.builds(lambda: [[]]),
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a message."""
    found = [path] if path else []
    if isinstance(node, dict | list):
        keys = node if isinstance(node, dict) else range(len(node))
        for key in keys:
            found += places(node[key], (*path, key))
    return found


def with_odd(whole: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    """Return a copy with something odd in one place; an end goes on to the value."""
    changed: Any = copy.deepcopy(whole)
    within = changed
    for key in path[:-1]:
        within = within[key]
    old = within[path[-1]]
    joined = isinstance(old, str) and isinstance(odd, str) and odd.startswith("1")
    within[path[-1]] = old + odd if joined else odd
    return changed  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "definition", "whole"), WHOLE)
def test_what_fits_is_seen_at_once(
    name: str, definition: str, whole: dict[str, Any]
) -> None:
    assert schemas._fits(whole, name, definition)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_nothing_is_let_through_at_once_that_is_refused_after_a_look(
    data: st.DataObject,
) -> None:
    name, definition, whole = data.draw(st.sampled_from(WHOLE))
    path = data.draw(st.sampled_from(places(whole)))
    changed = with_odd(whole, path, data.draw(ODD))
    if schemas._fits(changed, name, definition):
        assert schemas._validator(name, definition).is_valid(changed)
