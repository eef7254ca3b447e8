"""What goes into the engine, a fact, and what comes out of it, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

Kind = Literal[
    "nudge",
    "warning",
    "warning.cleared",
    "flag",
    "flag.closed",
    "episode",
    "sensor",
    "calibration",
]
Evidence = Mapping[str, float | str | bool]


class FactLike(Protocol):
    """What the engine reads of a journal record (`nbinterview.ledger.records`)."""

    @property
    def kind(self) -> str:
        """The kind of record.schema.yaml."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """What it says."""

    @property
    def author(self) -> str:
        """Who says it: a person's hub name, `room` or `kernel`."""

    @property
    def at_s(self) -> float:
        """When the room wrote it, seconds since 1970."""

    @property
    def monotonic_ms(self) -> float | None:
        """When the page said it, by the page's own clock."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A record without a journal: for tests, traces and video files."""

    kind: str
    payload: Mapping[str, Any]
    at_s: float
    author: str = "room"
    monotonic_ms: float | None = None


@dataclass(frozen=True)
class Outcome:
    """One thing to record and to tell; times are seconds since 1970."""

    kind: Kind
    details: Mapping[str, Any] = field(default_factory=dict)
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
