"""What a room sends: its records and signed heads are taken, and told to who waits."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from nbinterview.errors import Conflict
from nbinterview.ledger.checkpoints import Certificate, Checkpoint
from nbinterview.service.domain import (
    audit,
    certificates,
    checkpoints,
    erasures,
    interviews,
    invitations,
    ledger,
)
from nbinterview.service.domain.checkpoints import NotExtending
from nbinterview.service.routes.record_models import RecordsIn, RoomKeyIn
from nbinterview.service.state import State

log = logging.getLogger(__name__)

# Of one interview: more of the same says nothing new.
MAX_SAID = 50


async def take(state: State, interview_id: str, body: RecordsIn) -> dict[str, Any]:
    """Keep a room's records; nothing of a batch is kept when one does not fit."""
    batch = await asyncio.to_thread(ledger.parse, body.records, interview_id)
    checkpoint = None
    if body.checkpoint is not None:
        checkpoint = Checkpoint.from_wire(body.checkpoint)
        checkpoints.check(checkpoint, interview_id)
    try:
        return await _take(state, interview_id, body, batch, checkpoint)
    except NotExtending as error:
        await _say(state, error.checkpoint)
        raise


async def _take(
    state: State,
    interview_id: str,
    body: RecordsIn,
    batch: ledger.Batch,
    checkpoint: Checkpoint | None,
) -> dict[str, Any]:
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


async def _say(state: State, refused: Checkpoint) -> None:
    """Note a head that does not extend the record, once: its room tries again."""
    log.error(
        "room %s signed a head of %d records that does not fit those kept here",
        refused.interview,
        refused.size,
    )
    async with state.database.read() as session:
        said = await audit.page(session, kind="checkpoint", about=refused.interview)
    head = (refused.size, refused.root)
    if any((one["payload"]["size"], one["payload"]["root"]) == head for one in said):
        return
    if len(said) < MAX_SAID:
        facts = {"size": refused.size, "root": refused.root, "key_id": refused.key_id}
        await state.audit.tell(None, "checkpoint", refused.interview, **facts)


async def certify(state: State, interview_id: str, body: RoomKeyIn) -> Certificate:
    """Certify the key that a room signs with; harmless when repeated."""
    async with state.database.write() as session:
        interview = await interviews.get(session, interview_id)
        if interview.sample:
            raise Conflict("This is an imported sample; it has no room.")
        certificate, is_new = await certificates.certify(
            session,
            interview_id,
            body.public_key,
            platform=state.platform_keys.signer(),
            now=state.settings.now(),
        )
        if is_new and certificate.replaces is not None:
            facts = {"key_id": certificate.key_id, "replaces": certificate.replaces}
            await state.audit.note(session, None, "key", interview_id, **facts)
    return certificate
