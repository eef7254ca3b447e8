"""REST for the other parts of the platform: hub, rooms and report."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from nbinterview.ledger.records import format_time
from nbinterview.service import guards, operations, shipping
from nbinterview.service.domain import (
    access,
    error_rates,
    interviews,
    invitations,
    ledger,
    review,
)
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.films import film_response
from nbinterview.service.guards import (
    CallerDep,
    GuardedRoute,
    InterviewId,
    StateDep,
)
from nbinterview.service.policies import told
from nbinterview.service.routes import models, record_models
from nbinterview.service.routes.record_pages import After, record_page
from nbinterview.service.tickets import Ticket, sign_ticket

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)


# ---------------------------------------------------------------------- hub


@router.get(
    "/invitations/{invitation_id}",
    response_model=models.HubInvitation,
)
async def invitation(invitation_id: str, state: StateDep) -> dict[str, Any]:
    """Tell the hub what an invitation is about and whether it holds."""
    async with state.database.read() as session:
        invited = await invitations.find(session, invitation_id)
    return invitations.hub_model(
        invited,
        now=state.settings.now(),
        next_url=operations.next_url(state, invited),
        policy_words=_policy_words(invited),
    )


def _policy_words(invited: invitations.Invited) -> list[str]:
    """Return what a candidate is told of the policy before anything else."""
    if invited.interview is None or invited.participation.role != "candidate":
        return []
    return told(invited.interview.policy, invited.interview.allows)


@router.post(
    "/invitations/{invitation_id}/arrivals",
    status_code=204,
    response_class=Response,
)
async def arrivals(invitation_id: str, body: models.ArrivalIn, state: StateDep) -> None:
    """Record a sign-in by a link."""
    async with state.database.read() as session:
        invited = await invitations.find(session, invitation_id)
    await operations.arrive(state, invited, browser=body.browser, fresh=body.fresh)


# -------------------------------------------------------------------- rooms


@router.get(
    "/rooms/{interview_id}",
    response_model=models.RoomConfig,
)
async def room(interview_id: InterviewId, state: StateDep) -> dict[str, Any]:
    """Tell a room about its interview."""
    async with state.database.read() as session:
        page_url = operations.page_url(state, interview_id)
        return await interviews.room_config(session, interview_id, page_url=page_url)


@router.post(
    "/rooms/{interview_id}/records",
    response_model=record_models.RecordsTaken,
)
async def records(
    interview_id: InterviewId, body: record_models.RecordsIn, state: StateDep
) -> dict[str, Any]:
    """Keep a room's records; nothing of a batch is kept when one does not fit."""
    return await shipping.take(state, interview_id, body)


@router.get(
    "/rooms/{interview_id}/records",
    response_model=record_models.RecordPage,
)
async def room_records(
    interview_id: InterviewId,
    state: StateDep,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=ledger.MAX_BATCH_RECORDS)] = 200,
) -> Response:
    """Give a room its own records back, when its journal has lost them."""
    async with state.database.read() as session:
        return await record_page(session, interview_id, after=after, limit=limit)


# ------------------------------------------------------------------- report


@router.post("/tickets", response_model=models.TicketOut)
async def ticket(body: models.TicketIn, state: StateDep) -> dict[str, Any]:
    """Give the report a ticket for a person, if that person may see it."""
    async with state.database.read() as session:
        await access.require_report(session, SignedIn(body.hub_name), body.interview)
    settings = state.settings
    lifetime = timedelta(seconds=settings.ticket_lifetime_s)
    expires_at = (settings.now() + lifetime).replace(microsecond=0)
    signed = sign_ticket(
        settings.keys.ticket_key,
        Ticket(body.hub_name, body.interview, int(expires_at.timestamp())),
    )
    return {"ticket": signed, "expires_at": expires_at}


@router.get("/report/interviews", response_model=models.InterviewList)
async def report_list(caller: CallerDep, state: StateDep) -> dict[str, Any]:
    """List the interviews whose report the ticket's person may read."""
    async with state.database.read() as session:
        readable = await access.report_interviews(session, caller)
        return {"interviews": await interviews.summaries(session, readable)}


@router.get("/report/interviews/{interview_id}", response_model=models.ReportInterview)
async def report_interview(
    interview_id: InterviewId, state: StateDep
) -> dict[str, Any]:
    """Show one interview."""
    async with state.database.read() as session:
        interview = await interviews.get(session, interview_id)
        [summary] = await interviews.summaries(session, [interview_id])
        arrived = await invitations.arrivals(session, interview_id)
        rates = await error_rates.kept(session)
        said = {
            "answers": await review.answers(session, interview_id),
            "decisions": await review.decisions(session, interview_id),
        }
    return {
        **summary,
        **said,
        "policy": interview.policy,
        "allows": interview.allows,
        "error_rates": rates or None,
        "template": interview.template,
        "arrivals": [
            {
                "hub_name": part.hub_name,
                "role": part.role,
                "at": format_time(arrival.at),
                "browser": arrival.browser,
                "fresh": arrival.fresh,
            }
            for arrival, part in arrived
        ],
    }


@router.get(
    "/report/interviews/{interview_id}/records", response_model=record_models.RecordPage
)
async def report_records(
    interview_id: InterviewId,
    state: StateDep,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=ledger.MAX_PAGE_RECORDS)] = 1000,
    kind: Annotated[list[str], Query()] = [],  # noqa: B006 (read only)
) -> Response:
    """Return a page of records, of all kinds or of some."""
    async with state.database.read() as session:
        return await record_page(
            session, interview_id, after=after, limit=limit, kinds=kind
        )


@router.get("/report/interviews/{interview_id}/film", response_model=dict[str, Any])
async def report_film(
    request: Request, interview_id: InterviewId, state: StateDep
) -> Response:
    """Return the interview as a film; see `film.schema.yaml`."""
    return film_response(request, await state.films.packed(interview_id))


@router.get("/report/interviews/{interview_id}/notebook", response_model=dict[str, Any])
async def report_notebook(interview_id: InterviewId, state: StateDep) -> dict[str, Any]:
    """Return the notebook at the end of the record, with where its text comes from."""
    return await state.films.notebook(interview_id)
