"""What may be sent to the room's JSON routes: checked before Jupyter's handlers.

Some of these take a body as it comes and fail over one that does not fit.
"""

from __future__ import annotations

import json

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

# What an entry of the door's table names.
DOCUMENT = Draft202012Validator(_DOCUMENT)
NEW_SESSION = Draft202012Validator({**_SESSION, "required": ["path", "type"]})
SESSION = Draft202012Validator(_SESSION)
WORKSPACE = Draft202012Validator(_WORKSPACE)
ANY_JSON = Draft202012Validator({})
"""Its handler says more."""


def check_body(schema: Draft202012Validator, body: bytes) -> None:
    """Raise `Invalid` when a body does not fit."""
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
