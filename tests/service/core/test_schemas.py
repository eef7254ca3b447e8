"""The schemas refuse what they do not know, and say which field."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

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
