"""Which browsers the room works in: decided from what the browser says of itself.

Kindness, not a lock: whoever is told so may go on all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Verdict = Literal["fine", "phone", "unsupported"]

# ImageBitmap in module workers, WebAssembly SIMD, OffscreenCanvas.
_OLDEST = {"Chrome": 111, "Firefox": 114, "Version": 17}
_PHONE = re.compile(r"\b(Mobi|Mobile|Android|iPhone|iPad|iPod|Windows Phone)")
_ENGINE = re.compile(r"\b(?:Headless)?(Chrome|Firefox|Version)/(\d+)")


def verdict(headers: Mapping[str, str]) -> Verdict:
    """Say whether a browser can run the room; `headers` have lower-case names."""
    agent = headers.get("user-agent", "")
    if headers.get("sec-ch-ua-mobile") == "?1" or _PHONE.search(agent):
        return "phone"
    found = dict(_ENGINE.findall(agent))
    if "Version" in found and "Safari" not in agent:
        del found["Version"]
    for engine in ("Chrome", "Firefox", "Version"):
        if engine in found:
            new_enough = int(found[engine]) >= _OLDEST[engine]
            return "fine" if new_enough else "unsupported"
    return "unsupported"
