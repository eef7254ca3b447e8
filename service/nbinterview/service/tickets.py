"""Tickets: what the report's kernel holds instead of a person's sign-in.

Read-only, short-lived, for one person and one interview (or for the list).
Pure functions over a key and a clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from nbinterview.errors import Unauthenticated

_SALT = "nbinterview.ticket"


@dataclass(frozen=True)
class Ticket:
    """Who may read what until when (seconds since 1970); no interview is the list."""

    hub_name: str
    interview_id: str | None
    expires_s: int


def sign_ticket(key: str, ticket: Ticket) -> str:
    """Return the text of a ticket."""
    body = {"h": ticket.hub_name, "i": ticket.interview_id, "e": ticket.expires_s}
    return URLSafeSerializer(key, salt=_SALT).dumps(body)


def read_ticket(key: str, text: str, *, now_s: float) -> Ticket:
    """Return the ticket, or raise `Unauthenticated`."""
    try:
        body = URLSafeSerializer(key, salt=_SALT).loads(text)
        ticket = Ticket(body["h"], body["i"], body["e"])
    except (BadSignature, KeyError, TypeError) as error:
        raise Unauthenticated("This ticket is not one of ours.") from error
    if now_s >= ticket.expires_s:
        raise Unauthenticated("This ticket has expired. Reload the report.")
    return ticket
