"""Text as a person reads it, from values nobody vouches for.

Everything a candidate can write passes `plain` before it reaches a page that shows
it, so that no invisible character can make a name or a message look like another.
"""

from __future__ import annotations

import re

# Colours and cursor movements of terminals, as tracebacks carry them.
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
)
# Control characters, direction overrides, lone surrogates, and what XML forbids.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e"
    "\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\uffff]"
)


def plain(value: object, limit: int = 300) -> str:
    """Return text to show: no terminal codes, nothing invisible, at most `limit`."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    cut = text[: limit + 1]
    cut = _ANSI.sub("", cut).replace("\r\n", "\n").replace("\r", "\n")
    shown = _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", cut[:limit])
    return shown + "…" if len(text) > limit else shown


def line(value: object, limit: int = 300) -> str:
    """Return text on one line."""
    return " ".join(plain(value, limit).split())
