"""Signing people in through the hub: OAuth with PKCE, then a session of our own.

The browser gets a random, signed session id in a host-only cookie; the hub's token
stays here. Whether that token still opens this service is asked of the hub again
every minute, so that a sign-out or a removal at the hub ends sessions here too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from jupyterhub.httpclient import JupyterHubHTTPClient
from jupyterhub.services.auth import HubOAuth
from sqlalchemy import delete
from tornado.web import HTTPError

from nbinterview.errors import Forbidden, Invalid, Unavailable
from nbinterview.service.db import Database
from nbinterview.service.db.models import SignedInSession
from nbinterview.service.domain import audit
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.settings import Settings

SERVICE_NAME = "nbinterview"
SESSION_COOKIE = "nbinterview-session"
STATE_COOKIE = "nbinterview-state-"
# Browsers take such a cookie over https, for the path "/" and without a domain only:
# nobody on another host can put one in its place.
HOST_PREFIX = "__Host-"
STATE_LIFETIME_S = 600


class HubSignIn:
    """The OAuth flow and the sessions that it ends in."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        addresses = settings.addresses
        self._oauth: Any = HubOAuth(
            api_url=addresses.hub_api,
            api_token=settings.keys.service_token,
            hub_host=addresses.public_url,
            hub_prefix="/hub/",
            base_url=settings.prefix,
            oauth_client_id=f"service-{SERVICE_NAME}",
            oauth_redirect_uri=addresses.service_url + "oauth_callback",
            access_scopes={f"access:services!service={SERVICE_NAME}"},
            cache_max_age=settings.access_cache_s,
        )
        # One secret, two uses that can never be taken for each other.
        self._cookies = URLSafeTimedSerializer(
            settings.keys.service_token, salt="nbinterview.session"
        )
        self._states = URLSafeTimedSerializer(
            settings.keys.service_token, salt="nbinterview.oauth-state"
        )

    async def close(self) -> None:
        """Close the connections to the hub."""
        await JupyterHubHTTPClient.loop_instance().close()

    # ---------------------------------------------------------------- OAuth

    def begin(self, next_path: str) -> RedirectResponse:
        """Send the browser to the hub; it comes back to `next_path`."""
        verifier, challenge, method = self._oauth.generate_pkce_code_challenge()
        state = self._oauth.generate_state(
            self._own_path(next_path), code_verifier=verifier
        )
        query = urlencode(
            {
                "client_id": self._oauth.oauth_client_id,
                "redirect_uri": self._oauth.oauth_redirect_uri,
                "response_type": "code",
                "state": state,
                "code_challenge": challenge,
                "code_challenge_method": method,
            }
        )
        url = f"{self._oauth.oauth_authorization_url}?{query}"
        response = RedirectResponse(url, status_code=303)
        self._set_cookie(
            response, _state_cookie(state), self._states.dumps(state), STATE_LIFETIME_S
        )
        return response

    async def finish(self, request: Request) -> Response:
        """Take the hub's answer: check state, fetch the token, begin a session."""
        state = request.query_params.get("state", "")
        code = request.query_params.get("code", "")
        if request.query_params.get("error"):
            raise Forbidden("The hub did not let you in.")
        self._check_state(request, state)
        next_path = self._own_path(self._oauth.get_next_url(state))
        verifier = self._oauth.get_code_verifier(state)
        self._oauth.clear_oauth_state(state)
        if not code or not verifier:
            # The service was restarted in between, or the page was reloaded.
            return self.begin(next_path)
        try:
            token = await self._oauth.token_for_code(
                code, code_verifier=verifier, sync=False
            )
        except HTTPError as error:
            raise _hub_error(error) from error
        hub_name = await self._hub_name(token)
        if hub_name is None:
            raise Forbidden("You are signed in, but have no part in an interview here.")
        response = RedirectResponse(next_path, status_code=303)
        await self.start_session(response, hub_name, token)
        self._delete_cookie(response, _state_cookie(state))
        return response

    def _check_state(self, request: Request, state: str) -> None:
        kept = request.cookies.get(self.cookie_name(_state_cookie(state)), "")
        try:
            known = self._states.loads(kept, max_age=STATE_LIFETIME_S)
        except BadSignature as error:
            raise _stale_sign_in() from error
        if not state or not hmac.compare_digest(str(known), state):
            raise _stale_sign_in()

    def _own_path(self, path: str) -> str:
        """Return a path of this service, whatever was asked for."""
        own = path.startswith(self._settings.prefix) and "\\" not in path
        return path if own else self._settings.prefix

    # ------------------------------------------------------------- sessions

    async def start_session(
        self, response: Response, hub_name: str, hub_token: str
    ) -> None:
        """Make a session and put its cookie on a response."""
        session_id = secrets.token_urlsafe(32)
        now = self._settings.now()
        lifetime_s = self._settings.session_lifetime_s
        async with self._database.write() as session:
            await session.execute(
                delete(SignedInSession).where(SignedInSession.expires_at < now)
            )
            session.add(
                SignedInSession(
                    id_hash=_digest(session_id),
                    hub_name=hub_name,
                    hub_token=hub_token,
                    created_at=now,
                    expires_at=now + timedelta(seconds=lifetime_s),
                )
            )
            await audit.note(session, hub_name, "signed_in", now=now)
        self._set_cookie(
            response, SESSION_COOKIE, self._cookies.dumps(session_id), lifetime_s
        )

    async def whoever(self, request: Request) -> SignedIn | None:
        """Return who a request's session belongs to, if it has one that holds."""
        session_id = self._session_id(request)
        if session_id is None:
            return None
        async with self._database.read() as session:
            found = await session.get(SignedInSession, _digest(session_id))
        if found is None or self._settings.now() >= found.expires_at:
            return None
        if await self._hub_name(found.hub_token) != found.hub_name:
            return None
        return SignedIn(found.hub_name)

    async def end_session(self, request: Request, response: Response) -> None:
        """Forget a request's session, here and in the browser."""
        session_id = self._session_id(request)
        if session_id is not None:
            async with self._database.write() as session:
                await session.execute(
                    delete(SignedInSession).where(
                        SignedInSession.id_hash == _digest(session_id)
                    )
                )
        self._delete_cookie(response, SESSION_COOKIE)

    def _session_id(self, request: Request) -> str | None:
        try:
            return str(
                self._cookies.loads(
                    request.cookies.get(self.cookie_name(SESSION_COOKIE), ""),
                    max_age=self._settings.session_lifetime_s,
                )
            )
        except BadSignature:
            return None

    async def _hub_name(self, token: str) -> str | None:
        """Return whose token this is, if it opens this service."""
        try:
            model = await self._oauth.user_for_token(token, sync=False)
        except HTTPError as error:
            raise _hub_error(error) from error
        if model is None or model["kind"] != "user":
            return None
        if not self._oauth.check_scopes(self._oauth.access_scopes, model):
            return None
        return str(model["name"])

    def cookie_name(self, name: str) -> str:
        """Return a cookie's whole name: by https, it is this host's alone."""
        return HOST_PREFIX + name if self._settings.secure else name

    @property
    def _cookie_path(self) -> str:
        return "/" if self._settings.secure else self._settings.prefix

    def _delete_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(
            self.cookie_name(name),
            path=self._cookie_path,
            secure=self._settings.secure,
        )

    def _set_cookie(
        self, response: Response, name: str, value: str, lifetime_s: int
    ) -> None:
        # No domain: the cookie is this host's only, no room can read it.
        response.set_cookie(
            self.cookie_name(name),
            value,
            max_age=lifetime_s,
            path=self._cookie_path,
            httponly=True,
            secure=self._settings.secure,
            samesite="lax",
        )


def _state_cookie(state: str) -> str:
    # One cookie for each sign-in, so that two tabs do not disturb each other.
    return STATE_COOKIE + _digest(state)[:12]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _stale_sign_in() -> Invalid:
    return Invalid(
        "This sign-in was begun elsewhere or too long ago. Please try again."
    )


def _hub_error(error: HTTPError) -> Unavailable | Invalid:
    if error.status_code < 500:
        return Invalid("The hub did not accept this sign-in. Please try again.")
    return Unavailable("The hub does not answer at the moment. Try again in a minute.")
