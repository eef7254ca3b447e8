"""Pages under measurement: a server for the built files and peers, and Chromium."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, Playwright
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler

from nbinterview_server.headers import ASSETS
from tests.chromium import CHROMIUM_FLAGS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = "/nbinterview/static/bench/"
FOLDERS = {
    "page": HERE / "page",
    "lib": ROOT / "proctor_widget/js/lib",
    "peers": ROOT / "bench/peers/node_modules",
}
STARTS_WITHIN_S = 180.0


class _Handler(StaticFileHandler):
    """Pages and modules; a browser asks for them anew each time."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - as in the base
        self.set_header("Cache-Control", "no-store")


@contextmanager
def served() -> Iterator[tuple[str, list[str]]]:
    """Serve everything on a port of its own; yield the origin and what was asked for.

    The measurement's files are served as a room serves them.
    """
    asked: list[str] = []

    def note(handler: RequestHandler) -> None:
        asked.append(handler.request.path)

    began = threading.Event()
    loop = asyncio.new_event_loop()
    [socket] = bind_sockets(0, "127.0.0.1")

    def serve() -> None:
        asyncio.set_event_loop(loop)
        folders = [
            (rf"/{name}/(.+)", _Handler, {"path": folder})
            for name, folder in FOLDERS.items()
        ]
        server = HTTPServer(Application([ASSETS, *folders], log_function=note))
        server.add_sockets([socket])
        loop.call_soon(began.set)
        loop.run_forever()
        server.stop()
        loop.run_until_complete(server.close_all_connections())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert began.wait(10)
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}", asked
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def camera_flags(clip: Path) -> list[str]:
    """Return how Chromium is told to take a clip as its camera."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    ]


@dataclass(frozen=True)
class Family:
    """A browser's processes."""

    root: psutil.Process

    @classmethod
    def of(cls, mark: str) -> Family:
        """Return the browser that was started with this argument."""
        for process in psutil.Process().children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if mark in words and not any(word.startswith("--type=") for word in words):
                return cls(process)
        raise AssertionError("the browser is not there")

    def cpu_s(self) -> float:
        """Return the processor time that all of them took so far."""
        spent = 0.0
        for process in [self.root, *self.root.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
        return spent

    def renderers(self) -> list[psutil.Process]:
        """Return the processes in which pages run."""
        return [
            process
            for process in self.root.children(recursive=True)
            if "--type=renderer" in process.cmdline()
        ]


@contextmanager
def opened(
    play: Playwright, origin: str, clip: Path, variant: str, *, clock: bool = False
) -> Iterator[tuple[Page, Family]]:
    """Open a variant's page in a browser of its own, and wait until it measures."""
    mark = f"--nbinterview-bench={uuid.uuid4()}"
    browser = play.chromium.launch(
        executable_path="/usr/bin/chromium",
        chromium_sandbox=False,
        args=[*CHROMIUM_FLAGS, *camera_flags(clip), mark],
    )
    try:
        page = browser.new_context(permissions=["camera"]).new_page()
        query = f"?variant={variant}" + ("&clock=yes" if clock else "")
        page.goto(f"{origin}/page/index.html{query}")
        until(page, "document.documentElement.dataset.started === 'yes'")
        assert (failed := page.evaluate("told.failed")) is None, failed
        until(page, "told.results.length >= 5")
        yield page, Family.of(mark)
    finally:
        browser.close()


def until(page: Page, expression: str, within_s: float = STARTS_WITHIN_S) -> Any:
    """Wait for a JavaScript expression to become true; return it."""
    deadline_s = time.monotonic() + within_s
    while not (found := page.evaluate(expression)):
        assert time.monotonic() < deadline_s, (
            f"{expression} did not come true: {page.evaluate('window.told?.failed')}"
        )
        page.wait_for_timeout(100)
    return found
