"""From an interviewer's room page to anything else, and from anywhere into a room.

Each attack returns what it tried and which of it got through.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page
from websockets.exceptions import InvalidHandshake, InvalidURI
from websockets.sync.client import connect

from tests.attacks.sockets.world import World
from tests.e2e.people import Made


@dataclass
class Tried:
    """How many attempts, and those that got through."""

    n: int = 0
    hits: list[str] = field(default_factory=list)

    def note(self, what: str, *, hit: bool) -> None:
        """Count one attempt."""
        self.n += 1
        if hit:
            self.hits.append(what)


def elsewhere(world: World) -> list[str]:
    """Return addresses that a room's page has no business at, one of each kind."""
    service, public = world.addresses.service_url, world.addresses.public_url
    there = world.room(world.other)
    invitation = world.other.invitations[0]["id"]
    return [
        service,
        f"{service}interviews/{world.here.id}",
        f"{service}interviews/{world.other.id}",
        f"{service}interviews/{world.here.id}/replay",
        f"{service}api/v1/interviews",
        f"{service}api/v1/interviews/{world.here.id}",
        f"{service}api/v1/interviews/{world.here.id}/film",
        f"{service}api/v1/interviews/{world.here.id}/end",
        f"{service}interviews/{world.here.id}/end",
        f"{service}api/v1/invitations/{invitation}/withdraw",
        f"{service}invitations/{invitation}/withdraw",
        f"{service}sign-out",
        f"{public}/hub/home",
        f"{public}/hub/logout",
        f"{public}/hub/token",
        f"{public}/hub/api/user",
        f"{public}/hub/api/users",
        f"{public}/hub/api/shares/room-{world.other.id}/",
        f"{public}/hub/api/users/room-{world.here.id}/server",
        f"{public}/hub/invitation?token=x",
        f"{there}/api/me",
        f"{there}/api/contents/interview.ipynb",
        f"{there}/api/kernels",
        world.addresses.report_url,
    ]


_FETCH = """
requests => Promise.all(requests.map(async ([url, mode, method]) => {
    try {
        const answer = await fetch(url, {
            method, mode, credentials: 'include', redirect: 'follow',
            body: method === 'POST' ? new URLSearchParams({x: '1'}) : undefined
        });
        return answer.type === 'opaque' ? 'opaque' : `read ${answer.status}`;
    } catch (error) { return 'refused'; }
}))
"""
_FRAME = """
urls => Promise.all(urls.map(url => new Promise(resolve => {
    const frame = document.createElement('iframe');
    frame.src = url;
    setTimeout(() => {
        let text = '';
        try { text = frame.contentDocument?.body?.innerText ?? ''; } catch {}
        frame.remove();
        resolve(text);
    }, 1000);
    document.body.append(frame);
})))
"""
_SOCKET = """
url => new Promise(resolve => {
    let socket;
    try { socket = new WebSocket(url.replace(/^http/, 'ws')); }
    catch { resolve('refused'); return; }
    socket.onopen = () => { socket.close(); resolve('open'); };
    socket.onerror = () => resolve('refused');
    setTimeout(() => resolve('refused'), 3000);
})
"""


def fetched(page: Page, *requests: list[str]) -> list[str]:
    """Make requests (url, mode, method) by a page's script; say how each ended."""
    found: list[str] = page.evaluate(_FETCH, list(requests))
    return found


def from_a_page(world: World, page: Page) -> Tried:
    """Run a script in a room's page against everything else."""
    tried = Tried()
    urls = elsewhere(world)
    requests = [
        [url, mode, method]
        for url in urls
        for mode in ("cors", "no-cors")
        for method in ("GET", "POST")
    ]
    for request, found in zip(requests, fetched(page, *requests), strict=True):
        # The page's own policy lets none of these out at all.
        tried.note(" ".join(request), hit=found != "refused")
    for url, text in zip(urls, page.evaluate(_FRAME, urls), strict=True):
        tried.note(f"frame {url}", hit=text != "")
    for path in ("/nbinterview/api/v1/live", "/api/events/subscribe"):
        found = page.evaluate(_SOCKET, world.room(world.other) + path)
        tried.note(f"socket {path}", hit=found == "open")
    return tried


def tossed(world: World, page: Page) -> Tried:
    """Set cookies from a room for other hosts; none may arrive there."""
    tried = Tried()
    names = ("nbinterview-session", "_xsrf", "jupyterhub-session-id", "toss")
    for domain in ("localhost", ".localhost", urlsplit(page.url).hostname or ""):
        for name in names:
            cookie = f"{name}=tossed; path=/; domain={domain}"
            page.evaluate("cookie => { document.cookie = cookie }", cookie)
    for url in (
        world.addresses.public_url + "/hub/",
        world.addresses.service_url,
        world.room(world.other) + "/",
        world.addresses.report_url,
    ):
        there = world.interviewer.cookies([url])
        tried.note(url, hit=any(one["value"] == "tossed" for one in there))
    return tried


METHODS = ("POST", "PUT", "PATCH", "DELETE")


def forged(
    world: World, who: BrowserContext, methods: tuple[str, ...] = METHODS
) -> Tried:
    """Make the requests without the page's policy: all cookies, another's origin.

    As from a browser whose policy failed, so what counts is the receiver's check. A
    state-changing request must be refused before anything is done.
    """
    tried = Tried()
    room = world.origin(world.here)
    senders: tuple[dict[str, str], ...] = (
        {"Origin": room, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Origin": room, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": room, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "null", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {},
    )
    for url in elsewhere(world):
        for sender in senders:
            for method in methods:
                answer = world.ask(method, url, who, sender, x="1")
                # The invitation's page answers whatever it is sent by its words.
                done = answer.status_code < 400 and "/hub/logout" not in url
                tried.note(f"{method} {url} {sender} {answer.status_code}", hit=done)
    return tried


def room_sockets(world: World, made: Made, page: Page) -> list[str]:
    """Return every websocket address of a room, as a page opens them."""
    base = world.room(made)
    ids = page.evaluate(
        """async base => {
            const ask = async (path, options = {}) => {
                const xsrf = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
                const headers = {
                    'X-XSRFToken': xsrf, 'Content-Type': 'application/json'};
                const answer = await fetch(base + path, {...options, headers});
                return answer.json();
            };
            const kernels = await ask('/api/kernels');
            const session = await ask('/api/collaboration/session/interview.ipynb',
                {method: 'PUT', body: '{"format": "json", "type": "notebook"}'});
            return [kernels[0].id, session.fileId, session.sessionId];
        }""",
        base,
    )
    kernel, file, session = ids
    document = f"json:notebook:{file}?sessionId={session}"
    return [
        f"{base}/nbinterview/api/v1/live",
        f"{base}/api/events/subscribe",
        f"{base}/api/kernels/{kernel}/channels",
        f"{base}/api/collaboration/room/{document}",
        f"{base}/api/collaboration/room/JupyterLab:globalAwareness",
    ]


def opens(world: World, url: str, who: BrowserContext, origin: str | None) -> bool:
    """Say whether a raw websocket with a browser's cookies is accepted."""
    parts = urlsplit(url)
    headers = {
        **world.cookies(who, url),
        "Sec-Fetch-Mode": "websocket",
        "User-Agent": "raw",
    }
    if origin is not None:
        headers["Origin"] = origin
    target = parts._replace(scheme="ws").geturl()
    try:
        with connect(
            target,
            sock=_to_proxy(world),
            additional_headers=headers,
            proxy=None,
            open_timeout=10,
            user_agent_header=None,
        ):
            return True
    except (InvalidHandshake, InvalidURI, OSError, EOFError):
        return False  # InvalidURI: sent to an ordinary page instead


def _to_proxy(world: World) -> socket.socket:
    host, _, port = world.local.partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def origins(world: World) -> Iterator[str | None]:
    """Yield origins that no page of the room has."""
    yield None
    yield "null"
    yield "https://evil.example"
    yield world.origin(world.other)
    yield world.addresses.public_url
    yield world.origin(world.here).replace("room-", "xroom-")
    yield world.origin(world.here) + ".evil.example"


def foreign_sockets(world: World) -> Tried:
    """Open each socket of the room with good cookies, from pages of other origins."""
    tried = Tried()
    for url in room_sockets(world, world.here, world.candidate_page):
        own = world.origin(world.here)
        assert opens(world, url, world.candidate, own), f"{url} opens for its own page"
        for origin in origins(world):
            hit = opens(world, url, world.candidate, origin)
            tried.note(f"{url} from {origin}", hit=hit)
    return tried


def words_of_tokens(world: World, page: Page) -> Tried:
    """Look for a token of the hub in what a room's page holds."""
    tried = Tried()
    config = page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent)"
    )
    tried.note("PageConfig.token", hit=bool(config.get("token")))
    tried.note(
        "document.body",
        hit=bool(page.evaluate("document.body.dataset.jupyterApiToken ?? ''")),
    )
    for path in ("/lab/workspaces/x", "/nowhere", "/kernelspecs/nbinterview-python3/x"):
        answer = world.ask("GET", world.room(world.here) + path, world.interviewer)
        tried.note(path, hit="jupyter-api-token" in answer.text)
    return tried


_POPUP = """
urls => Promise.all(urls.map(url => new Promise(resolve => {
    const opened = window.open(url);
    setTimeout(() => {
        let text = '';
        try { text = opened?.document?.body?.innerText ?? ''; } catch {}
        try { opened?.postMessage({type: 'nbinterview-frame'}, '*'); } catch {}
        try { opened?.close(); } catch {}
        resolve(text);
    }, 1500);
})))
"""
_FORM = """
url => {
    const form = document.createElement('form');
    form.method = 'post'; form.action = url; form.target = '_blank';
    document.body.append(form); form.submit(); form.remove();
}
"""


def popups_and_forms(world: World, page: Page) -> Tried:
    """Open the others' pages in windows, and post forms to them."""
    tried = Tried()
    service = world.addresses.service_url
    windows = [
        f"{service}interviews/{world.here.id}",
        f"{world.addresses.public_url}/hub/home",
        world.addresses.report_url,
    ]
    for url, text in zip(windows, page.evaluate(_POPUP, windows), strict=True):
        tried.note(f"window {url}", hit=text != "")
    posted: list[str] = []
    page.context.on(
        "request",
        lambda one: posted.append(one.url) if one.method == "POST" else None,
    )
    for url in elsewhere(world):
        page.evaluate(_FORM, url)
        page.wait_for_timeout(50)
        tried.note(f"form {url}", hit=url in posted)
    for opened in page.context.pages:
        if opened is not page:
            opened.close()
    return tried
