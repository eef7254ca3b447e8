"""The time of a film: milliseconds since the interview opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nbinterview.ledger.pastes import time_s
from nbinterview.ledger.records import format_time

_NO_RECORD = "1970-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a record begins and ends; what came before the opening is at 0."""

    started_at: str
    start_s: float
    duration_ms: int

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> Timing:
        """Return the timing of records, in their order."""
        if not records:
            return cls(_NO_RECORD, 0.0, 0)
        opened = next((r for r in records if _opens(r)), records[0])
        start_s = time_s(opened)
        # A clock may have been set back within a record.
        last_s = max(time_s(record) for record in records)
        return cls(opened["time"], start_s, max(round((last_s - start_s) * 1000), 0))

    def at_ms(self, record: Mapping[str, Any]) -> int:
        """Return when a record was written."""
        return self.ms(time_s(record))

    def ms(self, at_s: float) -> int:
        """Return a moment, given in seconds since 1970, within the film."""
        return min(max(round((at_s - self.start_s) * 1000), 0), self.duration_ms)

    def ms_of(self, text: object, otherwise: int) -> int:
        """Return the moment that an ISO 8601 text means."""
        try:
            found = datetime.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            return otherwise
        return self.ms(found.timestamp())

    def time(self, at_ms: int) -> str:
        """Return a moment in the form that records have."""
        return format_time(datetime.fromtimestamp(self.start_s + at_ms / 1000, UTC))


def _opens(record: Mapping[str, Any]) -> bool:
    return bool(
        record["kind"] == "interview.state"
        and record["payload"]
        and record["payload"].get("state") == "open"
    )
