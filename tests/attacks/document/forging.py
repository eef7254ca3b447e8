"""How a forgery is made and registered."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pycrdt import Array, Map
from pycrdt import Text as YText

from tests.attacks.document.seen import Seen

REFUSED, CORRECTED, ALLOWED = "refused", "corrected", "allowed"
MARK = "EVIL"
SCRIPT = "<img src=x onerror=alert(1)>"

Make = Callable[[Seen], bytes]
FORGERIES: dict[str, tuple[str, Make]] = {}


def forgery(outcome: str) -> Callable[[Make], Make]:
    """Register one under its function's name."""

    def add(make: Make) -> Make:
        FORGERIES[make.__name__] = (outcome, make)
        return make

    return add


def writes(seen: Seen, change: Callable[[Any], None]) -> bytes:
    """Return what a page with no conscience writes through Yjs itself."""
    doc, wrote = seen.page()
    with doc.transaction():
        change(doc.get("cells", type=Array))
    return wrote[-1]


def cell(**more: Any) -> Map[Any]:
    """Return a new cell as pages make them."""
    return Map(
        {
            "id": f"evil-{random.getrandbits(40)}",
            "cell_type": "code",
            "source": YText(MARK),
            "metadata": Map({}),
            "outputs": Array([]),
            "execution_count": None,
            **more,
        }
    )


def index(seen: Seen, *, locked: bool) -> int:
    return next(
        at
        for at, one in enumerate(seen.notebook)
        if (one["metadata"].get("editable") is False) == locked
        and (locked or one["cell_type"] == "code")
    )
