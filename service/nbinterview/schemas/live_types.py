"""Generated from live.schema.yaml by scripts/generate_types.py."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

Sensor: TypeAlias = Literal["camera", "focus", "clipboard"]


Source: TypeAlias = Literal["camera", "focus", "clipboard", "notebook"]


Rule: TypeAlias = Literal[
    "nobody",
    "no_face",
    "multiple_faces",
    "looking_away",
    "camera_covered",
    "camera_off",
    "camera_frozen",
    "tab_hidden",
    "window_left",
    "fullscreen_left",
    "second_display",
    "external_paste",
    "unexplained_text",
    "network_attempt",
    "process_attempt",
]


Allowance: TypeAlias = Literal["documentation", "ai"]


class Hello(TypedDict):
    type: Literal["hello"]
    boot_id: str


class ConsentEvent(TypedDict):
    name: Literal["consent"]
    sensor: Sensor
    granted: bool


class WatchEvent(TypedDict):
    name: Literal["watch"]
    state: Literal["started", "stopped"]


class VisibilityEvent(TypedDict):
    name: Literal["visibility"]
    state: Literal["visible", "hidden"]


class WindowFocusEvent(TypedDict):
    name: Literal["window_focus"]
    focused: bool
    cause: NotRequired[Literal["elsewhere", "frame", "dialog", "permission", "share"]]


class FullscreenEvent(TypedDict):
    name: Literal["fullscreen"]
    active: bool


class ClipboardEvent(TypedDict):
    name: Literal["clipboard"]
    action: Literal["copy", "cut", "paste"]
    chars: int
    origin: Literal["notebook", "external"]
    cell_id: NotRequired[str]


class CameraEvent(TypedDict):
    name: Literal["camera"]
    state: Literal["on", "off", "denied", "missing", "lost"]
    width_px: NotRequired[int]
    height_px: NotRequired[int]
    virtual: NotRequired[bool]


class DetectorEvent(TypedDict):
    name: Literal["detector"]
    state: Literal["ready", "failed", "stopped"]
    reason: NotRequired[str]


class BeatsEvent(TypedDict):
    name: Literal["beats"]
    state: Literal["insecure", "failed"]


class PageEvent(TypedDict):
    name: Literal["page"]
    state: Literal["loaded", "unloading"]


class DisplayEvent(TypedDict):
    name: Literal["display"]
    extended: Literal["yes", "no", "unknown"]


class DeviceEvent(TypedDict):
    name: Literal["device"]
    cameras: int


class TypingEvent(TypedDict):
    name: Literal["typing"]
    typed: int
    composed: int
    completed: int
    pasted: int
    dropped: int
    restored: int
    cell_id: NotRequired[str]


class CalibrationEvent(TypedDict):
    name: Literal["calibration"]
    state: Literal["began", "target", "left_out", "finished", "skipped"]
    target: NotRequired[
        Literal[
            "centre",
            "top_left",
            "top_right",
            "bottom_right",
            "bottom_left",
            "keyboard",
            "notes",
            "other_screen",
        ]
    ]
    rehearsal: NotRequired[bool]


class CommentEvent(TypedDict):
    name: Literal["comment"]
    episode_id: NotRequired[str]
    text: str


class Action(TypedDict):
    type: Literal["action"]
    action: Literal["pause_watching", "resume_watching", "set_allows"]
    allows: NotRequired[list[Allowance]]
    reason: NotRequired[str]


class Beat(TypedDict):
    type: Literal["beat"]
    boot_id: str
    beat: int
    monotonic_ms: int
    frames_seen: int
    frames_dropped: int
    nonce: str
    mac: str


class TakeLease(TypedDict):
    type: Literal["lease"]
    boot_id: str


class TreeHead(TypedDict):
    size: int
    root: str


class Frame(TypedDict):
    at_ms: float
    faces: int
    box: NotRequired[list[float]]
    pose: NotRequired[list[float]]
    iris_left: NotRequired[float]
    iris_right: NotRequired[float]
    iris_left_y: NotRequired[float]
    iris_right_y: NotRequired[float]
    eye_open_left: NotRequired[float]
    eye_open_right: NotRequired[float]
    score: NotRequired[float]
    mesh_residual: NotRequired[float]
    second_box: NotRequired[list[float]]
    second_mesh_residual: NotRequired[float]
    person: NotRequired[float]
    face_luma_mean: NotRequired[float]
    face_luma_std: NotRequired[float]
    glare_left: NotRequired[float]
    glare_right: NotRequired[float]
    eye_luma_std_left: NotRequired[float]
    eye_luma_std_right: NotRequired[float]
    luma_mean: float
    luma_std: float
    frame_diff: float
    inference_ms: float


Role: TypeAlias = Literal["candidate", "interviewer", "reviewer"]


class Person(TypedDict):
    hub_name: str
    display_name: str
    initials: str
    color: str
    role: Role
    present: bool


InterviewState: TypeAlias = Literal["scheduled", "open", "ended"]


class Rule1(TypedDict):
    rule: Rule
    sensor: Source
    title: str
    nudge_after_s: float | None
    warn_after_s: float | None
    flag_after_s: float | None
    excused_by: list[Allowance]


class PolicySummary(TypedDict):
    name: str
    version: int
    title: str
    words: list[str]
    calibration: bool
    sensors: list[Sensor]
    camera_required: bool
    fullscreen: bool
    rules: list[Rule1]


class Ack(TypedDict):
    type: Literal["ack"]
    boot_id: str
    client_seq: int


class Problem(TypedDict):
    type: Literal["problem"]
    title: str
    status: int
    detail: str
    field: NotRequired[str]
    boot_id: NotRequired[str]
    client_seq: NotRequired[int]


class Warning(TypedDict):
    episode_id: str
    rule: Rule
    text: str
    at: str


class NudgeMessage(TypedDict):
    type: Literal["nudge"]
    nudge: Warning


class Episode(TypedDict):
    episode_id: str
    rule: Rule
    title: str
    started_at: str
    ended_at: str
    because: Literal[
        "short", "allowed", "recorded_only", "too_little_measured", "paused"
    ]
    evidence: dict[str, float | str | bool]


class Comment(TypedDict):
    episode_id: str | None
    text: str
    at: str


class Calibration(TypedDict):
    state: Literal["taken", "failed", "skipped"]
    quality: Literal["good", "fair", "rough", "none"]
    detail: str
    frames: int
    rehearsal: NotRequired[bool]
    yaw_deg: NotRequired[float]
    pitch_deg: NotRequired[float]
    zones: NotRequired[dict[str, float]]


class Watching(TypedDict):
    paused: bool
    paused_by: str | None
    allows: list[Allowance]


class WatchingMessage(TypedDict):
    type: Literal["watching"]
    watching: Watching


class WarningMessage(TypedDict):
    type: Literal["warning"]
    warning: Warning


class WarningCleared(TypedDict):
    type: Literal["warning_cleared"]
    episode_id: str


class Flag(TypedDict):
    episode_id: str
    rule: Rule
    title: str
    started_at: str
    flagged_at: str
    ended_at: str | None
    evidence: dict[str, float | str | bool]


class FlagMessage(TypedDict):
    type: Literal["flag"]
    flag: Flag


class SensorState(TypedDict):
    sensor: Sensor
    state: Literal[
        "off", "declined", "waiting", "calibrating", "measuring", "unmeasurable"
    ]
    detail: str


class SensorMessage(TypedDict):
    type: Literal["sensor"]
    sensor: SensorState


class KernelMessage(TypedDict):
    type: Literal["kernel"]
    state: Literal["starting", "idle", "busy", "restarting", "died", "refused"]
    detail: str


class UsageMessage(TypedDict):
    type: Literal["usage"]
    cpu_share: float | None
    cpu_limit: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None
    disk_bytes: int | None
    disk_limit_bytes: int | None


class Beats(TypedDict):
    interview: str
    key: str
    nonce: str
    interval_ms: int


class NonceMessage(TypedDict):
    type: Literal["nonce"]
    nonce: str


class Lease(TypedDict):
    active: bool
    pages: int


class LeaseMessage(TypedDict):
    type: Literal["lease"]
    active: bool
    pages: int
    state: Literal["taken", "second", "released"]
    at: str


GapCause: TypeAlias = Literal[
    "hidden",
    "frozen",
    "offline",
    "worker",
    "insecure",
    "camera",
    "reloaded",
    "second_tab",
    "stopped",
    "room",
    "unknown",
]


class Gap(TypedDict):
    gap_id: str
    state: Literal["began", "ended"]
    started_at: str
    ended_at: str | None
    cause: GapCause
    detail: str


class StorageMessage(TypedDict):
    type: Literal["storage"]
    state: Literal["ok", "failing", "near_quota", "full"]
    detail: str
    waiting: int


class Checkpoint(TypedDict):
    format: Literal[1]
    interview: str
    size: int
    root: str
    time: str
    key_id: str
    signature: str


class Certificate(TypedDict):
    format: Literal[1]
    interview: str
    public_key: str
    issued_at: str
    replaces: str | None
    platform_key_id: str
    signature: str


class Countersignature(TypedDict):
    format: Literal[1]
    interview: str
    size: int
    root: str
    time: str
    platform_key_id: str
    signature: str


class PlatformKey(TypedDict):
    public_key: str
    key_id: str
    from_time: str
    until_time: str | None


class Receipt(TypedDict):
    format: Literal[1]
    interview: str
    checkpoint: Checkpoint
    certificate: Certificate | None
    countersignature: Countersignature | None
    platform_keys: list[PlatformKey]


class EraseMessage(TypedDict):
    type: Literal["erase"]
    interview: str
    kinds: list[str]


class PeopleMessage(TypedDict):
    type: Literal["people"]
    people: list[Person]


class StateMessage(TypedDict):
    type: Literal["state"]
    state: InterviewState


class CheckedCell(TypedDict):
    cell_id: str
    index: int
    result: Literal["same", "differs", "new", "error", "not_run"]
    detail: str


ClientEvent: TypeAlias = (
    ConsentEvent
    | WatchEvent
    | VisibilityEvent
    | WindowFocusEvent
    | FullscreenEvent
    | ClipboardEvent
    | CameraEvent
    | DetectorEvent
    | BeatsEvent
    | PageEvent
    | DisplayEvent
    | DeviceEvent
    | TypingEvent
    | CalibrationEvent
    | CommentEvent
)


class WitnessReport(TypedDict):
    type: Literal["witness"]
    state: Literal["broken"]
    seen: TreeHead
    shown: TreeHead
    detail: str


class Observations(TypedDict):
    type: Literal["observations"]
    boot_id: str
    client_seq: int
    monotonic_ms: float
    frames_dropped: int
    rate_hz: NotRequired[float]
    frames: list[Frame]


class EpisodeMessage(TypedDict):
    type: Literal["episode"]
    episode: Episode


class CommentMessage(TypedDict):
    type: Literal["comment"]
    comment: Comment


class CalibrationMessage(TypedDict):
    type: Literal["calibration"]
    calibration: Calibration


class GapMessage(TypedDict):
    type: Literal["gap"]
    gap: Gap


class CheckpointMessage(TypedDict):
    type: Literal["checkpoint"]
    checkpoint: Checkpoint
    certificate: Certificate | None
    countersignature: Countersignature | None


class ReceiptMessage(TypedDict):
    type: Literal["receipt"]
    receipt: Receipt


class Check(TypedDict):
    check_id: str
    state: Literal["running", "finished", "failed"]
    asked_by: str
    asked_at: str
    seq: int
    total: int
    done: int
    clean: bool | None
    agree: bool | None
    cells: list[CheckedCell]
    detail: str


class Event(TypedDict):
    type: Literal["event"]
    boot_id: str
    client_seq: int
    monotonic_ms: float
    event: ClientEvent


class Welcome(TypedDict):
    type: Literal["welcome"]
    role: Role
    hub_name: str
    title: str
    state: InterviewState
    policy: PolicySummary
    consent: dict[str, bool]
    acknowledged: dict[str, int]
    people: list[Person]
    flags: list[Flag]
    nudges: list[Warning]
    episodes: list[Episode]
    comments: list[Comment]
    calibration: Calibration | None
    watching: Watching
    warnings: list[Warning]
    sensors: list[SensorState]
    kernel: KernelMessage | None
    beats: NotRequired[Beats]
    lease: NotRequired[Lease]
    gaps: NotRequired[list[Gap]]
    storage: NotRequired[StorageMessage]
    checkpoint: NotRequired[CheckpointMessage]


class CheckMessage(TypedDict):
    type: Literal["check"]
    check: Check


FromPage: TypeAlias = (
    Hello | Event | Observations | Action | Beat | TakeLease | WitnessReport
)


FromRoom: TypeAlias = (
    Welcome
    | Ack
    | Problem
    | NudgeMessage
    | WarningMessage
    | WarningCleared
    | FlagMessage
    | EpisodeMessage
    | CommentMessage
    | CalibrationMessage
    | WatchingMessage
    | SensorMessage
    | KernelMessage
    | PeopleMessage
    | StateMessage
    | CheckMessage
    | UsageMessage
    | NonceMessage
    | LeaseMessage
    | GapMessage
    | StorageMessage
    | CheckpointMessage
    | ReceiptMessage
    | EraseMessage
)


class LiveMessages(TypedDict):
    fromPage: NotRequired[FromPage]
    fromRoom: NotRequired[FromRoom]
