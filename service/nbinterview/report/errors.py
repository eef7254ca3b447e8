"""How sure a finding is, in words, from measured error rates. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbinterview.report import words
from nbinterview.report.text import line
from nbinterview_proctor import rates as measured
from nbinterview_proctor.rates import Rate


def error_rates(interview: Mapping[str, Any]) -> dict[str, Rate]:
    """Return the imported rates by finding; none where they cannot be read."""
    try:
        return measured.read(interview.get("error_rates") or {})
    except ValueError:
        return {}


def known_error(rate: Rate | None) -> str:
    """Return what is known about a finding's error, for a reviewer."""
    if rate is None:
        return words.KNOWN_ERROR
    parts = []
    per_hour, found = rate.per_hour, rate.sensitivity
    if per_hour is not None:
        parts.append(
            f"{per_hour.value:.3f} false flags in an honest hour (95 %: "
            f"{per_hour.low:.3f} to {per_hour.high:.3f})"
        )
    if found is not None:
        parts.append(
            f"found {rate.found} of {rate.cheats} (95 %: {found.low:.0%} to "
            f"{found.high:.0%})"
        )
    people = "1 person" if rate.subjects == 1 else f"{rate.subjects} people"
    told = "; ".join(parts) or "nothing could be counted"
    return (
        f"Measured on {people}, engine {line(rate.engine_version, 40)}: {told}. "
        f"Source: {line(rate.source, 300)}."
    )
