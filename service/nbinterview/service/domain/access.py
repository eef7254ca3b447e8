"""Who has which part: what the access table asks, and what only data can decide.

Roles are read from the database at every request, so that a withdrawal holds at once.
What is not yours does not exist for you: the answer is the same 404.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Forbidden
from nbinterview.service.db.models import Interview, Participation


@dataclass(frozen=True)
class Operator:
    """Who runs the platform, by the operator token."""


@dataclass(frozen=True)
class SignedIn:
    """Somebody whom the hub signed in; the name says nothing about roles."""

    hub_name: str


Caller = Operator | SignedIn


async def roles(session: AsyncSession, hub_name: str) -> list[tuple[str | None, str]]:
    """Return the (interview id, role) pairs that a person holds now."""
    found = await session.execute(
        select(Participation.interview_id, Participation.role)
        .where(Participation.hub_name == hub_name)
        .where(Participation.removed_at.is_(None))
    )
    return [(interview_id, role) for interview_id, role in found]


async def role_in(
    session: AsyncSession, hub_name: str, interview_id: str
) -> str | None:
    """Return a person's role in one interview, if there is one."""
    held = await roles(session, hub_name)
    return next((role for where, role in held if where == interview_id), None)


async def roles_anywhere(session: AsyncSession, person: SignedIn) -> frozenset[str]:
    """Return the access table's roles that a person holds in any interview."""
    held = await roles(session, person.hub_name)
    return frozenset({"visitor", *(role for _, role in held)})


async def roles_at(
    session: AsyncSession, person: SignedIn, interview: Interview
) -> frozenset[str]:
    """Return the access table's roles that a person holds in one interview.

    A reviewer is one everywhere but where they have another part, or had one: whose
    link as a candidate was withdrawn does not come to judge themselves.
    """
    held = await roles(session, person.hub_name)
    here = {role for where, role in held if where == interview.id}
    had = await _ever_in(session, person.hub_name)
    if not here and interview.id not in had and (None, "reviewer") in held:
        here = {"reviewer"}
    return frozenset({"visitor", *here})


async def _ever_in(session: AsyncSession, hub_name: str) -> dict[str, str]:
    """Return the role of every interview that a person has or had a part in."""
    found = await session.execute(
        select(Participation.interview_id, Participation.role)
        .where(Participation.hub_name == hub_name)
        .where(Participation.interview_id.is_not(None))
    )
    return {where: role for where, role in found if where is not None}


# What was erased is in nobody's list.
_KEPT = select(Interview.id).where(Interview.state != "purged")


async def panel_interviews(session: AsyncSession, caller: Caller) -> list[str]:
    """Return the ids of the interviews that a caller runs, the operator all."""
    if isinstance(caller, Operator):
        return list(await session.scalars(_KEPT))
    held = await roles(session, caller.hub_name)
    own = [where for where, role in held if role == "interviewer"]
    return list(await session.scalars(_KEPT.where(Interview.id.in_(own))))


async def report_interviews(session: AsyncSession, caller: Caller) -> list[str]:
    """Return the ids of the interviews whose report a caller may read.

    Reviewers read all but an interview they were the candidate of, or were taken out
    of; nobody does that.
    A branch is nobody's interview, so nobody is judged by one.
    """
    readable = await _readable_interviews(session, caller)
    branches = set(
        await session.scalars(
            select(Interview.id).where(Interview.branch_of.is_not(None))
        )
    )
    return [interview_id for interview_id in readable if interview_id not in branches]


async def _readable_interviews(session: AsyncSession, caller: Caller) -> list[str]:
    if isinstance(caller, Operator):
        return await panel_interviews(session, caller)
    held = await roles(session, caller.hub_name)
    if not any(where is None and role == "reviewer" for where, role in held):
        return await panel_interviews(session, caller)
    present = {where for where, role in held if role == "interviewer"}
    had = (await _ever_in(session, caller.hub_name)).keys() - present
    every = await session.scalars(_KEPT)
    return [interview_id for interview_id in every if interview_id not in had]


async def require_report(
    session: AsyncSession, caller: Caller, interview_id: str | None
) -> None:
    """Let pass who may read this report, or the list when `interview_id` is None."""
    readable = await report_interviews(session, caller)
    if interview_id is None:
        if not readable and not await _is_staff(session, caller):
            raise Forbidden("Reports are for interviewers and reviewers.")
    elif interview_id not in readable:
        raise Forbidden("This report is not open to you.")


async def _is_staff(session: AsyncSession, caller: Caller) -> bool:
    if isinstance(caller, Operator):
        return True
    held = await roles(session, caller.hub_name)
    return any(role != "candidate" for _, role in held)


async def may_hold_link(
    session: AsyncSession, caller: Caller, participation: Participation
) -> bool:
    """Say whether a caller may be given somebody's link.

    A link signs its bearer in as that person. So a caller gets it only when it
    opens nothing that the caller does not run anyway.
    """
    if isinstance(caller, Operator):
        return True
    reach = {where for where, _ in await roles(session, participation.hub_name)}
    return reach <= set(await panel_interviews(session, caller))
