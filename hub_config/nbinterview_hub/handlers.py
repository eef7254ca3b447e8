"""The hub's pages: the invitation, and what stands in for JupyterHub's own.

A link is opened by people, mail scanners and previews alike, so opening it only
shows a page; the button on it signs in. All pages work without JavaScript.
"""

from __future__ import annotations

import time
from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

from nbinterview.browsers import describe_browser
from nbinterview.errors import NBInterviewError
from nbinterview.ids import INTERVIEW_ID, new_id, room_name
from nbinterview.tokens import read_invitation
from nbinterview_hub.authenticator import Accepted, InvitationAuthenticator
from nbinterview_hub.invitations import (
    Invitation,
    expiry_words,
    is_own_url,
)
from nbinterview_hub.leaving import (
    REPORT_HOST,
    SERVICE_HOST,
    Round,
    cookie_of,
    rooms_of,
)
from nbinterview_hub.limits import Paced
from nbinterview_hub.roles import OPEN_SERVICE
from nbinterview_hub.spawner import interview_of_room

BROWSER_COOKIE = "nbinterview-browser"
BROWSER_COOKIE_DAYS = 30
ROUND = "nbinterview-round"
ROUND_DAYS = 1 / 24

# What a room's OAuth client may be given without asking: who you are, and entry.
_ROOM_SCOPES = {"access:servers", "read:users:name", "read:users:groups"}


class PlainPageHandler(Paced, BaseHandler):  # type: ignore[misc]  # JupyterHub is untyped
    """A page without scripts that is kept nowhere and tells nobody its address."""

    authenticator: InvitationAuthenticator

    def set_default_headers(self) -> None:
        """Set them also on errors: tornado calls this for both."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Robots-Tag", "noindex, nofollow")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what nobody expected, without the address: it may hold a link's token."""
        if isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)
            return
        asked = f"{self.request.method} {self.request.path}"
        self.log.error("Uncaught exception %s", asked, exc_info=(typ, value, tb))

    def go_round(self, plan: Round) -> None:
        """Lead the browser to the next host that is to forget, or to the end."""
        if not plan.hosts:
            self.redirect(plan.next_url, status=303)
            return
        scheme, _, host = self.settings["authenticator"].public_url.partition("://")
        # Signed: nobody else sends people round, or away from here.
        signed = self.create_signed_value(ROUND, plan.dumps()).decode("ascii")
        url = f"{scheme}://{plan.hosts[0]}.{host}{self.hub.base_url}leave"
        self.redirect(url_concat(url, {"plan": signed}), status=303)

    async def show(self, template: str, *, status: int = 200, **values: Any) -> None:
        """Answer with a page."""
        self.set_status(status)
        self.finish(await self.render_template(template, **values))


class InvitationHandler(PlainPageHandler):
    """`/hub/invitation?token=…`: GET shows whom it invites to what, POST signs in."""

    _form_is_stale = False

    def check_xsrf_cookie(self) -> None:
        """Remember a failed check for `post`, which shows the button again.

        JupyterHub's token of somebody not signed in is made of address and browser,
        which another site on the same computer can know. So the browser's own word
        about where the form came from counts as well.
        """
        try:
            super().check_xsrf_cookie()
        except web.HTTPError:
            self._form_is_stale = True
        else:
            self._form_is_stale = not self._form_is_ours()

    def _form_is_ours(self) -> bool:
        site = self.request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in {"same-origin", "none"}
        # Older browsers. "null" is what our own page's referrer policy makes of it.
        origin = self.request.headers.get("Origin", "null")
        return origin in {"null", self.authenticator.public_url}

    async def get(self) -> None:
        """Show the invitation. Nothing changes."""
        token = self.get_query_argument("token", "")
        try:
            invitation = await self._look_up(token)
        except NBInterviewError as error:
            await self._refuse(error)
        else:
            await self._ask(invitation, token)

    head = get

    async def post(self) -> None:
        """Sign in and go where the invitation leads."""
        token = self.get_body_argument("token", "")
        try:
            invitation = await self._look_up(token)
            if self._form_is_stale:
                await self._ask(invitation, token, status=403, stale=True)
            elif not self._may_replace(invitation):
                await self._ask(invitation, token, status=409)
            else:
                await self._sign_in(invitation)
        except NBInterviewError as error:
            await self._refuse(error)

    async def _look_up(self, text: str) -> Invitation:
        key = self.authenticator.invitation_key
        token = read_invitation(key, text, now_s=time.time())
        return await self.authenticator.desk.look_up(token.invitation_id)

    def _other_identity(self, invitation: Invitation) -> Any:
        """Return the signed-in user when it is somebody else, or None."""
        user = self.current_user
        return user if user and user.name != invitation.person.hub_name else None

    def _may_replace(self, invitation: Invitation) -> bool:
        other = self._other_identity(invitation)
        return other is None or self.get_body_argument("replace", "") == other.name

    async def _ask(
        self,
        invitation: Invitation,
        token: str,
        *,
        status: int = 200,
        stale: bool = False,
    ) -> None:
        await self.show(
            "invitation.html",
            status=status,
            invitation=invitation,
            token=token,
            other=self._other_identity(invitation),
            expires=expiry_words(invitation.expires_at),
            stale=stale,
        )

    async def _refuse(self, error: NBInterviewError) -> None:
        if error.status >= web.HTTPError(500).status_code:
            self.log.error("Invitation page: %s", error, exc_info=error)
        await self.show("refused.html", status=error.status, error=error)

    async def _sign_in(self, invitation: Invitation) -> None:
        if not is_own_url(invitation.next_url, self.authenticator.public_url):
            raise web.HTTPError(500, f"next_url leads away: {invitation.next_url}")
        browser, last_person = self._browser()
        await self.authenticator.desk.report_arrival(
            invitation.id,
            browser=f"{describe_browser(self._user_agent)} ({browser})",
            fresh=last_person is None,
        )
        left_rooms = await self._begin_session(invitation)
        self._set_cookie(
            BROWSER_COOKIE,
            f"{browser} {invitation.person.hub_name}",
            path=self.hub.base_url,
            expires_days=BROWSER_COOKIE_DAYS,
        )
        hosts: set[str] = set()
        if last_person not in {None, invitation.person.hub_name}:
            hosts = {*left_rooms, SERVICE_HOST, REPORT_HOST}
            if invitation.interview_id is not None:
                hosts.add(room_name(invitation.interview_id))
        self.go_round(Round(tuple(sorted(hosts)), invitation.next_url))

    @property
    def _user_agent(self) -> str:
        return str(self.request.headers.get("User-Agent", ""))

    def _browser(self) -> tuple[str, str | None]:
        """Return this browser's id, and who signed in last if anybody ever did."""
        known = self.get_secure_cookie(BROWSER_COOKIE)
        if known is None:
            return new_id(), None
        browser, _, person = known.decode("ascii").partition(" ")
        return browser, person

    async def _begin_session(self, invitation: Invitation) -> set[str]:
        """Sign in under a new session id and new cookies, whoever was here before.

        Returns the hosts of the rooms that another person was in.
        """
        previous, old_session = self.current_user, self.get_session_cookie()
        self.set_session_cookie()
        user = await self.login_user(Accepted(invitation))
        if user is None:
            raise web.HTTPError(403, "This person may not sign in here.")
        # `login_user` leaves the cookie of the same user as it was.
        self.set_hub_cookie(user)
        if previous is None or not old_session:
            return set()
        return self._hand_over_tokens(previous, old_session, user)

    def _hand_over_tokens(self, previous: Any, old_session: str, user: Any) -> set[str]:
        """Move the same person's open pages to the new session; end another's."""
        ended = set()
        tokens = self.db.query(orm.APIToken).filter_by(
            user_id=previous.id, session_id=old_session
        )
        for token in tokens:
            if previous.id == user.id:
                token.session_id = self.get_session_cookie()
            else:
                ended.add(token.client_id)
                self.db.delete(token)
        self.db.commit()
        return rooms_of(ended)


class LeaveHandler(PlainPageHandler):
    """`/hub/leave` on the host of a room or service: see `leaving`."""

    def get(self) -> None:
        """Forget who was signed in on this host, and go on."""
        plan = self.get_secure_cookie(
            ROUND, self.get_query_argument("plan", ""), max_age_days=ROUND_DAYS
        )
        secure = self.settings["authenticator"].public_url.startswith("https:")
        host = self.request.host.partition(".")[0]
        cookie = cookie_of(host, secure=secure)
        if plan is None or cookie is None:
            raise web.HTTPError(404)
        name, path = cookie
        self.clear_cookie(name, path=path, secure=secure)
        self.go_round(Round.loads(plan).rest())


class HomeHandler(PlainPageHandler):
    """`/hub/home`: leads on to the interviews; there is no server to start here."""

    @web.authenticated
    async def get(self) -> None:
        """Send people to their interviews, or say kindly that there is nothing."""
        if self.has_scope(OPEN_SERVICE):
            self.redirect(self.authenticator.service_url)
        else:
            await self.show("home.html")


class NotHereHandler(PlainPageHandler):
    """What JupyterHub has and nobody here needs, as its page for API tokens.

    `/api/authorizations` told whose a token was and answers 500 to a POST; reports
    about the policy would be lines that anybody may write into the log.
    """

    def get(self, *_: str) -> None:
        """Answer as if it did not exist."""
        raise web.HTTPError(404)


class RoomPendingHandler(PlainPageHandler):
    """`/hub/spawn-pending/room-…` for people who may enter the room but not start it.

    JupyterHub's own page wants the scope to start servers and answers 404 without.
    """

    @web.authenticated
    async def get(self, room: str) -> None:
        """Lead into the room, or to the service's page that waits for it."""
        if not self.has_scope(f"access:servers!server={room}/"):
            raise web.HTTPError(404)
        user = self.find_user(room)
        if user is None:
            raise web.HTTPError(404)
        if user.spawner.ready:
            self.redirect(self.get_next_url(default=user.server_url("")))
        else:
            interview_id = interview_of_room(room)
            url = self.authenticator.service_url
            self.redirect(f"{url}interviews/{interview_id}/enter")


class RoomAuthorizeHandler(Paced, OAuthAuthorizeHandler):  # type: ignore[misc]  # JupyterHub is untyped
    """OAuth for rooms without a second question; see docs/adr/0004.

    Whether somebody may enter is decided before this by scopes, that is by the share.
    """

    def needs_oauth_confirm(
        self, user: Any, oauth_client: Any, requested_scopes: Any
    ) -> bool:
        """Return False for a room that asks for entry and the person's name only."""
        spawner = oauth_client.spawner
        asked = {scope.partition("!")[0] for scope in requested_scopes}
        if spawner and interview_of_room(spawner.user.name) and asked <= _ROOM_SCOPES:
            return False
        needs: bool = super().needs_oauth_confirm(user, oauth_client, requested_scopes)
        return needs


HANDLERS = [
    (r"/invitation", InvitationHandler),
    (r"/leave", LeaveHandler),
    (r"/home", HomeHandler),
    (r"/token", NotHereHandler),
    (r"/api/authorizations/.*", NotHereHandler),
    (r"/security/csp-report", NotHereHandler),
    (rf"/spawn-pending/(room-{INTERVIEW_ID.pattern})", RoomPendingHandler),
    (r"/api/oauth2/authorize", RoomAuthorizeHandler),
]
