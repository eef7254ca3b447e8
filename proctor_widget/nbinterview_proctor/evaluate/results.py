"""A whole evaluation as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nbinterview import __version__
from nbinterview_proctor import engine
from nbinterview_proctor.evaluate import tables
from nbinterview_proctor.evaluate.found import ClipResult
from nbinterview_proctor.evaluate.sweep import Variant
from nbinterview_proctor.policy import Policy

FORMAT = 1


@dataclass(frozen=True)
class Evaluation:
    """All that was measured in one run; `complete` is false after a Ctrl-C."""

    policy: Policy
    rate_hz: float
    seed: int
    truth: str | None
    """Where it is known what is true: a labels file, or `honest`."""
    complete: bool
    clips: Sequence[ClipResult] = ()
    variants: Sequence[Variant] = ()
    pictures: Mapping[str, Any] | None = None
    skipped: Sequence[str] = field(default=())
    """Clips that could not be read to their end, and why."""

    @property
    def rows(self) -> list[tables.Row]:
        """Counts by finding; none where nobody said what is true."""
        if self.truth is None or not self.clips:
            return []
        return tables.findings(self.clips, self.policy.rules, self.seed)

    @property
    def conditions(self) -> list[tables.Row]:
        """The same by condition."""
        if self.truth is None:
            return []
        return tables.conditions(self.clips, self.policy.rules, self.seed)

    @property
    def points(self) -> list[tables.Point]:
        """Findings over thresholds."""
        if self.truth is None or not self.clips:
            return []
        return tables.sweeps(self.clips, self.variants, self.policy.rules, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "format": FORMAT,
            "nbinterview": __version__,
            "engine_version": engine.ENGINE_VERSION,
            "policy": {
                "name": self.policy.name,
                "version": self.policy.version,
                "title": self.policy.title,
            },
            "rate_hz": self.rate_hz,
            "seed": self.seed,
            "truth": self.truth,
            "complete": self.complete,
            "not_read": list(self.skipped),
            "clips": [_clip(each) for each in self.clips],
            "findings": [row.to_dict() for row in self.rows],
            "conditions": [row.to_dict() for row in self.conditions],
            "sweeps": [point.to_dict() for point in self.points],
            "pictures": self.pictures,
            "rates": [rate.to_dict() for rate in self._rates()],
        }

    def _rates(self) -> list[Any]:
        if self.truth is None or not self.clips:
            return []
        source = (
            f"{len(self.clips)} clips, truth: {self.truth}, "
            f"policy {self.policy.name} {self.policy.version}"
        )
        return tables.rates(self.clips, self.policy.rules, source[:500])


def _clip(result: ClipResult) -> dict[str, Any]:
    return {
        "clip": result.name,
        "subject": result.labels.subject,
        "conditions": list(result.labels.conditions),
        "complete": result.complete,
        "seen_s": round(result.seen_s, 3),
        "pictures": result.pictures,
        "calibration": result.calibration,
        "sensor": [
            {"at_s": round(at_s, 3), "state": state, "detail": detail}
            for at_s, state, detail in result.sensor
        ],
        "timeline": [
            {
                "start_s": round(run.start_s, 3),
                "end_s": round(run.end_s, 3),
                "state": run.state,
            }
            for run in result.timeline
        ],
        "episodes": [
            {
                **asdict(each),
                "start_s": round(each.start_s, 3),
                "end_s": round(each.end_s, 3),
                "evidence": dict(each.evidence),
            }
            for each in result.episodes
        ],
        "labels": [asdict(each) for each in result.labels.stretches],
        "counts": {
            rule: tables.counts(counted) for rule, counted in result.tallies.items()
        },
    }
