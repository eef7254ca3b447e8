"""A second start asks the room for no file of the measurement: browsers keep them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler

from nbinterview_server.headers import ASSETS
from tests.chromium import CHROMIUM_FLAGS

from .conftest import CSP, FOLDERS, HERE, told, wait_until

FILES = "/nbinterview/static/0.1.0/"
MODELS = ("face_landmarker.task", "selfie_segmentation.tflite")
WASM = ("vision_wasm_module_internal.js", "vision_wasm_module_internal.wasm")


class PageHandler(StaticFileHandler):
    """The test page and the module, which a browser asks for anew each time."""

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Content-Security-Policy", CSP)
        self.set_header("Cache-Control", "no-store")


@pytest.fixture
def served(built: None) -> Iterator[tuple[str, list[str]]]:
    """The room's own way of serving the files, and every path that it was asked for."""
    asked: list[str] = []

    def note(handler: RequestHandler) -> None:
        asked.append(handler.request.path)

    began = threading.Event()
    loop = asyncio.new_event_loop()
    [socket] = bind_sockets(0, "127.0.0.1")

    def serve() -> None:
        asyncio.set_event_loop(loop)
        folders = [
            (rf"/{name}/(.+)", PageHandler, {"path": FOLDERS[name]})
            for name in ("lib", "style")
        ]
        page = (r"/(.+)", PageHandler, {"path": HERE})
        server = HTTPServer(Application([ASSETS, *folders, page], log_function=note))
        server.add_sockets([socket])
        loop.call_soon(began.set)
        loop.run_forever()
        server.stop()
        loop.run_until_complete(server.close_all_connections())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert began.wait(10)
    yield f"http://127.0.0.1:{socket.getsockname()[1]}", asked
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@contextmanager
def browsing(
    playwright: Playwright, profile: Path, clip: Path
) -> Iterator[BrowserContext]:
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path="/usr/bin/chromium",
        headless=True,
        chromium_sandbox=False,
        permissions=["camera"],
        args=[
            *CHROMIUM_FLAGS,
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
        ],
    )
    try:
        yield context
    finally:
        context.close()


def start(context: BrowserContext, origin: str) -> None:
    """Open the page, switch the camera on, and wait for what was measured."""
    page = context.pages[0]
    page.set_default_timeout(60_000)
    page.goto(f"{origin}/page.html?assets={FILES}")
    page.wait_for_selector("html[data-ready=yes]")
    page.evaluate("watcher.start()")
    page.evaluate("watcher.open()")
    wait_until(page, "told.batches.some(b => b.frames.some(f => 'person' in f))")
    assert [event["state"] for event in told(page, "detector")] == ["ready"]


def test_a_second_start_asks_for_no_worker_wasm_or_model(
    playwright: Playwright,
    served: tuple[str, list[str]],
    empty_room: Path,
    tmp_path: Path,
) -> None:
    origin, asked = served
    with browsing(playwright, tmp_path, empty_room) as context:
        start(context, origin)
        first = [path.removeprefix(FILES) for path in asked if FILES in path]
        assert {Path(path).name for path in first} == {"worker.js", *WASM, *MODELS}
        # Two tasks run on one WASM file, which came once.
        assert first.count(WASM[1]) == 1

        asked.clear()
        start(context, origin)  # a reload
        assert [path for path in asked if FILES in path] == []
    asked.clear()
    with browsing(playwright, tmp_path, empty_room) as context:
        start(context, origin)  # the browser itself was started anew
        assert [path for path in asked if FILES in path] == []
