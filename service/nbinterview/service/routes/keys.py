"""Keys and signed heads: whom a record's signatures can be held against."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from nbinterview.errors import NotFound
from nbinterview.service import guards, shipping
from nbinterview.service.domain import certificates, checkpoints
from nbinterview.service.guards import GuardedRoute, InterviewId, StateDep
from nbinterview.service.routes import record_models

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)
pages = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/keys", response_model=record_models.PlatformKeysOut)
async def platform_keys(state: StateDep) -> dict[str, Any]:
    """List the platform's public keys, also those it signed with before."""
    return {"keys": [key.wire() for key in state.platform_keys.published()]}


@router.post("/rooms/{interview_id}/key", response_model=record_models.CertificateOut)
async def certify(
    interview_id: InterviewId, body: record_models.RoomKeyIn, state: StateDep
) -> dict[str, Any]:
    """Certify the key that a room signs with; harmless when repeated."""
    return (await shipping.certify(state, interview_id, body)).wire()


@router.get(
    "/interviews/{interview_id}/checkpoints",
    response_model=record_models.CheckpointsOut,
)
async def signed_heads(interview_id: InterviewId, state: StateDep) -> dict[str, Any]:
    """List the signed heads of a record, and what vouches for them."""
    async with state.database.read() as session:
        heads = await checkpoints.heads_of(session, interview_id)
        signatures = await checkpoints.countersignatures_of(session, interview_id)
        certified = await certificates.all_of(session, interview_id)
    return {
        "checkpoints": [one.wire() for one in heads],
        "countersignatures": [one.wire() for one in signatures],
        "certificates": [one.wire() for one in certified],
    }


@pages.get("/interviews/{interview_id}/my-record/receipt", response_model=None)
async def receipt(interview_id: InterviewId, state: StateDep) -> Response:
    """Give a candidate the receipt of the own record, to keep."""
    keys = state.platform_keys.published()
    async with state.database.read() as session:
        found = await checkpoints.receipt(session, interview_id, keys)
    if found is None:
        raise NotFound("There is no receipt yet: nothing of your record is signed.")
    name = f"receipt-{interview_id}.json"
    return JSONResponse(
        found.wire(),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
