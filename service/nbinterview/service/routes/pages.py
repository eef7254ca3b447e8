"""The pages of the panel: list, new interview, one interview, ending it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import NBInterviewError, NotFound
from nbinterview.service import operations
from nbinterview.service.db.models import Person
from nbinterview.service.domain import (
    access,
    checkpoints,
    checks,
    interviews,
    invitations,
)
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.domain.people import person_model
from nbinterview.service.domain.templates import MAX_TEMPLATE_BYTES, read_template
from nbinterview.service.films import film_response
from nbinterview.service.guards import (
    GuardedRoute,
    InterviewId,
    PersonDep,
    StateDep,
)
from nbinterview.service.headers import replay_headers
from nbinterview.service.pages import render
from nbinterview.service.policies import (
    ALLOWANCES,
    accommodable,
    cards,
    checked_allows,
    choose,
    widenable,
)
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

# What the form offers to switch off, and by how much it widens.
CONSENTED = {"camera": "Camera", "focus": "Focus", "clipboard": "Clipboard"}
FACTORS = ("1.5", "2", "3", "5")

_EMPTY_FORM: dict[str, Any] = {
    "title": "",
    "candidate": "",
    "interviewers": "",
    "policy": "",
    "allows": [],
    "accommodations": {"sensors_off": [], "findings_off": [], "wider": {}},
}


async def signed_in_person(state: State, caller: SignedIn) -> dict[str, str] | None:
    """Return what the header shows of whoever is signed in."""
    async with state.database.read() as session:
        return await _person(session, caller)


async def _person(session: AsyncSession, caller: SignedIn) -> dict[str, str] | None:
    person = await session.get(Person, caller.hub_name)
    return None if person is None else person_model(person)


async def reader_view(
    session: AsyncSession, state: State, caller: SignedIn, interview_id: str
) -> dict[str, Any]:
    """Return what a page of one interview shows to its panel and to reviewers."""
    [summary] = await interviews.summaries(session, [interview_id])
    role = await access.role_in(session, caller.hub_name, interview_id)
    return {
        "person": await _person(session, caller),
        "interview": summary,
        "in_panel": role == "interviewer",
        "report_url": operations.report_url(state, interview_id),
    }


@router.get("/", response_model=None)
async def home(caller: PersonDep, state: StateDep) -> Response:
    """Show the panel its interviews; lead everybody else to their place."""
    async with state.database.read() as session:
        held = await access.roles(session, caller.hub_name)
    if any(role == "interviewer" for _, role in held):
        return await _home(state, caller)
    if any(role == "reviewer" for _, role in held):
        return RedirectResponse(operations.report_url(state), 303)
    for where, role in reversed(held):
        if role == "candidate" and where is not None:
            return RedirectResponse(operations.page_url(state, where) + "/enter", 303)
    # A reviewer or interviewer was led on; the table lets in nobody without a part.
    raise NotFound("There is no interview of yours.")


async def _home(
    state: State,
    caller: SignedIn,
    *,
    error: NBInterviewError | None = None,
    form: dict[str, Any] | None = None,
) -> HTMLResponse:
    async with state.database.read() as session:
        own = await access.panel_interviews(session, caller)
        listed = await interviews.summaries(session, own)
    html = render(
        "home.html",
        person=await signed_in_person(state, caller),
        interviews=listed,
        error=error,
        form=form or _EMPTY_FORM,
        policies=cards(),
        allowances=ALLOWANCES,
        sensors=CONSENTED,
        accommodable=accommodable(),
        widenable=widenable(),
        factors=FACTORS,
        max_template_mib=MAX_TEMPLATE_BYTES // 1024 // 1024,
    )
    return HTMLResponse(html, 200 if error is None else error.status)


@router.post("/interviews", response_model=None)
async def create(
    caller: PersonDep,
    state: StateDep,
    template: Annotated[UploadFile, File()],
    candidate: Annotated[str, Form()],
    interviewers: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    policy: Annotated[str, Form()] = "",
    allows: Annotated[list[str], Form()] = [],  # noqa: B006 (read only)
    sensors_off: Annotated[list[str], Form()] = [],  # noqa: B006 (read only)
    findings_off: Annotated[list[str], Form()] = [],  # noqa: B006 (read only)
    wider: Annotated[list[str], Form()] = [],  # noqa: B006 (read only)
) -> Response:
    """Make an interview from the form; with a fault in it, show the form again."""
    asked = {
        "sensors_off": sensors_off,
        "findings_off": findings_off,
        "wider": _factors(wider),
    }
    try:
        given = interviews.given_accommodations(asked)
        notebook, notes = read_template(await template.read(MAX_TEMPLATE_BYTES + 1))
        new = interviews.NewInterview(
            template=notebook,
            template_notes=notes,
            policy=choose(policy, given),
            allows=checked_allows(allows),
            accommodations=given,
            candidate=candidate,
            interviewers=[name for name in interviewers.splitlines() if name.strip()],
            title=title.strip() or None,
        )
        async with state.database.write() as session:
            interview, invited = await interviews.create(
                session, caller, new, now=state.settings.now()
            )
            await operations.note_made(state, session, caller, interview.id, invited)
    except NBInterviewError as error:
        form = {
            "title": title,
            "candidate": candidate,
            "interviewers": interviewers,
            "policy": policy,
            "allows": allows,
            "accommodations": asked,
        }
        return await _home(state, caller, error=error, form=form)
    return RedirectResponse(operations.page_url(state, interview.id), 303)


def _factors(chosen: list[str]) -> dict[str, float]:
    """Return the wider findings of the form, each `finding=factor`; 1 is none."""
    found = {}
    for one in chosen:
        rule, _, factor = one.partition("=")
        if factor in FACTORS:
            found[rule] = float(factor)
    return found


@router.get("/interviews/{interview_id}", response_model=None)
async def show(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Show one interview to its panel."""
    async with state.database.read() as session:
        listed = await checks_view(session, interview_id)
        signed = await checkpoints.newest(session, interview_id)
    return await _page(
        state, caller, interview_id, "interview.html", checks=listed, signed=signed
    )


async def checks_view(session: AsyncSession, interview_id: str) -> list[dict[str, Any]]:
    """Return an interview's checks with the names of who asked for them."""
    listed = await checks.of_interview(session, interview_id)
    askers = await session.scalars(
        select(Person).where(Person.hub_name.in_({one["asked_by"] for one in listed}))
    )
    names = {person.hub_name: person.display_name for person in askers}
    return [{**one, "asked_by_name": names[one["asked_by"]]} for one in listed]


@router.get("/interviews/{interview_id}/end", response_model=None)
async def confirm_end(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Ask whether the interview shall really end."""
    return await _page(state, caller, interview_id, "end.html")


async def _page(
    state: State, caller: SignedIn, interview_id: str, template: str, **more: Any
) -> HTMLResponse:
    view: dict[str, Any] = await operations.interview_view(state, caller, interview_id)
    # Everybody once, with the newest of their links.
    newest = {item["person"]["hub_name"]: item for item in view.pop("invitations")}
    person = await signed_in_person(state, caller)
    html = render(template, person=person, invitations=newest.values(), **view, **more)
    return HTMLResponse(html)


@router.get("/interviews/{interview_id}/replay", response_model=None)
async def replay(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Show the interview as a film, to its panel and to reviewers."""
    async with state.database.read() as session:
        view = await reader_view(session, state, caller, interview_id)
    return HTMLResponse(
        render("replay.html", **view),
        headers=replay_headers(state.settings.addresses.public_url),
    )


@router.get("/interviews/{interview_id}/replay/film", response_model=None)
async def film(
    request: Request, interview_id: InterviewId, state: StateDep
) -> Response:
    """Give the page above its film, by the same session."""
    return film_response(request, await state.films.packed(interview_id))


@router.post("/interviews/{interview_id}/start", response_model=None)
async def start(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> RedirectResponse:
    """Open the interview."""
    await state.rooms.open(interview_id, caller)
    return RedirectResponse(operations.page_url(state, interview_id), 303)


@router.post("/interviews/{interview_id}/end", response_model=None)
async def end(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> RedirectResponse:
    """End the interview."""
    await state.rooms.end(interview_id, caller)
    return RedirectResponse(operations.page_url(state, interview_id), 303)


@router.post("/invitations/{invitation_id}/withdraw", response_model=None)
async def withdraw(
    invitation_id: str, caller: PersonDep, state: StateDep
) -> RedirectResponse:
    """Withdraw a link."""
    await operations.withdraw_invitation(state, caller, invitation_id)
    return await _back(state, invitation_id)


@router.post("/invitations/{invitation_id}/renew", response_model=None)
async def renew(
    invitation_id: str, caller: PersonDep, state: StateDep
) -> RedirectResponse:
    """Give somebody a new link."""
    await operations.renew_invitation(state, caller, invitation_id)
    return await _back(state, invitation_id)


async def _back(state: State, invitation_id: str) -> RedirectResponse:
    async with state.database.read() as session:
        invited = await invitations.find(session, invitation_id)
    # Only the operator manages a reviewer's link, and has no session for a page.
    assert invited.interview is not None
    return RedirectResponse(operations.page_url(state, invited.interview.id), 303)
