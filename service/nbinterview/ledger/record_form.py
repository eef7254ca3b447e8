"""The form of a record, looked at quickly.

`well_formed` says yes only where record.schema.yaml does; the schema's own check is
many times slower, and is asked for its words when the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from nbinterview.errors import Invalid
from nbinterview.schemas import check, schema

_INTERVIEW = re.compile(r"[a-z2-7]{10}")
_AUTHOR = re.compile(r"room|kernel|service|operator|p-[a-z2-7]{10}")
_AUDIT_KIND = re.compile(r"audit\.[a-z_]{1,40}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[0-9a-f]{32}")
_FIELDS_1 = frozenset(
    {
        *("format", "interview", "seq", "time", "monotonic_ms", "kind", "author"),
        *("payload", "salt", "hash"),
    }
)
_FIELDS = {1: _FIELDS_1, 2: _FIELDS_1 | {"payload_hash"}}


def check_form(wire: Mapping[str, Any]) -> None:
    """Raise `Invalid`, naming the field to blame, for what is no record."""
    if well_formed(wire):
        return
    check(dict(wire), "record")
    if wire["format"] == 1 and "payload_hash" in wire:
        raise Invalid("unknown field 'payload_hash'", field="payload_hash")
    if wire["format"] != 1 and "payload_hash" not in wire:
        raise Invalid("field 'payload_hash' is missing", field="payload_hash")
    if (wire["payload"] is None) != (wire["salt"] is None):
        raise Invalid(
            "A record is erased whole: payload and salt together.", field="salt"
        )
    # The schema takes 1.0 for 1, and a line feed at an end.
    raise Invalid("A record's fields are not exactly of their form.")


def well_formed(wire: Mapping[str, Any]) -> bool:
    """Say whether a record has its form; its hashes are not looked at."""
    fields = _FIELDS.get(_whole(wire.get("format")))
    if fields is None or wire.keys() != fields:
        return False
    payload, salt = wire["payload"], wire["salt"]
    monotonic_ms = wire["monotonic_ms"]
    return (
        _is(_INTERVIEW, wire["interview"])
        and _whole(wire["seq"]) >= 1
        and _is(_TIME, wire["time"])
        and (monotonic_ms is None or type(monotonic_ms) in {int, float})
        and isinstance(wire["kind"], str)
        and (wire["kind"] in _kinds() or _is(_AUDIT_KIND, wire["kind"]))
        and _is(_AUTHOR, wire["author"])
        and (salt is None if payload is None else _is(_SALT, salt))
        and (payload is None or isinstance(payload, Mapping))
        and _is(_HASH, wire["hash"])
        and (wire["format"] == 1 or _is(_HASH, wire["payload_hash"]))
    )


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _whole(value: object) -> int:
    return value if type(value) is int else 0


@cache
def _kinds() -> frozenset[str]:
    room, _audit = schema("record")["properties"]["kind"]["anyOf"]
    return frozenset(room["enum"])
