"""A policy in plain sentences: for the invitation, the consent page and the room."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbinterview_proctor.policy import Policy
    from nbinterview_proctor.policyparts import Rule

_SENSORS = {
    "focus": "The page notes when you leave the interview's tab or window, and for how "
    "long; never what you look at there.",
    "clipboard": "The page notes that text was pasted and how long it was; never the "
    "text of your clipboard.",
}
_CAMERA = (
    "Your own browser reads your camera's picture and sends numbers: how many faces, "
    "and where your head is turned. No picture and no sound leaves your device for it."
)
_CALL = (
    "A camera for a video call is another matter, with its own switch: one can be on "
    "without the other."
)
_WORK = (
    "The notebook itself is on record: what is typed and what is run, and whether code "
    "tried to reach the network or to start other programs."
)
_ALLOWED = {
    "documentation": "Reading documentation is allowed",
    "ai": "Using an AI assistant is allowed",
}
_FROM = {
    "camera": "From the camera",
    "focus": "From the page",
    "clipboard": "From pasting",
    "notebook": "From the notebook",
}
_FIRST = (
    "You are told first, and only what goes on becomes a flag that a reviewer looks at."
)
_QUIETLY = (
    " The first hint is quiet: nobody else is told then, and it stays in the record."
)
_AT_ONCE = "What is flagged at once is told and flagged in the same moment."
_NEVER = (
    "What cannot be measured is never counted against you: poor light, glasses, a face "
    "out of the picture's edge, a slow connection."
)
_BUT_A_CAMERA = (
    " Only a camera that stays covered, frozen or off for long is a finding of its own."
)
_FAIR = (
    "You see what is measured while it is measured, you can comment on every warning, "
    "and you can answer every flag afterwards."
)
_ERASED = "What is recorded is erased by itself, counted from the interview's end"
_KEPT = "This has no time of its own and is kept until you ask for its deletion"
_KEPT_PARTS = {
    "camera_days": "the numbers from the camera",
    "events_days": "what the page noted and the findings made of it",
    "document_days": "the notebook with what was typed and run",
    "notes_days": "what you and the reviewers wrote about it afterwards",
}
_YOURS = (
    "On the page of your record you can download everything about you, and delete it "
    "once the interview is over."
)
_PERSON = "A person always decides. The program rejects nobody and ends nothing."


def words(policy: Policy, allows: Iterable[str] = ()) -> list[str]:
    """Return the policy in plain sentences, in the order in which to read them.

    `allows` is what the question allows, of `policy.ALLOWANCES`.
    """
    rules = policy.active_rules
    given = set(allows)
    allowed = [_allowed(name, rules) for name in _ALLOWED if name in given]
    if not rules:
        nothing = "Nothing is watched in this interview."
        return [nothing, *allowed, *kept_words(policy), _PERSON]
    found = _sensors(policy)
    if any(rule.sensor == "notebook" for rule in rules):
        found.append(_WORK)
    ending = [_never(rules), _FAIR, *kept_words(policy), _PERSON]
    return [*found, *_steps(rules), *allowed, *ending]


def _sensors(policy: Policy) -> list[str]:
    found = []
    if "camera" in policy.sensors:
        needed = (
            "A camera is needed for this interview."
            if policy.camera_required
            else "You may say no to the camera; the interview goes on without it."
        )
        found += [_CAMERA, needed, _CALL]
        if policy.calibrating.wanted:
            found.append(
                "Before the start you look at a few places for about "
                f"{_calibration_s(policy)} seconds, so that your own way of sitting is "
                "the measure, with your keyboard and your notes as places to look at."
            )
    else:
        found.append("No camera is used to watch you.")
    found += [_SENSORS[name] for name in policy.sensors if name in _SENSORS]
    if policy.fullscreen:
        found.append("The interview fills the screen; leaving that is noted.")
    return found


def kept_words(policy: Policy) -> list[str]:
    """Return how long what is kept, and what a candidate may ask, in sentences."""
    rules = policy.active_rules
    apart = set() if "camera" in policy.sensors else {"camera_days"}
    apart |= set() if rules else {"events_days"}
    times: dict[int | None, list[str]] = {}
    for name, part in _KEPT_PARTS.items():
        if name not in apart:
            times.setdefault(getattr(policy.retention, name), []).append(part)
    ends = [
        f"{', and '.join(parts)} after {days} day{'s' if days > 1 else ''}"
        for days, parts in sorted((d, p) for d, p in times.items() if d is not None)
    ]
    found = [f"{_ERASED}: {'; '.join(ends)}."] if ends else []
    if stays := times.get(None):
        found.append(f"{_KEPT}: {'; '.join(stays)}.")
    return [*found, _YOURS]


def _calibration_s(policy: Policy) -> int:
    """Return how long it takes: five places on the screen, keyboard and notes."""
    return round(7 * policy.calibrating.per_target_s)


def _allowed(allowance: str, rules: Iterable[Rule]) -> str:
    excused = [
        _small(rule.title)
        for rule in rules
        if rule.flag_after_s is not None and allowance in rule.excused_by
    ]
    if not excused:
        return f"{_ALLOWED[allowance]}."
    return (
        f"{_ALLOWED[allowance]}, so this is recorded and not flagged: "
        f"{'; '.join(excused)}."
    )


def _never(rules: Iterable[Rule]) -> str:
    cameras = {"camera_covered", "camera_frozen", "camera_off"}
    flagged = {rule.rule for rule in rules if rule.flag_after_s is not None}
    return _NEVER + (_BUT_A_CAMERA if flagged & cameras else "")


def _steps(rules: Iterable[Rule]) -> list[str]:
    flagged = [rule for rule in rules if rule.flag_after_s is not None]
    recorded = [rule for rule in rules if rule.flag_after_s is None]
    quietly = _QUIETLY if any(r.nudge_after_s is not None for r in flagged) else ""
    moments = [rule for rule in flagged if _at_once(rule)]
    found = [_FIRST + quietly] if len(moments) < len(flagged) else []
    found += [_AT_ONCE] if moments else []
    for source, from_where in _FROM.items():
        steps = [_step(rule) for rule in flagged if rule.sensor == source]
        if steps:
            found.append(f"{from_where}: {'; '.join(steps)}.")
    if recorded:
        titles = "; ".join(_small(rule.title) for rule in recorded)
        found.append(f"Recorded and not flagged: {titles}.")
    return found


def _step(rule: Rule) -> str:
    text = _small(rule.title)
    if _at_once(rule):
        return f"{text} ({_size(rule)}flagged at once)"
    if not rule.flag_after_s:
        return text
    text = f"{text} for {lasting(rule.flag_after_s)}"
    if rule.repeat:
        total, within = lasting(rule.repeat.total_s), lasting(rule.repeat.window_s)
        often = f"{rule.repeat.times} times or more, " if rule.repeat.times > 2 else ""
        text += f", or {often}for {total} in all within {within}"
    return text


def _at_once(rule: Rule) -> bool:
    return rule.flag_after_s == 0 and rule.notice_s == 0


def _size(rule: Rule) -> str:
    """Return how much a moment needs, where it is a text that has a length."""
    chars, window_s = rule.enter.get("chars"), rule.enter.get("window_s")
    if chars is None:
        return ""
    within = "" if window_s is None else f" within {lasting(window_s)}"
    return f"{math.ceil(chars)} characters or more{within}: "


def _small(title: str) -> str:
    return title[:1].lower() + title[1:]


def lasting(seconds: float) -> str:
    """Return a duration in words: `45 seconds`, `2 minutes`."""
    if seconds < 90:
        return "1 second" if seconds == 1 else f"{seconds:g} seconds"
    return f"{seconds / 60:.3g} minutes"
