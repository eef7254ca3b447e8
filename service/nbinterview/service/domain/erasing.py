"""Erasing in the database: what is there, what a rule takes, what is left.

Payloads and salts of records go, their hashes stay; what was written beside the
record is deleted. `nbinterview.service.eraser` does the rest: file, rooms, hub.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict
from nbinterview.ledger.records import Record, parse_time
from nbinterview.ledger.stored import from_store, to_store
from nbinterview.service.db import models
from nbinterview.service.db.models import (
    Accommodation,
    Answer,
    Arrival,
    Decision,
    Interview,
    Invitation,
    LedgerRecord,
    NotebookCheck,
    Participation,
    Person,
    SignedInSession,
)
from nbinterview.service.domain import erasures
from nbinterview.service.domain.retention import Erasure, Held, retention_of

ERASED_TITLE = "Erased"
ERASED_PERSON = "Somebody whose data was erased"
_PAGE = 500


# ------------------------------------------------------------------ what there is


@dataclass(frozen=True)
class Standing:
    """The interviews that something may be due of, and those that are gone."""

    held: list[Held]
    running: frozenset[str]
    """Those whose room may still write."""
    purged: frozenset[str]


async def standing(session: AsyncSession) -> Standing:
    """Return what is known of all interviews that are not gone yet."""
    done: dict[str, list[str]] = {}
    for where, rule in await session.execute(
        select(models.Erasure.interview_id, models.Erasure.rule)
    ):
        done.setdefault(where, []).append(rule.partition("=")[0])
    # Of a policy its times only: all of it, of every interview, is megabytes.
    found = await session.execute(
        select(
            Interview.id,
            Interview.state,
            Interview.ended_at,
            Interview.policy["retention"],
            Interview.sample,
            Interview.branch_of,
            Interview.opened_at,
            Interview.room_stopped_at,
        )
        .where(Interview.state != "purged")
        .order_by(Interview.created_at, Interview.id)
    )
    held, running = [], set()
    for name, state, ended, retention, sample, branch_of, opened, stopped in found:
        times = retention_of(retention)
        parts = tuple(done.get(name, ()))
        held.append(Held(name, state, ended, times, sample, branch_of, parts))
        if opened is not None and stopped is None:
            running.add(name)
    gone = await session.scalars(
        select(Interview.id).where(Interview.state == "purged")
    )
    return Standing(held, frozenset(running), frozenset(gone))


async def of_candidate(session: AsyncSession, hub_name: str) -> list[Interview]:
    """Return the interviews that somebody was the candidate of, branches of them too.

    Also where their link was withdrawn: the record is about them all the same.
    """
    own = list(
        await session.scalars(
            select(Interview)
            .join(Participation, Participation.interview_id == Interview.id)
            .where(Participation.hub_name == hub_name)
            .where(Participation.role == "candidate")
            .where(Interview.state != "purged")
            .order_by(Interview.created_at, Interview.id)
        )
    )
    copies = await session.scalars(
        select(Interview)
        .where(Interview.branch_of.in_([one.id for one in own]))
        .where(Interview.state != "purged")
        .order_by(Interview.created_at, Interview.id)
    )
    return [*own, *copies]


async def count(session: AsyncSession, rule: Erasure) -> int:
    """Return how many records a rule would erase."""
    query = select(LedgerRecord.seq).where(*_covered(rule))
    return len(list(await session.scalars(query)))


# ------------------------------------------------------------------------ erasing


async def require_over(session: AsyncSession, rules: Sequence[Erasure]) -> None:
    """Raise `Conflict` when one of these interviews was opened after it was decided."""
    ids = {one.interview for one in rules}
    opened = await session.scalar(
        select(Interview.id)
        .where(Interview.id.in_(ids))
        .where(Interview.state == "open")
    )
    if opened is not None:
        raise Conflict("An interview has just been opened. Nothing was erased.")


async def apply(session: AsyncSession, rule: Erasure, *, now: datetime) -> int | None:
    """Erase what a rule is about, in one transaction; return how many records.

    None where there is nothing to do: it was done, or the interview is not here.
    """
    interview = await session.get(Interview, rule.interview)
    known = await session.get(models.Erasure, rule.id)
    if interview is None or known is not None:
        return None
    row = {
        "id": rule.id,
        "interview_id": rule.interview,
        "from_seq": rule.from_seq,
        "to_seq": rule.to_seq,
        "kinds": list(rule.kinds),
        "reason": rule.reason,
        "rule": rule.rule,
        "at": parse_time(rule.at),
    }
    await session.execute(insert(models.Erasure), [row])
    erased = await _records(session, rule)
    if rule.takes_notes:
        for table in (Answer, Decision):
            await session.execute(
                delete(table).where(table.interview_id == rule.interview)
            )
    if rule.takes_document:
        await session.execute(
            delete(NotebookCheck).where(NotebookCheck.interview_id == rule.interview)
        )
    if "person.joined" in rule.kinds:
        await session.execute(
            update(Arrival)
            .where(Arrival.invitation_id.in_(_invitations(rule.interview)))
            .values(browser="")
        )
    if rule.is_whole:
        await _nothing_left(session, interview, now=now)
    return erased


def _covered(rule: Erasure) -> list[Any]:
    return [
        LedgerRecord.interview_id == rule.interview,
        LedgerRecord.seq.between(rule.from_seq, rule.to_seq),
        LedgerRecord.kind.in_(rule.kinds),
        LedgerRecord.erased_by.is_(None),
    ]


async def _records(session: AsyncSession, rule: Erasure) -> int:
    erased = 0
    while True:
        found = await session.execute(
            select(LedgerRecord.seq, LedgerRecord.kind, LedgerRecord.wire)
            .where(*_covered(rule))
            .order_by(LedgerRecord.seq)
            .limit(_PAGE)
        )
        rows = [(seq, kind, blob) for seq, kind, blob in found]
        if not rows:
            return erased
        left = await asyncio.to_thread(_without_payload, rows)
        changed = [
            {
                "interview_id": rule.interview,
                "seq": seq,
                "wire": blob,
                "erased_by": rule.id,
            }
            for seq, blob in left
        ]
        await session.execute(update(LedgerRecord), changed)
        erased += len(rows)


def _without_payload(rows: Sequence[tuple[int, str, bytes]]) -> list[tuple[int, bytes]]:
    found = []
    for seq, kind, blob in rows:
        record = Record.stored(json.loads(from_store(blob))).without_payload()
        found.append((seq, to_store(record.wire_json, kind)))
    return found


def _invitations(interview_id: str) -> Any:
    return (
        select(Invitation.id)
        .join(Participation, Invitation.participation_id == Participation.id)
        .where(Participation.interview_id == interview_id)
    )


async def _nothing_left(
    session: AsyncSession, interview: Interview, *, now: datetime
) -> None:
    """Leave of an interview that there was one: no words, no names, no way in."""
    await session.execute(
        delete(Accommodation).where(Accommodation.interview_id == interview.id)
    )
    invitations = _invitations(interview.id)
    await session.execute(delete(Arrival).where(Arrival.invitation_id.in_(invitations)))
    await session.execute(
        update(Invitation)
        .where(Invitation.id.in_(invitations))
        .where(Invitation.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    interview.title = ERASED_TITLE
    interview.template, interview.template_notes = {}, []
    interview.policy, interview.allows = {}, []
    interview.branch_runs = None
    interview.ended_at = interview.ended_at or now
    interview.room_stopped_at = interview.room_stopped_at or now
    interview.state = "purged"
    candidates = await session.scalars(
        select(Participation)
        .where(Participation.interview_id == interview.id)
        .where(Participation.role == "candidate")
    )
    for part in list(candidates):
        part.removed_at = part.removed_at or now
        await session.flush()
        await _forget(session, part.hub_name)


async def _forget(session: AsyncSession, hub_name: str) -> None:
    """Forget somebody's name, unless they have another part that goes on."""
    others = await session.scalars(
        select(Participation.id)
        .outerjoin(Interview, Participation.interview_id == Interview.id)
        .where(Participation.hub_name == hub_name)
        .where((Interview.id.is_(None)) | (Interview.state != "purged"))
    )
    if list(others):
        return
    await session.execute(
        update(Person)
        .where(Person.hub_name == hub_name)
        .values(display_name=ERASED_PERSON, initials="?")
    )
    await session.execute(
        delete(SignedInSession).where(SignedInSession.hub_name == hub_name)
    )


async def forgotten(session: AsyncSession, interview_id: str) -> list[str]:
    """Return an interview's candidates whose names were forgotten here."""
    found = await session.scalars(
        select(Person.hub_name)
        .join(Participation, Participation.hub_name == Person.hub_name)
        .where(Participation.interview_id == interview_id)
        .where(Participation.role == "candidate")
        .where(Person.display_name == ERASED_PERSON)
    )
    return list(found)


# ------------------------------------------------------------------- what is known


async def unknown(session: AsyncSession, rules: Sequence[Erasure]) -> list[Erasure]:
    """Return the rules that this database has not applied, though it could."""
    known = set(await session.scalars(select(models.Erasure.id)))
    here = set(await session.scalars(select(Interview.id)))
    return [one for one in rules if one.id not in known and one.interview in here]


async def kept(session: AsyncSession) -> list[Erasure]:
    """Return the rules that this database has applied."""
    found = await session.scalars(select(models.Erasure).order_by(models.Erasure.at))
    return [_rule(one) for one in found]


async def not_in_room(session: AsyncSession) -> list[Erasure]:
    """Return the rules that nobody has carried out in the room's directory yet."""
    found = await session.scalars(
        select(models.Erasure).where(models.Erasure.room_done_at.is_(None))
    )
    return [_rule(one) for one in found]


def _rule(row: models.Erasure) -> Erasure:
    return Erasure.from_wire(erasures.wire(row))
