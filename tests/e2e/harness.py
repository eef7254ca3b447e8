"""The whole platform and real browsers, for tests that use them as people do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Request,
    WebSocket,
)

from tests.chromium import CHROMIUM_FLAGS
from tests.ports import free_port

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]


def wait_for(
    what: str, ask: Callable[[], T | None], *, timeout_s: float, every_s: float = 0.2
) -> T:
    """Return the first truthy answer of `ask`, or fail and say what was missing."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what}")
        time.sleep(every_s)


@dataclass
class Platform:
    """A running `nbinterview up`."""

    process: subprocess.Popen[bytes]
    home: Path
    port: int
    env: dict[str, str]

    def cli(self, *arguments: str) -> Any:
        """Run `nbinterview ...` and return what it printed, from JSON if it is."""
        run = subprocess.run(
            [self.env["HUB_PYTHON"], "-m", "nbinterview.cli", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, f"{arguments}: {run.stdout}\n{run.stderr}"
        try:
            return json.loads(run.stdout)
        except ValueError:
            return run.stdout

    def stop(self) -> list[str]:
        """Stop as Ctrl-C does; return what was still running afterwards."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        _, alive = psutil.wait_procs(family, timeout=2)
        left = [f"{process.pid} {' '.join(process.cmdline())}" for process in alive]
        for process in alive:
            process.kill()
        return left


@contextmanager
def platform(home: Path, artifacts: Path) -> Iterator[Platform]:
    """Start the platform on a free port and stop it; nothing may stay behind."""
    setup = Path(os.environ["NBINTERVIEW_SETUP"])
    hub_python = json.loads(setup.read_text("utf-8"))["hub_python"]
    port = free_port()
    ready = home.parent / "ready"
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("NBINTERVIEW_")},
        "NBINTERVIEW_SETUP": str(setup),
        "NBINTERVIEW_HOME": str(home),
        "NBINTERVIEW_PORT": str(port),
        "HUB_PYTHON": hub_python,
    }
    log = (artifacts / "platform.log").open("wb")
    process = subprocess.Popen(
        [hub_python, "-m", "nbinterview.cli", "up", "--ready-file", str(ready)],
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    running = Platform(process, home, port, env)
    try:

        def is_ready() -> bool:
            assert process.poll() is None, (artifacts / "platform.log").read_text()
            return ready.exists()

        wait_for("the platform", is_ready, timeout_s=120)
        yield running
    finally:
        left = running.stop()
        log.close()
        for name in (home / "logs").glob("*.log"):
            (artifacts / name.name).write_bytes(name.read_bytes())
        for name in (home / "rooms").glob("*/*.log"):
            (artifacts / f"room-{name.parent.name}-{name.name}").write_bytes(
                name.read_bytes()
            )
    assert not left, f"still running after Ctrl-C: {left}"


@contextmanager
def display() -> Iterator[str]:
    """Run a virtual screen; yield its name."""
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        [
            *("Xvfb", "-displayfd", str(write_end), "-nolisten", "tcp"),
            *("-screen", "0", "1440x960x24"),
        ],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        yield ":" + os.read(read_end, 16).decode().strip()
    finally:
        os.close(read_end)
        server.terminate()
        server.wait(10)


@contextmanager
def real_window(
    playwright: Playwright, profile: Path, screen: str, *flags: str
) -> Iterator[BrowserContext]:
    """Run a headed Chromium whose tabs really hide.

    Playwright's own launch keeps every page visible and focused; a browser that
    it only connects to, without its defaults, behaves as a person's does.
    """
    browser = subprocess.Popen(
        [
            "/usr/bin/chromium",
            *CHROMIUM_FLAGS,
            # A headed Chromium without a graphics card needs to be asked for WebGL.
            "--enable-unsafe-swiftshader",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "--window-size=1440,960",
            "--window-position=0,0",
            *flags,
            "about:blank",
        ],
        env={**os.environ, "DISPLAY": screen},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port_file = profile / "DevToolsActivePort"
        port = wait_for(
            "Chromium",
            lambda: port_file.exists() and port_file.read_text().split("\n")[0],
            timeout_s=30,
        )
        connected = playwright.chromium.connect_over_cdp(
            f"http://127.0.0.1:{port}", no_defaults=True
        )
        yield connected.contexts[0]
        connected.close()
    finally:
        browser.terminate()
        browser.wait(10)


@contextmanager
def headless(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """Run a headless Chromium."""
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=[*CHROMIUM_FLAGS, *flags],
        chromium_sandbox=False,
    )
    try:
        yield browser
    finally:
        browser.close()


_IMAGE = re.compile(rb"data:image/|/9j/4AAQ|iVBORw0KGgo|\xff\xd8\xff|\x89PNG\r\n")
_NUMBER_RUN = re.compile(rb"(?:-?\d+(?:\.\d+)?(?:e-?\d+)?\s*,\s*){64}")


@dataclass
class Traffic:
    """Everything a browser sent, watched for what must never leave it."""

    hosts: set[str] = field(default_factory=set)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of a context, also those opened later."""
        context.on("request", self._request)
        context.on("page", self._page)
        for page in context.pages:
            self._page(page)

    def _page(self, page: Page) -> None:
        page.on("websocket", self._websocket)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"}:
            self.hosts.add(parts.hostname or "")
        body = request.post_data_buffer
        if body:
            self.sent.append((request.url, body))

    def _websocket(self, websocket: WebSocket) -> None:
        self.hosts.add(urlsplit(websocket.url).hostname or "")
        websocket.on(
            "framesent",
            lambda data: self.sent.append(
                (websocket.url, data if isinstance(data, bytes) else data.encode())
            ),
        )

    def foreign_hosts(self) -> set[str]:
        """Return hosts that are not this machine."""
        return {
            host
            for host in self.hosts
            if host not in {"localhost", "127.0.0.1"}
            and not host.endswith(".localhost")
        }

    def pictures(self) -> list[str]:
        """Return where something like a picture was sent."""
        return [url for url, body in self.sent if _IMAGE.search(body)]

    def landmark_arrays(self) -> list[str]:
        """Return where 64 or more numbers in a row were sent."""
        return [url for url, body in self.sent if _NUMBER_RUN.search(body)]
