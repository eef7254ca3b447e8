"""A tiny server for the built files, and Chromium with a camera clip."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.chromium import CHROMIUM_FLAGS
from tests.e2e.clip import build

from .clip import write_clip

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STATIC = ROOT / "extensions/nbinterview_server/static"
JS = ROOT / "proctor_widget/js"
FOLDERS = {"static": STATIC, "lib": JS / "lib", "style": JS / "style"}

#: As strict as a page that measures can be; the worker needs no more.
CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:"


class Handler(SimpleHTTPRequestHandler):
    """Serves the test page and the built files, and remembers who asked for what."""

    asked: list[tuple[str, str]]
    extensions_map = {  # noqa: RUF012 - as in the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def translate_path(self, path: str) -> str:
        first, _, rest = path.split("?", maxsplit=1)[0].lstrip("/").partition("/")
        if first in FOLDERS:
            return str(FOLDERS[first] / rest)
        return str(HERE / (first or "page.html"))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        self.asked.append((self.command, self.path))


@pytest.fixture(scope="session")
def built() -> None:
    """Say clearly what to run when the front end was not built."""
    wanted = [
        STATIC / "worker.js",
        STATIC / "vision_wasm_module_internal.wasm",
        STATIC / "models/face_landmarker.task",
        STATIC / "models/selfie_segmentation.tflite",
        JS / "lib/index.js",
    ]
    missing = [str(path) for path in wanted if not path.is_file()]
    assert not missing, (
        f"not built: {missing}; run `npm run build -w proctor_widget/js` "
        "and `python scripts/fetch_model.py`"
    )


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "person.mjpeg"
    write_clip(path, seconds=3)
    return path


@pytest.fixture(scope="session")
def empty_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "empty.mjpeg"
    build.build(path, [("nobody", 2)])
    return path


@pytest.fixture(scope="session")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody is there and goes away, again and again."""
    path = tmp_path_factory.mktemp("clip") / "leaving.mjpeg"
    return build.build(path, [("facing", 3), ("nobody", 4)])


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    """Every (method, path) that the server was asked for."""
    return []


@pytest.fixture
def origin(built: None, asked: list[tuple[str, str]]) -> Iterator[str]:
    handler = type("AskedHandler", (Handler,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Run Playwright for one module; its event loop would stop other tests'."""
    with sync_playwright() as started:
        yield started


Launch = Callable[..., Page]


@pytest.fixture
def launch(playwright: Playwright, origin: str, clip: Path) -> Iterator[Launch]:
    """Start Chromium and open the test page in it."""
    with ExitStack() as stack:

        def start(
            *extra: str,
            camera: bool = True,
            allow: bool = True,
            query: str = "",
            path: str = "page.html",
            camera_clip: Path = clip,
        ) -> Page:
            args = [*CHROMIUM_FLAGS, *extra]
            if camera:
                args += [
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-video-capture={camera_clip}",
                ]
            browser: Browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                headless=True,
                chromium_sandbox=False,
                args=args,
            )
            stack.callback(browser.close)
            granted = ["clipboard-read", "clipboard-write"]
            context = browser.new_context(
                permissions=[*granted, "camera"] if allow else granted
            )
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.goto(f"{origin}/{path}{query}")
            page.wait_for_selector("html[data-ready=yes]")
            return page

        yield start


def told(page: Page, what: str) -> list[dict[str, Any]]:
    """Return what the module told its host so far."""
    found: list[dict[str, Any]] = page.evaluate(f"told.{what}")
    return found


def wait_until(page: Page, expression: str, timeout_s: float = 60) -> None:
    """Wait for a JavaScript expression to become true.

    Playwright's own wait_for_function needs 'unsafe-eval', which our policy refuses.
    """
    deadline = time.monotonic() + timeout_s
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression} did not come true"
        page.wait_for_timeout(50)
