"""A browser without scripts: redirects, forms and host-only cookies, by httpx.

Python's resolver does not know `*.localhost`, so every request goes to 127.0.0.1
with the right Host header, as Chromium sends it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import httpx

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Page:
    """An answer, and the address that it came from."""

    url: str
    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.text

    def words(self) -> str:
        """Return the text that a person reads."""
        body = re.sub(r"(?s)<(style|head)\b.*?</\1>", " ", self.text)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def leads_on_to(self) -> str | None:
        """Return where the page goes on to by itself, without scripts."""
        found = re.search(
            r'<meta http-equiv="refresh" content="\d+; url=([^"]+)"', self.text
        )
        return None if found is None else html.unescape(found.group(1))

    def fields(self) -> dict[str, str]:
        """Return the hidden fields of the page's form."""
        found = re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.text
        )
        return {name: html.unescape(value) for name, value in found}


@dataclass
class Browser:
    """One browser profile."""

    user_agent: str = USER_AGENT
    person: str = ""
    cookies: dict[tuple[str, str, str], str] = field(default_factory=dict)
    received: list[str] = field(default_factory=list)

    def send(
        self,
        method: str,
        url: str,
        *,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        content: str | None = None,
    ) -> Page:
        """Send one request and keep its cookies; follow nothing."""
        parts = urlsplit(url)
        sent = {
            "Host": parts.netloc,
            "User-Agent": self.user_agent,
            "Accept": "text/html",
            "Sec-Fetch-Mode": "navigate",
            **self._cookie_header(parts.netloc, parts.path),
            **(headers or {}),
        }
        target = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
        response = httpx.request(
            method,
            target,
            data=data,
            content=content,
            headers=sent,
            timeout=60,
            trust_env=False,
        )
        for line in response.headers.get_list("set-cookie"):
            self._keep(parts.netloc, line)
        return Page(url, response)

    def open(self, url: str) -> Page:
        """Go to an address, through all redirects."""
        return self._follow(self.send("GET", url))

    def post(self, url: str, data: dict[str, str]) -> Page:
        """Send a form and go where it leads."""
        return self._follow(self.send("POST", url, data=data))

    def press_button(self, page: Page) -> Page:
        """Send the page's form, as its button does."""
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert action, page.words()
        return self.post(urljoin(page.url, action.group(1)), page.fields())

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, wherever it belongs."""
        return next(
            (value for (_, _, each), value in self.cookies.items() if each == name),
            None,
        )

    def _follow(self, page: Page) -> Page:
        for _ in range(15):
            if not page.response.is_redirect:
                return page
            target = urljoin(page.url, page.response.headers["location"])
            page = self.send("GET", target)
        raise AssertionError(f"too many redirects, last at {page.url}")

    def _cookie_header(self, host: str, path: str) -> dict[str, str]:
        fitting = [
            f"{name}={value}"
            for (owner, prefix, name), value in self.cookies.items()
            if owner == host and path.startswith(prefix)
        ]
        return {"Cookie": "; ".join(fitting)} if fitting else {}

    def _keep(self, host: str, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            key = (host, morsel["path"] or "/", name)
            self.received.append(name)
            if morsel.value and morsel["max-age"] != "0":
                self.cookies[key] = morsel.coded_value
            else:
                self.cookies.pop(key, None)
