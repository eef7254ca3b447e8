"""A platform with two interviews, their people's real browsers, and raw requests.

Cookies are taken out of the browsers, so that a request can be made that no browser
would make: with everything a person's browser holds and any headers at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from nbinterview.home import Addresses, Home
from tests.e2e.harness import Platform, headless, platform
from tests.e2e.people import Made, browser_of_candidate, code, enter_room, notebook_file

CANDIDATE, INTERVIEWER = "Zoe Mueller", "Ines Okonkwo"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36"


@dataclass
class World:
    """Two interviews that go on; of `here` a candidate and an interviewer are in."""

    platform: Platform
    addresses: Addresses
    home: Home
    browser: Browser
    here: Made
    other: Made
    candidate: BrowserContext
    interviewer: BrowserContext
    candidate_page: Page
    interviewer_page: Page
    violations: list[str] = field(default_factory=list)
    """What the console said about the pages' policy, from their beginning."""

    def origin(self, made: Made) -> str:
        """Return the origin of an interview's room."""
        return self.addresses.origin(f"room-{made.id}")

    def room(self, made: Made) -> str:
        """Return the address of an interview's room."""
        return f"{self.origin(made)}/user/room-{made.id}"

    @property
    def local(self) -> str:
        """Where the proxy listens; Python does not know `*.localhost`."""
        return f"127.0.0.1:{self.addresses.port}"

    def cookies(self, who: BrowserContext, url: str) -> dict[str, str]:
        """Return a header with every cookie that this browser would send there."""
        found = who.cookies([url])
        text = "; ".join(f"{one['name']}={one['value']}" for one in found)
        return {"Cookie": text} if text else {}

    def ask(
        self,
        method: str,
        url: str,
        who: BrowserContext | None = None,
        headers: Mapping[str, str] | None = None,
        **body: str,
    ) -> httpx.Response:
        """Make one raw request with a browser's cookies."""
        parts = urlsplit(url)
        path = parts._replace(scheme="http", netloc=self.local).geturl()
        sent = {"Host": parts.netloc, "User-Agent": BROWSER, **(headers or {})}
        if who is not None:
            sent |= self.cookies(who, url)
        return httpx.request(
            method, path, headers=sent, data=body, trust_env=False, timeout=20
        )

    def operator(self, method: str, path: str) -> httpx.Response:
        """Ask the service as whoever runs the platform."""
        token = self.home.secret("operator_token")
        return httpx.request(
            method,
            self.addresses.service_api + path,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=20,
        )


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start everything; yield while both of `here` are in the room."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        running = stack.enter_context(platform(folder / "home", folder))
        play = stack.enter_context(sync_playwright())
        browser = stack.enter_context(headless(play))
        template = notebook_file(folder / "template.ipynb", [code("1 + 1")])
        here, other = (
            Made.by(
                running,
                template,
                *("--candidate", f"{prefix}{CANDIDATE}"),
                *("--interviewer", f"{prefix}{INTERVIEWER}"),
                *("--title", f"{prefix}Wine", "--policy", "unwatched", "--start"),
            )
            for prefix in ("", "Other ")
        )
        ports = json.loads((running.home / "run.json").read_text("utf-8"))["ports"]
        violations: list[str] = []
        contexts, pages = [], []
        for name in (CANDIDATE, INTERVIEWER):
            context = browser_of_candidate(browser)
            contexts.append(context)
            context.on(
                "console",
                lambda message: (
                    violations.append(message.text)
                    if "Content Security Policy" in message.text
                    else None
                ),
            )
            pages.append(enter_room(context, here.invitation(name)["url"]))
        yield World(
            running,
            Addresses.from_env(ports),
            Home(running.home),
            browser,
            here,
            other,
            candidate=contexts[0],
            interviewer=contexts[1],
            candidate_page=pages[0],
            interviewer_page=pages[1],
            violations=violations,
        )
        for context in contexts:
            context.close()
