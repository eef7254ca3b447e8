"""Checks and branches: REST, and the forms and pages of the panel and reviewers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from nbinterview.ledger.moments import MAX_MOMENT_MS
from nbinterview.service import guards, operations
from nbinterview.service.domain import branches, checks
from nbinterview.service.domain.access import Caller
from nbinterview.service.guards import (
    CallerDep,
    GuardedRoute,
    InterviewId,
    PersonDep,
    StateDep,
)
from nbinterview.service.pages import render
from nbinterview.service.routes import models
from nbinterview.service.routes.pages import checks_view, reader_view
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)
pages = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.post(
    "/interviews/{interview_id}/branches",
    status_code=201,
    response_model=models.InterviewOut,
)
async def branch(
    interview_id: InterviewId, body: models.BranchIn, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Open a branch: a copy of one moment, for the interview's panel only."""
    branch_id = await _open(state, caller, interview_id, body.at_ms)
    return await operations.interview_view(state, caller, branch_id)


async def _open(state: State, caller: Caller, interview_id: str, at_ms: int) -> str:
    async with state.database.read() as session:
        await branches.original_of(session, interview_id)
        at = await branches.snapshot(session, interview_id, at_ms)
    async with state.database.write() as session:
        made = await branches.create(
            session, caller, interview_id, at, now=state.settings.now()
        )
        await state.audit.note(
            session, caller, "interview", made.id, did="branched", of=interview_id
        )
    await state.rooms.open(made.id, caller)
    return made.id


@router.get("/interviews/{interview_id}/checks", response_model=models.CheckList)
async def listing(interview_id: InterviewId, state: StateDep) -> dict[str, Any]:
    """List the checks of an interview's last notebook."""
    async with state.database.read() as session:
        return {"checks": await checks.of_interview(session, interview_id)}


@router.get("/report/interviews/{interview_id}/checks", response_model=models.CheckList)
async def report_listing(interview_id: InterviewId, state: StateDep) -> dict[str, Any]:
    """List the checks of an interview's last notebook, for its report."""
    async with state.database.read() as session:
        return {"checks": await checks.of_interview(session, interview_id)}


# --------------------------------------------------------------------- pages


@pages.post("/interviews/{interview_id}/branches", response_model=None)
async def branch_form(
    interview_id: InterviewId,
    caller: PersonDep,
    state: StateDep,
    at_ms: Annotated[int, Form(ge=0, le=MAX_MOMENT_MS)],
) -> RedirectResponse:
    """Open a branch at the moment that the replay shows, and lead into its room."""
    branch_id = await _open(state, caller, interview_id, at_ms)
    return RedirectResponse(operations.page_url(state, branch_id) + "/enter", 303)


@pages.get("/interviews/{interview_id}/checks", response_model=None)
async def show(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Show the checks to the panel and to reviewers."""
    async with state.database.read() as session:
        view = await reader_view(session, state, caller, interview_id)
        listed = await checks_view(session, interview_id)
    return HTMLResponse(render("checks.html", checks=listed, **view))


@pages.post("/interviews/{interview_id}/checks", response_model=None)
async def ask(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> RedirectResponse:
    """Begin a check; its page shows how it goes on."""
    await state.checks.ask(interview_id, caller.hub_name)
    await state.audit.tell(caller, "interview", interview_id, did="checked")
    return RedirectResponse(
        operations.page_url(state, interview_id) + "/checks#checks", 303
    )
