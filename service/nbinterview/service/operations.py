"""What REST and pages do alike: database, hub and links together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Forbidden, Unavailable
from nbinterview.ids import room_name
from nbinterview.ledger.rerun import required_layers
from nbinterview.service.domain import access, interviews, invitations
from nbinterview.service.domain.access import Caller
from nbinterview.service.domain.invitations import Invited
from nbinterview.service.domain.people import person_model
from nbinterview.service.policies import summary as summary_of
from nbinterview.service.state import State

log = logging.getLogger(__name__)

GROUPS = {
    "candidate": "candidates",
    "interviewer": "interviewers",
    "reviewer": "reviewers",
}


async def interview_view(
    state: State, caller: Caller, interview_id: str
) -> dict[str, Any]:
    """Return one interview as its panel and the operator see it."""
    async with state.database.read() as session:
        interview = await interviews.get(session, interview_id)
        [summary] = await interviews.summaries(session, [interview_id])
        invited = await invitations.of_interview(session, interview_id)
        return {
            "interview": summary,
            "policy": summary_of(interview.policy, interview.allows),
            "allows": interview.allows,
            "accommodations": await interviews.accommodations(
                session, caller, interview
            ),
            "notes": interview.template_notes,
            "required_layers": required_layers(interview.policy),
            "invitations": [
                await invitation_view(state, session, caller, item) for item in invited
            ],
            "page_url": page_url(state, interview_id),
            "room_url": page_url(state, interview_id) + "/enter",
            "report_url": report_url(state, interview_id),
        }


async def invitation_view(
    state: State, session: AsyncSession, caller: Caller, invited: Invited
) -> dict[str, Any]:
    """Return one invitation, with its link for those who may hold it."""
    now = state.settings.now()
    stands = invited.state(now)
    shown = invited.lets_in(now) and await access.may_hold_link(
        session, caller, invited.participation
    )
    key, public_url = (
        state.settings.keys.invitation_key,
        state.settings.addresses.public_url,
    )
    return {
        "id": invited.invitation.id,
        "role": invited.participation.role,
        "state": stands,
        "person": person_model(invited.person),
        "expires_at": invited.invitation.expires_at,
        "url": invited.link(key, public_url) if shown else None,
    }


async def note_made(
    state: State,
    session: AsyncSession,
    caller: Caller,
    interview_id: str,
    invited: Sequence[Invited],
) -> None:
    """Note that an interview was made, and who got which role by it."""
    roles = {one.person.hub_name: one.participation.role for one in invited}
    await state.audit.note(
        session, caller, "interview", interview_id, did="made", roles=roles
    )


async def _note_link(
    state: State, session: AsyncSession, caller: Caller, invited: Invited, did: str
) -> None:
    """Note what was done to somebody's link, and so to their role."""
    await state.audit.note(
        session,
        caller,
        "invitation",
        None if invited.interview is None else invited.interview.id,
        did=did,
        invitation=invited.invitation.id,
        person=invited.person.hub_name,
        role=invited.participation.role,
    )


async def withdraw_invitation(
    state: State, caller: Caller, invitation_id: str
) -> dict[str, Any]:
    """Withdraw a link, and with the last one the person's way into the room."""
    async with state.database.write() as session:
        invited = await invitations.find(session, invitation_id)
        removed = await invitations.withdraw(session, invited, now=state.settings.now())
        await _note_link(state, session, caller, invited, "withdrawn")
        view = await invitation_view(state, session, caller, invited)
        still = await access.roles(session, invited.person.hub_name)
    if removed:
        try:
            await _put_out(state, invited, {role for _, role in still})
        except Unavailable as error:
            # The link is withdrawn all the same, and the room hears of it from here:
            # its door does not open, whatever the hub says.
            log.warning("the hub still lets somebody in: %s", error.detail)
    return view


async def _put_out(state: State, invited: Invited, still: set[str]) -> None:
    """Take share and group at the hub from somebody who has the roles `still` left."""
    hub_name, role = invited.person.hub_name, invited.participation.role
    if invited.interview is not None and invited.interview.opened_at:
        await state.rooms.remove(invited.interview.id, hub_name)
    if role not in still:
        await state.hub.remove_from_group(GROUPS[role], hub_name)


async def renew_invitation(
    state: State, caller: Caller, invitation_id: str
) -> dict[str, Any]:
    """Give somebody a new link in place of an old one."""
    async with state.database.write() as session:
        invited = await invitations.find(session, invitation_id)
        if not await access.may_hold_link(session, caller, invited.participation):
            raise Forbidden("Only the operator can renew this person's link.")
        fresh = await invitations.renew(session, invited, now=state.settings.now())
        await _note_link(state, session, caller, fresh, "renewed")
        return await invitation_view(state, session, caller, fresh)


async def arrive(state: State, invited: Invited, *, browser: str, fresh: bool) -> None:
    """Record an arrival and give the person the hub group of the role.

    An arrival without its group would be a door that does not open, so the hub comes
    first; both are harmless when repeated.
    """
    now = state.settings.now()
    hub_name = invited.person.hub_name
    if invited.lets_in(now):
        await state.hub.ensure_user(hub_name)
        await state.hub.add_to_group(GROUPS[invited.participation.role], hub_name)
    async with state.database.write() as session:
        current = await invitations.find(session, invited.invitation.id)
        invitations.arrive(session, current, browser=browser, fresh=fresh, now=now)
        about = None if current.interview is None else current.interview.id
        await state.audit.note(session, hub_name, "signed_in", about, by_link=True)
    if current.interview is not None and current.interview.state == "open":
        await state.hub.share(room_name(current.interview.id), hub_name)


def page_url(state: State, interview_id: str) -> str:
    """Return the page of an interview for its panel."""
    return f"{state.settings.addresses.service_url}interviews/{interview_id}"


def report_url(state: State, interview_id: str | None = None) -> str:
    """Return the report, of one interview or the list."""
    url = state.settings.addresses.report_url
    return url if interview_id is None else f"{url}?interview={interview_id}"


def next_url(state: State, invited: Invited) -> str:
    """Return where an invitation leads after the sign-in."""
    if invited.interview is None:
        return report_url(state)
    page = page_url(state, invited.interview.id)
    over = invited.interview.state == "ended"
    if over and invited.participation.role == "candidate":
        return f"{page}/my-record"
    return f"{page}/enter"


def room_url(state: State, interview_id: str, hub_name: str) -> str:
    """Return the notebook in its room, in a workspace of the person's own."""
    room = room_name(interview_id)
    origin = state.settings.room_origin(interview_id)
    return f"{origin}/user/{room}/lab/workspaces/{hub_name}/tree/interview.ipynb"
