"""Invitation links in front of any other authenticator.

`in_front_of(Inner)` makes a class that signs in invited people by itself and
inherits the rest from `Inner`. Inheritance, not delegation, because handlers of
authenticators such as OAuthenticator use attributes of their own on the hub's one
authenticator object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler, LoginHandler
from tornado import web
from traitlets import TraitError, Unicode, validate

from nbinterview.ids import INTERVIEW_ID
from nbinterview_hub.invitations import Invitation, InvitationDesk, is_secure

_PERSON = re.compile(f"p-{INTERVIEW_ID.pattern}")
_RESERVED = re.compile(f"(?:p|room)-{INTERVIEW_ID.pattern}")


@dataclass(frozen=True)
class Accepted:
    """An invitation whose button was pressed.

    Only our own handler can make one: what comes from a form or a JSON body is
    always a dict, so no request can forge it.
    """

    invitation: Invitation


class InvitationAuthenticator(Authenticator):  # type: ignore[misc]  # JupyterHub is untyped
    """Signs in people who accepted an invitation; asks the next class for others."""

    public_url = Unicode(help="The hub's address for people.", config=True)
    service_url = Unicode(help="The service's address for people.", config=True)
    service_api = Unicode(help="The service's REST, on this machine.", config=True)
    hub_key = Unicode(help="By which the hub speaks to the service.", config=True)
    invitation_key = Unicode(help="Signs invitation links.", config=True)

    @validate("public_url")
    def _only_a_secure_address(self, proposal: Any) -> str:
        """Refuse, before anybody is invited, what no watching can be proved at."""
        url: str = proposal["value"]
        if not is_secure(url):
            raise TraitError(
                f"Interviews cannot be held at {url}: by plain http browsers give "
                "pages no keys and no camera, so that nothing proves the watching. "
                "Put a proxy with a certificate in front, and name an address that "
                "begins with https:// (or http://localhost, on this computer alone)."
            )
        return url

    @property
    def desk(self) -> InvitationDesk:
        """The service's side of invitations."""
        return InvitationDesk(self.service_api, self.hub_key)

    def get_handlers(self, app: Any) -> list[tuple[Any, ...]]:
        """Return our pages, which win over JupyterHub's, and the inner class's."""
        # Imported late: the handlers need this module.
        from nbinterview_hub.handlers import HANDLERS

        return [*HANDLERS, *super().get_handlers(app)]

    async def authenticate(self, handler: BaseHandler, data: Any) -> Any:
        """Return the authentication model of an accepted invitation, or ask on."""
        if isinstance(data, Accepted):
            return _model(data.invitation)
        found = await super().authenticate(handler, data)
        name = found["name"] if isinstance(found, dict) else found
        if name is not None and _RESERVED.fullmatch(self.normalize_username(name)):
            self.log.warning("Refused a sign-in under the reserved name %r", name)
            return None
        return found

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Allow invited people: only `authenticate` above makes their names."""
        if _RESERVED.fullmatch(username):
            return bool(_PERSON.fullmatch(username))
        allowed = super().check_allowed(username, authentication)
        return bool(allowed if isinstance(allowed, bool) else await allowed)

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Any:
        """Leave invited people alone: the inner class knows nothing of them."""
        if _PERSON.fullmatch(user.name):
            return True
        return await super().refresh_user(user, handler, **kwargs)


def _model(invitation: Invitation) -> dict[str, Any]:
    name = invitation.person.hub_name
    if not _PERSON.fullmatch(name):
        raise web.HTTPError(500, f"{name!r} is not the hub user of a person")
    return {
        "name": name,
        "user_info": invitation.person.user_info(),
        "admin": False,
        # With `manage_groups` of the inner class: the service keeps the groups.
        "groups": None,
    }


class InvitedOnly(Authenticator):  # type: ignore[misc]  # JupyterHub is untyped
    """Signs in nobody: without a link there is only a page that says so."""

    any_allow_config = True
    # For the login page: no form, not even for staff.
    invited_only = True

    def get_handlers(self, _app: Any) -> list[tuple[Any, ...]]:
        """Return the page that stands where a login form would."""
        return [(r"/login", InvitedOnlyHandler)]

    async def authenticate(self, _handler: BaseHandler, _data: Any) -> None:
        """Refuse."""


class InvitedOnlyHandler(LoginHandler):  # type: ignore[misc]  # JupyterHub is untyped
    """`/hub/login` without a form."""

    async def post(self) -> None:
        """Answer that there is nothing to post to."""
        raise web.HTTPError(405)


def in_front_of(inner: type[Authenticator]) -> type[InvitationAuthenticator]:
    """Return an authenticator class: invitations first, then `inner`."""
    return type(
        f"InvitationsThen{inner.__name__}", (InvitationAuthenticator, inner), {}
    )
