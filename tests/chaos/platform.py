"""The whole platform under a trial: hub, proxy, service, report, and a real room.

People come by their invitations, as browsers without scripts; their pages then speak
through the proxy with the cookies that they were given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from nbinterview.ids import room_name
from tests.chaos import canary
from tests.extensions.harness import CANDIDATE, INTERVIEWER, RoomServer
from tests.hub_config.browser import Browser, Page
from tests.hub_config.local_platform import wait_until
from tests.hub_config.test_supervisor import Up, up
from tests.ports import free_port

ROLES = {CANDIDATE: "candidate", INTERVIEWER: "interviewer"}


class PlatformRoom(RoomServer):
    """A room of a running platform, reached as people reach it."""

    def __init__(self, running: Up, interview_id: str, links: dict[str, str]) -> None:
        """Let both people in."""
        self.running = running
        self.interview = interview_id
        self.links = links
        self.directory = running.home.room(interview_id)
        self.port = running.addresses.port
        self._name = room_name(interview_id)
        self._process = None
        self.next_door = ""
        """A word of another interview of the same platform."""
        self.browsers = {who: self.enter(role)[0] for who, role in ROLES.items()}

    def enter(self, role: str) -> tuple[Browser, Page]:
        """Follow an invitation in a new browser, to where it leads."""
        browser = Browser()
        page = browser.open(self.links[role])
        if '<form method="post"' in page.text:
            page = browser.press_button(page)
        return browser, page

    @property
    def host(self) -> str:
        """The room's host, with its port."""
        return f"{self._name}.localhost:{self.port}"

    @property
    def base(self) -> str:
        """The path below which the room is."""
        return f"/user/{self._name}/"

    def client(self, who: str | None) -> httpx.AsyncClient:
        """Return an HTTP client that has this person's cookies."""
        headers = {"Host": self.host, "Origin": f"http://{self.host}"}
        if who is not None:
            headers |= self._of(who)
            headers["X-XSRFToken"] = self._xsrf(who)
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}{self.base}",
            headers=headers,
            trust_env=False,
            timeout=30,
        )

    def socket(self, who: str | None, path: str, **headers: str) -> connect:
        """Return a websocket connection, to be entered."""
        if who is not None:
            headers |= self._of(who)
            agent = headers.pop("User-Agent")
        return connect(
            f"ws://{self.host}{self.base}{path}",
            host="127.0.0.1",
            port=self.port,
            origin=f"http://{self.host}",  # type: ignore[arg-type]  # a NewType of str
            user_agent_header=agent,
            additional_headers=headers,
            max_size=None,
            max_queue=None,
            proxy=None,
            # As the page in a browser: what hangs is let go.
            open_timeout=2,
        )

    def _of(self, who: str) -> dict[str, str]:
        browser = self.browsers[who]
        cookies = browser._cookie_header(self.host, f"{self.base}api")
        return {"User-Agent": browser.user_agent, **cookies}

    def _xsrf(self, who: str) -> str:
        for (owner, path, name), value in self.browsers[who].cookies.items():
            if (owner, name) == (self.host, "_xsrf") and path.startswith(self.base):
                return value
        raise AssertionError("the room gave no _xsrf cookie")

    def stop(self, *_: Any) -> None:
        """Nothing: the platform ends its rooms."""


@contextmanager
def platform_room(folder: Path) -> Iterator[PlatformRoom]:
    """Start a platform, and an interview whose people are in its room."""
    folder.mkdir()
    with up(folder, free_port()) as running:
        template = folder / "template.ipynb"
        template.write_text(json.dumps(canary.uploaded()), "utf-8")
        made = _interview(running, template, "Ada", "--start")
        wait_until(lambda: running.room_answers(made["id"]))
        room = PlatformRoom(running, made["id"], made["links"])
        room.next_door = canary.word("next door", 0)
        other = _interview(running, template, room.next_door, "--title", room.next_door)
        there = str(running.cli("interview", "show", other["id"]))
        assert there.count(room.next_door) >= 2, there
        yield room


def _interview(running: Up, template: Path, candidate: str, *more: str) -> Any:
    return running.cli(
        *("interview", "create", "--interviewer", "Grace Hopper"),
        *("--template", str(template), "--candidate", candidate),
        *("--policy", "standard", *more),
    )
