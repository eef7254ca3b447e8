"""A room's signed heads, held against the records that are kept here.

A head that fits is countersigned: from then on neither the room nor the service alone
can show another record. One that does not is refused, and said. Of the many that come
while an interview goes on, the newest is kept and one a minute before it: any other
that somebody has seen is checked against the tree itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Invalid
from nbinterview.ledger.checkpoints import (
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
    countersign,
)
from nbinterview.ledger.records import format_time
from nbinterview.ledger.signing import Signer
from nbinterview.service.db.models import CountersignedHead, SignedHead
from nbinterview.service.domain import certificates, ledger
from nbinterview.service.domain.ledger import AnotherRecord, Taken

KEPT_EVERY = timedelta(minutes=1)


class NotExtending(AnotherRecord):
    """A room's signed head is of another record than the one kept here."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(
            f"The signed head of {checkpoint.size} records does not fit the records "
            "that are kept here: one of the two was changed. Nothing is taken."
        )
        self.checkpoint = checkpoint


def check(checkpoint: Checkpoint, interview_id: str) -> None:
    """Raise `Invalid` for a head of another interview."""
    if checkpoint.interview != interview_id:
        raise Invalid("this checkpoint is another interview's", field="checkpoint")


async def accept(
    session: AsyncSession,
    checkpoint: Checkpoint,
    taken: Taken,
    *,
    platform: Signer,
    now: datetime,
) -> Countersignature | None:
    """Hold a head against the records, keep and countersign it.

    None for one that cannot be judged yet: of records that are still to come, or by a
    key that is still to be certified; and for one that a later one stands for. Raises
    `NotExtending`, and `Invalid` for a signature that is not its key's.
    """
    interview_id = checkpoint.interview
    certificate = await certificates.find(session, interview_id, checkpoint.key_id)
    if certificate is not None and not certificate.covers(checkpoint):
        raise Invalid("the checkpoint's signature is not its key's", field="checkpoint")
    if not 0 < checkpoint.size <= taken.last_seq:
        return None
    root = await _root(session, checkpoint, taken, known=certificate is not None)
    if root is not None and root != checkpoint.root:
        raise NotExtending(checkpoint)
    if root is None or certificate is None:
        return None
    await _keep(session, checkpoint, now)
    return await _countersigned(session, checkpoint, platform, now)


async def _root(
    session: AsyncSession, checkpoint: Checkpoint, taken: Taken, *, known: bool
) -> str | None:
    """Return the head of the records here at a checkpoint's size.

    None where it would have to be worked out of all the leaves for nothing: for a key
    that is not `known` yet, or below a head that was judged.
    """
    if taken.root is not None:
        return taken.root.hex()
    if not known:
        return None
    where = (checkpoint.interview, checkpoint.size, checkpoint.key_id)
    kept = await session.get(SignedHead, where)
    if kept is not None:
        return kept.root
    newest = await _newest(session, checkpoint.interview)
    if newest and newest[0].size > checkpoint.size:
        return None
    here, size = checkpoint.interview, checkpoint.size
    return (await ledger.root_at(session, here, size)).hex()


async def _keep(session: AsyncSession, checkpoint: Checkpoint, now: datetime) -> None:
    newest = await _newest(session, checkpoint.interview)
    if newest and newest[0].size > checkpoint.size:
        return  # a later one stands for it
    known = (checkpoint.interview, checkpoint.size, checkpoint.key_id)
    if await session.get(SignedHead, known) is not None:
        return
    if len(newest) == 2 and _between(newest[1], newest[0], now):
        await _forget(session, newest[0])
    session.add(
        SignedHead(
            interview_id=checkpoint.interview,
            size=checkpoint.size,
            key_id=checkpoint.key_id,
            root=checkpoint.root,
            wire=checkpoint.wire(),
            received_at=now,
        )
    )


def _between(before: SignedHead, last: SignedHead, now: datetime) -> bool:
    """Say whether the last head may go: those around it are close, and of its key."""
    return last.key_id == before.key_id and now - before.received_at < KEPT_EVERY


async def _forget(session: AsyncSession, head: SignedHead) -> None:
    await session.execute(
        delete(CountersignedHead)
        .where(CountersignedHead.interview_id == head.interview_id)
        .where(CountersignedHead.size == head.size)
    )
    await session.delete(head)


async def _newest(session: AsyncSession, interview_id: str) -> Sequence[SignedHead]:
    """Return the two newest heads, the newest first."""
    found = await session.scalars(
        select(SignedHead)
        .where(SignedHead.interview_id == interview_id)
        .order_by(SignedHead.size.desc(), SignedHead.received_at.desc())
        .limit(2)
    )
    return list(found)


async def _countersigned(
    session: AsyncSession, checkpoint: Checkpoint, platform: Signer, now: datetime
) -> Countersignature:
    known = (checkpoint.interview, checkpoint.size, platform.key_id)
    kept = await session.get(CountersignedHead, known)
    if kept is not None:
        return Countersignature.from_wire(kept.wire)
    made = countersign(platform, checkpoint, format_time(now))
    # Of a head that a later one stands for, the room alone keeps it.
    head = (checkpoint.interview, checkpoint.size, checkpoint.key_id)
    await session.flush()
    if await session.get(SignedHead, head) is not None:
        session.add(
            CountersignedHead(
                interview_id=checkpoint.interview,
                size=checkpoint.size,
                platform_key_id=platform.key_id,
                wire=made.wire(),
            )
        )
    return made


# --------------------------------------------------------------------- reading


async def heads_of(session: AsyncSession, interview_id: str) -> list[Checkpoint]:
    """Return the signed heads that are kept, the smallest first."""
    found = await session.scalars(
        select(SignedHead.wire)
        .where(SignedHead.interview_id == interview_id)
        .order_by(SignedHead.size, SignedHead.received_at)
    )
    return [Checkpoint.from_wire(wire) for wire in found]


async def countersignatures_of(
    session: AsyncSession, interview_id: str
) -> list[Countersignature]:
    """Return the service's signatures under them, the smallest first."""
    found = await session.scalars(
        select(CountersignedHead.wire)
        .where(CountersignedHead.interview_id == interview_id)
        .order_by(CountersignedHead.size, CountersignedHead.platform_key_id)
    )
    return [Countersignature.from_wire(wire) for wire in found]


async def newest(session: AsyncSession, interview_id: str) -> Checkpoint | None:
    """Return the newest signed head, if there is one."""
    found = await _newest(session, interview_id)
    return Checkpoint.from_wire(found[0].wire) if found else None


async def receipt(
    session: AsyncSession, interview_id: str, platform_keys: Sequence[PlatformKey]
) -> Receipt | None:
    """Return what a candidate takes home: the newest head with all its signatures."""
    head = await newest(session, interview_id)
    if head is None:
        return None
    countersigned = await session.scalar(
        select(CountersignedHead.wire)
        .where(CountersignedHead.interview_id == interview_id)
        .where(CountersignedHead.size == head.size)
        .limit(1)
    )
    return Receipt(
        interview=interview_id,
        checkpoint=head,
        certificate=await certificates.find(session, interview_id, head.key_id),
        countersignature=countersigned and Countersignature.from_wire(countersigned),
        platform_keys=tuple(platform_keys),
    )
