"""An interview's record as one file, to be verified by whoever holds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import IO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from nbinterview.service import guards
from nbinterview.service.guards import GuardedRoute, InterviewId, StateDep

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)

_CHUNK_BYTES = 1024 * 1024


@router.get("/interviews/{interview_id}/bundle", response_class=StreamingResponse)
async def bundle(interview_id: InterviewId, state: StateDep) -> StreamingResponse:
    """Download the record with all that proves it: docs/reference/bundle.md."""
    file = await state.bundles.make(interview_id)
    name = f"{interview_id}.zip"
    return StreamingResponse(
        _chunks(file),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
