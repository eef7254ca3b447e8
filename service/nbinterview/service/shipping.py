"""What a room sends: its records and signed heads are taken, and told to who waits."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from nbinterview.errors import Conflict
from nbinterview.ledger.checkpoints import Certificate, Checkpoint
from nbinterview.service.domain import (
    certificates,
    checkpoints,
    erasures,
    interviews,
    invitations,
    ledger,
)
from nbinterview.service.routes.record_models import RecordsIn, RoomKeyIn
from nbinterview.service.state import State

log = logging.getLogger(__name__)


async def take(state: State, interview_id: str, body: RecordsIn) -> dict[str, Any]:
    """Keep a room's records; nothing of a batch is kept when one does not fit."""
    batch = await asyncio.to_thread(ledger.parse, body.records, interview_id)
    checkpoint = None
    if body.checkpoint is not None:
        checkpoint = Checkpoint.from_wire(body.checkpoint)
        checkpoints.check(checkpoint, interview_id)
    now = state.settings.now()
    countersigned = None
    async with state.database.write() as session:
        interview = await interviews.get(session, interview_id)
        if interview.sample:
            raise Conflict("This is an imported sample; it has no room.")
        taken = await ledger.ingest(
            session,
            interview_id,
            batch,
            now=now,
            root_at=None if checkpoint is None else checkpoint.size,
        )
        if checkpoint is not None:
            platform = state.platform_keys.signer()
            countersigned = await checkpoints.accept(
                session, checkpoint, taken, platform=platform, now=now
            )
        await erasures.confirm(session, interview_id, body.erased, now=now)
        due = await erasures.of_interview(session, interview_id, due_in_room=True)
        revision = await invitations.people_revision(session, interview_id)
    state.metrics.taken(taken.fresh, now)
    if any(ledger.is_end(wire) for wire in body.records):
        state.rooms.has_shipped(interview_id)
    if taken.fresh or countersigned is not None:
        state.feed.tell(interview_id)
    return {
        "acknowledged_seq": taken.last_seq,
        "state": interview.state,
        "people_revision": revision,
        "countersignature": countersigned and countersigned.wire(),
        "erase": [erasures.wire(one) for one in due],
    }


async def certify(state: State, interview_id: str, body: RoomKeyIn) -> Certificate:
    """Certify the key that a room signs with; harmless when repeated."""
    async with state.database.write() as session:
        interview = await interviews.get(session, interview_id)
        if interview.sample:
            raise Conflict("This is an imported sample; it has no room.")
        certificate, _ = await certificates.certify(
            session,
            interview_id,
            body.public_key,
            platform=state.platform_keys.signer(),
            now=state.settings.now(),
        )
    return certificate
