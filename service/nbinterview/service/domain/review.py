"""A candidate's answers and reviewers' decisions, beside the record they are about.

Nothing of a record changes by them, and nothing follows from them by itself: a person
reads both and decides. Answers are never taken back, decisions never written over.
"""

from __future__ import annotations

import asyncio
import json
import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Invalid
from nbinterview.findings import KINDS, OwnRecord, read
from nbinterview.ledger.records import format_time
from nbinterview.service.db.models import Answer, Decision, Person
from nbinterview.service.domain import ledger

MAX_TEXT_CHARS = 2000
MIN_REASON_CHARS = 10
# Of one interview: more is no answer any more.
MAX_ANSWERS = 200
DECISIONS = {"upheld": "Upheld", "set_aside": "Set aside"}


async def record_of(session: AsyncSession, interview_id: str) -> OwnRecord:
    """Return what the ledger holds about the person so far."""
    wires = [
        wire async for wire in ledger.lines(session, interview_id, kinds=list(KINDS))
    ]
    return await asyncio.to_thread(lambda: read(map(json.loads, wires)))


# -------------------------------------------------------------------- answers


async def answer(
    session: AsyncSession,
    interview_id: str,
    hub_name: str,
    record: OwnRecord,
    *,
    episode_id: str | None,
    text: str,
    now: datetime,
) -> None:
    """Keep a candidate's answer, to one finding or to the whole.

    Raises `Invalid` for an empty one, or for a finding that is not in the record.
    """
    words = _words(text, field="text")
    if not words:
        raise Invalid("Write a few words first.", field="text")
    if episode_id is not None and record.finding(episode_id) is None:
        raise Invalid("There is no such entry in your record.", field="episode_id")
    count = await session.scalar(
        select(func.count(Answer.id)).where(Answer.interview_id == interview_id)
    )
    if (count or 0) >= MAX_ANSWERS:
        raise Conflict(
            "There are very many answers already. Please write to the person who "
            "invited you about everything else."
        )
    session.add(
        Answer(
            interview_id=interview_id,
            hub_name=hub_name,
            episode_id=episode_id,
            text=words,
            at=now,
        )
    )


async def answers(session: AsyncSession, interview_id: str) -> list[dict[str, Any]]:
    """Return the answers, oldest first."""
    found = await session.scalars(
        select(Answer).where(Answer.interview_id == interview_id).order_by(Answer.id)
    )
    return [
        {"episode_id": one.episode_id, "text": one.text, "at": format_time(one.at)}
        for one in found
    ]


# ------------------------------------------------------------------ decisions


def decide(
    session: AsyncSession,
    interview_id: str,
    hub_name: str,
    record: OwnRecord,
    *,
    episode_id: str,
    decision: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep a reviewer's decision about one flag.

    Raises `Invalid` when there is no such flag, or no reason for upholding it.
    """
    if decision not in DECISIONS:
        raise Invalid("Choose whether the flag stands.", field="decision")
    words = _words(reason, field="reason")
    if decision == "upheld" and len(words) < MIN_REASON_CHARS:
        raise Invalid(
            f"To uphold a flag, write why, in at least {MIN_REASON_CHARS} characters. "
            "Without a reason it cannot stand.",
            field="reason",
        )
    if episode_id not in {flag.episode_id for flag in record.flags}:
        raise Invalid("There is no such flag.", field="episode_id")
    session.add(
        Decision(
            interview_id=interview_id,
            episode_id=episode_id,
            decision=decision,
            reason=words,
            decided_by=hub_name,
            at=now,
        )
    )


async def decisions(session: AsyncSession, interview_id: str) -> list[dict[str, Any]]:
    """Return all decisions, oldest first; the last one about a flag stands."""
    found = await session.execute(
        select(Decision, Person)
        .join(Person, Decision.decided_by == Person.hub_name)
        .where(Decision.interview_id == interview_id)
        .order_by(Decision.id)
    )
    return [
        {
            "episode_id": one.episode_id,
            "decision": one.decision,
            "reason": one.reason,
            "by": one.decided_by,
            "by_name": person.display_name,
            "at": format_time(one.at),
        }
        for one, person in found
    ]


def _words(text: str, *, field: str) -> str:
    """Return somebody's text as it is kept: one form, no half characters."""
    words = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if len(words) > MAX_TEXT_CHARS:
        raise Invalid(
            f"These are more than {MAX_TEXT_CHARS} characters: please shorten it.",
            field=field,
        )
    if any(unicodedata.category(char) == "Cs" or char == "\x00" for char in words):
        raise Invalid("This text has characters that cannot be kept.", field=field)
    return words
