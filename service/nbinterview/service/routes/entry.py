"""The way in and out: signing in and out, and the page before the room."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from nbinterview.errors import NotFound
from nbinterview.service import operations
from nbinterview.service.browsers import verdict
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import access, interviews
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.guards import (
    GuardedRoute,
    InterviewId,
    PersonDep,
    StateDep,
)
from nbinterview.service.pages import render
from nbinterview.service.routes.pages import signed_in_person
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


class EntryStatus(BaseModel):
    """How far the room is, for the page that waits; `url` when it may be entered."""

    state: Literal["waiting", "starting", "ready", "failed", "ended"]
    detail: str
    url: str | None = None


@router.get("/oauth_callback", response_model=None)
async def oauth_callback(request: Request, state: StateDep) -> Response:
    """Take the hub's answer and begin a session."""
    response = await state.sign_in.finish(request)
    state.audit.wake()
    return response


@router.post("/sign-out", response_model=None)
async def sign_out(request: Request, state: StateDep) -> Response:
    """End the session here and at the hub."""
    response = RedirectResponse(
        state.settings.addresses.public_url + "/hub/logout", 303
    )
    await state.sign_in.end_session(request, response)
    return response


@router.get("/interviews/{interview_id}/enter", response_model=None)
async def enter(
    request: Request,
    interview_id: InterviewId,
    caller: PersonDep,
    state: StateDep,
    *,
    anyway: bool = Query(default=False),
) -> Response:
    """Lead somebody into the room, or say kindly why not yet."""
    interview, role = await _part(state, caller, interview_id)
    person = await signed_in_person(state, caller)
    found = verdict(request.headers)
    if found != "fine" and not anyway and interview.state != "ended":
        html = render(
            "browser.html", person=person, verdict=found, title=interview.title
        )
        return HTMLResponse(html)
    status = await _status(state, interview, caller)
    if status.url is not None:
        await _note_look(state, caller, interview_id, role)
        return RedirectResponse(status.url, 303)
    html = render(
        "ended.html" if status.state == "ended" else "enter.html",
        person=person,
        interview=interview,
        role=role,
        status=status,
        page_url=operations.page_url(state, interview_id),
        report_url=operations.report_url(state, interview_id),
    )
    return HTMLResponse(html)


@router.get("/interviews/{interview_id}/enter/status", response_model=EntryStatus)
async def status(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> EntryStatus:
    """Say how far the room is; the page before the room asks every few seconds."""
    interview, role = await _part(state, caller, interview_id)
    found = await _status(state, interview, caller)
    if found.url is not None:
        # The page goes where this leads, and does not ask here again.
        await _note_look(state, caller, interview_id, role)
    return found


async def _note_look(
    state: State, caller: SignedIn, interview_id: str, role: str
) -> None:
    """Note that somebody of the staff is led into a room."""
    if role != "candidate":
        await state.audit.viewed(caller, "room", interview_id)


async def _part(
    state: State, caller: SignedIn, interview_id: str
) -> tuple[Interview, str]:
    """Return the interview and the caller's role in it."""
    async with state.database.read() as session:
        role = await access.role_in(session, caller.hub_name, interview_id)
        if role is None:
            raise NotFound("There is no such interview.")
        return await interviews.get(session, interview_id), role


async def _status(state: State, interview: Interview, caller: SignedIn) -> EntryStatus:
    if interview.state == "ended":
        return EntryStatus(state="ended", detail="This interview has ended.")
    if interview.state == "scheduled":
        return EntryStatus(
            state="waiting", detail="Your interviewer has not opened the room yet."
        )
    room = await state.rooms.enter(interview.id)
    url = None
    if room.state == "ready":
        url = operations.room_url(state, interview.id, caller.hub_name)
    return EntryStatus(state=room.state, detail=room.detail, url=url)
