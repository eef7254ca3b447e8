"""Whose key signs an interview's record: certified here, by the platform's key.

A room makes its key itself and never gives it away. When it lost it, it makes another
one, which is certified as what it is: a replacement, with the name of the one before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict
from nbinterview.ledger.checkpoints import Certificate, make_certificate
from nbinterview.ledger.records import format_time
from nbinterview.ledger.signing import Signer, key_id_of
from nbinterview.service.db.models import KeyCertificate, SignedHead
from nbinterview.service.domain import ledger

# A room that loses its key more often has another fault.
MAX_KEYS = 20


async def certify(
    session: AsyncSession,
    interview_id: str,
    public_key: str,
    *,
    platform: Signer,
    now: datetime,
) -> tuple[Certificate, bool]:
    """Return a key's certificate, and whether it was made just now.

    The same key gets the same certificate again. Raises `Conflict` for a key of
    another interview, for too many, and for a record that is signed to its end.
    """
    kept = await all_of(session, interview_id)
    known = [one for one in kept if one.public_key == public_key]
    if known:
        return known[0], False
    await _check_new(session, interview_id, public_key, kept)
    made = make_certificate(
        platform,
        interview_id,
        public_key,
        issued_at=format_time(now),
        replaces=kept[-1].key_id if kept else None,
    )
    session.add(
        KeyCertificate(
            interview_id=interview_id,
            key_id=made.key_id,
            number=len(kept) + 1,
            public_key=public_key,
            wire=made.wire(),
        )
    )
    return made, True


async def _check_new(
    session: AsyncSession, interview_id: str, public_key: str, kept: list[Certificate]
) -> None:
    elsewhere = await session.scalar(
        select(KeyCertificate.interview_id)
        .where(KeyCertificate.key_id == key_id_of(public_key))
        .limit(1)
    )
    if elsewhere is not None:
        raise Conflict("This key belongs to another interview: make a new one.")
    if len(kept) >= MAX_KEYS:
        raise Conflict(f"This interview has had {MAX_KEYS} keys; it gets no other.")
    if await _is_signed_to_its_end(session, interview_id):
        raise Conflict("The record of this interview is whole and signed.")


async def _is_signed_to_its_end(session: AsyncSession, interview_id: str) -> bool:
    if not await ledger.is_closed(session, interview_id):
        return False
    last = await ledger.last_seq(session, interview_id)
    signed = await session.scalar(
        select(SignedHead.size)
        .where(SignedHead.interview_id == interview_id)
        .where(SignedHead.size == last)
        .limit(1)
    )
    return signed is not None


async def all_of(session: AsyncSession, interview_id: str) -> list[Certificate]:
    """Return the certificates of an interview's keys, the first key first."""
    found = await session.scalars(
        select(KeyCertificate.wire)
        .where(KeyCertificate.interview_id == interview_id)
        .order_by(KeyCertificate.number)
    )
    return [Certificate.from_wire(wire) for wire in found]


async def find(
    session: AsyncSession, interview_id: str, key_id: str
) -> Certificate | None:
    """Return the certificate of one of an interview's keys, if it is one."""
    kept = await session.get(KeyCertificate, (interview_id, key_id))
    return None if kept is None else Certificate.from_wire(kept.wire)
