"""What an invitation says, and the questions the hub asks the service about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from nbinterview.errors import Forbidden, NotFound, Unavailable

ANSWER_TIMEOUT_S = 10.0


class InvitationWithdrawn(Forbidden):
    """The person who invited took it back."""

    title = "This invitation was withdrawn"


class InvitationUnknown(NotFound):
    """Well signed, but the service does not know it."""

    title = "This invitation is not known here"


@dataclass(frozen=True)
class Person:
    """Whom an invitation is for; `hub_name` is the opaque hub user."""

    hub_name: str
    display_name: str
    initials: str
    color: str

    def user_info(self) -> dict[str, str]:
        """Return what JupyterHub keeps and hands to rooms as this user's names."""
        return {
            "name": self.display_name,
            "display_name": self.display_name,
            "initials": self.initials,
            "color": self.color,
        }


@dataclass(frozen=True)
class Invitation:
    """An invitation that lets in; without an interview it is for all of them."""

    id: str
    role: str
    person: Person
    interview_id: str | None
    title: str | None
    expires_at: str
    next_url: str
    policy_words: tuple[str, ...] = ()
    """To a candidate: what is noticed in this interview, in plain sentences."""
    ended: bool = False
    """The interview is over; the link leads to the person's own record only."""


def read_answer(answer: Mapping[str, Any]) -> Invitation:
    """Return the invitation of the service's answer, or raise why it does not hold."""
    match answer["state"]:
        case "withdrawn":
            raise InvitationWithdrawn(
                "The person who invited you took this link back. "
                "If you expected to use it, please ask them for a new one."
            )
        case "valid" | "ended":
            pass
        case other:
            raise Unavailable(f"The service answered with an unknown state: {other}.")
    person, interview = answer["person"], answer["interview"]
    return Invitation(
        id=answer["id"],
        role=answer["role"],
        person=Person(
            hub_name=person["hub_name"],
            display_name=person["display_name"],
            initials=person["initials"],
            color=person["color"],
        ),
        interview_id=interview["id"] if interview else None,
        title=interview["title"] if interview else None,
        expires_at=answer["expires_at"],
        next_url=answer["next_url"],
        policy_words=tuple(answer["policy_words"]),
        ended=answer["state"] == "ended",
    )


@dataclass(frozen=True)
class InvitationDesk:
    """The service's side of invitations: `service_api` is its REST, `hub_key` ours."""

    service_api: str
    hub_key: str

    async def look_up(self, invitation_id: str) -> Invitation:
        """Return the invitation as it stands now, or raise why it does not hold."""
        response = await self._ask("GET", f"/invitations/{invitation_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise InvitationUnknown(
                "This platform has no record of it; perhaps it was set up again since. "
                "Please ask the person who invited you for a new link."
            )
        _require_success(response)
        return read_answer(response.json())

    async def report_arrival(
        self, invitation_id: str, *, browser: str, fresh: bool
    ) -> None:
        """Have an arrival recorded; `fresh` when this browser was never here."""
        response = await self._ask(
            "POST",
            f"/invitations/{invitation_id}/arrivals",
            json={"browser": browser, "fresh": fresh},
        )
        _require_success(response)

    async def _ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        # `trust_env=False`: a proxy of the environment has no business on loopback.
        async with httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self.hub_key}"},
            timeout=ANSWER_TIMEOUT_S,
            trust_env=False,
        ) as client:
            try:
                return await client.request(method, self.service_api + path, **kwargs)
            except httpx.TransportError as error:
                raise _not_answering() from error


def _require_success(response: httpx.Response) -> None:
    if not response.is_success:
        raise _not_answering() from httpx.HTTPStatusError(
            f"{response.status_code} from {response.url}: {response.text[:200]}",
            request=response.request,
            response=response,
        )


def _not_answering() -> Unavailable:
    return Unavailable(
        "A part of the platform is not answering at the moment. Your link is fine: "
        "please try again in a minute."
    )


def expiry_words(expires_at: str) -> str:
    """Return a link's end in words, as "Sunday 22 November, 15:00 UTC"."""
    moment = datetime.fromisoformat(expires_at).astimezone(UTC)
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M} UTC"


def is_own_url(url: str, public_url: str) -> bool:
    """Return whether `url` is at the public address or at a host below it."""
    asked, own = urlsplit(url), urlsplit(public_url)
    return asked.scheme == own.scheme and (
        asked.netloc == own.netloc or asked.netloc.endswith("." + own.netloc)
    )


def is_secure(public_url: str) -> bool:
    """Return whether browsers give pages of this address keys, cameras and locks.

    By plain http they do so for this very computer alone.
    """
    asked = urlsplit(public_url)
    host = asked.hostname or ""
    if asked.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
