"""What may be sent to the room's JSON routes: checked before Jupyter's handlers.

Some of these take a body as it comes and fail over one that does not fit.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from nbinterview.errors import Invalid

_TEXT = {"type": "string"}
_KERNEL = {
    "type": "object",
    "properties": {"id": {"type": ["string", "null"]}, "name": _TEXT},
}
_SESSION = {
    "type": "object",
    "properties": {"path": _TEXT, "type": _TEXT, "name": _TEXT, "kernel": _KERNEL},
    "not": {"required": ["notebook"]},
}
_WORKSPACE = {
    "type": "object",
    "required": ["data", "metadata"],
    "properties": {
        "data": {"type": "object"},
        "metadata": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": _TEXT},
        },
    },
}
_DOCUMENT = {
    "type": "object",
    "required": ["format", "type"],
    "properties": {"format": _TEXT, "type": _TEXT},
}


def _line(
    method: str, path: str, schema: dict[str, Any]
) -> tuple[str, re.Pattern[str], Draft202012Validator]:
    return method, re.compile(path), Draft202012Validator(schema)


_BODIES = (
    _line("PUT", r"/api/collaboration/session/.+", _DOCUMENT),
    _line("POST", r"/api/sessions", {**_SESSION, "required": ["path", "type"]}),
    _line("PATCH", r"/api/sessions/.+", _SESSION),
    _line("PUT", r"/lab/api/workspaces/.+", _WORKSPACE),
    _line("POST", r"/api/kernels/[^/]+/(execute|input)", {}),  # its handler says more
)


def check_body(method: str, path: str, body: bytes) -> None:
    """Raise `Invalid` when a body does not fit its route; other routes take any."""
    for wanted, pattern, schema in _BODIES:
        if method == wanted and pattern.fullmatch(path):
            try:
                found = json.loads(body.decode("utf-8"))
            except (ValueError, RecursionError) as error:
                raise Invalid("The request is not JSON.") from error
            if b"\\u" in body and _has_half_characters(found):
                raise Invalid("The request has half a character in it.")
            for fault in schema.iter_errors(found):
                field = ".".join(map(str, fault.absolute_path)) or None
                raise Invalid("The request does not have the form.", field=field)


def _has_half_characters(found: object) -> bool:
    """Say whether an escape named one half of a UTF-16 pair, which no text can hold."""
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
