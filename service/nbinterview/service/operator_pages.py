"""The operator's page in a browser: opened by a link that the command line prints.

The operator has a token and no sign-in. The link holds a signed ticket for a few
minutes, which a cookie replaces at once, so that it does not stay in the address.
"""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from nbinterview.errors import Invalid
from nbinterview.service.settings import Settings

COOKIE = "nbinterview-operator"
HOST_PREFIX = "__Host-"
LINK_LIFETIME_S = 5 * 60
PAGE_LIFETIME_S = 30 * 60
HOW = "Open this page by the link that `nbinterview audit --page` prints."


def _signer(settings: Settings, use: str) -> URLSafeTimedSerializer:
    key = settings.keys.operator_token
    return URLSafeTimedSerializer(key, salt=f"nbinterview.operator-{use}")


def link(settings: Settings) -> str:
    """Return the address that opens the page, good for a few minutes."""
    ticket = _signer(settings, "link").dumps("audit")
    return f"{settings.addresses.service_url}audit/open?ticket={ticket}"


def begin(settings: Settings, ticket: str, response: Response) -> None:
    """Put the page's cookie on a response. Raises `Invalid`."""
    try:
        _signer(settings, "link").loads(ticket, max_age=LINK_LIFETIME_S)
    except BadSignature as error:
        raise Invalid(f"This link is not good any more. {HOW}") from error
    response.set_cookie(
        _name(settings),
        _signer(settings, "page").dumps("audit"),
        max_age=PAGE_LIFETIME_S,
        path="/" if settings.secure else settings.prefix,
        httponly=True,
        secure=settings.secure,
        samesite="lax",
    )


def is_open(settings: Settings, request: Request) -> bool:
    """Say whether a request comes from a browser in which the link was opened."""
    text = request.cookies.get(_name(settings), "")
    try:
        _signer(settings, "page").loads(text, max_age=PAGE_LIFETIME_S)
    except BadSignature:
        return False
    return True


def _name(settings: Settings) -> str:
    return HOST_PREFIX + COOKIE if settings.secure else COOKIE
