"""The engine: a pure fold over journal records.

`step(state, kind, payload, at_s, monotonic_ms)` returns the next state and what
is to be recorded and told. The clock is the records' own; the same records and
policy give the same outcomes, in the live room and in an appeal.

What arrives late is recorded but not judged: time only moves forward, and a
candidate who was offline could not have been warned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview_proctor import geometry
from nbinterview_proctor.engine.episodes import Debounced, Reading, Track
from nbinterview_proctor.engine.outcome import Outcome
from nbinterview_proctor.engine.page import Page, claim, last_heard_s
from nbinterview_proctor.engine.sensors import camera_state
from nbinterview_proctor.engine.signals import FRAME_RULES, from_frame, from_page
from nbinterview_proctor.policy import Policy, Rule

#: What the engine itself says; in a journal these records follow from the others.
OWN_KINDS = frozenset(
    {"warning", "warning.cleared", "flag", "flag.closed", "sensor", "calibration"}
)
#: Camera states under which frames are judged; None is a page that did not say.
LIVE = frozenset({"on", None})
_PAGE_KINDS = frozenset({"event", "observations"})

Payload = Mapping[str, Any]
Step = tuple["State", list[Outcome]]


@dataclass(frozen=True)
class State:
    """All that the engine remembers of one interview."""

    policy: Policy
    geometry: geometry.State
    tracks: Mapping[str, Track]
    consent: Mapping[str, bool] = field(default_factory=dict)
    watching_since_s: float | None = None
    ended: bool = False
    pages: Mapping[str, Page] = field(default_factory=dict)
    newest: Mapping[str, int] = field(default_factory=dict)
    """The highest client_seq folded, by page and kind: repeats are harmless."""
    now_s: float = float("-inf")
    last_frame_s: float = float("-inf")
    hint: Debounced[str] = field(default_factory=lambda: Debounced(""))
    """Why the camera cannot measure now, in words; empty when it can."""
    sensors: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def active(self, sensor: str) -> bool:
        """Whether this sensor may be judged now: consented, started, not ended."""
        return (
            self.consent.get(sensor, False)
            and self.watching_since_s is not None
            and not self.ended
        )


def initial(policy: Policy) -> State:
    """Return the state before the first record."""
    return State(
        policy=policy,
        geometry=geometry.initial(policy),
        tracks={rule.rule: _track(rule, policy) for rule in policy.active_rules},
        sensors=dict.fromkeys(policy.sensors, ("off", "")),
    )


def step(
    state: State, kind: str, payload: Payload, at_s: float, monotonic_ms: float | None
) -> Step:
    """Fold one journal record.

    The engine's own records change nothing, so that a journal can be folded with
    them or without. Kinds that say nothing about the candidate only move the clock.
    """
    if kind in OWN_KINDS:
        return state, []
    state = replace(state, now_s=max(state.now_s, at_s))
    if kind in _PAGE_KINDS and _repeated(state, kind, payload):
        return state, []
    confirmed = kind in _PAGE_KINDS
    state, found = _pass_time(state, confirmed=confirmed)
    handler = _HANDLERS.get(kind)
    if handler is not None:
        state, more = handler(state, payload, monotonic_ms)
        state, later = _pass_time(state, confirmed=confirmed)
        found = [*found, *more, *later]
    state, more = _tell_sensors(state)
    return state, [*found, *more]


# ------------------------------------------------------------ time passes


def _pass_time(state: State, *, confirmed: bool) -> Step:
    """Bring the rules up to now under what the pages said.

    What a page said goes on only when the page is heard of again (`confirmed`),
    so silence is never counted as a finding.
    """
    said = claim(state.pages, state.now_s, state.policy.measuring.silence_s)
    heard_s = last_heard_s(state.pages)
    blind = said.hidden is not False or said.camera not in LIVE
    found: list[Outcome] = []
    tracks = dict(state.tracks)
    for name, track in state.tracks.items():
        more: list[Outcome] = []
        if not state.active(track.rule.sensor):
            continue
        if name in FRAME_RULES:
            if blind:
                tracks[name], more = track.lapse(state.last_frame_s, state.now_s)
        elif said.hidden is None and name != "external_paste":
            tracks[name], more = track.lapse(heard_s, state.now_s)
        elif confirmed or name == "external_paste":
            reading = from_page(track.rule, said, state.now_s)
            tracks[name], more = track.read(reading, state.now_s)
        found += more
    return replace(state, tracks=tracks), found


# ------------------------------------------------------------ records


def _observations(state: State, payload: Payload, monotonic_ms: float | None) -> Step:
    state = _heard(state, "observations", payload)
    found: list[Outcome] = []
    if not state.active("camera"):
        return state, found
    frames = payload.get("frames", ())
    if frames:
        sent_ms = frames[-1]["at_ms"] if monotonic_ms is None else monotonic_ms
        for frame in frames:
            frame_s = state.now_s - max(0.0, sent_ms - frame["at_ms"]) / 1000
            if _judged(state, str(payload.get("boot_id", "")), frame_s):
                state, more = _frame(state, frame, frame_s)
                found += more
    state, more = _frames_stopped(state)
    return state, [*found, *more]


def _frames_stopped(state: State) -> Step:
    """Where a page has sent what it had and no frame is recent, nothing is known."""
    if not _far_apart(state, state.now_s):
        return state, []
    lapsed = [
        track.lapse(state.last_frame_s, state.now_s)
        for name, track in state.tracks.items()
        if name in FRAME_RULES
    ]
    found = [outcome for _, outcomes in lapsed for outcome in outcomes]
    return _with(state, (track for track, _ in lapsed)), found


def _judged(state: State, boot_id: str, frame_s: float) -> bool:
    """Whether a frame of this time may be judged: in order, watched, in view."""
    page = state.pages[boot_id]
    settled_s = page.visible_since_s + state.policy.measuring.settle_s
    started_s = state.watching_since_s
    return (
        started_s is not None
        and frame_s > state.last_frame_s + geometry.SLACK_S
        and frame_s > max(started_s, settled_s) - geometry.SLACK_S
        and not page.hidden
    )


def _far_apart(state: State, frame_s: float) -> bool:
    """Whether nothing is known of the time between the last frame and `frame_s`."""
    limit_s = state.policy.measuring.max_frame_gap_s + geometry.SLACK_S
    return frame_s - state.last_frame_s > limit_s


def _frame(state: State, frame: Payload, frame_s: float) -> Step:
    """Judge one frame of the camera."""
    limits = state.policy.measuring
    tracks = dict(state.tracks)
    found: list[Outcome] = []
    gap = _far_apart(state, frame_s)
    before = state.geometry.calibration
    seen_by, seen = geometry.observe(state.geometry, frame, frame_s)
    for name, track in state.tracks.items():
        if name not in FRAME_RULES:
            continue
        if gap:
            track, more = track.lapse(state.last_frame_s, frame_s)  # noqa: PLW2901
            found += more
        tracks[name], more = track.read(from_frame(track, seen), state.now_s)
        found += more
    if seen_by.calibration is not None and before is None:
        base = seen_by.calibration
        details = {
            "yaw_deg": round(base.yaw_deg, 2),
            "pitch_deg": round(base.pitch_deg, 2),
            "frames": base.frames,
        }
        found.append(Outcome("calibration", details))
    hint = state.hint.read(seen.reason, frame_s, 3 * limits.debounce_frames)
    state = replace(
        state, geometry=seen_by, tracks=tracks, last_frame_s=frame_s, hint=hint
    )
    return state, found


def _event(state: State, payload: Payload, _monotonic_ms: float | None) -> Step:
    state = _heard(state, "event", payload)
    event = payload.get("event", {})
    match event.get("name"):
        case "consent":
            return _consent(state, event["sensor"], granted=event["granted"])
        case "watch":
            return _watch(state, started=event["state"] == "started")
        case "clipboard":
            return _clipboard(state, event)
    boot_id = str(payload.get("boot_id", ""))
    page = state.pages[boot_id].told(event, state.now_s)
    return replace(state, pages={**state.pages, boot_id: page}), []


def _consent(state: State, sensor: str, *, granted: bool) -> Step:
    if sensor not in state.policy.sensors:
        return state, []
    if sensor == "camera" and granted and not state.consent.get(sensor, False):
        # What became of an earlier camera says nothing of the one that now opens.
        pages = {
            boot: replace(page, camera=None, camera_worked=False)
            for boot, page in state.pages.items()
        }
        state = replace(state, pages=pages)
    state = replace(state, consent={**state.consent, sensor: granted})
    return (state, []) if granted else _close(state, "consent withdrawn", (sensor,))


def _watch(state: State, *, started: bool) -> Step:
    if not started:
        state, found = _close(state, "watching stopped", state.policy.sensors)
        return replace(state, watching_since_s=None), found
    if state.watching_since_s is not None:
        return state, []
    fresh = geometry.initial(state.policy)
    return replace(state, watching_since_s=state.now_s, geometry=fresh), []


def _clipboard(state: State, event: Payload) -> Step:
    track = state.tracks.get("external_paste")
    pasted = event["action"] == "paste" and event.get("origin") == "external"
    if track is None or not pasted or not state.active(track.rule.sensor):
        return state, []
    chars = event["chars"]
    if chars < track.rule.enter["chars"]:
        return state, []
    reading = Reading(state.now_s, value=True, level=chars, note={"chars": chars})
    track, found = track.read(reading, state.now_s)
    track, more = track.read(Reading(state.now_s, value=False), state.now_s)
    return _with(state, [track]), [*found, *more]


def _gap(state: State, payload: Payload, _monotonic_ms: float | None) -> Step:
    return _silence(state) if payload.get("state") == "began" else (state, [])


def _room(state: State, _payload: Payload, _monotonic_ms: float | None) -> Step:
    return _silence(state)


def _silence(state: State) -> Step:
    """Nobody was heard: what was open ends as last seen, and nothing is known."""
    never = float("-inf")
    pages = {boot: replace(page, heard_s=never) for boot, page in state.pages.items()}
    return _close(replace(state, pages=pages), "silence", state.policy.sensors)


def _interview(state: State, payload: Payload, _monotonic_ms: float | None) -> Step:
    if payload.get("state") != "ended":
        return replace(state, ended=False), []
    state, found = _close(state, "interview ended", state.policy.sensors)
    return replace(state, ended=True), found


# ------------------------------------------------------------ helpers


def _track(rule: Rule, policy: Policy) -> Track:
    """Return the empty track of a rule; only camera frames need a debounce."""
    limits = policy.measuring
    framed = rule.rule in FRAME_RULES
    needed = limits.debounce_frames if framed else 1
    return Track(rule, needed, limits.min_measured_share if framed else 0.0)


def _with(state: State, tracks: Iterable[Track]) -> State:
    changed = {track.rule.rule: track for track in tracks}
    return replace(state, tracks={**state.tracks, **changed})


def _close(state: State, because: str, sensors: Iterable[str]) -> Step:
    """End what is open of these sensors, and know nothing of them any more."""
    closed = [
        track.close(because)
        for track in state.tracks.values()
        if track.rule.sensor in sensors
    ]
    found = [outcome for _, outcomes in closed for outcome in outcomes]
    return _with(state, (track for track, _ in closed)), found


def _repeated(state: State, kind: str, payload: Payload) -> bool:
    """Whether this message of this page was folded before."""
    seq = payload.get("client_seq")
    newest = state.newest.get(f"{payload.get('boot_id', '')}/{kind}", 0)
    return seq is not None and seq <= newest


def _heard(state: State, kind: str, payload: Payload) -> State:
    """Note that a page was heard of, and its message's number."""
    boot_id = str(payload.get("boot_id", ""))
    page = state.pages.get(boot_id, Page(state.now_s))
    gone = page.gone and kind != "observations"  # a page that measures is back
    page = replace(page, heard_s=state.now_s, gone=gone)
    newest = {**state.newest, f"{boot_id}/{kind}": payload.get("client_seq", 0)}
    return replace(state, pages={**state.pages, boot_id: page}, newest=newest)


def _sensor(state: State, sensor: str) -> tuple[str, str]:
    """Return what a sensor can do now, as `SensorState` of live.schema.yaml."""
    if sensor not in state.consent or state.ended:
        return "off", ""
    if not state.consent[sensor]:
        return "declined", ""
    if not state.active(sensor):
        return "waiting", "It starts when you press Start."
    limits = state.policy.measuring
    said = claim(state.pages, state.now_s, limits.silence_s)
    if said.hidden is None:
        return "unmeasurable", "The page is not heard of."
    if sensor != "camera":
        return "measuring", ""
    frames_age_s = state.now_s - state.last_frame_s
    return camera_state(
        said,
        started=state.last_frame_s >= (state.watching_since_s or 0.0),
        flowing=frames_age_s <= limits.silence_s,
        calibrated=state.geometry.calibration is not None,
        hint=state.hint.value,
    )


def _tell_sensors(state: State) -> Step:
    """Say which sensors changed what they can do."""
    now = {sensor: _sensor(state, sensor) for sensor in state.policy.sensors}
    found = [
        Outcome("sensor", {"sensor": sensor, "state": word, "detail": detail})
        for sensor, (word, detail) in now.items()
        if state.sensors[sensor] != (word, detail)
    ]
    return (replace(state, sensors=now), found) if found else (state, [])


_HANDLERS: Mapping[str, Callable[[State, Payload, float | None], Step]] = {
    "observations": _observations,
    "event": _event,
    "gap": _gap,
    "room.started": _room,
    "room.stopped": _room,
    "interview.state": _interview,
}
