"""Which kinds of output there are, what each may hold, and what is said about it.

An allow-list: what is not on it no page has a renderer for, or only one that was
never meant for an output of somebody else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

MAX_SIDE_PX = 20_000
MAX_ALT_CHARS = 1000

_WHITESPACE = re.compile(r"\s")
_NOT_IN_A_NAME = re.compile(r"[^\w.+/-]")
# Control characters, and those that turn the direction of what comes after them.
_UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]"
)


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True


def _is_base64(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return bool(base64.b64decode(_WHITESPACE.sub("", value), validate=True))
    except (binascii.Error, ValueError):
        return False


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_collection(value: object) -> bool:
    return isinstance(value, dict | list)


def _is_view(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("model_id"), str)


_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_FIGURES = (
    "application/vnd.plotly.v1+json",
    "application/vnd.vega.v5+json",
    "application/vnd.vega.v6+json",
    "application/vnd.vegalite.v4+json",
    "application/vnd.vegalite.v5+json",
    "application/vnd.vegalite.v6+json",
)

MIME_TYPES: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(
        ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"),
        _is_text,
    ),
    **dict.fromkeys(_IMAGES, _is_base64),
    "application/json": _is_collection,
    **dict.fromkeys(_FIGURES, _is_object),
    "application/vnd.jupyter.widget-view+json": _is_view,
}
"""The kinds of output that are kept, each with the form of what it holds."""


def _is_side(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and 0 < value <= MAX_SIDE_PX  # type: ignore[operator]  # a number


_METADATA: Mapping[str, Callable[[object], bool]] = {
    "width": _is_side,
    "height": _is_side,
    "needs_background": lambda value: value in ("light", "dark"),
    "alt": lambda value: _is_text(value) and len(str(value)) <= MAX_ALT_CHARS,
    "unconfined": lambda value: isinstance(value, bool),
    "expanded": lambda value: isinstance(value, bool),
}
"""What may be said about a part of an output. Not `isolated`, and nothing else."""


def known_metadata(found: object, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return of an output's metadata what is known and belongs to `data`."""
    offered = found if isinstance(found, Mapping) else {}
    kept = {name: _known(offered.get(name)) for name in data}
    return {name: value for name, value in kept.items() if value}


def _known(found: object) -> dict[str, Any]:
    offered = found if isinstance(found, Mapping) else {}
    return {
        name: value
        for name, value in offered.items()
        if name in _METADATA and _METADATA[name](value)
    }


def unknown_words(data: Mapping[str, Any]) -> str:
    """Return why nothing of this output is shown."""
    names = [_NOT_IN_A_NAME.sub("", str(name))[:60] for name in list(data)[:3]]
    return f"An output of a kind that is not shown here: {', '.join(names)}"


def plain_name(name: str) -> str:
    """Return a name without what cannot be seen."""
    return _UNSEEN.sub("", name)
