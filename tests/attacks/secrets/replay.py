"""A string, presented to every route in every way in which a secret can be presented.

What a junk string of the same kind gets is the measure: a route that answers another
string differently, otherwise than by a refusal, has accepted it.
"""

from __future__ import annotations

import http.client
import itertools
import re
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

JUNK = "Jx9" * 14
# Not let in, asked too often, or too long for an address or a header.
REFUSED = frozenset({401, 403, 414, 429, 431})
TOO_MANY = 429
WORKERS = 4
COOKIES = (
    *("jupyterhub-hub-login", "jupyterhub-session-id", "nbinterview-session"),
    *("nbinterview-browser", "service-report", "jupyterhub-services", "_xsrf", "token"),
)
Answer = tuple[int, str]
Way = tuple[str, str, dict[str, str]]


@dataclass(frozen=True)
class Route:
    """One method of one path, on the host that serves it; `{X}` takes the string."""

    who: str
    host: str
    method: str
    path: str

    @property
    def name(self) -> str:
        """Who and what, for a report."""
        return f"{self.who}: {self.method} {self.path}"


@dataclass
class Replay:
    """Asks a platform at one port. Counts what it asked."""

    port: int
    sent: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    """Routes that answered 5xx, and how often."""
    cookies: Sequence[str] = COOKIES

    def __post_init__(self) -> None:
        """Make what the workers share."""
        self._own = threading.local()
        self._links: set[http.client.HTTPConnection] = set()
        self._addresses = itertools.count(2)

    def ways(self, route: Route, text: str) -> Iterator[Way]:
        """Return (way, path, headers) for each way to present a string."""
        here = f"http://{route.host}"
        path = route.path.replace("{X}", quote(text, safe=""))
        names = ("token", "ticket", "code")
        query = "&".join(f"{name}={quote(text)}" for name in names)
        basic = b64encode(f"{text}:{text}".encode()).decode()
        yield "bearer", path, {"Authorization": f"Bearer {text}"}
        yield "token", f"{path}?{query}", {"Authorization": f"token {text}"}
        yield "basic", path, {"Authorization": f"Basic {basic}"}
        jar = "; ".join(f"{name}={text}" for name in self._names(route.host))
        same = {"Origin": here, "Sec-Fetch-Site": "same-origin", "X-XSRFToken": text}
        yield "cookie", path, {"Cookie": jar, **same}

    def accepted(
        self, texts: Iterable[str], routes: Sequence[Route]
    ) -> list[tuple[str, str, str, int]]:
        """Return (string, route, way, status) of all that was let in."""
        with ThreadPoolExecutor(WORKERS) as pool:
            junk = dict(zip(routes, pool.map(self._tried, routes), strict=True))
            work = [(text, route, junk[route]) for text in texts for route in routes]
            hits = [one for found in pool.map(self._hits, work) for one in found]
        self._close()
        return hits

    def session(
        self, jars: Mapping[str, Mapping[str, str]], routes: Sequence[Route]
    ) -> list[tuple[str, int]]:
        """Return what a whole browser gets, by its cookies of each host."""
        found = []
        for route in routes:
            jar = jars.get(route.host.split(":")[0], {})
            headers = {
                "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
                "Origin": f"http://{route.host}",
                "Sec-Fetch-Site": "same-origin",
                "X-XSRFToken": jar.get("_xsrf", ""),
            }
            path = route.path.replace("{X}", JUNK)
            status, _ = self._ask(route, path, headers)
            nobody, _ = self._ask(route, path, {})
            # 404 says that it is not there, to the candidate at least. 400 would say
            # that it was asked what the request means before who sent it.
            if status != nobody and status not in {*REFUSED, 302, 404, 405}:
                found.append((route.name, status))
        self._close()
        return found

    def _close(self) -> None:
        """End all connections; the next question makes its own."""
        while self._links:
            self._links.pop().close()
        self._own = threading.local()

    def _tried(self, route: Route) -> dict[str, Answer]:
        return {
            way: self._ask(route, path, headers)
            for way, path, headers in self.ways(route, JUNK)
        }

    def _hits(
        self, work: tuple[str, Route, dict[str, Answer]]
    ) -> list[tuple[str, str, str, int]]:
        text, route, junk = work
        found = []
        for way, path, headers in self.ways(route, text):
            status, target = self._ask(route, path, headers)
            if (status, target) != junk[way] and status not in REFUSED:
                # A header that cannot be sent so, or an id of another shape, is none.
                if status in {400, 404, 405, 422} and junk[way][0] not in REFUSED:
                    continue
                # To somebody who is signed in, and may not: that it is not there.
                if way == "cookie" and status == 404:
                    continue
                found.append((text, route.name, way, status))
        return found

    def _names(self, host: str) -> list[str]:
        room = re.match(r"(room-[a-z2-7]{10})\.", host)
        own = [f"jupyterhub-user-{room[1]}"] if room else []
        names = [*self.cookies, *own]
        return [*names, *(f"__Host-{name}" for name in names)]

    def _ask(self, route: Route, path: str, headers: dict[str, str]) -> Answer:
        """Ask once; again from another address when this one asked too often."""
        for _ in range(3):
            status, target = self._asked(route, path, headers)
            self.sent[str(status)] += 1
            if status >= 500:
                self.failed[route.name] += 1
            if status != TOO_MANY:
                break
            self._reconnect()
        return status, target

    def _asked(self, route: Route, path: str, headers: dict[str, str]) -> Answer:
        whole = {"Host": route.host, "Accept": "application/json", **headers}
        body = None if route.method == "GET" else b"{}"
        if body is not None:
            whole["Content-Type"] = "application/json"
        for _ in range(2):
            try:
                link = self._link()
                link.request(route.method, path, body, whole)
                answer = link.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self._reconnect()
                continue
            location = urlsplit(answer.getheader("Location", ""))
            return answer.status, f"{location.netloc}{location.path}"
        return 0, "no answer"

    def _link(self) -> http.client.HTTPConnection:
        if getattr(self._own, "link", None) is None:
            number = next(self._addresses)
            address = f"127.1.{number >> 8 & 255}.{number & 255}"
            self._own.link = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=30, source_address=(address, 0)
            )
            self._links.add(self._own.link)
        link: http.client.HTTPConnection = self._own.link
        return link

    def _reconnect(self) -> None:
        if getattr(self._own, "link", None) is not None:
            self._own.link.close()
            self._links.discard(self._own.link)
            self._own.link = None
