"""ProctorWidget in a real JupyterLab with a real kernel, and a clip as the camera."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from tests.chromium import CHROMIUM_FLAGS

from .conftest import ROOT

ARTIFACTS = ROOT / "test-artifacts"
EXAMPLE = ROOT / "proctor_widget/examples/try-the-measuring.ipynb"
TOKEN = "?token=let-me-in"
#: A long text from elsewhere, as the browser tells of a paste.
PASTE = """() => {
  const data = new DataTransfer();
  data.setData('text/plain', 'x'.repeat(900));
  const told = { clipboardData: data, bubbles: true };
  document.body.dispatchEvent(new ClipboardEvent('paste', told));
}"""
BASE_URL = "/user/somebody/"
#: They need a configured room: the widget is for any notebook.
ROOM_PLUGINS = [
    "@datalayer/jupyter-server-nbmodel",
    "@jupyter/collaboration-extension",
    "@jupyter/docprovider-extension",
]
ROOM_EXTENSIONS = [
    "jupyter_server_nbmodel",
    "jupyter_server_ydoc",
    "jupyter_collaboration",
]
SHOW = """\
from nbinterview_proctor.widget import ProctorWidget
watcher = ProctorWidget()
watcher.start()
watcher"""
CELLS = [
    SHOW,
    "print('seen', watcher.state, watcher.faces, round(watcher.observation.roll_deg))",
    "watcher.stop()",
    "ProctorWidget(assets_url='/nowhere/')",
]


@pytest.fixture
def lab(built: None, tmp_path: Path) -> Iterator[str]:
    """Start JupyterLab as a person would, and return its URL."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "widget.ipynb").write_text(json.dumps(notebook()), "utf-8")
    (root / "example.ipynb").write_bytes(stopped_only_by_hand(EXAMPLE))
    own = plain_jupyter(tmp_path)
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.port=0",
            f"--ServerApp.base_url={BASE_URL}",
            f"--ServerApp.root_dir={root}",
            "--IdentityProvider.token=let-me-in",
            *(f"--ServerApp.jpserver_extensions={x}=False" for x in ROOM_EXTENSIONS),
        ],
        env=os.environ | own,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = running_url(Path(own["JUPYTER_RUNTIME_DIR"]), server)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def plain_jupyter(folder: Path) -> dict[str, str]:
    """Return the environment of a JupyterLab without the extensions of a room."""
    config = folder / "config"
    page_config = config / "labconfig/page_config.json"
    page_config.parent.mkdir(parents=True)
    disabled = dict.fromkeys(ROOM_PLUGINS, True)
    page_config.write_text(json.dumps({"disabledExtensions": disabled}), "utf-8")
    return {
        "HOME": str(folder / "home"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }


def notebook() -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {
            "id": f"cell-{number}",
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def running_url(runtime: Path, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            return str(json.loads(path.read_text("utf-8"))["url"])
        time.sleep(0.2)
    raise AssertionError("JupyterLab did not start")


def run_cell(page: Page, index: int) -> None:
    page.locator(".jp-CodeCell .cm-content").nth(index).click()
    page.keyboard.press("Shift+Enter")


def stopped_only_by_hand(path: Path) -> bytes:
    """Return a notebook without its last cell: Voila would run it at once."""
    found = json.loads(path.read_text("utf-8"))
    assert "stop()" in found["cells"][-1]["source"][0]
    return json.dumps({**found, "cells": found["cells"][:-1]}).encode()


@pytest.fixture
def opened(clip: Path, playwright: Playwright) -> Iterator[Page]:
    """Open Chromium with the clip as its camera."""
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        chromium_sandbox=False,
        args=[
            *CHROMIUM_FLAGS,
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
        ],
    )
    size: ViewportSize = {"width": 1100, "height": 1400}
    context = browser.new_context(permissions=["camera"], viewport=size)
    page = context.new_page()
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    yield page
    browser.close()


def test_widget_measures_in_jupyterlab(lab: str, opened: Page) -> None:
    page = opened
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{lab}lab/tree/widget.ipynb{TOKEN}")
    # Before the kernel is there, JupyterLab forgets what it is told to run.
    expect(page.get_by_role("button", name="| Idle")).to_be_visible()
    run_cell(page, 0)
    button = page.get_by_role("button", name="Turn my camera on")
    expect(button).to_be_visible()
    # The kernel asked, and still no camera is on before the person said so.
    expect(page.get_by_text("asks to use your camera")).to_be_visible()
    assert [url for url in asked if url.endswith("worker.js")] == []

    button.click()
    status = page.locator(".jp-nbinterview-Check-line")
    expect(status).to_contain_text("One face found")
    run_until(page, 1, "seen measuring 1")

    # The engine in the kernel says what each sensor can do, and what it found.
    sensors = page.locator(".jp-nbinterview-Proctor-sensors")
    expect(sensors).to_contain_text("measuring")
    page.evaluate(PASTE)
    log = page.get_by_role("log")
    expect(log.get_by_role("listitem")).to_have_count(1)
    looks_at_places(page)
    # Another policy begins anew.
    page.get_by_label("Policy").select_option("strict")
    expect(log.get_by_role("listitem")).to_have_count(0)
    page.evaluate(PASTE)
    expect(log).to_contain_text("Flag")
    ARTIFACTS.mkdir(exist_ok=True)
    widget = page.get_by_role("region", name="Try the measuring")
    widget.screenshot(path=ARTIFACTS / "proctor-widget.png")

    run_cell(page, 2)
    expect(status).to_contain_text("The camera is off.")
    expect(button).to_be_visible()
    expect(sensors).not_to_contain_text("measuring")

    # A server without the files: one sentence says what to do.
    run_cell(page, 3)
    expect(button).to_have_count(2)
    button.last.click()
    expect(status.last).to_contain_text("the Jupyter server has no")
    assert [url for url in asked if not is_here(url, page)] == []


def looks_at_places(page: Page) -> None:
    """Begin to look at places by keyboard, at one's own pace, and end it."""
    # Before how one sits is known, the next frame can tell it over "Skipped".
    expect(page.get_by_text("We know how you face the screen")).to_be_visible()
    page.get_by_label("at my own pace").check()
    calibrate = page.get_by_role("button", name="Look at a few places")
    calibrate.focus()
    page.keyboard.press("Enter")
    place = page.locator(".jp-nbinterview-Proctor-place")
    expect(place).to_contain_text(
        re.compile(r"Next: the middle of your screen \(1 of [78]\)")
    )
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(place).to_contain_text("Look at: the middle of your screen")
    sensors = page.locator(".jp-nbinterview-Proctor-sensors")
    expect(sensors).to_contain_text("learning how you sit")
    expect(place).to_contain_text(re.compile(r"\(2 of [78]\)"))
    page.get_by_role("button", name="Stop looking").click()
    expect(page.get_by_text("Skipped. That is fine")).to_be_visible()
    expect(calibrate).to_be_focused()


def test_the_example_notebook_measures_in_voila_and_in_the_dark(
    lab: str, opened: Page
) -> None:
    page = opened
    page.goto(f"{lab}voila/render/example.ipynb{TOKEN}&theme=dark")
    page.get_by_role("button", name="Turn my camera on").click()
    expect(page.locator(".jp-nbinterview-Check-line")).to_contain_text("One face found")
    sensors = page.locator(".jp-nbinterview-Proctor-sensors")
    expect(sensors).to_contain_text("Camera")
    expect(sensors).to_contain_text("measuring")
    ARTIFACTS.mkdir(exist_ok=True)
    widget = page.get_by_role("region", name="Try the measuring")
    widget.screenshot(path=ARTIFACTS / "proctor-widget-voila-dark.png")
    page.get_by_role("button", name="Turn my camera off").click()
    expect(page.locator(".jp-nbinterview-Check-line")).to_contain_text("is off")


def run_until(page: Page, index: int, text: str, timeout_s: float = 60) -> None:
    """Run a cell again until its output says so: frames come once a second."""
    deadline = time.monotonic() + timeout_s
    output = page.locator(".jp-CodeCell").nth(index).locator(".jp-OutputArea-output")
    said: list[Any] = []
    while not any(text in each for each in said):
        assert time.monotonic() < deadline, said
        run_cell(page, index)
        page.wait_for_timeout(1000)
        said = output.all_inner_texts()


def is_here(url: str, page: Page) -> bool:
    host: str = page.evaluate("location.host")
    return url.startswith((f"http://{host}/", f"ws://{host}/", "data:", "blob:"))
