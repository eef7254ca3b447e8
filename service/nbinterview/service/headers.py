"""The headers that every answer carries: what a page of ours may load and do."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nbinterview.home import SERVICE_PREFIX

_STATIC = f"{SERVICE_PREFIX}static/"
_POLICY = "Content-Security-Policy"


class SecurityHeaders:
    """ASGI middleware: add the headers to whatever is answered."""

    def __init__(self, app: ASGIApp, *, hub_origin: str) -> None:
        self._app = app
        self._headers = security_headers(hub_origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and dress its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith(_STATIC)
        cache = "public, max-age=3600" if static else "no-store"

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A page that needs another policy states it.
                own = headers.get(_POLICY, self._headers[_POLICY])
                headers.update({**self._headers, "Cache-Control": cache, _POLICY: own})
            await send(message)

        await self._app(scope, receive, dressed)


def security_headers(hub_origin: str) -> dict[str, str]:
    """Return the headers."""
    return {
        _POLICY: page_policy(hub_origin),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def page_policy(hub_origin: str) -> str:
    """Return what a page of ours may load and do.

    `form-action` names the hub because signing out ends there, and Chromium checks
    where a form's answer redirects to as well.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {hub_origin}"
    )


def replay_headers(hub_origin: str) -> dict[str, str]:
    """Return what the replay's page states: a film's pictures are data: URLs.

    What a candidate wrote is shown there, so no text may become HTML by a mistake.
    """
    pictures = page_policy(hub_origin).replace("img-src", "img-src data:")
    trusted = "require-trusted-types-for 'script'; trusted-types 'none'"
    return {_POLICY: f"{pictures}; {trusted}"}
