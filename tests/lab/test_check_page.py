"""The check and the branch as interviewers see them, in Chromium.

Set NBINTERVIEW_ARTIFACTS to a directory to keep screenshots.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.extensions.harness import CANDIDATE, INTERVIEWER, REVIEWER, RoomServer
from tests.extensions.test_branch_room import branch, restored
from tests.extensions.test_checks import notebook
from tests.lab.conftest import eventually

ASK = "Run all from the top"


def keep(page: Page, name: str) -> None:
    directory = os.environ.get("NBINTERVIEW_ARTIFACTS")
    if directory:
        page.screenshot(path=Path(directory) / f"lab-{name}.png")


def open_check(page: Page) -> Any:
    """Open the check's tab; return its part of the page."""
    page.locator('.jp-SideBar li[data-id="nbinterview-check"]').click()
    part = page.locator("#nbinterview-check")
    part.wait_for()
    return part


def test_an_interviewer_checks_and_a_reviewer_sees_it(
    make_room: Callable[..., RoomServer], enter: Callable[..., Page]
) -> None:
    sources = ("x = 20", "print('<b>mine</b>', x)", "1 / 0", "x")
    room = make_room(template=notebook(*sources))
    page = enter(room, INTERVIEWER)
    part = open_check(page)
    part.get_by_role("button", name=ASK).click()
    verdict = part.locator(".jp-nbinterview-Check-verdict")
    expect(verdict).to_have_text("No, it does not run to its end.", timeout=60_000)
    results = part.locator(".jp-nbinterview-Checked-result")
    assert results.all_inner_texts() == ["Was not run"] * 2 + ["Error", "Not reached"]
    expect(part.locator("pre")).to_have_text("ZeroDivisionError: division by zero")
    expect(part.get_by_role("button", name=ASK)).to_be_enabled()
    keep(page, "check")
    part.get_by_role("button", name="Cell 3").click()
    active = page.locator(".jp-CodeCell.jp-mod-active")
    expect(active).to_contain_text("1 / 0")
    # Nothing of it shows in the notebook itself.
    expect(page.locator(".jp-OutputArea-output")).to_have_count(0)

    later = open_check(enter(room, REVIEWER))
    expect(later).to_contain_text("No, it does not run to its end.")
    expect(later.get_by_role("button", name=ASK)).to_have_count(0)
    candidate = enter(room, CANDIDATE, camera=False)
    candidate.get_by_role("heading", name="Before you start").wait_for()
    expect(candidate.locator('li[data-id="nbinterview-check"]')).to_have_count(0)
    assert [one.author for one in room.records("check")] == [INTERVIEWER, "room"]


def test_a_branch_needs_no_candidate(
    make_room: Callable[..., RoomServer], enter: Callable[..., Page]
) -> None:
    room = make_room(
        **branch("left = 20", "import time; time.sleep(4)", "right = 22", "1 / 0")
    )
    page = enter(room, INTERVIEWER)
    notice = page.get_by_text("Bringing Python to 00:23:10")
    notice.wait_for()
    keep(page, "branch-restoring")
    eventually("the restoring", lambda: restored(room))
    notice.wait_for(state="detached")
    expect(page.get_by_text("'as it was'")).to_be_visible()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-OutputArea-output").first).to_have_text("42")
    expect(page.get_by_role("heading", name="Before you start")).to_have_count(0)
    keep(page, "branch")
