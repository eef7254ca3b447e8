"""News of an interview as it goes on, for pages of the staff (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sse_starlette import EventSourceResponse, ServerSentEvent

from nbinterview.errors import TooMany
from nbinterview.service import guards, live_words
from nbinterview.service.domain import checkpoints, interviews, ledger
from nbinterview.service.domain.access import Caller, Operator
from nbinterview.service.guards import CallerDep, GuardedRoute, InterviewId, StateDep
from nbinterview.service.routes.record_pages import After
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)

# Somebody whose access was taken away is cut off after at most as long.
LOOK_AGAIN_S = 3.0
# A room sends twice a second; many streams are not to ask as often each.
GATHER_S = 0.5
SEND_TIMEOUT_S = 10.0
PAGE_RECORDS = 200
# Of one person: tabs of one browser, with some to spare.
MAX_STREAMS = 12

_open: Counter[str] = Counter()


@router.get(
    "/interviews/{interview_id}/events",
    response_class=EventSourceResponse,
)
async def events(
    request: Request,
    interview_id: InterviewId,
    caller: CallerDep,
    state: StateDep,
    after: After = 0,
    last_event_id: Annotated[str, Header()] = "",
    *,
    once: bool = False,
) -> EventSourceResponse:
    """Tell flags, gaps, warnings, states and signed heads as they come.

    A `record` event's id is its number in the record: a browser that comes back says
    it in `Last-Event-ID` and misses nothing. `over` is the last event; `once` ends
    with what there is now.
    """
    whose = _name(caller)
    if _open[whose] >= MAX_STREAMS:
        raise TooMany(
            "So many pages of yours listen already. Close one of them.",
            retry_after_s=30,
        )
    if last_event_id.isascii() and last_event_id.isdigit():
        after = int(last_event_id[:16])
    return EventSourceResponse(
        _counted(whose, _news(request, state, interview_id, after, once=once)),
        send_timeout=SEND_TIMEOUT_S,
        ping=15,
    )


def _name(caller: Caller) -> str:
    return "operator" if isinstance(caller, Operator) else caller.hub_name


async def _counted(
    whose: str, news: AsyncIterator[ServerSentEvent]
) -> AsyncIterator[ServerSentEvent]:
    _open[whose] += 1
    try:
        async for one in news:
            yield one
    finally:
        _open[whose] -= 1
        if not _open[whose]:
            del _open[whose]


async def _news(
    request: Request, state: State, interview_id: str, after: int, *, once: bool
) -> AsyncIterator[ServerSentEvent]:
    head: dict[str, Any] = {}
    while True:
        mark = state.feed.mark(interview_id)
        if not await guards.still_admits(request):
            yield _event("over", {"why": "This is not open to you any more."})
            return
        async with state.database.read() as session:
            found = await ledger.page(
                session,
                interview_id,
                after=after,
                limit=PAGE_RECORDS,
                kinds=live_words.KINDS,
            )
            now = await _head(session, interview_id)
        for seq, wire in found:
            after = seq
            line = live_words.told(json.loads(wire))
            if line is not None:
                yield _event("record", line.wire(), seq)
        if len(found) == PAGE_RECORDS:
            continue
        if now != head:
            head = now
            yield _event("head", head)
        if once:
            return
        if head["stopped"]:
            yield _event("over", {"why": "The interview has ended."})
            return
        await state.feed.wait(mark, LOOK_AGAIN_S)
        await asyncio.sleep(GATHER_S)


async def _head(session: AsyncSession, interview_id: str) -> dict[str, Any]:
    """Return how an interview and its record stand."""
    interview = await interviews.get(session, interview_id)
    signed = await checkpoints.newest(session, interview_id)
    return {
        "state": interview.state,
        "stopped": interview.room_stopped_at is not None,
        **await ledger.head(session, interview_id),
        "signed": None
        if signed is None
        else {"size": signed.size, "time": signed.time, "root": signed.root},
    }


def _event(name: str, data: dict[str, Any], seq: int | None = None) -> ServerSentEvent:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return ServerSentEvent(text, event=name, id=None if seq is None else str(seq))
