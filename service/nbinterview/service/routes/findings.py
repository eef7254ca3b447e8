"""Findings from both sides: the candidate's own record, the reviewers' decisions."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from nbinterview.errors import NBInterviewError
from nbinterview.findings import Comment, OwnRecord
from nbinterview.report.text import clock
from nbinterview.report.words import DECIDES
from nbinterview.service import guards, operations
from nbinterview.service.domain import (
    access,
    checkpoints,
    erasures,
    error_rates,
    interviews,
    review,
)
from nbinterview.service.domain.access import SignedIn
from nbinterview.service.guards import (
    CallerDep,
    GuardedRoute,
    InterviewId,
    PersonDep,
    StateDep,
)
from nbinterview.service.pages import anchor, render
from nbinterview.service.policies import ALLOWANCES, told
from nbinterview.service.routes import models
from nbinterview.service.routes.pages import reader_view, signed_in_person
from nbinterview.service.state import State
from nbinterview_proctor.rates import NOT_MEASURED, Rate

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)
pages = APIRouter(route_class=GuardedRoute, include_in_schema=False)

_NOTHING_WRITTEN = {"episode_id": "", "text": "", "reason": "", "decision": ""}


# ------------------------------------------------------- the candidate's record


@pages.get("/interviews/{interview_id}/my-record", response_model=None)
async def my_record(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Show a candidate what was measured and found, and take their answers."""
    return await _my_record(state, caller, interview_id)


async def _my_record(
    state: State,
    caller: SignedIn,
    interview_id: str,
    *,
    error: NBInterviewError | None = None,
    form: dict[str, str] | None = None,
) -> HTMLResponse:
    async with state.database.read() as session:
        interview = await interviews.get(session, interview_id)
        record = await review.record_of(session, interview_id)
        answers = await review.answers(session, interview_id)
        erased = await erasures.of_interview(session, interview_id)
        signed = await checkpoints.newest(session, interview_id)
    html = render(
        "my-record.html",
        person=await signed_in_person(state, caller),
        interview=interview,
        record=record,
        signed=signed,
        said=_said(record, answers),
        erased=erased,
        erased_parts={one.rule.partition("=")[0] for one in erased},
        clocks=_clocks(record),
        policy_words=told(interview.policy, interview.allows),
        max_chars=review.MAX_TEXT_CHARS,
        error=error,
        form=form or _NOTHING_WRITTEN,
    )
    return HTMLResponse(html, 200 if error is None else error.status)


@pages.post("/interviews/{interview_id}/my-record/answers", response_model=None)
async def answer(
    interview_id: InterviewId,
    caller: PersonDep,
    state: StateDep,
    episode_id: Annotated[str, Form(max_length=64)] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Keep a candidate's answer; with a fault in it, show the page again."""
    try:
        record = await _record(state, interview_id)
        async with state.database.write() as session:
            await review.answer(
                session,
                interview_id,
                caller.hub_name,
                record,
                episode_id=episode_id or None,
                text=text,
                now=state.settings.now(),
            )
    except NBInterviewError as error:
        form = {**_NOTHING_WRITTEN, "episode_id": episode_id, "text": text}
        return await _my_record(state, caller, interview_id, error=error, form=form)
    page = operations.page_url(state, interview_id)
    return RedirectResponse(f"{page}/my-record#{_anchor(episode_id)}", 303)


async def _record(state: State, interview_id: str) -> OwnRecord:
    # Before the one connection that writes is taken: a record can be long.
    async with state.database.read() as session:
        return await review.record_of(session, interview_id)


def _anchor(episode_id: str) -> str:
    """Return the place of an entry on both pages."""
    return f"entry-{quote(anchor(episode_id))}" if episode_id else "whole"


def _said(
    record: OwnRecord, answers: list[dict[str, Any]]
) -> dict[str | None, list[Comment]]:
    """Return the candidate's words by finding: from the room, then from here."""
    found: dict[str | None, list[Comment]] = defaultdict(list)
    later = [Comment(one["episode_id"], one["text"], one["at"]) for one in answers]
    for one in [*record.comments, *later]:
        known = one.episode_id is None or record.finding(one.episode_id)
        found[one.episode_id if known else None].append(one)
    return found


def _clocks(record: OwnRecord) -> dict[str, str]:
    """Return when each finding began, since the opening, as `23:10`."""
    since_s = {
        one.episode_id: record.since_opening_s(one.started_at)
        for one in record.findings
    }
    return {name: clock(at_s) for name, at_s in since_s.items() if at_s is not None}


# ------------------------------------------------------------- the reviewers' page


@pages.get("/interviews/{interview_id}/findings", response_model=None)
async def findings(
    interview_id: InterviewId, caller: PersonDep, state: StateDep
) -> HTMLResponse:
    """Show what was flagged, with the candidate's answers, to those who judge."""
    return await _findings(state, caller, interview_id)


async def _findings(
    state: State,
    caller: SignedIn,
    interview_id: str,
    *,
    error: NBInterviewError | None = None,
    form: dict[str, str] | None = None,
) -> HTMLResponse:
    async with state.database.read() as session:
        view = await reader_view(session, state, caller, interview_id)
        interview = await interviews.get(session, interview_id)
        held = await access.roles_at(session, caller, interview)
        record = await review.record_of(session, interview_id)
        answers = await review.answers(session, interview_id)
        decided = await review.decisions(session, interview_id)
        erased = await erasures.of_interview(session, interview_id)
        kept = await error_rates.kept(session)
    html = render(
        "findings.html",
        **view,
        decides=DECIDES,
        may_decide="reviewer" in held and interview.state == "ended",
        allows=[ALLOWANCES[name] for name in interview.allows],
        record=record,
        said=_said(record, answers),
        clocks=_clocks(record),
        decided=_by_flag(decided),
        erased=erased,
        erased_parts={one.rule.partition("=")[0] for one in erased},
        rates={rule: Rate.from_dict(rate) for rule, rate in kept.items()},
        not_measured=NOT_MEASURED,
        decisions=review.DECISIONS,
        max_chars=review.MAX_TEXT_CHARS,
        error=error,
        form=form or _NOTHING_WRITTEN,
    )
    return HTMLResponse(html, 200 if error is None else error.status)


def _by_flag(decided: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the decisions about each flag, newest first."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in reversed(decided):
        found[one["episode_id"]].append(one)
    return found


@pages.post("/interviews/{interview_id}/findings/decisions", response_model=None)
async def decide(
    interview_id: InterviewId,
    caller: PersonDep,
    state: StateDep,
    episode_id: Annotated[str, Form(max_length=64)] = "",
    decision: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Keep a reviewer's decision; with a fault in it, show the page again."""
    try:
        record = await _record(state, interview_id)
        async with state.database.write() as session:
            review.decide(
                session,
                interview_id,
                caller.hub_name,
                record,
                episode_id=episode_id,
                decision=decision,
                reason=reason,
                now=state.settings.now(),
            )
            await state.audit.note(
                session,
                caller,
                "decision",
                interview_id,
                episode_id=episode_id,
                decision=decision,
            )
    except NBInterviewError as error:
        form = {
            **_NOTHING_WRITTEN,
            "episode_id": episode_id,
            "decision": decision,
            "reason": reason,
        }
        return await _findings(state, caller, interview_id, error=error, form=form)
    page = operations.page_url(state, interview_id)
    return RedirectResponse(f"{page}/findings#{_anchor(episode_id)}", 303)


# ----------------------------------------------------------------- error rates


@router.get("/error-rates", response_model=models.RatesOut)
async def show_rates(state: StateDep) -> dict[str, Any]:
    """Show the error rates that were imported."""
    async with state.database.read() as session:
        return {
            "rates": await error_rates.kept(session),
            "imported_at": await error_rates.imported_at(session),
        }


@router.put("/error-rates", response_model=models.RatesOut)
async def import_rates(
    body: models.RatesIn, caller: CallerDep, state: StateDep
) -> dict[str, Any]:
    """Keep error rates that somebody measured, in place of those that are there."""
    async with state.database.write() as session:
        await state.audit.note(session, caller, "error_rates", did="imported")
        await error_rates.replace(session, body.rates, now=state.settings.now())
    return await show_rates(state)


@router.delete("/error-rates", status_code=204, response_class=Response)
async def forget_rates(caller: CallerDep, state: StateDep) -> None:
    """Forget the error rates: reports say "not measured on people yet" again."""
    async with state.database.write() as session:
        await state.audit.note(session, caller, "error_rates", did="forgotten")
        await error_rates.forget(session)
