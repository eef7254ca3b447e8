"""A page of an interview's records, as the REST answers it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.service.domain import ledger

After = Annotated[int, Query(ge=0, le=2**53 - 1)]
"""The number of a record: any that JSON can say exactly (RFC 8785)."""


async def record_page(
    session: AsyncSession,
    interview_id: str,
    *,
    after: int,
    limit: int,
    kinds: Sequence[str] = (),
) -> Response:
    """Return `{"records": [...], "next_after": seq|null}`."""
    found = await ledger.page(
        session, interview_id, after=after, limit=limit, kinds=kinds
    )
    next_after = found[-1][0] if len(found) == limit else None
    # The records are JSON already: put together, not parsed and written again.
    body = b'{"records":[%b],"next_after":%b}' % (
        b",".join(wire for _, wire in found),
        json.dumps(next_after).encode(),
    )
    return Response(body, media_type="application/json")
