"""The parts of a policy: what each key of the document means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any

FORMAT = 2

#: What a candidate consents to, one by one.
SENSORS = ("camera", "focus", "clipboard")
#: Where a finding comes from: a sensor, or the room's own record of the notebook.
SOURCES = (*SENSORS, "notebook")
#: What a question may allow.
ALLOWANCES = ("documentation", "ai")
#: What a candidate may be doing that makes a finding no event.
PARDONS = ("typing", "thinking")

#: The layers of a kernel's sandbox that a policy may require; kernels/README.md.
SANDBOX_LAYERS = ("seccomp", "landlock", "cgroup", "cpu_limit")

#: The thresholds that each rule has, named with their units.
THRESHOLDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "nobody": frozenset(),
        "multiple_faces": frozenset({"faces"}),
        "looking_away": frozenset({"yaw_deg", "pitch_up_deg", "pitch_down_deg"}),
        "camera_covered": frozenset({"luma_std"}),
        "camera_off": frozenset(),
        "camera_frozen": frozenset({"frame_diff"}),
        "tab_hidden": frozenset(),
        "window_left": frozenset(),
        "fullscreen_left": frozenset(),
        "second_display": frozenset(),
        "external_paste": frozenset({"chars"}),
        "unexplained_text": frozenset({"chars", "window_s"}),
        "network_attempt": frozenset({"attempts"}),
        "process_attempt": frozenset({"attempts"}),
    }
)


@dataclass(frozen=True)
class Calibrating:
    """How a candidate's own head positions are learned."""

    wanted: bool
    """Whether the candidate is asked to look at a few places before the start."""
    per_target_s: float
    min_frames: int
    """Frames of one face that a place needs."""
    max_spread_deg: float
    """A place looked at less steadily than this does not count."""
    screen_margin_deg: float
    """How far beyond the screen's corners is still the screen."""
    aside_yaw_deg: float
    """Beyond this from the centre is far aside where the calibration is rough."""
    min_corners: int
    """Corners of the screen that must be known for a good calibration."""
    drift_tau_s: float
    """Time constant with which the centre follows a candidate who moves."""
    drift_max_deg: float
    """The centre never moves further than this from the calibrated one."""
    rough_min_s: float
    """A rough centre is taken in passing from at least so many seconds."""
    rough_window_s: float
    rough_min_frames: int
    rough_max_spread_deg: float
    rough_max_yaw_deg: float


@dataclass(frozen=True)
class Measuring:
    """When a measurement counts at all, and what the notebook was doing."""

    debounce_frames: int
    """A change counts after this many frames in a row."""
    dark_luma_mean: float
    """Below it, a picture without a face is too dark to say that nobody is there."""
    min_face_width: float
    """As a share of the picture's width; a smaller face gives no head position."""
    min_face_luma_std: float
    """A face with less contrast is too dark, or against the light."""
    max_glare: float
    """More of the eyes' surroundings almost white is glare of glasses."""
    min_eye_luma_std: float
    """Less contrast around an eye is an eye that is hidden."""
    max_mesh_residual: float
    """A mesh that fits worse lies on no face, or on a half-covered one."""
    max_second_mesh_residual: float
    """The same for a second face, before it is called a second person."""
    max_second_overlap: float
    """A second box that overlaps the first by more (IoU) is the first face again."""
    person_there: float
    """From here on the second opinion says that somebody is there."""
    person_absent: float
    """Up to here it says that nobody is."""
    person_hold_s: float
    """How long an opinion holds."""
    max_slant_deg: float
    """A camera further from level gives no directions."""
    min_rate_hz: float
    """Fewer frames a second tell nothing about short findings."""
    still_s: float
    """A picture without any change for this long is no longer a live picture."""
    max_frame_gap_s: float
    """Nothing is known of the time between frames further apart than this."""
    silence_s: float
    """What the page said holds for this long; then it is not known any more."""
    settle_s: float
    """The camera is not judged for this long after the page is back in view."""
    min_measured_share: float
    """Of an episode, the least share of frames that could be measured."""
    typing_hold_s: float
    """Somebody types until so long after the last edit."""
    thinking_hold_s: float
    """Somebody thinks until so long after a run finished."""
    suspend_hold_s: float
    """A dialog suspends the focus findings until so long after it closed."""


@dataclass(frozen=True)
class Repeat:
    """Many short episodes count as one: so much in all within a moving window."""

    total_s: float
    window_s: float
    times: int
    """So many episodes at the least; fewer long ones are not a repeat."""

    def scaled(self, factor: float) -> Repeat:
        """Return this with so many times the seconds, in a window that holds them."""
        total_s = self.total_s * factor
        return replace(self, total_s=total_s, window_s=max(self.window_s, total_s))


@dataclass(frozen=True)
class Rule:
    """One finding: what counts, and how it escalates. A time of None never comes."""

    rule: str
    sensor: str
    title: str
    nudge: str
    """Told to the candidate alone, in passing; empty for none."""
    warning: str
    enter: Mapping[str, float]
    leave: Mapping[str, float]
    nudge_after_s: float | None
    warn_after_s: float | None
    flag_after_s: float | None
    """None is recorded only."""
    notice_s: float
    """The least time between the warning and the flag."""
    merge_gap_s: float
    """Interruptions shorter than this do not end an episode."""
    cooldown_s: float
    """After a flag, a return within this time continues it instead of adding one."""
    record_after_s: float
    """Shorter episodes leave no `episode` record and count for no repeat."""
    repeat: Repeat | None
    excused_by: tuple[str, ...]
    """Of `ALLOWANCES`: where one is given, the finding is recorded, never flagged."""
    pardons: tuple[str, ...]
    """Of `PARDONS`: while it lasts, the finding is no event at all."""
    points_per_flag: float
    points_per_minute: float


@dataclass(frozen=True)
class Sandbox:
    """What a candidate's kernel must have, beyond what every kernel has."""

    require: tuple[str, ...] = ("seccomp",)
    """Of `SANDBOX_LAYERS`. What is missing and not required is on the record."""
    warm_kernel: bool = True
    """Whether a second kernel waits, for a restart within a tenth of a second."""


@dataclass(frozen=True)
class Retention:
    """How long what a record holds is kept, in days since the interview's end.

    None has no time of its own: it is kept until somebody asks for its deletion.
    Records from before there were times are read with these.
    """

    camera_days: int | None = 30
    """The numbers that the camera's picture was turned into."""
    events_days: int | None = 180
    """What the page said, and the findings that were made of it."""
    document_days: int | None = 365
    """What was typed and run, and what came out."""
    notes_days: int | None = 365
    """What the candidate and the reviewers wrote about it afterwards."""


def plain(part: Any) -> dict[str, Any]:
    """Return a part as plain JSON."""
    return {f.name: _plain(getattr(part, f.name)) for f in fields(part)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return asdict(value) if isinstance(value, Repeat) else value
