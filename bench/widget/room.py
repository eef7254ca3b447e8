"""A real room of the whole platform, with a candidate whose camera shows a clip."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.flags.latency import quick_policy
from tests.e2e.harness import Platform
from tests.e2e.people import SENSORS, Made, browser_of_candidate, enter_room
from tests.e2e.story import TEMPLATE

PAGES = Path(__file__).parent / "page"
CANDIDATE, INTERVIEWER = "Ada Okafor", "Ines Okonkwo"


def measuring_policy() -> dict[str, Any]:
    """Return `standard` with a second face that flags soon; no places to look at.

    Not so soon that counting three pictures and the notice after a warning, which lie
    long before a flag of any real policy, would make it late.
    """
    chosen = quick_policy()
    chosen["findings"]["multiple_faces"] |= {
        "nudge_after_s": 0.4,
        "warn_after_s": 0.8,
        "flag_after_s": 2.0,
        "notice_s": 0.8,
    }
    chosen["calibrating"]["wanted"] = False
    return chosen


@dataclass(frozen=True)
class Room:
    """An interview that goes on, with a page of each side."""

    made: Made
    candidate: Page
    panel: Page | None


def made_with(running: Platform, policy: Mapping[str, Any]) -> Made:
    """Make an interview under a policy that is none of those that ship.

    People choose by name; a policy for measuring goes where the chosen one is kept.
    """
    made = Made.by(
        running,
        TEMPLATE,
        *("--candidate", CANDIDATE, "--interviewer", INTERVIEWER),
        *("--title", "Measured", "--policy", "standard", "--start"),
    )
    database = running.home / "service" / "service.sqlite"
    with closing(sqlite3.connect(database, timeout=10)) as service, service:
        changed = service.execute(
            "UPDATE interviews SET policy = ? WHERE id = ?",
            (json.dumps(policy), made.id),
        )
        assert changed.rowcount == 1
    return made


@contextmanager
def entered(
    running: Platform, browser: Browser, *, clock: bool = False, panel: bool = False
) -> Iterator[Room]:
    """Bring a candidate into a room, watched by all sensors; and an interviewer."""
    made = made_with(running, measuring_policy())
    theirs = browser_of_candidate(browser, "camera")
    theirs.add_init_script((PAGES / "clock.js").read_text("utf-8"))
    theirs.add_init_script((PAGES / "room.js").read_text("utf-8"))
    theirs.add_init_script(f"window.wantsClock = {json.dumps(clock)}")
    staff = browser.new_context(viewport={"width": 1366, "height": 860})
    staff.add_init_script((PAGES / "panel.js").read_text("utf-8"))
    try:
        # The candidate first: whoever enters later finds no flag of before.
        shown = None
        if panel:
            shown = enter_room(staff, made.invitation(INTERVIEWER)["url"])
            shown.locator("#nbinterview-panel").wait_for()
        page = enter_room(theirs, made.invitation(CANDIDATE)["url"])
        page.get_by_role("heading", name="Before you start").wait_for(timeout=90_000)
        for sensor in SENSORS:
            page.get_by_role("switch", name=sensor).click()
        page.get_by_role("button", name="Continue to the camera check").click()
        start = page.get_by_role("button", name="Start the interview")
        start.click(timeout=60_000)
        page.get_by_text("Watching:").wait_for(timeout=30_000)
        yield Room(made, page, shown)
    finally:
        theirs.close()
        staff.close()
