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
KERNEL = "claimed by the kernel"


@dataclass(frozen=True)
class RuleWords:
    """One rule, for a reviewer."""

    title: str
    sensor: str
    measured: str
    innocent: str


RULES = {
    "nobody": RuleWords(
        "Nobody in the picture",
        "camera",
        "No face was found in the camera's picture, and a second model, of persons, "
        "found nobody either. Where it finds somebody whose face cannot be read, that "
        "is not measurable and no finding.",
        "The door, a child, a dropped pen, a break that was agreed, leaning out of the "
        "picture to a second screen.",
    ),
    "no_face": RuleWords(
        "Nobody in the picture",
        "camera",
        "No face was found in the camera's picture.",
        "Bending to a glass or a dropped pen, leaning back, a hand before the face, "
        "strong light from behind. There was no second opinion then: about a third of "
        "honest pictures with a turned or half-covered face look like nobody.",
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
        "The head was turned far aside of where this candidate's screen, keyboard and "
        "notes are, by their own calibration.",
        "Thinking: people look away because a question is hard, and think better for "
        "it. A second monitor, a person in the room, a noise. It cannot tell what "
        "somebody looked at or whether they read.",
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
    "second_display": RuleWords(
        "More than one display",
        "focus",
        "The browser says that there is more than one display.",
        "Most desks have one. Not every browser says it, so its absence means nothing.",
    ),
    "external_paste": RuleWords(
        "Pasted from outside",
        "clipboard",
        "Text was pasted that was not copied from this notebook in this page.",
        "One's own notes, a name or path from the task's description, text copied "
        "before a reload.",
    ),
    "unexplained_text": RuleWords(
        "Text that typing does not explain",
        "notebook",
        "More text came into the notebook by the candidate's page than its own report "
        "of typing, input methods, completion, pasting and undo adds up to.",
        "A browser extension that writes, a formatter, a drag from another window, a "
        "report that was lost on a bad connection.",
    ),
    "network_attempt": RuleWords(
        "Code tried to reach the network",
        "notebook",
        "The kernel says that code asked for a connection, which the sandbox refuses.",
        "Packages look for updates, fonts or data by themselves; a habit of installing "
        "packages in a cell.",
    ),
    "process_attempt": RuleWords(
        "Code tried to start another program",
        "notebook",
        "The kernel says that code asked for another program.",
        "A shell line such as `!ls`, a package that looks for its tools, jobs in "
        "parallel.",
    ),
}

SENSORS = {"camera": "Camera", "focus": "Focus", "clipboard": "Clipboard"}
SOURCES = {**SENSORS, "notebook": "Notebook"}

DECISIONS = {"upheld": "Upheld", "set_aside": "Set aside"}
CALIBRATIONS = {
    "good": "good: screen, keyboard and notes are known",
    "fair": "fair: the screen is known, not every place was looked at steadily",
    "rough": "rough: taken in passing; only far aside can be told",
    "none": "none: where the candidate looks cannot be told",
}

# Base rates, by arithmetic (Bayes): how many flags are right?
BASE_RATES_SAY = (
    "A flag is not a probability of cheating. How often it is right depends most on "
    "how rare cheating is. Say 5 of 100 candidates cheat, a system finds 4 of these 5, "
    "and it also flags 10 % of honest interviews. Then it flags 4 people who cheated "
    "and 9 or 10 who did not: of the people flagged, 7 in 10 are innocent."
)
BASE_RATES_HERE = (
    "That is why the policies are made for at most 0.05 false flags in an honest hour, "
    "all findings together. That number comes from made-up interviews, not from "
    "people, unless somebody imported what they measured. In the only controlled test "
    "of proctoring on record, it found none of 6 people who had been told to cheat "
    "(which may mean up to 39 %). So look at the work first and at flags after it, and "
    "ask."
)
# Cheating candidates, share found, honest interviews flagged.
BASE_RATES = (
    (0.02, 0.8, 0.10),
    (0.05, 0.8, 0.10),
    (0.05, 0.8, 0.05),
    (0.05, 0.8, 0.02),
    (0.10, 0.8, 0.02),
)

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
