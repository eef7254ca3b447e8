"""Every string that might be a secret, in the order of how likely it is one."""

from __future__ import annotations

import re
from collections.abc import Iterable

TOKEN = re.compile(rb"[A-Za-z0-9_=.|~+-]{16,2048}")
# Where secrets are kept; everything else comes after these.
_LIKELY = ("cookie", "invitation", "kernel environ", "headers", "address")


def tokens_of(blobs: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return each string of 16 or more token characters, and where it was first seen.

    What stands on either side of a `=` counts as a string of its own too.
    """
    likely: dict[str, str] = {}
    others: dict[str, str] = {}
    for where, data in blobs:
        kept = likely if where.startswith(_LIKELY) else others
        # A signed cookie has characters that would cut it into pieces.
        cookie = [data] if where.startswith("cookie") else []
        for whole in {*cookie, *TOKEN.findall(data)}:
            for part in {whole, *whole.split(b"=")}:
                if len(part) >= 16:
                    kept.setdefault(part.decode(), where)
    return {**likely, **{text: at for text, at in others.items() if text not in likely}}
