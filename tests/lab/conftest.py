"""The built extension in a real room server and in Chromium with a camera clip."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.chromium import CHROMIUM_FLAGS
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    room_config,
)
from tests.extensions.stand_in import StandIn
from tests.proctor_widget.browser.clip import write_clip

ROOT = Path(__file__).resolve().parents[2]
LABEXTENSIONS = ROOT / "extensions/nbinterview_server/labextensions"
PAGE_TIMEOUT_MS = 60_000


def eventually(what: str, ask: Callable[[], Any], within_s: float = 30) -> Any:
    """Return the first truthy answer, or fail and say what did not happen."""
    deadline_s = time.monotonic() + within_s
    while not (found := ask()):
        assert time.monotonic() < deadline_s, f"{what} did not happen"
        time.sleep(0.1)
    return found


def start(room: RoomServer) -> None:
    """Start a room's server; Playwright's own event loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(room.start())).result()


@pytest.fixture
def make_room() -> Iterator[Callable[..., RoomServer]]:
    """Start rooms; keywords change what the service says about them."""
    rooms: list[RoomServer] = []

    def make(**changes: Any) -> RoomServer:
        assert (LABEXTENSIONS / "@nbinterview/lab/package.json").is_file(), (
            "not built: run `npm run build`"
        )
        directory = Path(tempfile.mkdtemp(prefix="nbi-lab-"))
        room = RoomServer(directory, StandIn(room_config(**changes)))
        rooms.append(room)
        start(room)
        return room

    yield make
    for room in rooms:
        try:
            room.stop()
        finally:
            room.service.close()
            shutil.rmtree(room.directory)


@pytest.fixture
def room(make_room: Callable[..., RoomServer]) -> RoomServer:
    """One room of the standard policy."""
    return make_room()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium whose camera shows a person who sits still."""
    clip = tmp_path_factory.mktemp("clip") / "person.mjpeg"
    write_clip(clip, seconds=3)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            chromium_sandbox=False,
            args=[
                *CHROMIUM_FLAGS,
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={clip}",
            ],
        )
        yield browser
        browser.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Open a room as a person in a browser profile of their own."""
    contexts: list[BrowserContext] = []

    def go(room: RoomServer, who: str, *, camera: bool = True) -> Page:
        allowed = ["clipboard-read", "clipboard-write", *(["camera"] * camera)]
        context = browser.new_context(
            permissions=allowed, viewport={"width": 1366, "height": 820}
        )
        contexts.append(context)
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        page = context.new_page()
        page.goto(f"{room.url}lab/workspaces/{who}/tree/interview.ipynb?token=is-{who}")
        page.locator(".jp-CodeCell .cm-content").first.wait_for()
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.fixture
def candidate(enter: Enter) -> Callable[..., Page]:
    """Open a room as its candidate, at the questions."""

    def go(room: RoomServer, *, camera: bool = True) -> Page:
        page = enter(room, CANDIDATE, camera=camera)
        page.get_by_role("heading", name="Before you start").wait_for()
        return page

    return go


@pytest.fixture
def interviewer(enter: Enter) -> Callable[[RoomServer], Page]:
    """Open a room as its interviewer, with the panel."""

    def go(room: RoomServer) -> Page:
        page = enter(room, INTERVIEWER)
        page.locator("#nbinterview-panel").wait_for()
        return page

    return go
