"""The ledger: the service's copy of every room's journal, verified as it comes.

Numbers run without gaps from 1, a hash fits its record, and what was once kept is
never changed: a record that differs under the same number is refused. Every record is
a leaf of its interview's Merkle tree, whose edge is kept beside it. Only payloads
leave again, by an erasure that says why; their hashes stay.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Invalid
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store, to_store
from nbinterview.service.db import models
from nbinterview.service.db.models import Erasure, LedgerRecord
from nbinterview.service.domain import erasures
from nbinterview.service.domain.frontier import Frontier, frontier_of

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


class AnotherRecord(Conflict):
    """What a room sends is not the record that is kept here, or none that goes on it.

    A room knows it by its title, and says so to its panel.
    """

    title = "This is another record"


@dataclass(frozen=True)
class Batch:
    """Verified records of one interview that follow each other, ready to be kept."""

    records: Sequence[Record]
    blobs: Sequence[bytes]


@dataclass(frozen=True)
class Taken:
    """What became of a batch: how far the ledger is now, and what of it was new."""

    last_seq: int
    fresh: Sequence[Record] = ()
    root: bytes | None = None
    """The tree's head at the size that was asked for, if this batch passed it."""


def parse(wires: Iterable[dict[str, Any]], interview_id: str) -> Batch:
    """Return verified records of one interview that follow each other."""
    records: list[Record] = []
    for wire in wires:
        record = _verified(wire)
        if record.interview != interview_id:
            raise Invalid(
                f"record {record.seq} belongs to another interview", field="interview"
            )
        if not _is_time(record.time):
            raise Invalid(f"record {record.seq} has no time that exists", field="time")
        if record.kind.startswith("audit."):
            raise Invalid(
                f"record {record.seq} is of a kind that only the platform's log has",
                field="kind",
            )
        if records and record.seq != records[-1].seq + 1:
            raise SequenceGap(records[-1].seq + 1)
        records.append(record)
    return Batch(records, [_blob(record) for record in records])


def _verified(wire: dict[str, Any]) -> Record:
    try:
        # Whether its erasure is ours is seen when it is kept.
        return Record.from_wire(wire, erased_by_us=True)
    except Invalid as error:
        if error.field is None:  # of what has no canonical form, wherever it is
            raise Invalid(error.detail, field="payload") from error
        raise


def _is_time(text: str) -> bool:
    """Say whether a time of the right form is one: not the 99th of a month."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _blob(record: Record) -> bytes:
    return to_store(record.wire_json, record.kind)


async def last_seq(session: AsyncSession, interview_id: str) -> int:
    """Return the number of the last record kept, 0 when there is none."""
    found = await session.scalar(
        select(func.max(LedgerRecord.seq)).where(
            LedgerRecord.interview_id == interview_id
        )
    )
    return found or 0


async def head(session: AsyncSession, interview_id: str) -> dict[str, Any]:
    """Return where a record stands: its last entry, and how many flags it has."""
    here = LedgerRecord.interview_id == interview_id
    newest = select(LedgerRecord.seq, LedgerRecord.time).where(here)
    found = await session.execute(newest.order_by(LedgerRecord.seq.desc()).limit(1))
    last = found.first()
    flags = await session.scalar(
        select(func.count()).where(here).where(LedgerRecord.kind == "flag")
    )
    return {
        "last_seq": 0 if last is None else last.seq,
        "last_time": None if last is None else last.time,
        "flags": flags or 0,
    }


async def ingest(
    session: AsyncSession,
    interview_id: str,
    batch: Batch,
    *,
    now: datetime,
    root_at: int | None = None,
) -> Taken:
    """Keep what is new of a `parse`d batch; say how far the ledger is now.

    `root_at` asks for the tree's head at that size. Repeats are harmless. Raises
    `SequenceGap` and `Conflict`; then nothing is kept.
    """
    last = await last_seq(session, interview_id)
    records = batch.records
    if records and records[0].seq > last + 1:
        raise SequenceGap(last + 1)
    await _check_repeats(session, interview_id, [r for r in records if r.seq <= last])
    fresh = [record for record in records if record.seq > last]
    await _check_fresh(session, interview_id, last, fresh)
    edge = await _edge(session, interview_id, last)
    root = edge.root() if root_at == last else None
    for record in fresh:
        edge.append(record.leaf)
        if edge.size == root_at:
            root = edge.root()
    if fresh:
        known = await erasures.of_interview(session, interview_id)
        blobs = batch.blobs[len(records) - len(fresh) :]
        rows = [
            _row(record, blob, known, now)
            for record, blob in zip(fresh, blobs, strict=True)
        ]
        await session.execute(insert(LedgerRecord), rows)
        await _keep_edge(session, interview_id, edge)
    return Taken(last + len(fresh), fresh, root)


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
            raise AnotherRecord(
                f"Record {record.seq} differs from the one that is kept. "
                "A record is never replaced."
            )


async def _check_fresh(
    session: AsyncSession, interview_id: str, last: int, fresh: Sequence[Record]
) -> None:
    """Raise when the record has ended before these, or their format goes back."""
    if not fresh:
        return
    before = await _record(session, interview_id, last)
    formats = [record.format for record in fresh]
    if before is not None:
        formats.insert(0, before.format)
    if formats != sorted(formats):
        raise Conflict("A record's format never goes back within one interview.")
    stops = any(record.kind == "room.stopped" for record in [before, *fresh] if record)
    ended = stops and await has_ended(session, interview_id)
    closed = ended and before is not None and before.kind == "room.stopped"
    for record in fresh:
        # Rooms of format 1 wrote down who left after they had stopped.
        if closed and record.format != 1:
            raise Conflict("The interview has ended; its record takes nothing more.")
        ended = ended or (record.kind == "interview.state" and is_end(record.wire()))
        closed = ended and record.kind == "room.stopped"


async def is_closed(session: AsyncSession, interview_id: str) -> bool:
    """Say whether a record is whole: the interview ended, then its room stopped."""
    last = await _record(session, interview_id, await last_seq(session, interview_id))
    stopped = last is not None and last.kind == "room.stopped"
    return stopped and await has_ended(session, interview_id)


async def _record(session: AsyncSession, interview_id: str, seq: int) -> Record | None:
    row = await session.get(LedgerRecord, (interview_id, seq))
    return None if row is None else Record.stored(json.loads(from_store(row.wire)))


def _row(
    record: Record, blob: bytes, known: Sequence[Erasure], now: datetime
) -> dict[str, Any]:
    # A room can send what was erased while it was away: it is erased as it comes.
    erased_by = next((one for one in known if erasures.covers(one, record)), None)
    if record.erased and erased_by is None:
        raise Conflict(
            f"Record {record.seq} came without its payload, and nothing here says "
            "that it was erased."
        )
    if erased_by is not None:
        record = record.without_payload()
        blob = _blob(record)
    return {
        "interview_id": record.interview,
        "seq": record.seq,
        "kind": record.kind,
        "time": record.time,
        "hash": record.hash,
        "wire": blob,
        "received_at": now,
        "erased_by": erased_by and erased_by.id,
    }


# ------------------------------------------------------------------------ tree


async def _edge(session: AsyncSession, interview_id: str, last: int) -> Frontier:
    kept = await session.get(models.Frontier, interview_id)
    if kept is not None and kept.size == last:
        return Frontier(kept.size, kept.nodes)
    # Records from before there were trees.
    leaves = await _leaves(session, interview_id, last)
    return await asyncio.to_thread(frontier_of, leaves)


async def _keep_edge(session: AsyncSession, interview_id: str, edge: Frontier) -> None:
    kept = await session.get(models.Frontier, interview_id)
    if kept is None:
        session.add(
            models.Frontier(interview_id=interview_id, size=edge.size, nodes=edge.nodes)
        )
    else:
        kept.size, kept.nodes = edge.size, edge.nodes


async def root_at(session: AsyncSession, interview_id: str, size: int) -> bytes:
    """Return the tree's head at an earlier size, from all its leaves."""
    leaves = await _leaves(session, interview_id, size)
    if len(leaves) != size:
        raise SequenceGap(len(leaves) + 1)
    return (await asyncio.to_thread(frontier_of, leaves)).root()


async def _leaves(session: AsyncSession, interview_id: str, size: int) -> list[bytes]:
    found = await session.scalars(
        select(LedgerRecord.hash)
        .where(LedgerRecord.interview_id == interview_id)
        .where(LedgerRecord.seq <= size)
        .order_by(LedgerRecord.seq)
    )
    return [bytes.fromhex(one) for one in found]


# --------------------------------------------------------------------- reading


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
    found = [(seq, blob) for seq, blob in await session.execute(query)]
    return await asyncio.to_thread(_read, found)


def _read(found: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return [(seq, from_store(blob)) for seq, blob in found]


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
    return any(is_end(json.loads(from_store(blob))) for blob in found)


def is_end(wire: Mapping[str, Any]) -> bool:
    """Say whether a record is the room's word that the interview ended."""
    if wire["kind"] != "interview.state" or wire["payload"] is None:
        return False
    ended: bool = wire["payload"].get("state") == "ended"
    return ended
