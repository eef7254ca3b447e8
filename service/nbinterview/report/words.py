"""What the report says about rules, sensors and states: one place to read and edit."""

from __future__ import annotations

from dataclasses import dataclass

from nbinterview.wording import INTERVIEW_STATES

KNOWN_ERROR = "Known error: not measured on people yet."
DECIDES = (
    "A person decides. A flag points to a moment worth a look; it is not a verdict, "
    "and the program never rejects, ends or locks an interview by itself."
)

ORIGINS_NOTE = (
    "This says how text came into the notebook, not why. Pasting one's own notes or an "
    "example from documentation is ordinary work where the task allows it, and a "
    "completion or an input method can bring text at once. Text that was moved within "
    "the notebook keeps its origin."
)

BROWSER = "claimed by the browser"
SERVER = "seen by the server"


@dataclass(frozen=True)
class RuleWords:
    """One rule, for a reviewer."""

    title: str
    sensor: str
    measured: str
    innocent: str


RULES = {
    "no_face": RuleWords(
        "Nobody in the picture",
        "camera",
        "No face was found in the camera's picture.",
        "Bending to a glass or a dropped pen, leaning back, a hand before the face, "
        "strong light from behind.",
    ),
    "multiple_faces": RuleWords(
        "More than one face",
        "camera",
        "More than one face was found in the camera's picture.",
        "Somebody passing in the background, a child, a poster or a photograph.",
    ),
    "looking_away": RuleWords(
        "Looking away",
        "camera",
        "The head was turned further from this candidate's own baseline than the "
        "policy allows.",
        "Thinking, looking at the keyboard or at notes that are allowed, a second "
        "monitor, a noise. It cannot tell what somebody looked at.",
    ),
    "camera_covered": RuleWords(
        "Camera covered",
        "camera",
        "The picture was nearly uniform and dark.",
        "A hand or a lid before the lens, the light going out, a laptop half closed.",
    ),
    "camera_off": RuleWords(
        "Camera off",
        "camera",
        "The camera stopped delivering pictures without the consent being withdrawn.",
        "A loose cable, another program taking the camera, a computer going to sleep.",
    ),
    "camera_frozen": RuleWords(
        "Frozen picture",
        "camera",
        "Consecutive pictures were exactly the same.",
        "A driver or a virtual camera that hangs, a computer under load.",
    ),
    "tab_hidden": RuleWords(
        "Tab hidden",
        "focus",
        "The page was not visible.",
        "A notification, the documentation if it is allowed, a minimised window, a "
        "locked screen.",
    ),
    "window_left": RuleWords(
        "Window left",
        "focus",
        "Another window had the keyboard.",
        "A system dialog, a password manager, a click on a second monitor, the call's "
        "own window.",
    ),
    "fullscreen_left": RuleWords(
        "Fullscreen left",
        "focus",
        "The page left fullscreen.",
        "The Escape key, a system shortcut, another display being plugged in.",
    ),
    "external_paste": RuleWords(
        "Pasted from outside",
        "clipboard",
        "Text was pasted that was not copied from this notebook in this page.",
        "One's own notes, a name or path from the task's description, text copied "
        "before a reload.",
    ),
}

SENSORS = {"camera": "Camera", "focus": "Focus", "clipboard": "Clipboard"}

SENSOR_STATES = {
    "measuring": "measured",
    "calibrating": "learning the baseline",
    "unmeasurable": "not measurable",
    "waiting": "waiting",
    "off": "off",
    "declined": "declined",
}

STATES = {**INTERVIEW_STATES, "unknown": "Unknown"}

RUN_STATES = {"ok": "done", "error": "error", "aborted": "not run"}

KERNEL_STATES = {
    "started": "started",
    "restarted": "restarted",
    "interrupted": "interrupted",
    "died": "died",
    "refused": "refused",
    "stopped": "stopped",
}

CAMERA_EVENTS = {
    "on": "camera on",
    "off": "camera switched off",
    "denied": "the browser's permission was refused",
    "missing": "no camera was found",
    "lost": "the camera was lost",
}

# Endings of names that say the unit: ending, unit, factor.
UNITS = (
    ("_ms", "ms", 1.0),
    ("_s", "s", 1.0),
    ("_deg", "°", 1.0),
    ("_px", "px", 1.0),
    ("_hz", "Hz", 1.0),
    ("_share", "%", 100.0),
    ("_percent", "%", 1.0),
)
