"""The engine without a room: what one page tells, folded where the notebook runs.

For `ProctorWidget`, where anybody tries the measuring on themselves. Nothing is
recorded; the clock is passed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbinterview_proctor import engine, geometry
from nbinterview_proctor.policy import SENSORS, Policy

_CANDIDATE = "p-aaaaaaaaaa"
_LEVELS = ("episode", "nudge", "warning", "flag")


def of_page(policy: Policy) -> Policy:
    """Return what of a policy a page alone can show: no notebook, no fullscreen."""
    rules = {
        name: rule for name, rule in policy.rules.items() if rule.sensor in SENSORS
    }
    return replace(policy, rules=rules, fullscreen=False, camera_required=False)


class Trial:
    """One person who tries a policy on themselves.

    It begins with the first message of the page: the person pressed the button, so
    all that the policy asks for is agreed to.
    """

    def __init__(
        self,
        policy: Policy,
        clock: Callable[[], float],
        said: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Make one; `clock` gives seconds since 1970, `said` what holds already."""
        self.policy = of_page(policy)
        self.observation: geometry.Observation | None = None
        self.calibration: dict[str, Any] | None = None
        self._clock = clock
        self._said = tuple(said)
        self._boot_id = str(uuid.uuid4())
        self._seq = 0
        self._state = engine.initial(self.policy)
        self._findings: dict[str, dict[str, Any]] = {}
        self._sensors: dict[str, dict[str, str]] = {}

    def event(self, event: Mapping[str, Any], monotonic_ms: float) -> None:
        """Fold one `ClientEvent` of live.schema.yaml."""
        self._begin(monotonic_ms)
        self._page("event", {"event": event}, monotonic_ms)

    def frames(
        self, frames: Sequence[Mapping[str, Any]], monotonic_ms: float, **told: Any
    ) -> list[geometry.Observation]:
        """Fold frames; `told` is what else `Observations` has. Return what was seen."""
        self._begin(monotonic_ms)
        seen = []
        for frame in frames:
            at_s = self._clock() - max(0.0, monotonic_ms - frame["at_ms"]) / 1000
            _, self.observation = geometry.observe(self._state.geometry, frame, at_s)
            seen.append(self.observation)
            self._page("observations", {"frames": [frame], **told}, monotonic_ms)
        if not frames:
            self._page("observations", {"frames": [], **told}, monotonic_ms)
        return seen

    def end(self) -> None:
        """The person switched it off: what is open ends as last seen."""
        if self._seq > 0:
            stopped = {"name": "watch", "state": "stopped"}
            self._page("event", {"event": stopped}, None)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found, the newest last; as dictionaries of plain values."""
        return [dict(each) for each in self._findings.values()]

    @property
    def sensors(self) -> list[dict[str, str]]:
        """What each sensor can do now, as `SensorState` of live.schema.yaml."""
        return [dict(each) for each in self._sensors.values()]

    # -------------------------------------------------------- records

    def _begin(self, monotonic_ms: float) -> None:
        if self._seq > 0:
            return
        consents = (
            {"name": "consent", "sensor": sensor, "granted": True}
            for sensor in self.policy.sensors
        )
        started = {"name": "watch", "state": "started"}
        loaded = {"name": "page", "state": "loaded"}
        for event in (loaded, *consents, *self._said, started):
            self._page("event", {"event": event}, monotonic_ms)

    def _page(
        self, kind: str, payload: Mapping[str, Any], monotonic_ms: float | None
    ) -> None:
        self._seq += 1
        numbered = {"boot_id": self._boot_id, "client_seq": self._seq, **payload}
        at_s = self._clock()
        fact = engine.Fact(
            kind=kind,
            payload=numbered,
            author=_CANDIDATE,
            at_s=at_s,
            monotonic_ms=monotonic_ms,
        )
        self._state, outcomes = engine.step(self._state, fact)
        for outcome in outcomes:
            self._keep(outcome, engine.iso(at_s))

    def _keep(self, outcome: engine.Outcome, at: str) -> None:
        told = outcome.payload
        if outcome.kind == "sensor":
            self._sensors[told["sensor"]] = told
        elif outcome.kind == "calibration":
            self.calibration = told
        elif "episode_id" in told:
            self._keep_finding(outcome.kind, told, at)

    def _keep_finding(self, kind: str, told: Mapping[str, Any], at: str) -> None:
        rule = self.policy.rules[told["rule"]]
        found = self._findings.setdefault(
            told["episode_id"],
            {
                "episode_id": told["episode_id"],
                "rule": rule.rule,
                "title": rule.title,
                "level": "episode",
                "text": "",
                "started_at": at,
                "ended_at": None,
                "because": "",
                "evidence": {},
            },
        )
        if kind in _LEVELS:
            found["level"] = max(found["level"], kind, key=_LEVELS.index)
        if kind in ("flag.closed", "episode", "warning.cleared"):
            found["ended_at"] = told.get("ended_at", at)
        elif rule.sensor == "clipboard":  # a moment, over as soon as it is known
            found["ended_at"] = at
        for key in ("text", "started_at", "because", "evidence"):
            found[key] = told.get(key, found[key])
