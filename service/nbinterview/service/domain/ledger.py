"""The ledger: the service's copy of every room's journal, verified as it comes.

Numbers run without gaps from 1, a hash fits its record, and what was once kept is
never changed: a record that differs under the same number is refused.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Invalid
from nbinterview.ledger.records import Record
from nbinterview.service.db.models import LedgerRecord

MAX_BATCH_RECORDS = 500
MAX_PAGE_RECORDS = 5000
_EXPORT_PAGE_RECORDS = 500


class SequenceGap(Conflict):
    """Records are missing before these; `expected_seq` is the first of them."""

    title = "Records are missing"

    def __init__(self, expected_seq: int) -> None:
        super().__init__(f"The next record has to be number {expected_seq}.")
        self.expected_seq = expected_seq

    def problem(self) -> dict[str, Any]:
        """Return problem details with `expected_seq`."""
        return {**super().problem(), "expected_seq": self.expected_seq}


def parse(wires: Iterable[dict[str, Any]], interview_id: str) -> list[Record]:
    """Return verified records of one interview that follow each other."""
    records: list[Record] = []
    for wire in wires:
        record = _verified(wire)
        if record.interview != interview_id:
            raise Invalid(
                f"record {record.seq} belongs to another interview", field="interview"
            )
        if records and record.seq != records[-1].seq + 1:
            raise SequenceGap(records[-1].seq + 1)
        records.append(record)
    return records


def _verified(wire: dict[str, Any]) -> Record:
    try:
        return Record.from_wire(wire)
    except (
        rfc8785.CanonicalizationError,
        UnicodeEncodeError,
        RecursionError,
    ) as error:
        # Not a number, an integer beyond 2**53, half a character, also in a name.
        raise Invalid(
            "the payload has a value without a canonical form", field="payload"
        ) from error


async def last_seq(session: AsyncSession, interview_id: str) -> int:
    """Return the number of the last record kept, 0 when there is none."""
    found = await session.scalar(
        select(func.max(LedgerRecord.seq)).where(
            LedgerRecord.interview_id == interview_id
        )
    )
    return found or 0


async def ingest(
    session: AsyncSession,
    interview_id: str,
    records: Sequence[Record],
    *,
    now: datetime,
) -> int:
    """Keep what is new of `parse`d records; return the last number kept.

    Repeats are harmless. Raises `SequenceGap` and `Conflict`; then nothing is kept.
    """
    last = await last_seq(session, interview_id)
    if records and records[0].seq > last + 1:
        raise SequenceGap(last + 1)
    await _check_repeats(session, interview_id, [r for r in records if r.seq <= last])
    new = [_row(record, now) for record in records if record.seq > last]
    if new:
        await session.execute(insert(LedgerRecord), new)
    return last + len(new)


async def _check_repeats(
    session: AsyncSession, interview_id: str, repeats: Sequence[Record]
) -> None:
    if not repeats:
        return
    found = await session.execute(
        select(LedgerRecord.seq, LedgerRecord.hash)
        .where(LedgerRecord.interview_id == interview_id)
        .where(LedgerRecord.seq.between(repeats[0].seq, repeats[-1].seq))
    )
    kept = {row.seq: row.hash for row in found}
    for record in repeats:
        if kept[record.seq] != record.hash:
            raise Conflict(
                f"Record {record.seq} differs from the one that is kept. "
                "A record is never replaced."
            )


def _row(record: Record, now: datetime) -> dict[str, Any]:
    wire = json.dumps(record.wire(), ensure_ascii=False, separators=(",", ":"))
    return {
        "interview_id": record.interview,
        "seq": record.seq,
        "kind": record.kind,
        "time": record.time,
        "hash": record.hash,
        "wire": wire.encode(),
        "received_at": now,
    }


async def page(
    session: AsyncSession,
    interview_id: str,
    *,
    after: int,
    limit: int,
    kinds: Sequence[str] = (),
) -> list[tuple[int, bytes]]:
    """Return (number, wire JSON) of records after a number, in order."""
    query = (
        select(LedgerRecord.seq, LedgerRecord.wire)
        .where(LedgerRecord.interview_id == interview_id)
        .where(LedgerRecord.seq > after)
        .order_by(LedgerRecord.seq)
        .limit(limit)
    )
    if kinds:
        query = query.where(LedgerRecord.kind.in_(kinds))
    return [(seq, wire) for seq, wire in await session.execute(query)]


async def lines(
    session: AsyncSession, interview_id: str, *, kinds: Sequence[str] = ()
) -> AsyncIterator[bytes]:
    """Yield the wire JSON of all records, in order."""
    after = 0
    while True:
        found = await page(
            session, interview_id, after=after, limit=_EXPORT_PAGE_RECORDS, kinds=kinds
        )
        if not found:
            return
        for _, wire in found:
            yield wire
        after = found[-1][0]


async def has_ended(session: AsyncSession, interview_id: str) -> bool:
    """Say whether the room itself has written that the interview ended."""
    found = await session.scalars(
        select(LedgerRecord.wire)
        .where(LedgerRecord.interview_id == interview_id)
        .where(LedgerRecord.kind == "interview.state")
    )
    return any(is_end(json.loads(wire)) for wire in found)


def is_end(wire: Mapping[str, Any]) -> bool:
    """Say whether a record is the room's word that the interview ended."""
    ended: bool = wire["payload"].get("state") == "ended"
    return ended and bool(wire["kind"] == "interview.state")
