"""Retention and rights: purging, and a person's own data as a file or deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from nbinterview.errors import Invalid, NBInterviewError
from nbinterview.ids import INTERVIEW_ID
from nbinterview.ledger.records import format_time
from nbinterview.service import guards
from nbinterview.service.domain import erasing, interviews, rights
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.domain.rights import WHAT_STAYS
from nbinterview.service.eraser import Outcome
from nbinterview.service.guards import (
    CallerDep,
    GuardedRoute,
    InterviewId,
    PersonDep,
    StateDep,
)
from nbinterview.service.pages import render
from nbinterview.service.routes.pages import signed_in_person
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)
pages = APIRouter(route_class=GuardedRoute, include_in_schema=False)

HubName = Annotated[str, Path(pattern=f"^p-{INTERVIEW_ID.pattern}$")]
_CHUNK_BYTES = 1024 * 1024
_ASKED = "The candidate asked for it."
_OPERATOR_ASKED = "The candidate asked for it; the operator did it for them."


class PurgeIn(BaseModel):
    """What to look at: one interview or all; and whether only to look."""

    model_config = ConfigDict(extra="forbid")
    interview: str | None = Field(default=None, pattern=f"^{INTERVIEW_ID.pattern}$")
    dry_run: bool = False


class ErasedOut(BaseModel):
    """One rule that was carried out, or would be."""

    interview: str
    rule: str
    reason: str
    records: int


class PurgeOut(BaseModel):
    """What was erased, and what is not erased yet and why."""

    erased: list[ErasedOut]
    waiting: list[str]
    damaged_lines: list[int]
    """Of erasures.jsonl, by number: they say nothing and nothing was done by them."""
    stays: list[str]


def _out(outcome: Outcome) -> dict[str, Any]:
    return {
        "erased": [
            {
                "interview": one.rule.interview,
                "rule": one.rule.rule,
                "reason": one.rule.reason,
                "records": one.records,
            }
            for one in outcome.done
        ],
        "waiting": outcome.waiting,
        "damaged_lines": list(outcome.damaged_lines),
        "stays": list(WHAT_STAYS),
    }


@router.post("/purge", response_model=PurgeOut)
async def purge(body: PurgeIn, caller: CallerDep, state: StateDep) -> dict[str, Any]:
    """Erase what policies say is due, of one interview or of all; or only say it."""
    if body.dry_run:
        return _out(await state.eraser.due(body.interview))
    return _out(await state.eraser.purge(caller, body.interview))


@router.get("/people/{hub_name}/export", response_class=StreamingResponse)
async def export(hub_name: HubName, state: StateDep) -> StreamingResponse:
    """Download everything about a candidate."""
    return await _export(state, hub_name)


@router.delete("/people/{hub_name}", response_model=PurgeOut)
async def delete(
    hub_name: HubName, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Delete everything of a candidate; hashes stay."""
    return _out(await state.eraser.delete(caller, hub_name, _OPERATOR_ASKED))


async def _export(state: State, hub_name: str) -> StreamingResponse:
    settings = state.settings
    async with state.database.read() as session:
        file = await rights.export(
            session, hub_name, format_time(settings.now()), settings.database.parent
        )
    return StreamingResponse(
        _chunks(file),
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="everything-about-me.zip"'
        },
    )


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk


# ----------------------------------------------------------- the candidate's pages


@pages.get("/interviews/{interview_id}/my-record/everything", response_model=None)
async def everything(
    interview_id: InterviewId,  # noqa: ARG001 (the guard reads the path)
    caller: PersonDep,
    state: StateDep,
) -> StreamingResponse:
    """Give a candidate everything about them."""
    return await _export(state, caller.hub_name)


@pages.get("/interviews/{interview_id}/my-record/delete", response_model=None)
async def confirm(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Ask a candidate whether everything about them shall really go."""
    return await _confirm(state, caller, interview_id)


async def _confirm(
    state: State,
    caller: SignedIn,
    interview_id: str,
    error: NBInterviewError | None = None,
) -> HTMLResponse:
    async with state.database.read() as session:
        interview = await interviews.get(session, interview_id)
        found = await erasing.of_candidate(session, caller.hub_name)
    html = render(
        "delete.html",
        person=await signed_in_person(state, caller),
        interview=interview,
        interviews=[one for one in found if one.branch_of is None],
        stays=WHAT_STAYS,
        error=error,
    )
    return HTMLResponse(html, 200 if error is None else error.status)


@pages.post("/interviews/{interview_id}/my-record/delete", response_model=None)
async def delete_mine(
    request: Request,
    interview_id: InterviewId,
    caller: PersonDep,
    state: StateDep,
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Delete everything about a candidate who said twice that they want it."""
    try:
        if sure != "yes":
            raise Invalid("Tick the box if you are sure; nothing was deleted.")
        outcome = await state.eraser.delete(caller, caller.hub_name, _ASKED)
    except NBInterviewError as error:
        return await _confirm(state, caller, interview_id, error)
    html = render("deleted.html", stays=WHAT_STAYS, waiting=bool(outcome.waiting))
    response = HTMLResponse(html)
    await state.sign_in.end_session(request, response)
    return response
