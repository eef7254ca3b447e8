"""REST for interviews, their invitations and their records."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from nbinterview import __version__
from nbinterview.service import guards, operations
from nbinterview.service.domain import access, exchange, interviews, ledger
from nbinterview.service.domain.templates import read_template
from nbinterview.service.films import film_response
from nbinterview.service.guards import (
    CallerDep,
    GuardedRoute,
    InterviewId,
    StateDep,
)
from nbinterview.service.operations import (
    interview_view,
    invitation_view,
    renew_invitation,
    withdraw_invitation,
)
from nbinterview.service.policies import checked_allows, choose
from nbinterview.service.routes import models, record_models
from nbinterview.service.routes.record_pages import After, record_page

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)


@router.get("/health", response_model=models.Health)
async def health() -> dict[str, str]:
    """Say that the service runs."""
    return {"status": "ok", "version": __version__}


@router.get("/health/ready", response_model=models.Health)
async def ready(state: StateDep) -> dict[str, str]:
    """Say that the service can be asked: its database answers, too."""
    await state.database.ready()
    return {"status": "ok", "version": __version__}


@router.post("/interviews", status_code=201, response_model=models.InterviewOut)
async def create(
    body: models.InterviewIn, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Make an interview from a template; answer with everybody's invitation."""
    # Through the same door as an uploaded file, with its limit.
    text = json.dumps(body.template, ensure_ascii=False)
    template, notes = read_template(text.encode("utf-8", "surrogatepass"))
    given = interviews.given_accommodations(
        body.accommodations.model_dump() if body.accommodations else {}
    )
    new = interviews.NewInterview(
        template=template,
        template_notes=notes,
        policy=choose(body.policy, given),
        allows=checked_allows(body.allows),
        accommodations=given,
        **body.model_dump(exclude={"template", "policy", "allows", "accommodations"}),
    )
    async with state.database.write() as session:
        interview, invited = await interviews.create(
            session, caller, new, now=state.settings.now()
        )
        await operations.note_made(state, session, caller, interview.id, invited)
    view = await interview_view(state, caller, interview.id)
    reviewers = [item for item in invited if item.participation.role == "reviewer"]
    async with state.database.read() as session:
        view["invitations"] += [
            await invitation_view(state, session, caller, item) for item in reviewers
        ]
    return view


@router.get("/interviews", response_model=models.InterviewList)
async def listing(caller: CallerDep, state: StateDep) -> dict[str, Any]:
    """List the interviews that the caller runs."""
    async with state.database.read() as session:
        own = await access.panel_interviews(session, caller)
        return {"interviews": await interviews.summaries(session, own)}


@router.get("/interviews/{interview_id}", response_model=models.InterviewOut)
async def show(
    interview_id: InterviewId, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Show one interview."""
    return await interview_view(state, caller, interview_id)


@router.post("/interviews/{interview_id}/start", response_model=models.InterviewOut)
async def start(
    interview_id: InterviewId, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Open the interview and start its room; harmless when repeated."""
    await state.rooms.open(interview_id, caller)
    return await interview_view(state, caller, interview_id)


@router.post("/interviews/{interview_id}/end", response_model=models.InterviewOut)
async def end(
    interview_id: InterviewId, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """End the interview; its room ships what it holds and stops."""
    await state.rooms.end(interview_id, caller)
    return await interview_view(state, caller, interview_id)


@router.post(
    "/invitations/{invitation_id}/withdraw", response_model=models.InvitationOut
)
async def withdraw(
    invitation_id: str, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Withdraw a link; whoever has no other loses the room too."""
    return await withdraw_invitation(state, caller, invitation_id)


@router.post("/invitations/{invitation_id}/renew", response_model=models.InvitationOut)
async def renew(
    invitation_id: str, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Give the same person a new link; the old one ends."""
    return await renew_invitation(state, caller, invitation_id)


@router.get(
    "/interviews/{interview_id}/record",
    response_class=StreamingResponse,
)
async def export(interview_id: InterviewId, state: StateDep) -> StreamingResponse:
    """Export the interview: a header line, then one record a line."""

    async def lines() -> AsyncIterator[bytes]:
        async with state.database.read() as session:
            async for line in exchange.export_lines(session, interview_id):
                yield line

    return StreamingResponse(lines(), media_type="application/jsonl")


@router.get(
    "/interviews/{interview_id}/records",
    response_model=record_models.RecordPage,
)
async def records(
    interview_id: InterviewId,
    state: StateDep,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=ledger.MAX_PAGE_RECORDS)] = 1000,
) -> Response:
    """Return a page of the interview's records."""
    async with state.database.read() as session:
        return await record_page(session, interview_id, after=after, limit=limit)


@router.get("/interviews/{interview_id}/film", response_model=dict[str, Any])
async def film(
    request: Request, interview_id: InterviewId, state: StateDep
) -> Response:
    """Return the interview as a film; see `film.schema.yaml`."""
    return film_response(request, await state.films.packed(interview_id))


@router.post(
    "/records/import",
    status_code=201,
    response_model=record_models.Imported,
)
async def import_record(
    request: Request,
    caller: CallerDep,
    state: StateDep,
    *,
    sample: bool = Query(default=False),
) -> dict[str, Any]:
    """Take in an export; `sample` marks it as a sample everywhere."""
    async with state.database.write() as session:
        interview_id, records = await exchange.import_lines(
            session, _lines(request), sample=sample, now=state.settings.now()
        )
        await state.eraser.check_import(session, interview_id)
        await state.audit.note(
            session, caller, "interview", interview_id, did="imported"
        )
    return {"id": interview_id, "records": records}


async def _lines(request: Request) -> AsyncIterator[bytes]:
    """Split a body into lines as it arrives."""
    rest = b""
    async for chunk in request.stream():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest
