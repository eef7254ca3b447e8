"""Every route of hub, service and room, with a candidate's cookies, in every state.

An interview is walked through by a candidate who makes raw requests: all cookies, the
right Origin and XSRF token, every method, and a websocket's handshake. What may be
answered is in the tables of access; nothing may ever be 5xx.
"""

from __future__ import annotations

import http.client
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from nbinterview.service.access_table import TABLE as SERVICE_TABLE
from nbinterview_server.config import KERNEL_NAME, NOTEBOOK, Person
from nbinterview_server.door import TABLE as DOOR
from nbinterview_server.door import may
from tests.attacks.sockets.origins import Tried
from tests.attacks.sockets.world import World
from tests.e2e.harness import wait_for
from tests.e2e.people import Made, code, notebook_file
from tests.hub_config.browser import Browser

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAME = "Theo Thirdman"
# Signing out is anybody's, and would end the walk.
LEAVING = re.compile(r".*/(logout|sign-out|leave)")

# By hand, not made from the hub's scopes: who one is, one's own pages, signing in.
HUB_OPEN = re.compile(
    r"GET /hub/(home|login|health|api/|api/health|api/user|error/\d+)?"
)
ROOM_SOCKETS = re.compile(
    r"/(api/events/subscribe|nbinterview/api/v1/live|api/kernels/[\w-]+/channels|"
    r"api/collaboration/room/.+)"
)


@dataclass(frozen=True)
class Asked:
    """One request; `may` says whether it is open to the candidate now."""

    host: str
    method: str
    path: str
    may: bool
    is_socket: bool = False


@dataclass
class Walk:
    """One candidate's way through one interview."""

    world: World
    made: Made
    browser: Browser
    thorough: bool = True
    """Whether every id is tried at every place."""
    tried: dict[str, Tried] = field(default_factory=dict)
    let_in: Counter[str] = field(default_factory=Counter)
    """How much was open, by state, and of it the sockets."""
    moved: int = 0
    """How often a limit was met."""

    @property
    def host(self) -> str:
        """The room's host."""
        return urlsplit(self.world.origin(self.made)).netloc

    @property
    def base(self) -> str:
        """The path below which the room answers."""
        return urlsplit(self.world.room(self.made)).path

    def look(self, state: str, methods: tuple[str, ...]) -> None:
        """Try everything in the state that the interview is in."""
        tried = self.tried[state] = Tried()
        for asked in self._all(state, methods):
            status = self.ask(asked)
            what = f"{state}: {asked.method} {asked.host}{asked.path} is {status}"
            if asked.is_socket:
                what = what.replace("GET", "socket")
            done = status == 101 if asked.is_socket else 200 <= status < 300
            self.let_in[f"{state} socket" if asked.is_socket else state] += done
            # 3xx leads to a page that is tried by itself. 429 would hide an answer.
            hit = status >= 500 or status == 429 or (done and not asked.may)
            # The tables' other half: what is open is not refused.
            hit |= asked.may and status in {401, 403}
            tried.note(what, hit=hit)

    def ask(self, asked: Asked) -> int:
        """Send one request as the room's own page would; return the status."""
        origin = f"http://{asked.host}"
        jar = {
            name: value
            for (owner, prefix, name), value in self.browser.cookies.items()
            if owner == asked.host and asked.path.startswith(prefix)
        }
        headers = {
            "Host": asked.host,
            "Origin": origin,
            "User-Agent": self.browser.user_agent,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "cors",
            "Accept": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            "X-XSRFToken": jar.get("_xsrf", ""),
            "Connection": "close",
        }
        body = None if asked.method == "GET" else b"{}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if asked.is_socket:
            headers |= {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-Fetch-Mode": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            }
        status = self._sent(asked, body, headers)
        if status == 429:
            # A limit would hide what the route answers. Not always from elsewhere:
            # XSRF tokens are good for one address.
            self.moved += 1
            own = f"127.2.{self.moved >> 8}.{self.moved & 255}"
            status = self._sent(asked, body, headers, own)
        return status

    def _sent(
        self,
        asked: Asked,
        body: bytes | None,
        headers: dict[str, str],
        own: str = "127.0.0.1",
    ) -> int:
        port, source = self.world.addresses.port, (own, 0)
        link = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=20, source_address=source
        )
        try:
            link.request(asked.method, asked.path, body, headers)
            return link.getresponse().status
        finally:
            link.close()

    def _all(self, state: str, methods: tuple[str, ...]) -> Iterator[Asked]:
        seen = set()
        for asked in (
            *self._room(state, methods),
            *self._hub(methods),
            *self._service(state, methods),
        ):
            key = (asked.host, asked.method, asked.path, asked.is_socket)
            if key not in seen and not LEAVING.fullmatch(asked.path):
                seen.add(key)
                yield asked

    def _room(self, state: str, methods: tuple[str, ...]) -> Iterator[Asked]:
        me = Person(self.browser.person, NAME, "T", "#000000", "candidate")
        for path, method in product(self._room_paths(me.hub_name), methods):
            # Without a room there is nothing: the hub says so, in its own words.
            open_now = state == "open" and may(me, method, path, "open")
            yield Asked(self.host, method, self.base + path, open_now)
            if method == "GET":
                is_open = open_now and bool(ROOM_SOCKETS.fullmatch(path))
                whole = self.base + path
                yield Asked(self.host, "GET", whole, is_open, is_socket=True)

    def _room_paths(self, me: str) -> list[str]:
        """Return a path for each line of the door, and some that it does not have."""
        kernel = "00000000-0000-0000-0000-000000000000"
        ids: tuple[str, ...] = (kernel, me, NOTEBOOK, KERNEL_NAME)
        ids = ids if self.thorough else ids[:2]
        found = {"/api/shutdown", "/api/terminals", "/api/contents/x", "/files/x.py"}
        found |= {"/metrics", "/api/nbconvert", "/api/config/x", f"/files/{NOTEBOOK}"}
        for entry in DOOR:
            paths = samples(entry.pattern.pattern, ids)
            found |= {one for one in paths if entry.pattern.fullmatch(one)}
        return sorted(found)

    def _hub(self, methods: tuple[str, ...]) -> Iterator[Asked]:
        from jupyterhub.apihandlers import default_handlers as api
        from jupyterhub.handlers import default_handlers as pages

        host = urlsplit(self.world.addresses.public_url).netloc
        mine, room = self.browser.person, f"room-{self.made.id}"
        other = f"room-{self.world.other.id}"
        for pattern, *_ in (*pages, *api, ("/invitation",), ("/leave",)):
            names = (mine, room, other) if self.thorough else (room,)
            for name in names if "(" in pattern else ("",):
                path = "/hub" + _filled(pattern, name)
                for method in methods:
                    call = f"{method} {path}"
                    is_open = bool(HUB_OPEN.fullmatch(call))
                    is_open |= call == f"GET /hub/api/users/{mine}"
                    yield Asked(host, method, path, is_open)
                    if method == "GET":
                        yield Asked(host, method, path, may=False, is_socket=True)

    def _service(self, state: str, methods: tuple[str, ...]) -> Iterator[Asked]:
        host = urlsplit(self.world.addresses.service_url).netloc
        ids = {
            "interview_id": self.made.id,
            "invitation_id": self.made.invitations[0]["id"],
            "hub_name": self.browser.person,
        }
        other = {**ids, "interview_id": self.world.other.id}
        other["invitation_id"] = self.world.other.invitations[0]["id"]
        lines = {(entry.method, entry.path): entry for entry in SERVICE_TABLE}
        for template in sorted({entry.path for entry in SERVICE_TABLE}):
            for method, names in product(methods, (ids, other)):
                path = template.format(**names)
                entry = lines.get((method, template))
                role = "candidate"
                if names is other and "{" in template:
                    role = "visitor"
                is_open = (
                    entry is not None
                    and role in entry.roles
                    and (not entry.names_interview or state in entry.states)
                )
                yield Asked(host, method, path, is_open)
            yield Asked(host, "GET", template.format(**ids), may=False, is_socket=True)


def _filled(pattern: str, name: str) -> str:
    path = re.sub(r"\(\?:/\(\[\^/\]\+\)\)\?", "", pattern).replace(r"(\d+)", "404")
    path = re.sub(r"\((?:\?P<\w+>)?(\[\^/\][+*]|/?\.\*)\)\??", name, path)
    return path.removesuffix("$").removesuffix("?")


def samples(pattern: str, ids: tuple[str, ...]) -> Iterator[str]:
    """Yield paths that a line of the door may mean, by filling its open places."""
    forms = [pattern]
    group = re.compile(r"\((?:\?P<\w+>)?((?:[^()]|\\.)*)\)(\??)")
    while found := next((one for one in forms if group.search(one)), None):
        forms.remove(found)
        match = group.search(found)
        assert match is not None
        choices = [*match[1].split("|"), *([""] if match[2] else [])]
        forms += [
            found[: match.start()] + one + found[match.end() :] for one in choices
        ]
    for form, one in product(forms, ids):
        text = re.sub(r"\[\\w[.-]*-?\]\+|\.[+*]", one.replace("\\", ""), form)
        yield text.replace("/?", "").replace("\\", "")


def sign_in(world: World, link: str) -> Browser:
    """Sign in by an invitation as a browser does, without its scripts."""
    browser = Browser()
    browser.press_button(browser.open(link))
    made = browser.send("GET", f"{world.addresses.public_url}/hub/api/user")
    browser.person = made.response.json()["name"]
    return browser


def walk(
    world: World,
    folder: Path,
    methods: tuple[str, ...] = METHODS,
    *,
    thorough: bool = True,
) -> Walk:
    """Take an interview from its making to after its end; try all in each state."""
    folder.mkdir(parents=True, exist_ok=True)
    template = notebook_file(folder / "third.ipynb", [code("1")])
    options = ("--candidate", NAME, "--interviewer", "Third Interviewer")
    more = ("--title", "Third", "--policy", "unwatched")
    made = Made.by(world.platform, template, *options, *more)
    way = Walk(world, made, sign_in(world, made.invitation(NAME)["url"]), thorough)
    way.look("scheduled", methods)

    started = world.operator("POST", f"/interviews/{made.id}/start")
    assert started.status_code == 200, started.text
    enter = f"{world.addresses.service_url}interviews/{made.id}/enter"

    def in_room() -> bool:
        page = way.browser.open(enter)
        if onward := page.leads_on_to():
            page = way.browser.open(urljoin(page.url, onward))
        return page.status == 200 and way.base in page.url

    wait_for("the room", in_room, timeout_s=60)
    way.look("open", methods)

    ended = world.operator("POST", f"/interviews/{made.id}/end")
    assert ended.status_code == 200, ended.text
    wait_for("the room to stop", lambda: _is_stopped(way), timeout_s=40)
    way.look("ended", methods)
    return way


def _is_stopped(way: Walk) -> bool:
    asked = Asked(way.host, "GET", f"{way.base}/api/me", may=False)
    return way.ask(asked) in {302, 404, 424}
