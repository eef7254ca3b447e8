"""What the engine says: outcomes, and the record payloads they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal[
    "warning", "warning.cleared", "flag", "flag.closed", "sensor", "calibration"
]
Evidence = Mapping[str, float | str | bool]


@dataclass(frozen=True)
class Outcome:
    """One thing to record and to tell; times are seconds since 1970."""

    kind: Kind
    details: Mapping[str, Any]
    """The record's payload but for its times."""
    started_s: float | None = None
    ended_s: float | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """The payload of the journal record of this `kind` (record.schema.yaml)."""
        found = dict(self.details)
        if self.started_s is not None:
            found["started_at"] = iso(self.started_s)
        if self.ended_s is not None:
            found["ended_at"] = iso(self.ended_s)
        return found


def payload(outcome: Outcome) -> dict[str, Any]:
    """Return the payload of the journal record that `outcome` becomes."""
    return outcome.payload


def iso(at_s: float) -> str:
    """Return the wire form of a time: UTC with microseconds."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
