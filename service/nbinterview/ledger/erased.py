"""Records whose payload was erased: what reads payloads passes over them, and says so.

Records are in their wire form; an erased one has null for payload and salt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Wire = Mapping[str, Any]


def with_payload(records: Iterable[Wire]) -> list[Wire]:
    """Return the records that were not erased."""
    return [record for record in records if record["payload"] is not None]


def erased_words(records: Iterable[Wire]) -> str:
    """Return, in a sentence, what was erased; empty when nothing was."""
    gone = [record["kind"] for record in records if record["payload"] is None]
    if not gone:
        return ""
    kinds = ", ".join(sorted(set(gone)))
    many = "record was" if len(gone) == 1 else "records were"
    return f"{len(gone):,} {many} erased and left out here ({kinds})."
