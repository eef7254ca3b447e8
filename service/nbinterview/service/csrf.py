"""Cross-site protection: nothing changes by a request that another page began.

A request with a bearer token comes from a program of ours. Every other request that
could change something must say, by headers that a page cannot set, that a page of
exactly this origin sent it. Rooms and hub have origins of their own, so this holds
against them too.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from nbinterview.errors import Forbidden
from nbinterview.service.problems import problem_response

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteProtection:
    """ASGI middleware: refuse unsafe requests that are not same-origin."""

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] == "http" and not is_allowed(
            scope["method"], Headers(scope=scope), self._origin
        ):
            refusal = Forbidden("This was not sent from a page of this service.")
            await problem_response(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_allowed(method: str, headers: Headers, own_origin: str) -> bool:
    """Say whether a request may change something."""
    if method in _SAFE or headers.get("authorization", "").lower().startswith(
        "bearer "
    ):
        return True
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None and site is None:
        return False
    return origin in {None, own_origin} and site in {None, "same-origin"}
