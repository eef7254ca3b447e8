"""A flag's whole way: from the camera's picture to the interviewer's page.

Candidate and interviewer are two pages of one browser, so one clock serves both. The
clip says by its own clock when a second face was shown; the worker's answers say when
the picture that completes the flag was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from bench.widget.clips import changes, turns
from bench.widget.room import Room, measuring_policy
from tests.e2e.harness import wait_for

RULE = "multiple_faces"
ALONE_S, TOGETHER_S = (2.5, 3.5), 3.0
"""The first is long enough to look seldom again, and for any flag to end."""
CYCLE_S = sum(ALONE_S) / 2 + TOGETHER_S


@dataclass(frozen=True)
class Way:
    """One flag, in ms: how long after each thing it was painted for the interviewer."""

    after_inference_ms: float
    """The answer to the picture that completes it came to the candidate's page."""
    after_picture_ms: float
    """That picture was taken."""
    after_change_ms: float
    """A second face was shown, less the time that the rule lets pass."""


def scenario(count: int) -> list[tuple[str, float]]:
    """Return a clip's states: somebody, and now and then somebody else as well."""

    return turns(
        "facing", "two faces", between_s=ALONE_S, second_s=TOGETHER_S, count=count
    )


def measured(room: Room, numbered: Sequence[str], count: int) -> list[Way]:
    """Wait for so many flags, and return the way of each."""
    page, panel = room.candidate, room.panel
    assert panel is not None

    within_s = 30 + 3 * CYCLE_S * count
    wait_for(
        f"{count} flags",
        lambda: len(_flags(panel)) >= count,
        timeout_s=within_s,
        every_s=0.5,
    )

    def kept() -> list[float]:
        found = completing(room.made.records("observations", "flag"))
        return found if len(found) >= count else []

    # The service has them some seconds after the room.
    completed = wait_for("their records", kept, timeout_s=30, every_s=0.5)
    painted = _flags(panel)
    origin_ms: float = page.evaluate("performance.timeOrigin")
    answers = page.evaluate("window.seen.answers")
    changed = changes(page.evaluate("window.pictures"), numbered, "two faces")
    return ways(painted, completed, answers, changed, origin_ms)


def completing(records: Sequence[dict[str, Any]]) -> list[float]:
    """Return for each flag when the last picture before its record was taken, in ms."""
    found = []
    last_ms = 0.0
    for record in records:
        payload = record["payload"]
        if record["kind"] == "observations":
            last_ms = max([last_ms, *(one["at_ms"] for one in payload["frames"])])
        elif payload["rule"] == RULE:
            found.append(last_ms)
    return found


def ways(
    painted_ms: Sequence[float],
    completed_ms: Sequence[float],
    answers: Sequence[tuple[float, float, int]],
    changed_ms: Sequence[float],
    origin_ms: float,
) -> list[Way]:
    """Put flags beside their pictures; both are in order, one for one."""
    rule_ms = 1000 * measuring_policy()["findings"][RULE]["flag_after_s"]
    answered = {at_ms: told_ms for told_ms, at_ms, _ in answers}
    found = []
    for flag_ms, at_ms in zip(painted_ms, completed_ms, strict=False):
        taken_ms = origin_ms + at_ms
        change_ms = max(one for one in changed_ms if one < taken_ms)
        found.append(
            Way(
                after_inference_ms=flag_ms - answered[at_ms],
                after_picture_ms=flag_ms - taken_ms,
                after_change_ms=flag_ms - change_ms - rule_ms,
            )
        )
    return found


def _flags(panel: Page) -> list[float]:
    return [at for at, rule in panel.evaluate("window.flags") if rule == RULE]
