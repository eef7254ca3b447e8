"""Interviews: made, listed, opened and ended; and what a room is told of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Forbidden, Invalid, NotFound
from nbinterview.ids import new_id
from nbinterview.ledger.records import format_time
from nbinterview.service.db.models import (
    Accommodation,
    Interview,
    LedgerRecord,
    Participation,
    Person,
)
from nbinterview.service.domain import invitations, people
from nbinterview.service.domain.access import Caller, Operator

MAX_INTERVIEWERS = 20
NO_RECORD: dict[str, Any] = {"last_seq": 0, "last_time": None, "flags": 0}
_HUB_NAME = re.compile(r"p-[a-z2-7]{10}")


@dataclass(frozen=True)
class NewInterview:
    """What somebody asks for. Interviewers are names, or hub names of known people."""

    template: dict[str, Any]
    template_notes: list[str]
    policy: dict[str, Any]
    """The one that the room gets, with the accommodations in it."""
    candidate: str
    interviewers: Sequence[str]
    reviewer: str | None = None
    title: str | None = None
    valid_days: int = invitations.DEFAULT_VALID_DAYS
    allows: Sequence[str] = ()
    accommodations: dict[str, Any] | None = None


async def count_by_state(session: AsyncSession) -> dict[str, int]:
    """Return how many interviews are in each state."""
    found = await session.execute(
        select(Interview.state, func.count()).group_by(Interview.state)
    )
    return {row[0]: row[1] for row in found}


async def create(
    session: AsyncSession, caller: Caller, new: NewInterview, *, now: datetime
) -> tuple[Interview, list[invitations.Invited]]:
    """Add an interview with its people; return it and everybody's invitation."""
    candidate = people.clean_name(new.candidate, field="candidate")
    interview = Interview(
        id=new_id(),
        title=_title(new.title, candidate),
        state="scheduled",
        sample=False,
        template=new.template,
        template_notes=new.template_notes,
        policy=new.policy,
        allows=list(new.allows),
        created_by=None if isinstance(caller, Operator) else caller.hub_name,
        created_at=now,
    )
    session.add(interview)
    if new.accommodations is not None:
        await session.flush()
        session.add(Accommodation(interview_id=interview.id, given=new.accommodations))
    color = people.COLORS[0]
    cast = [("candidate", people.add_person(session, candidate, color=color, now=now))]
    for index, name in enumerate(_panel(caller, new.interviewers), start=1):
        cast.append(("interviewer", await _somebody(session, caller, name, index, now)))
    if new.reviewer is not None:
        if not isinstance(caller, Operator):
            # A reviewer reads every interview; that is not an interviewer's to give.
            raise Forbidden("Only the operator can invite reviewers.")
        last = len(cast)
        cast.append(
            ("reviewer", await _somebody(session, caller, new.reviewer, last, now))
        )
    return interview, [
        await _take_part(session, interview, person, role, new.valid_days, now)
        for role, person in cast
    ]


def _title(title: str | None, candidate: str) -> str:
    if title is None:
        return f"Interview with {candidate}"[: people.MAX_NAME_CHARS]
    return people.clean_name(title, field="title")


def _panel(caller: Caller, named: Sequence[str]) -> list[str]:
    """Return the interviewers, with the one who asks; nobody twice by id."""
    own = [] if isinstance(caller, Operator) else [caller.hub_name]
    panel = own + [name for name in named if name not in own]
    if not panel:
        raise Invalid("Name at least one interviewer.", field="interviewers")
    if len(panel) > MAX_INTERVIEWERS:
        raise Invalid(f"At most {MAX_INTERVIEWERS} interviewers.", field="interviewers")
    return list(dict.fromkeys(panel))


async def _somebody(
    session: AsyncSession, caller: Caller, named: str, index: int, now: datetime
) -> Person:
    """Return a known person by hub name, or add a new one by name."""
    if not _HUB_NAME.fullmatch(named):
        name = people.clean_name(named, field="interviewers")
        color = people.COLORS[index % len(people.COLORS)]
        return people.add_person(session, name, color=color, now=now)
    # A link to a known person opens that person's other interviews as well.
    if not isinstance(caller, Operator) and caller.hub_name != named:
        raise Forbidden("Only the operator can add people by their id.")
    person = await session.get(Person, named)
    if person is None:
        raise Invalid(f"Nobody is known as {named}.", field="interviewers")
    return person


async def _take_part(
    session: AsyncSession,
    interview: Interview,
    person: Person,
    role: str,
    valid_days: int,
    now: datetime,
) -> invitations.Invited:
    about = None if role == "reviewer" else interview
    await session.flush()
    part = await session.scalar(
        select(Participation)
        .where(Participation.hub_name == person.hub_name)
        .where(Participation.interview_id == (about.id if about else None))
    )
    if part is None:
        part = Participation(
            interview_id=about.id if about else None,
            hub_name=person.hub_name,
            role=role,
        )
        session.add(part)
    part.removed_at = None
    await session.flush()
    invitation = invitations.invite(session, part, now=now, valid_days=valid_days)
    await session.flush()
    return invitations.Invited(invitation, part, person, about)


async def get(session: AsyncSession, interview_id: str) -> Interview:
    """Return one interview, or raise `NotFound`."""
    found = await session.get(Interview, interview_id)
    if found is None:
        raise NotFound("There is no such interview.")
    return found


def given_accommodations(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return what was asked for, or None when that is nothing."""
    return asked if any(asked.values()) else None


async def accommodations(
    session: AsyncSession, caller: Caller, interview: Interview
) -> dict[str, Any] | None:
    """Return what differs for the candidate, to the operator and who asked for it.

    Nobody else is told: a scorer may see that something was not measured, and no
    reason.
    """
    if not isinstance(caller, Operator) and caller.hub_name != interview.created_by:
        return None
    found = await session.get(Accommodation, interview.id)
    return None if found is None else found.given


async def participants(
    session: AsyncSession, interview_ids: Sequence[str], *, present_only: bool = False
) -> list[tuple[Participation, Person]]:
    """Return who takes part, in the order they were named."""
    query = (
        select(Participation, Person)
        .join(Person, Participation.hub_name == Person.hub_name)
        .where(Participation.interview_id.in_(interview_ids))
        .order_by(Participation.id)
    )
    if present_only:
        query = query.where(Participation.removed_at.is_(None))
    return [(part, person) for part, person in await session.execute(query)]


def mark_open(interview: Interview, *, now: datetime) -> bool:
    """Open an interview that has not ended; return whether it was not open before."""
    if interview.state in ("ended", "purged"):
        raise Conflict("This interview has ended and cannot be opened again.")
    if interview.state == "open":
        return False
    interview.state, interview.opened_at = "open", now
    return True


def mark_ended(interview: Interview, *, now: datetime) -> bool:
    """End an interview; return whether it was not ended before."""
    if interview.state in ("ended", "purged"):
        return False
    interview.state, interview.ended_at = "ended", now
    return True


async def room_config(
    session: AsyncSession, interview_id: str, *, page_url: str
) -> dict[str, Any]:
    """Return what the room server is told: `room.schema.yaml`.

    `page_url` is the address of the interview's page here.
    """
    interview = await get(session, interview_id)
    present = await participants(session, [interview_id], present_only=True)
    return {
        "interview": {
            "id": interview.id,
            "title": interview.title,
            "state": interview.state,
            "page_url": page_url,
        },
        "template": interview.template,
        "policy": interview.policy,
        "allows": interview.allows,
        "people": [people.person_model(person, part.role) for part, person in present],
        "branch": await _branch(session, interview),
    }


async def _branch(session: AsyncSession, interview: Interview) -> dict[str, Any] | None:
    if interview.branch_of is None:
        return None
    original = await get(session, interview.branch_of)
    return {
        "interview": original.id,
        "title": original.title,
        "at_ms": interview.branch_at_ms,
        "seq": interview.branch_seq,
        "runs": interview.branch_runs,
    }


async def summaries(
    session: AsyncSession, interview_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the summaries of these interviews, newest first."""
    found = await session.scalars(
        select(Interview)
        .where(Interview.id.in_(interview_ids))
        .order_by(Interview.created_at.desc(), Interview.id)
    )
    interviews = list(found)
    cast: dict[str, list[dict[str, str]]] = {item.id: [] for item in interviews}
    for part, person in await participants(session, list(cast)):
        assert part.interview_id is not None
        cast[part.interview_id].append(people.person_model(person, part.role))
    heads = await _heads(session, list(cast))
    return [
        _summary(item, cast[item.id], heads.get(item.id, NO_RECORD))
        for item in interviews
    ]


async def _heads(
    session: AsyncSession, interview_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return where each record stands: its last entry, and how many flags it has."""
    is_flag = case((LedgerRecord.kind == "flag", 1), else_=0)
    last = (
        select(
            LedgerRecord.interview_id,
            func.max(LedgerRecord.seq).label("seq"),
            func.sum(is_flag).label("flags"),
        )
        .where(LedgerRecord.interview_id.in_(interview_ids))
        .group_by(LedgerRecord.interview_id)
        .subquery()
    )
    found = await session.execute(
        select(
            LedgerRecord.interview_id, LedgerRecord.seq, LedgerRecord.time, last.c.flags
        ).join(
            last,
            (LedgerRecord.interview_id == last.c.interview_id)
            & (LedgerRecord.seq == last.c.seq),
        )
    )
    return {
        interview_id: {"last_seq": seq, "last_time": time, "flags": flags}
        for interview_id, seq, time, flags in found
    }


def _summary(
    interview: Interview, cast: list[dict[str, str]], head: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": interview.id,
        "title": interview.title,
        "state": interview.state,
        "sample": interview.sample,
        "branch": None
        if interview.branch_of is None
        else {"of": interview.branch_of, "at_ms": interview.branch_at_ms},
        "created_at": format_time(interview.created_at),
        "opened_at": _time(interview.opened_at),
        "ended_at": _time(interview.ended_at),
        "people": cast,
        "record": head,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
