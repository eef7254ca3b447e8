"""ProctorWidget in a real JupyterLab with a real kernel, and a clip as the camera."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.chromium import CHROMIUM_FLAGS

from .conftest import ROOT

ARTIFACTS = ROOT / "test-artifacts"
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
    """Start JupyterLab as a person would, and return the notebook's URL."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "widget.ipynb").write_text(json.dumps(notebook()), "utf-8")
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
        yield f"{url}lab/tree/widget.ipynb?token=let-me-in"
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


def test_widget_measures_in_jupyterlab(
    lab: str, clip: Path, playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        chromium_sandbox=False,
        args=[
            *CHROMIUM_FLAGS,
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
        ],
    )
    page = browser.new_context(permissions=["camera"]).new_page()
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(lab)
    try:
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
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "proctor-widget.png")

        run_cell(page, 2)
        expect(status).to_contain_text("The camera is off.")
        expect(button).to_be_visible()

        # A server without the files: one sentence says what to do.
        run_cell(page, 3)
        expect(button).to_have_count(2)
        button.last.click()
        expect(status.last).to_contain_text("the Jupyter server has no")

        elsewhere = [url for url in asked if not is_here(url, page)]
        assert elsewhere == []
    finally:
        browser.close()


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
