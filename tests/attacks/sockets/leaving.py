"""Taking access away while everything is open, and giving it again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocket

from tests.attacks.sockets.origins import opens, room_sockets
from tests.attacks.sockets.world import CANDIDATE, World
from tests.e2e.harness import wait_for
from tests.e2e.people import enter_room

WITHIN_S = 5.0


@dataclass
class Sockets:
    """The websockets that a page has open."""

    opened: list[WebSocket] = field(default_factory=list)
    closed_at_s: dict[str, float] = field(default_factory=dict)

    def watch(self, page: Page) -> None:
        """Listen; the page has to be new, without a socket yet."""
        page.on("websocket", self._add)

    def _add(self, socket: WebSocket) -> None:
        self.opened.append(socket)
        socket.on("close", self._closed)

    def _closed(self, socket: WebSocket) -> None:
        self.closed_at_s[socket.url] = time.monotonic()

    @property
    def open_ones(self) -> list[str]:
        """Addresses of those that are open."""
        return [one.url for one in self.opened if not one.is_closed()]


@dataclass
class Left:
    """How a withdrawal went."""

    closed_after_s: float
    sockets: int
    reopened: list[str]
    """Sockets that opened with the same cookies afterwards."""
    statuses: dict[str, int]
    reasons: list[str]
    words: str
    asks_after: int
    """Requests of the page to its room after it was told."""


def withdraw(world: World, listen_s: float = 3.0) -> Left:
    """Withdraw the candidate's link while the room's page is open.

    The page is listened to for `listen_s` afterwards.
    """
    page, watched = world.candidate_page, Sockets()
    # Not before: Chromium does not say that a page's sockets end with it.
    page.reload(wait_until="commit")
    watched.watch(page)
    page.locator(".jp-CodeCell .cm-content").first.wait_for()

    def all_kinds() -> bool:
        page.wait_for_timeout(100)
        kinds = ("/live", "/channels", "json:notebook")
        return all(any(kind in url for url in watched.open_ones) for kind in kinds)

    wait_for("the page's sockets", all_kinds, timeout_s=30)
    addresses = room_sockets(world, world.here, page)
    count = len(watched.open_ones)
    link = world.here.invitation(CANDIDATE)
    begun_s = time.monotonic()
    answer = world.operator("POST", f"/invitations/{link['id']}/withdraw")
    assert answer.status_code == 200, answer.text

    def none_open() -> bool:
        page.wait_for_timeout(50)
        return not watched.open_ones

    wait_for("the sockets to close", none_open, timeout_s=30, every_s=0.01)
    after_s = max(watched.closed_at_s.values()) - begun_s
    notice = page.get_by_text("Your access to this interview has ended")
    notice.wait_for(timeout=10_000)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.wait_for_timeout(listen_s * 1000)
    own, room = world.origin(world.here), world.room(world.here)
    paths = ("/api/me", "/lab", "/api/contents/interview.ipynb", "/api/kernels")
    statuses = {
        path: world.ask("GET", room + path, world.candidate).status_code
        for path in paths
    }
    service = world.ask(
        "GET",
        f"{world.addresses.service_url}interviews/{world.here.id}/enter/status",
        world.candidate,
        {"Accept": "application/json"},
    )
    statuses["service"] = service.status_code
    left = world.here.eventually(
        "the leaving",
        lambda: [
            one["payload"].get("reason")
            for one in world.here.records("person.left")
            if one["payload"].get("reason")
        ],
    )
    return Left(
        closed_after_s=after_s,
        sockets=count,
        reopened=[u for u in addresses if opens(world, u, world.candidate, own)],
        statuses=statuses,
        reasons=left,
        words=notice.first.inner_text(),
        asks_after=sum(room in url for url in asked),
    )


def invite_again(world: World) -> Page:
    """Give the candidate a new link; return the room's page, opened by it."""
    link = world.here.invitation(CANDIDATE)
    fresh = world.operator("POST", f"/invitations/{link['id']}/renew").json()
    return enter_room(world.candidate, fresh["url"])
