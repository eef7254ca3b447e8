"""Numbers for whoever runs the platform."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from nbinterview.service.domain import interviews
from nbinterview.service.guards import GuardedRoute, StateDep
from nbinterview.service.metrics import CONTENT_TYPE

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/metrics", response_model=None)
async def metrics(state: StateDep) -> Response:
    """Answer in Prometheus' text format, to the operator's token."""
    async with state.database.read() as session:
        counts = await interviews.count_by_state(session)
    return Response(state.metrics.text(counts), media_type=CONTENT_TYPE)
