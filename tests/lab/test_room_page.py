"""What people see and do in a room's page, and what the record holds of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from tests.extensions.harness import INTERVIEWER, PAGE_URL, RoomServer
from tests.lab.conftest import LABEXTENSIONS, eventually, start

SENSORS = ("Camera", "This page", "Copy and paste")
Candidate = Callable[..., Page]
Interviewer = Callable[[RoomServer], Page]


def told(room: RoomServer, name: str) -> list[dict[str, Any]]:
    """Return what the page told the room of one kind, without the kind."""
    events = [record.facts["event"] for record in room.records("event")]
    return [
        {key: value for key, value in event.items() if key != "name"}
        for event in events
        if event["name"] == name
    ]


def agree_and_start(page: Page, *sensors: str) -> None:
    for sensor in sensors:
        page.get_by_role("switch", name=sensor).click()
    if "Camera" in sensors:
        page.get_by_role("button", name="Continue to the camera check").click()
        page.get_by_text("One face found").wait_for()
        page.get_by_role("button", name="Continue: look at a few places").click()
        page.get_by_role("button", name="Leave it out").click()
    else:
        page.get_by_role("button", name="Start with what I agreed to").click()


def test_everything_can_be_declined_by_keyboard_alone(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    switches = page.get_by_role("switch")
    assert [each.get_attribute("aria-checked") for each in switches.all()] == [
        "false"
    ] * len(SENSORS)
    # From the heading, which has the focus: the policy in words, switches, the button.
    for _ in range(len(SENSORS) + 2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Not watching").wait_for()
    page.get_by_role("dialog").wait_for(state="detached")
    eventually("Start", lambda: told(room, "watch") == [{"state": "started"}])
    assert told(room, "consent") == [
        {"sensor": "camera", "granted": False},
        {"sensor": "focus", "granted": False},
        {"sensor": "clipboard", "granted": False},
    ]
    assert told(room, "camera") == []
    assert told(room, "window_focus") == []


def test_the_page_behind_the_questions_cannot_be_reached(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('#main') === null")


def test_a_sensor_is_withdrawn_at_once_and_a_reload_keeps_the_answers(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    agree_and_start(page, *SENSORS)
    chip = page.get_by_role("button", name="Watching: camera, focus, clipboard")
    chip.click()
    page.get_by_role("switch", name="Camera").click()
    page.get_by_role("button", name="Watching: focus, clipboard").wait_for()
    eventually("camera off", lambda: {"state": "off"} in told(room, "camera"))
    assert told(room, "consent")[-1] == {"sensor": "camera", "granted": False}
    page.reload()
    page.get_by_role("button", name="Watching: focus, clipboard").wait_for()
    assert page.get_by_role("dialog").count() == 0
    eventually("watching again", lambda: len(told(room, "watch")) == 2)
    # Reloading is not leaving.
    assert {"state": "hidden"} not in told(room, "visibility")


def test_an_interviewer_sees_a_flag_without_reloading(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    panel = interviewer(room)
    panel.get_by_text("Nothing so far.").wait_for()
    page = candidate(room)
    agree_and_start(page, "Copy and paste")
    page.evaluate("navigator.clipboard.writeText('import torch'.repeat(10))")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+v")
    page.get_by_text("Text from outside the notebook was pasted").first.wait_for()
    flag = panel.locator("#nbinterview-panel [data-kind=flag]")
    flag.wait_for()
    assert flag.get_attribute("data-rule") == "external_paste"
    assert "120 characters" in (flag.text_content() or "")
    assert panel.locator("[data-nbinterview-count='1']").count() == 1
    people = panel.locator(".jp-nbinterview-People").inner_text()
    assert "Zoë Müller" in people
    # What the notebook holds already is its own.
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    eventually("own paste", lambda: len(told(room, "clipboard")) == 3)
    assert [each["origin"] for each in told(room, "clipboard")] == [
        "external",
        "notebook",
        "notebook",
    ]
    assert page.locator("#nbinterview-panel").count() == 0


def test_nothing_is_lost_when_the_room_dies(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room)
    agree_and_start(page, "Copy and paste")
    eventually("Start", lambda: told(room, "watch"))
    # Well into the interview: JupyterLab has opened everything and Python is there.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    page.wait_for_load_state("networkidle")
    room.kill()
    page.get_by_text("Offline. Your work is saved").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  # away")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    start(room)
    page.get_by_text("Saved", exact=True).wait_for()
    eventually("the copy", lambda: told(room, "clipboard"))
    numbers = [
        record.facts["client_seq"] for record in room.records("event", "observations")
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    notebook = room.directory / "work" / "interview.ipynb"
    eventually("what was typed", lambda: "# away" in notebook.read_text("utf-8"))
    page.get_by_role("button", name="Start Python again").click()
    page.get_by_text("Python is starting").wait_for()
    page.get_by_text("Python is starting").wait_for(state="detached")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output", has_text="2").wait_for()


def test_a_refused_camera_is_no_obstacle(
    room: RoomServer, candidate: Candidate
) -> None:
    page = candidate(room, camera=False)
    page.get_by_role("switch", name="Camera").click()
    page.get_by_role("button", name="Continue to the camera check").click()
    page.get_by_text("That is no problem").wait_for()
    page.get_by_role("button", name="Start without a camera").click()
    page.get_by_role("dialog").wait_for(state="detached")
    eventually("Start", lambda: told(room, "watch"))
    assert told(room, "camera") == [{"state": "denied"}]


def test_a_required_camera_is_asked_for_kindly(
    make_room: Callable[..., RoomServer], candidate: Candidate
) -> None:
    from nbinterview_proctor import policy

    room = make_room(policy={**policy.load("standard"), "camera_required": True})
    page = candidate(room)
    page.get_by_text("write to the person who invited you").wait_for()
    assert page.get_by_role("button", name="Start without being watched").is_disabled()
    assert told(room, "consent") == []
    page.get_by_role("switch", name="Camera").click()
    assert page.get_by_role("button", name="Continue").is_enabled()


def test_the_room_is_tidy(room: RoomServer, interviewer: Interviewer) -> None:
    page = interviewer(room)
    assert page.get_by_role("heading", name="Data scientist").is_visible()
    labels = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert [label for label in labels if label] == ["Edit", "View", "Run", "Kernel"]
    assert page.locator(".jp-SideBar.jp-mod-left").is_hidden()
    assert page.locator("#jp-bottom-panel").is_hidden()
    lock = page.get_by_role("img", name="This cell is locked")
    assert lock.count() == 1
    assert page.locator(".jp-Cell:has(> .jp-nbinterview-Lock)").count() == 1


def test_light_or_dark_is_kept_in_this_browser(
    room: RoomServer, interviewer: Interviewer
) -> None:
    page = interviewer(room)
    page.get_by_role("button", name="Change between light and dark").click()
    dark = page.locator("body[data-jp-theme-light=false]")
    dark.wait_for(state="attached")
    page.reload()
    dark.wait_for(state="attached")


def test_the_end_is_said(room: RoomServer, candidate: Candidate) -> None:
    page = candidate(room)
    agree_and_start(page, "This page")
    eventually("Start", lambda: told(room, "watch"))
    room.service.config["interview"]["state"] = "ended"
    page.get_by_text("The interview has ended").wait_for()
    eventually("the stop", lambda: told(room, "watch")[-1] == {"state": "stopped"})
    assert page.get_by_role("button", name="Watching").count() == 0


def test_after_the_end_nothing_asks_for_the_room(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    panel = interviewer(room)
    page = candidate(room)
    agree_and_start(page, "This page")
    eventually("Start", lambda: told(room, "watch"))
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    notebook = (room.directory / "work" / "interview.ipynb").read_text("utf-8")
    room.service.config["interview"]["state"] = "ended"
    page.get_by_text("The interview has ended").wait_for()
    eventually("the stop", lambda: told(room, "watch")[-1] == {"state": "stopped"})
    link = panel.locator(".jp-nbinterview-Notice").get_by_role("link")
    assert link.get_attribute("href") == PAGE_URL
    editor = page.locator(".jp-CodeCell .cm-content").first
    editor.click()
    page.keyboard.type("too late")
    assert "too late" not in (editor.text_content() or "")
    asked: list[str] = []
    page.on("websocket", lambda opened: asked.append(opened.url))
    room.kill()
    page.get_by_text("Work kept").wait_for()
    # Twice as long as the first, quick attempts of a line that wants to come back.
    page.wait_for_timeout(8_000)
    assert len(asked) <= 1, asked
    assert page.get_by_text("Offline").count() == 0
    assert (editor.text_content() or "").strip() == "1 + 1"
    kept = (room.directory / "work" / "interview.ipynb").read_text("utf-8")
    assert kept == notebook


def test_the_room_leads_interviewers_to_the_interviews_page(
    room: RoomServer, candidate: Candidate, interviewer: Interviewer
) -> None:
    link = interviewer(room).locator(".jp-nbinterview-TitleBar a")
    assert link.get_attribute("href") == PAGE_URL
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in (link.get_attribute("rel") or "")
    page = candidate(room)
    assert page.locator(".jp-nbinterview-TitleBar a").count() == 0


def test_the_room_is_as_dark_as_the_persons_system(
    room: RoomServer, browser: Browser
) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{room.url}lab/tree/interview.ipynb?token=is-{INTERVIEWER}")
        page.locator("body[data-jp-theme-light=false]").wait_for(
            state="attached", timeout=60_000
        )
        page.locator("#nbinterview-panel").wait_for(timeout=60_000)
        page.get_by_role("button", name="Change between light and dark").click()
        light = page.locator("body[data-jp-theme-light=true]")
        light.wait_for(state="attached")
        page.reload()
        light.wait_for(state="attached", timeout=60_000)


def test_a_cell_that_is_run_before_python_is_there_waits(
    room: RoomServer, browser: Browser
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.route("**/api/sessions*", hold)
        page.goto(f"{room.url}lab/tree/interview.ipynb?token=is-{INTERVIEWER}")
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")

        def is_held() -> list[Route]:
            page.wait_for_timeout(50)  # Playwright hears of requests only meanwhile
            return held

        eventually("the start", is_held)
        held[0].continue_()
        page.locator(".jp-OutputArea-output", has_text="2").wait_for()


@pytest.fixture
def plain_lab(tmp_path: Path) -> Iterator[str]:
    """A JupyterLab that is no room, with our extension installed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    (tmp_path / "work").mkdir()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={tmp_path / 'work'}",
        "--ServerApp.jpserver_extensions={'nbinterview_server': False}",
        f"--LabApp.extra_labextensions_path={LABEXTENSIONS}",
        "--LabApp.news_url=",
    ]
    process = subprocess.Popen(
        command,
        env={
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
            "JUPYTER_DATA_DIR": str(tmp_path / "data"),
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            "HOME": str(tmp_path),
        },
        cwd=tmp_path,  # where it keeps its document store
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        assert process.poll() is None, "JupyterLab did not start"
        try:
            return httpx.get(f"{url}api", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually("JupyterLab", answers, within_s=60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def test_a_lab_that_is_no_room_is_left_alone(browser: Browser, plain_lab: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("websocket", lambda opened: asked.append(opened.url))
        page.goto(f"{plain_lab}lab")
        page.get_by_role("menuitem", name="File", exact=True).wait_for(timeout=60_000)
        page.locator(".jp-Launcher").wait_for()
        loaded = page.evaluate("Object.keys(window._JUPYTERLAB || {})")
        assert "@nbinterview/lab" in loaded
        assert page.locator("#nbinterview-titlebar").count() == 0
        assert page.locator(".jp-nbinterview-mod-room").count() == 0
        assert not [url for url in asked if "nbinterview" in url]
