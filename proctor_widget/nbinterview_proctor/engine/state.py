"""All that the engine remembers of one interview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview_proctor import geometry
from nbinterview_proctor.calibration import LOOK_S
from nbinterview_proctor.engine.context import Context, Text
from nbinterview_proctor.engine.episode import Debounced, Reading
from nbinterview_proctor.engine.episodes import Track
from nbinterview_proctor.engine.order import Clock
from nbinterview_proctor.engine.outcome import Outcome
from nbinterview_proctor.engine.page import Claim, Page, claim
from nbinterview_proctor.engine.signals import FRAME_RULES
from nbinterview_proctor.policy import Policy, Rule

Payload = Mapping[str, Any]
Step = tuple["State", list[Outcome]]
_NEVER_S = float("-inf")


@dataclass(frozen=True, slots=True)
class Looking:
    """A guided calibration that goes on."""

    rehearsal: bool
    target: str | None = None
    since_s: float = _NEVER_S
    """Since when the target is shown."""
    earlier: str | None = None
    """The target before it; frames of it may come after the page's word on the next."""
    earlier_s: float = _NEVER_S
    no_other_screen: bool = False
    """Whether the candidate said during it that there is none."""

    def at(self, frame_s: float) -> str | None:
        """Return the place looked at then; none while eyes and head move to it."""
        if frame_s >= self.since_s:
            return self.target if frame_s - self.since_s >= LOOK_S else None
        return self.earlier if frame_s - self.earlier_s >= LOOK_S else None


@dataclass(frozen=True, slots=True)
class State:
    """All that the engine remembers of one interview."""

    policy: Policy
    geometry: geometry.State
    tracks: Mapping[str, Track]
    consent: Mapping[str, bool] = field(default_factory=dict)
    watching_since_s: float | None = None
    ended: bool = False
    paused: bool = False
    resumed_s: float = _NEVER_S
    """When a pause ended; nothing before it counts."""
    allows: frozenset[str] = frozenset()
    """What the question allows now."""
    candidates: frozenset[str] = frozenset()
    """Whose edits and runs are the candidate's."""
    context: Context = field(default_factory=Context)
    text: Text = field(default_factory=Text)
    looking: Looking | None = None
    no_other_screen: bool = False
    """Whether the candidate said so in the calibration that counts."""
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)
    lease: str | None = None
    """The page load that counts, where the room says which; the others say nothing."""
    newest: Mapping[str, int] = field(default_factory=dict)
    """The highest client_seq folded, by page and kind: repeats are harmless."""
    now_s: float = _NEVER_S
    """When what is folded now happened; it only moves forward."""
    page_s: float = _NEVER_S
    """The same of what pages said."""
    room_s: float = _NEVER_S
    """The room's clock, at which outcomes are told."""
    last_frame_s: float = _NEVER_S
    rate_hz: float | None = None
    """How often the worker says that it measures."""
    reason: Debounced[str] = field(default_factory=lambda: Debounced(""))
    """Why the camera cannot measure now; empty when it can."""
    sensors: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def active(self, sensor: str) -> bool:
        """Whether this sensor may be judged now: consented, started, not ended."""
        return (
            self.watching_since_s is not None
            and not self.ended
            and not self.paused
            and (sensor == "notebook" or self.consent.get(sensor, False))
        )

    def allowed(self, rule: Rule) -> bool:
        """Whether what the question allows excuses this rule."""
        return any(one in self.allows for one in rule.excused_by)

    def in_context(self, rule: Rule, reading: Reading) -> Reading:
        """Return the reading with what the notebook did then, and what is allowed."""
        return replace(
            reading,
            doing=self.context.doing(reading.at_s, self.policy.measuring),
            cell_id=self.context.cell_id,
            allowed=self.allowed(rule),
        )

    def claim(self) -> Claim:
        """Return what the pages say now."""
        limits = self.policy.measuring
        holder = {boot: page for boot, page in self.pages.items() if boot == self.lease}
        pages = holder or self.pages
        said = claim(pages, self.now_s, limits.silence_s, limits.suspend_hold_s)
        if said.hidden is None or not holder:
            return said
        # A camera that worked before the page was loaded again did work.
        worked = any(page.camera_worked for page in self.pages.values())
        return replace(said, camera_worked=worked)


def initial(policy: Policy) -> State:
    """Return the state before the first fact."""
    return State(
        policy=policy,
        geometry=geometry.initial(policy),
        tracks={rule.rule: _track(rule, policy) for rule in policy.active_rules},
        sensors=dict.fromkeys(policy.sensors, ("off", "")),
    )


def _track(rule: Rule, policy: Policy) -> Track:
    """Return the empty track of a rule; only camera frames need a debounce."""
    limits = policy.measuring
    framed = rule.rule in FRAME_RULES
    needed = limits.debounce_frames if framed else 1
    return Track(rule, needed, limits.min_measured_share if framed else 0.0)


def changed(state: State, tracks: Iterable[Track]) -> State:
    """Return the state with these tracks in place of their former selves."""
    new = {track.rule.rule: track for track in tracks}
    return replace(state, tracks={**state.tracks, **new})


def close(state: State, because: str, sources: Iterable[str]) -> Step:
    """End what is open of these sources, and know nothing of them any more."""
    closed = [
        track.close(because)
        for track in state.tracks.values()
        if track.rule.sensor in sources
    ]
    found = [outcome for _, outcomes in closed for outcome in outcomes]
    return changed(state, (track for track, _ in closed)), found
