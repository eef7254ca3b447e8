"""An interview that is worked through, then played, run again, branched and checked.

No camera here: what is looked at is the work. Who wrote what, that nothing of it is
lost when a line is, and that everything that reads the record tells the same.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.harness import Platform, wait_for
from tests.e2e.people import (
    Made,
    browser_of_candidate,
    code,
    enter_room,
    notebook_file,
    output,
    run,
)
from tests.e2e.story import Shots, code_cell, type_into

CANDIDATE = "Noor Haddad"
INTERVIEWER = "Sam Eriksson"
REVIEWER = "Yuki Tanaka"
PASTED = "from statistics import median  # copied from a page somewhere else"
TYPED = "total = sum(numbers)"
OFFLINE = "  # typed without a line"
ASKED = "# and if it were the median?"
TIMEOUT_MS = 60_000


@dataclass
class Lived:
    """What the tests look at."""

    made: Made
    links: dict[str, str]
    saved: list[str] = field(default_factory=list)
    check: str = ""


@pytest.fixture(scope="module")
def shots(artifacts: Path) -> Shots:
    (artifacts / "film").mkdir(exist_ok=True)
    return Shots(artifacts / "film")


@pytest.fixture(scope="module")
def staff(staff_browser: Browser) -> Iterator[BrowserContext]:
    context = staff_browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture(scope="module")
def lived(
    running: Platform,
    staff_browser: Browser,
    staff: BrowserContext,
    tmp_path_factory: pytest.TempPathFactory,
    shots: Shots,
) -> Lived:
    """One interview, worked through by two people and ended."""
    template = notebook_file(
        tmp_path_factory.mktemp("film") / "template.ipynb",
        [
            {"cell_type": "markdown", "source": "# What is in the middle?"},
            code("numbers = [3, 1, 2]"),
            code(),
            code(),
        ],
    )
    made = Made.by(
        running,
        template,
        *("--candidate", CANDIDATE, "--interviewer", INTERVIEWER),
        *("--reviewer", REVIEWER, "--title", "The middle of things"),
        *("--policy", "standard", "--start"),
    )
    links = {
        name: made.invitation(name)["url"]
        for name in (CANDIDATE, INTERVIEWER, REVIEWER)
    }
    found = Lived(made, links)
    candidates = browser_of_candidate(staff_browser)
    try:
        room = enter_room(candidates, links[CANDIDATE])
        _agree(room)
        panel = enter_room(staff, links[INTERVIEWER])
        _work(found, room, panel, candidates, shots)
        _check(found, panel, shots)
        running.cli("interview", "end", made.id, "--json")
        made.eventually("the end", lambda: made.records("room.stopped"))
    finally:
        candidates.close()
    return found


def _agree(page: Page) -> None:
    """Agree to what notices a paste, and to no camera."""
    page.get_by_role("switch", name="Copy and paste").click()
    page.get_by_role("button", name="Start with what I agreed to").click()
    page.get_by_text("Watching:").wait_for()


def _saved(page: Page) -> Locator:
    return page.locator(".jp-nbinterview-Saved")


def _work(
    found: Lived, room: Page, panel: Page, candidates: BrowserContext, shots: Shots
) -> None:
    run(room, 0, "numbers = [3, 1, 2]")
    type_into(room, 1, TYPED)
    room.keyboard.press("Shift+Enter")
    code_cell(room, 2).click()
    room.evaluate("text => navigator.clipboard.writeText(text)", PASTED)
    room.keyboard.press("Control+v")
    room.keyboard.press("Enter")
    room.keyboard.type("print(median(numbers), total)", delay=15)
    room.keyboard.press("Shift+Enter")
    output(room.locator(".jp-CodeCell").nth(2), "2 6").wait_for()
    # A line that is lost for a while loses nothing.
    expect(_saved(room)).to_have_attribute("data-state", "saved")
    candidates.set_offline(True)
    code_cell(room, 1).click()
    room.keyboard.press("End")
    room.keyboard.type(OFFLINE, delay=15)
    expect(_saved(room)).to_have_attribute("data-state", "offline", timeout=20_000)
    found.saved.append(_saved(room).inner_text())
    shots.take(room, "offline")
    candidates.set_offline(False)
    expect(_saved(room)).to_have_attribute("data-state", "saved", timeout=20_000)
    found.saved.append(_saved(room).inner_text())
    expect(code_cell(panel, 1)).to_have_text(TYPED + OFFLINE)
    code_cell(panel, 0).click()
    panel.keyboard.press("End")
    panel.keyboard.press("Enter")
    panel.keyboard.type(ASKED, delay=15)
    expect(code_cell(room, 0)).to_contain_text(ASKED)
    shots.take(panel, "room")


def _check(found: Lived, panel: Page, shots: Shots) -> None:
    panel.get_by_title("Does it run from the top?").click()
    panel.get_by_role("button", name="Run all from the top").click()
    verdict = panel.locator(".jp-nbinterview-Check-verdict")
    expect(verdict).to_contain_text("everything shows the same", timeout=90_000)
    found.check = verdict.inner_text()
    shots.take(panel, "checked")


# ------------------------------------------------------------------- the tests


def test_the_page_said_what_was_saved(lived: Lived) -> None:
    away, back = lived.saved
    assert "kept" in away.lower() or "this browser" in away.lower()
    assert "saved" in back.lower()


def test_a_fresh_kernel_agreed(lived: Lived) -> None:
    assert lived.check.startswith("Yes")
    states = [one["payload"]["state"] for one in lived.made.records("check")]
    assert states == ["asked", "finished"]


@pytest.fixture(scope="module")
def exported(
    running: Platform, lived: Lived, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    target = tmp_path_factory.mktemp("out") / "final.ipynb"
    _cli(running, "replay", lived.made.id, "-o", str(target))
    return target


def _cli(platform: Platform, *arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [platform.env["HUB_PYTHON"], "-m", "nbinterview.cli", *arguments],
        env=platform.env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def _sources(notebook: dict[str, Any]) -> list[str]:
    return [
        cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        for cell in notebook["cells"]
    ]


def _origins(cell: dict[str, Any]) -> dict[str, str]:
    """Return the text of a cell by its origin."""
    source = "".join(cell["source"])
    found: dict[str, str] = {}
    for span in cell["metadata"]["nbinterview"]["provenance"]:
        text = source[span["start"] : span["start"] + span["length"]]
        found[span["origin"]] = found.get(span["origin"], "") + text
    return found


def test_the_command_line_writes_the_notebook_of_any_moment(
    running: Platform, lived: Lived, exported: Path, tmp_path: Path
) -> None:
    final = json.loads(exported.read_text("utf-8"))
    assert TYPED + OFFLINE in _sources(final)
    start = tmp_path / "start.ipynb"
    _cli(running, "replay", lived.made.id, "--at", "0:00", "-o", str(start))
    assert TYPED not in "".join(_sources(json.loads(start.read_text("utf-8"))))


def test_every_text_says_where_it_comes_from(exported: Path) -> None:
    cells = json.loads(exported.read_text("utf-8"))["cells"]
    first, second, third = [cell for cell in cells if cell["cell_type"] == "code"][:3]
    assert _origins(first)["interviewer"].strip() == ASKED
    assert _origins(second) == {"typed": TYPED + OFFLINE}
    assert _origins(third)["pasted"].strip() == PASTED
    assert "median(numbers)" in _origins(third)["typed"]


def test_an_exported_notebook_is_checked_against_the_record(
    running: Platform, lived: Lived, exported: Path, tmp_path: Path
) -> None:
    _cli(running, "replay", lived.made.id, "--check", str(exported))
    altered = tmp_path / "altered.ipynb"
    altered.write_text(
        exported.read_text("utf-8").replace('"pasted"', '"typed"'), "utf-8"
    )
    _cli(running, "replay", lived.made.id, "--check", str(altered), status=1)


def test_the_recorded_runs_run_again_and_agree(running: Platform, lived: Lived) -> None:
    told = json.loads(_cli(running, "rerun", lived.made.id, "--json"))
    assert {each["result"] for each in told["runs"]} <= {"same", "new"}
    assert len(told["runs"]) >= 3


def test_a_branch_has_the_variables_of_its_moment(
    running: Platform, lived: Lived, staff: BrowserContext, shots: Shots
) -> None:
    page = staff.new_page()
    base = running.cli("interview", "show", lived.made.id, "--json")["page_url"]
    page.goto(f"{base}/replay")
    slider = page.get_by_role("slider")
    slider.press("End")
    page.get_by_role("button", name="Open a branch at this moment").click()
    page.locator(".jp-CodeCell .cm-content").first.wait_for(timeout=90_000)
    cell = run(page, 2, "print('in the branch', median([*numbers, 100]), total)")
    output(cell, "in the branch 2.5 6").wait_for(timeout=90_000)
    shots.take(page, "branch-room")
    page.close()


def test_a_reviewer_plays_it_on_the_services_page(
    running: Platform, lived: Lived, staff_browser: Browser, shots: Shots
) -> None:
    context = staff_browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(lived.links[REVIEWER])
    page.get_by_role("button", name="Sign in").or_(
        page.get_by_role("button", name="Continue")
    ).click()
    base = running.cli("interview", "show", lived.made.id, "--json")["page_url"]
    page.goto(f"{base}/replay")
    slider = page.get_by_role("slider")
    slider.press("End")
    notebook = page.get_by_role("region", name="Notebook")
    expect(notebook).to_contain_text(TYPED + OFFLINE)
    expect(notebook).to_contain_text("2 6")
    shots.take(page, "replay-end")
    slider.press("Home")
    expect(notebook).not_to_contain_text(TYPED)
    marks = page.get_by_role("complementary", name="Marks")
    marks.get_by_role("button").filter(has_text="Pasted from outside").first.click()
    wait_for(
        "the pasted text",
        lambda: "copied from a page" in notebook.inner_text(),
        timeout_s=10,
        every_s=0.2,
    )
    shots.take(page, "replay-paste")
    context.close()
