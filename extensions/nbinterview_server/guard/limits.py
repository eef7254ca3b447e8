"""How much of everything a notebook may hold, whoever writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_CELLS = 2_000
MAX_NEW_CELLS = 500
"""In one write. More would keep the room busy; an honest paste has some dozens."""
MAX_DELETIONS = 8_000
"""Ranges in one write. A page types its deletions one by one."""
MAX_SOURCE_UNITS = 1_000_000
"""Of one cell, UTF-16 code units."""
MAX_VALUE_BYTES = 16 * 1024
"""Of one value of metadata, as JSON."""
MAX_ATTACHMENTS_BYTES = 2 * 1024 * 1024
"""Of one cell, in base64."""
MAX_NAME_CHARS = 200

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*")
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def size_bytes(value: object) -> int:
    """Return the size of a value as JSON; of what is none, more than any limit."""
    try:
        return len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return MAX_ATTACHMENTS_BYTES + 1


def is_cell_id(value: object) -> bool:
    """Say whether this is an id as nbformat has them."""
    return isinstance(value, str) and _CELL_ID.fullmatch(value) is not None


def is_python(value: object) -> bool:
    """Say whether this is a `language_info` as ipykernel gives it, and no other."""
    return (
        isinstance(value, Mapping)
        and value.get("name") == "python"
        and value.get("mimetype", "text/x-python") == "text/x-python"
        and size_bytes(value) <= MAX_VALUE_BYTES
        and set(value) <= _LANGUAGE_KEYS
    )


_LANGUAGE_KEYS = {
    "name",
    "version",
    "mimetype",
    "codemirror_mode",
    "pygments_lexer",
    "nbconvert_exporter",
    "file_extension",
}


def are_images(attachments: Any) -> bool:
    """Say whether these attachments are pictures of the known kinds, and small."""
    if not isinstance(attachments, Mapping):
        return False
    total = 0
    for name, bundle in attachments.items():
        if len(name) > MAX_NAME_CHARS or not isinstance(bundle, Mapping):
            return False
        for kind, data in bundle.items():
            if kind not in IMAGES or not isinstance(data, str):
                return False
            total += len(data)
            if total > MAX_ATTACHMENTS_BYTES or not _BASE64.fullmatch(data):
                return False
    return True
