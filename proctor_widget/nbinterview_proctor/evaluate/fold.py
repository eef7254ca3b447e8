"""One clip through the engine under one policy, as a room folds it.

The clip's first moment is second 0 of the engine's clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview_proctor import engine, geometry, replay
from nbinterview_proctor.evaluate.compare import (
    LEVELS,
    Episode,
    Level,
    Span,
    without,
)
from nbinterview_proctor.evaluate.labels import CLIP_RULES, ClipLabels
from nbinterview_proctor.policy import Policy

_BOOT_ID = "00000000-0000-4000-8000-000000000000"
_CANDIDATE = "p-aaaaaaaaaa"


def of_clips(policy: Policy) -> Policy:
    """Return what of a policy a clip can show: the findings of camera pictures."""
    rules = {
        name: rule
        for name, rule in policy.rules.items()
        if name in CLIP_RULES and "camera" in policy.sensors
    }
    return replace(policy, sensors=("camera",), fullscreen=False, rules=rules)


@dataclass
class _Draft:
    """An episode while it lasts."""

    rule: str
    start_s: float
    level: Level = "recorded"
    end_s: float | None = None
    flagged_s: float | None = None
    because: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Fold:
    """A clip's frames under one policy; `frame` in order, then `end`."""

    def __init__(self, policy: Policy, labels: ClipLabels) -> None:
        self.policy = policy
        self.state = engine.initial(policy)
        self.calibration: dict[str, Any] | None = None
        self._script = list(_script(labels))
        self._watched_s = self._script[-1][0]
        self._numbers = 0
        self._now_s = 0.0
        self._drafts: dict[str, _Draft] = {}
        self._sensor: list[tuple[float, str, str]] = []

    def frame(self, frame: Mapping[str, Any]) -> None:
        """Fold one `Frame` of live.schema.yaml; `at_ms` is of the clip."""
        at_s = frame["at_ms"] / 1000
        self._say_until(at_s)
        payload = {"frames": [frame], "frames_dropped": 0}
        self._page("observations", payload, at_s)

    def end(self, at_s: float) -> None:
        """The clip ends here: what is open ends as last seen."""
        self._say_until(at_s)
        self._step("interview.state", {"state": "ended"}, at_s)

    def seen(self, frame: Mapping[str, Any]) -> geometry.Observation:
        """Return what the next frame says, without folding it."""
        at_s = frame["at_ms"] / 1000
        return geometry.observe(self.state.geometry, frame, at_s)[1]

    @property
    def episodes(self) -> list[Episode]:
        """What was found, in the order in which it began."""
        found = [
            Episode(
                draft.rule,
                draft.level,
                draft.start_s,
                self._now_s if draft.end_s is None else draft.end_s,
                draft.flagged_s,
                draft.because,
                draft.evidence,
            )
            for draft in self._drafts.values()
        ]
        return sorted(found, key=lambda each: (each.start_s, each.rule))

    def measured(self, rule: str) -> list[Span]:
        """Return when the camera measured for this finding, as the score counts it."""
        ends = [*(at_s for at_s, _, _ in self._sensor[1:]), self._now_s]
        spans = [
            (at_s, end_s)
            for (at_s, state, _), end_s in zip(self._sensor, ends, strict=True)
            if replay.measures(state, rule)
        ]
        return without(spans, [(0.0, self._watched_s)])

    @property
    def sensor(self) -> list[tuple[float, str, str]]:
        """When the camera sensor changed: second, state, and why in words."""
        return list(self._sensor)

    # -------------------------------------------------------- records

    def _say_until(self, at_s: float) -> None:
        while self._script and self._script[0][0] <= at_s:
            event_s, event = self._script.pop(0)
            self._page("event", {"event": event}, event_s)

    def _page(self, kind: str, payload: Mapping[str, Any], at_s: float) -> None:
        self._numbers += 1
        numbered = {"boot_id": _BOOT_ID, "client_seq": self._numbers, **payload}
        self._step(kind, numbered, at_s)

    def _step(self, kind: str, payload: Mapping[str, Any], at_s: float) -> None:
        self._now_s = max(self._now_s, at_s)
        fact = engine.Fact(
            kind=kind,
            payload=payload,
            author=_CANDIDATE,
            at_s=at_s,
            monotonic_ms=at_s * 1000,
        )
        self.state, outcomes = engine.step(self.state, fact)
        for outcome in outcomes:
            self._keep(outcome, at_s)

    def _keep(self, outcome: engine.Outcome, at_s: float) -> None:
        details = outcome.details
        if outcome.kind == "sensor":
            if details["sensor"] == "camera":
                self._sensor.append((at_s, details["state"], details["detail"]))
        elif outcome.kind == "calibration":
            self.calibration = dict(details)
        elif "episode_id" in details:
            self._keep_episode(outcome, at_s)

    def _keep_episode(self, outcome: engine.Outcome, at_s: float) -> None:
        details = outcome.details
        draft = self._drafts.setdefault(
            details["episode_id"], _Draft(details["rule"], at_s)
        )
        if outcome.started_s is not None:
            draft.start_s = outcome.started_s
        level = _LEVEL_OF.get(outcome.kind)
        if level is not None:
            draft.level = max(draft.level, level, key=LEVELS.index)
        if outcome.kind == "flag":
            draft.flagged_s = at_s
        if outcome.kind in ("flag.closed", "episode", "warning.cleared"):
            draft.end_s = at_s if outcome.ended_s is None else outcome.ended_s
        draft.because = details.get("because", draft.because)
        draft.evidence = details.get("evidence", draft.evidence)


_LEVEL_OF: Mapping[str, Level] = {
    "nudge": "nudge",
    "warning": "warning",
    "flag": "flag",
}


def _script(labels: ClipLabels) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield what the page would say and when: consent, calibration, start."""
    start_s = begins_s(labels)
    yield start_s, {"name": "page", "state": "loaded"}
    yield start_s, {"name": "visibility", "state": "visible"}
    yield start_s, {"name": "consent", "sensor": "camera", "granted": True}
    yield start_s, {"name": "camera", "state": "on"}
    targets = [stretch for stretch in labels.calibration if stretch.what]
    if targets:
        yield start_s, {"name": "calibration", "state": "began"}
        for stretch in targets:
            target = {"state": "target", "target": stretch.what}
            yield stretch.start_s, {"name": "calibration", **target}
        start_s = targets[-1].end_s
        yield start_s, {"name": "calibration", "state": "finished"}
    yield start_s, {"name": "watch", "state": "started"}


def begins_s(labels: ClipLabels) -> float:
    """Return when the clip is looked at: from its calibration on, where it has one."""
    return labels.calibration[0].start_s if labels.calibration else 0.0
