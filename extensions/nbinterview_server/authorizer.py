"""The door's table, where Jupyter Server asks.

`Doorkeeper` stands before whichever identity provider the server has, and so
sees every request, also those of handlers that ask no authorizer.
`RoomAuthorizer` answers the handlers that do ask, from the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import Authorizer, User
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import Application, HTTPError
from tornado.websocket import WebSocketHandler

from nbinterview.schemas.live_types import InterviewState
from nbinterview_server.config import Person
from nbinterview_server.door import (
    below,
    check_routes,
    entry_for,
    is_from_here,
    is_public,
    may,
)
from nbinterview_server.people import People
from nbinterview_server.sockets import OpenSockets

PERSON = "_nbinterview_person"
NO_PART = "No Part In The Interview"
"""The reason by which our pages know that somebody was put out."""


def person_of(handler: Any) -> Person:
    """Return who asks; the door let only people of this interview in."""
    found = getattr(handler, PERSON, None)
    if not isinstance(found, Person):
        raise HTTPError(403, "You are not a person of this interview.")
    return found


class Doorkeeper:
    """An identity provider behind the door; everything else is the provider's."""

    token = ""
    """Jupyter's templates write it into pages; with a hub it is the server's own."""

    def __init__(
        self,
        provider: Any,
        people: People,
        sockets: OpenSockets,
        base_url: str,
        *,
        state: Callable[[], InterviewState],
    ) -> None:
        self._provider = provider
        self._people = people
        self._sockets = sockets
        self._base_url = base_url
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    async def get_user(self, handler: Any) -> User | None:
        """Return the signed-in user, or raise 403 for what is not theirs."""
        method = handler.request.method or ""
        path = below(self._base_url, handler.request.path)
        if entry_for(method, path) is None:
            raise _refused(handler, "This address is not part of the interview.")
        if not _is_from_here(handler):
            raise _refused(handler, "This was not sent from a page of this room.")
        user: User | None = await ensure_async(self._provider.get_user(handler))
        if is_public(method, path) or user is None:
            return user
        is_page = "text/html" in handler.request.headers.get("Accept", "")
        person = await self._people.find(user.username, patient=is_page)
        if person is None:
            words = "You have no part in this interview, or not any more."
            raise _refused(handler, words, reason=NO_PART)
        if not may(person, method, path, self._state()):
            raise _refused(handler, "This is not open to you in this interview.")
        setattr(handler, PERSON, person)
        if isinstance(handler, WebSocketHandler):
            if self._sockets.has_many(person):
                words = "Too many pages of yours are open. Please close some."
                raise _refused(handler, words, status=429)
            self._sockets.add(handler, person)
        return _named(user, person)

    def page_config_hook(
        self, handler: Any, page_config: dict[str, Any]
    ) -> dict[str, Any]:
        """Give a page what the provider gives it, but no token: it has its cookie.

        JupyterHub's provider writes the person's token into the page, where a script
        could take it along.
        """
        hook = getattr(self._provider, "page_config_hook", None)
        found: dict[str, Any] = hook(handler, page_config) if hook else page_config
        return {**found, "token": ""}


def check_own_routes(web_app: Application, base_url: str) -> None:
    """Raise `Unavailable` when a handler of ours is served without an entry."""
    own = (
        below(base_url, pattern.removesuffix("$"))
        for pattern, handler in _routes(web_app.default_router)
        if handler.__module__.startswith("nbinterview_server.")
        and not getattr(handler, "is_closed", False)
    )
    check_routes(own)


def _routes(router: Any) -> Iterator[tuple[str, type]]:
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from _routes(rule.target)
        elif isinstance(rule.target, type) and hasattr(rule.matcher, "regex"):
            yield rule.matcher.regex.pattern, rule.target


def _is_from_here(handler: Any) -> bool:
    request = handler.request
    is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
    return is_from_here(
        request.method or "",
        request.headers,
        is_socket=is_socket or isinstance(handler, WebSocketHandler),
        has_token="Authorization" in request.headers or "token" in request.arguments,
    )


def _refused(
    handler: Any, words: str, reason: str | None = None, *, status: int = 403
) -> HTTPError:
    """Return the refusal. Jupyter's error page asks who was refused: nobody yet."""
    handler.current_user = handler._jupyter_current_user = None
    return HTTPError(status, words, reason=reason)


def _named(user: User, person: Person) -> User:
    """Return the user under the name that the platform knows."""
    user.name = user.display_name = person.display_name
    user.initials, user.color = person.initials, person.color
    user.avatar_url = None
    return user


class RoomAuthorizer(Authorizer):
    """Allows what the door's table allows; refuses when no door stands."""

    async def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        """Say whether this request's person may make it."""
        del user, action, resource
        person = getattr(handler, PERSON, None)
        known = person if isinstance(person, Person) else None
        path = below(str(handler.settings["base_url"]), handler.request.path)
        state = handler.settings["nbinterview_room"].view.state
        return may(known, handler.request.method or "", path, state)
