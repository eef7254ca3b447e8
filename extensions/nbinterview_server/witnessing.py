"""What the panel's browsers witness: a checkpoint that the record does not extend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbinterview.errors import Conflict
from nbinterview.schemas import check
from nbinterview_server.journal import Entry

MAX_REPORTS = 10
"""Of one connection: the first says it all."""


def check_report(message: Mapping[str, Any], before: int) -> None:
    """Raise unless this is a `WitnessReport`, and not one too many."""
    check(dict(message), "live", "WitnessReport")
    if before >= MAX_REPORTS:
        raise Conflict("This page has said so already; it is on the record.")


def report_entry(author: str, message: Mapping[str, Any]) -> Entry:
    """Return the record of a `WitnessReport`."""
    payload = {
        "state": message["state"],
        "by": "panel",
        "seen": dict(message["seen"]),
        "size": message["shown"]["size"],
        "root": message["shown"]["root"],
        "detail": message["detail"],
    }
    return Entry("witness", author, payload)
