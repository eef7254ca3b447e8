"""Invitations: signed links, their states, and who arrived by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Forbidden, Invalid, NotFound
from nbinterview.ids import new_id
from nbinterview.service.db.models import (
    Arrival,
    Interview,
    Invitation,
    Participation,
    Person,
    SignedInSession,
)
from nbinterview.service.domain.people import person_model
from nbinterview.tokens import InvitationToken, sign_invitation

DEFAULT_VALID_DAYS = 14
MAX_VALID_DAYS = 365
MAX_BROWSER_CHARS = 400

State = Literal["valid", "withdrawn", "ended", "expired"]


@dataclass(frozen=True)
class Invited:
    """An invitation with everything it is about."""

    invitation: Invitation
    participation: Participation
    person: Person
    interview: Interview | None

    def state(self, now: datetime) -> State:
        """Where the link stands; the withdrawn and the expired stay so."""
        if self.invitation.withdrawn_at is not None:
            return "withdrawn"
        if self.interview is not None and (
            self.interview.state == "ended" and self.participation.role == "candidate"
        ):
            return "ended"
        return "expired" if now >= self.invitation.expires_at else "valid"

    def lets_in(self, now: datetime) -> bool:
        """Say whether the link signs in; after the end, to one's own record only.

        The state `ended` hides an expiry, which is asked for here.
        """
        standing = self.invitation.withdrawn_at is None
        return standing and now < self.invitation.expires_at

    def link(self, key: str, public_url: str) -> str:
        """Return the address to give to the person."""
        expires_s = int(self.invitation.expires_at.timestamp())
        text = sign_invitation(key, InvitationToken(self.invitation.id, expires_s))
        return f"{public_url}/hub/invitation?{urlencode({'token': text})}"


def invite(
    session: AsyncSession,
    participation: Participation,
    *,
    now: datetime,
    valid_days: int = DEFAULT_VALID_DAYS,
) -> Invitation:
    """Add an invitation for somebody's part; whole seconds, as the link carries."""
    if not 1 <= valid_days <= MAX_VALID_DAYS:
        raise Invalid(
            f"A link is valid for 1 to {MAX_VALID_DAYS} days.", field="valid_days"
        )
    invitation = Invitation(
        id=new_id(),
        participation_id=participation.id,
        created_at=now,
        expires_at=now.replace(microsecond=0) + timedelta(days=valid_days),
    )
    session.add(invitation)
    return invitation


async def find(session: AsyncSession, invitation_id: str) -> Invited:
    """Return one invitation, or raise `NotFound`."""
    found = (
        await session.execute(_invited().where(Invitation.id == invitation_id))
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such invitation.")
    return Invited(*found)


async def of_interview(session: AsyncSession, interview_id: str) -> list[Invited]:
    """Return all invitations of one interview, oldest first."""
    found = await session.execute(
        _invited()
        .where(Participation.interview_id == interview_id)
        .order_by(Participation.id, Invitation.created_at, Invitation.id)
    )
    return [Invited(*row) for row in found]


async def people_revision(session: AsyncSession, interview_id: str) -> int:
    """Return a number that goes up whenever somebody is let in or put out.

    Every giving of access adds an invitation and every taking withdraws one; neither
    is ever undone. So their count says it, and nothing has to be kept for it.
    """
    found = await session.execute(
        select(func.count(Invitation.id), func.count(Invitation.withdrawn_at))
        .join(Participation, Invitation.participation_id == Participation.id)
        .where(Participation.interview_id == interview_id)
    )
    given, taken = found.one()
    return int(given) + int(taken)


def _invited() -> Select[Invitation, Participation, Person, Interview | None]:
    return (
        select(Invitation, Participation, Person, Interview)
        .join(Participation, Invitation.participation_id == Participation.id)
        .join(Person, Participation.hub_name == Person.hub_name)
        .outerjoin(Interview, Participation.interview_id == Interview.id)
    )


async def withdraw(session: AsyncSession, invited: Invited, *, now: datetime) -> bool:
    """Withdraw a link; return whether the person lost their part by it.

    They keep it when another link of theirs still stands and has not run out. Whoever
    loses it is signed out here as well, from whatever else they take part in too.
    """
    if invited.invitation.withdrawn_at is not None:
        raise Conflict("This invitation was withdrawn already.")
    invited.invitation.withdrawn_at = now
    await session.flush()
    others = await session.scalars(
        select(Invitation.id)
        .where(Invitation.participation_id == invited.participation.id)
        .where(Invitation.withdrawn_at.is_(None))
        .where(Invitation.expires_at > now)
    )
    if list(others):
        return False
    invited.participation.removed_at = now
    await session.execute(
        delete(SignedInSession).where(
            SignedInSession.hub_name == invited.person.hub_name
        )
    )
    return True


async def renew(
    session: AsyncSession,
    invited: Invited,
    *,
    now: datetime,
    valid_days: int = DEFAULT_VALID_DAYS,
) -> Invited:
    """Give the person a new link; the old one ends.

    After the end too: by it a candidate comes to the own record, to answer it.
    """
    if invited.invitation.withdrawn_at is None:
        invited.invitation.withdrawn_at = now
    invited.participation.removed_at = None
    fresh = invite(session, invited.participation, now=now, valid_days=valid_days)
    await session.flush()
    return Invited(fresh, invited.participation, invited.person, invited.interview)


def arrive(
    session: AsyncSession, invited: Invited, *, browser: str, fresh: bool, now: datetime
) -> Arrival:
    """Record a sign-in; raise `Forbidden` when the link does not let in any more."""
    if not invited.lets_in(now):
        raise Forbidden(f"This invitation is not valid: {invited.state(now)}.")
    arrival = Arrival(
        invitation_id=invited.invitation.id,
        at=now,
        browser=browser[:MAX_BROWSER_CHARS],
        fresh=fresh,
    )
    session.add(arrival)
    return arrival


async def arrivals(
    session: AsyncSession, interview_id: str
) -> Sequence[tuple[Arrival, Participation]]:
    """Return who signed in for an interview, in order."""
    found = await session.execute(
        select(Arrival, Participation)
        .join(Invitation, Arrival.invitation_id == Invitation.id)
        .join(Participation, Invitation.participation_id == Participation.id)
        .where(Participation.interview_id == interview_id)
        .order_by(Arrival.at, Arrival.id)
    )
    return [(arrival, participation) for arrival, participation in found]


def hub_model(
    invited: Invited, *, now: datetime, next_url: str, policy_words: list[str]
) -> dict[str, Any]:
    """Return what the hub shows and obeys; see how-the-parts-talk."""
    interview = invited.interview
    state = invited.state(now)
    return {
        "id": invited.invitation.id,
        # The hub has checked the expiry by itself, on the link.
        "state": "valid" if state == "expired" else state,
        "expires_at": invited.invitation.expires_at,
        "role": invited.participation.role,
        "person": person_model(invited.person),
        "interview": None
        if interview is None
        else {"id": interview.id, "title": interview.title, "state": interview.state},
        "policy_words": policy_words,
        "next_url": next_url,
    }
