"""Signed invitation links and derived room tokens: pure functions over keys.

Keys are the random strings of `nbinterview.home`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from nbinterview.errors import Forbidden, Invalid


class InvitationAltered(Invalid):
    """The link was changed on its way, or cut off."""

    title = "This link is not complete"


class InvitationExpired(Forbidden):
    """The link's time is over."""

    title = "This link has expired"


@dataclass(frozen=True)
class InvitationToken:
    """What a link carries: which invitation, and until when (seconds since 1970)."""

    invitation_id: str
    expires_s: int


def sign_invitation(key: str, token: InvitationToken) -> str:
    """Return the URL-safe text of a link's token."""
    body = {"i": token.invitation_id, "e": token.expires_s}
    return URLSafeSerializer(key, salt="nbinterview.invitation").dumps(body)


def read_invitation(key: str, text: str, *, now_s: float) -> InvitationToken:
    """Return the token, or raise `InvitationAltered` or `InvitationExpired`."""
    try:
        body = URLSafeSerializer(key, salt="nbinterview.invitation").loads(text)
        token = InvitationToken(str(body["i"]), int(body["e"]))
    except (BadSignature, KeyError, TypeError, ValueError) as error:
        raise InvitationAltered(
            "A part of the link is missing or was changed. Open it again from the "
            "message it came in, or copy the whole line into the address bar."
        ) from error
    if now_s >= token.expires_s:
        raise InvitationExpired("Please ask the person who invited you for a new link.")
    return token


def room_token(room_key: str, interview_id: str) -> str:
    """Return the token by which the room of this interview speaks to the service."""
    message = f"room:{interview_id}".encode()
    return hmac.new(room_key.encode(), message, hashlib.sha256).hexdigest()
