"""The door's table, where Jupyter Server asks.

`Doorkeeper` stands before whichever identity provider the server has, and so
sees every request, also those of handlers that ask no authorizer.
`RoomAuthorizer` answers the handlers that do ask, from the same table.
"""

from __future__ import annotations

from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import Authorizer, User
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from nbinterview_server.config import Person
from nbinterview_server.door import below, entry_for, is_public, may
from nbinterview_server.people import People

PERSON = "_nbinterview_person"


def person_of(handler: Any) -> Person:
    """Return who asks; the door let only people of this interview in."""
    found = getattr(handler, PERSON, None)
    if not isinstance(found, Person):
        raise HTTPError(403, "You are not a person of this interview.")
    return found


class Doorkeeper:
    """An identity provider behind the door; everything else is the provider's."""

    def __init__(self, provider: Any, people: People, base_url: str) -> None:
        self._provider = provider
        self._people = people
        self._base_url = base_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    async def get_user(self, handler: Any) -> User | None:
        """Return the signed-in user, or raise 403 for what is not theirs."""
        method = handler.request.method or ""
        path = below(self._base_url, handler.request.path)
        if entry_for(method, path) is None:
            raise _refused(handler, "This address is not part of the interview.")
        user: User | None = await ensure_async(self._provider.get_user(handler))
        if is_public(method, path) or user is None:
            return user
        person = await self._people.find(user.username)
        if person is None or not may(person, method, path):
            raise _refused(handler, "This is not open to you in this interview.")
        setattr(handler, PERSON, person)
        return _named(user, person)


def _refused(handler: Any, words: str) -> HTTPError:
    """Return the refusal. Jupyter's error page asks who was refused: nobody yet."""
    handler.current_user = handler._jupyter_current_user = None
    return HTTPError(403, words)


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
        base_url = str(handler.settings["base_url"])
        path = below(base_url, handler.request.path)
        return may(known, handler.request.method or "", path)
