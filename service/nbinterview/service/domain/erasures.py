"""What was erased of a record: read, held against records, confirmed by the room.

An erasure is a rule over numbers and kinds, not a list of rows: a record that comes
later, from a room that was away, is erased as it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.ledger.bundle import NEVER_ERASED
from nbinterview.ledger.records import Record, format_time
from nbinterview.service.db.models import Erasure


async def of_interview(
    session: AsyncSession, interview_id: str, *, due_in_room: bool = False
) -> list[Erasure]:
    """Return an interview's erasures, oldest first; or those its room has to do."""
    query = (
        select(Erasure)
        .where(Erasure.interview_id == interview_id)
        .order_by(Erasure.at, Erasure.id)
    )
    if due_in_room:
        query = query.where(Erasure.room_done_at.is_(None))
    return list(await session.scalars(query))


def covers(erasure: Erasure, record: Record) -> bool:
    """Say whether an erasure takes this record; no kinds are all that can be erased."""
    if record.kind in NEVER_ERASED:
        return False
    inside = erasure.from_seq <= record.seq <= erasure.to_seq
    return inside and (not erasure.kinds or record.kind in erasure.kinds)


async def confirm(
    session: AsyncSession, interview_id: str, ids: Sequence[str], *, now: datetime
) -> None:
    """Note what the room of an interview has erased in its journal."""
    if not ids:
        return
    await session.execute(
        update(Erasure)
        .where(Erasure.interview_id == interview_id)
        .where(Erasure.id.in_(ids))
        .where(Erasure.room_done_at.is_(None))
        .values(room_done_at=now)
    )


def wire(erasure: Erasure) -> dict[str, Any]:
    """Return an erasure as a room and a bundle are told of it."""
    return {
        "id": erasure.id,
        "interview": erasure.interview_id,
        "from_seq": erasure.from_seq,
        "to_seq": erasure.to_seq,
        "kinds": erasure.kinds,
        "reason": erasure.reason,
        "rule": erasure.rule,
        "at": format_time(erasure.at),
    }
