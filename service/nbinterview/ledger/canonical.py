"""RFC 8785: the one text of a JSON value, so that everybody hashes the same bytes.

orjson writes it wherever its text is certainly the same; where it may differ
(numbers with an exponent or without a fraction, keys that UTF-16 sorts another
way) the reference does. A property test holds the two equal.
"""

from __future__ import annotations

import math
import re
from typing import Any

import orjson
import rfc8785

from nbinterview.errors import Invalid

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER  # 53 bits: what any reader's numbers hold
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
# A number that ECMAScript writes otherwise: 1.0, 1e16, 1e-7, 0.0000001. A match
# inside of a string costs time only.
_UNLIKE = re.compile(
    rb"[\[:,]-?(?:0\.000000|[0-9]+(?:\.[0-9]+)?(?:[eE]|(?<=\.0)[,\]}]))"
)
_UNLIKE_KEY = re.compile(rb"[\xee\xef]")
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 text of a JSON value.

    Raises `Invalid` for what has none: not a number, infinite, a whole number
    beyond 2**53, half a character, another type, or nested too deeply.
    """
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _by_the_book(value)
    if not isinstance(value, (dict, list)) or _UNLIKE.search(text):
        return _by_the_book(value)
    if not text.isascii() and _ASTRAL.search(text) and _UNLIKE_KEY.search(text):
        return _by_the_book(value)
    if b"null" in text:  # orjson's word for not a number, too
        _check_numbers(value)
    return text


def _by_the_book(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except RecursionError as error:
        raise Invalid("A value is nested too deeply.") from error
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, ValueError) as error:
        raise Invalid(
            "A value has no canonical form: not a number, a whole number beyond 2**53, "
            "or half a character."
        ) from error


def _check_numbers(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, (list, tuple)):
            waiting.extend(one)
        elif isinstance(one, float) and not math.isfinite(one):
            raise Invalid("A value is not a number, and has no canonical form.")
