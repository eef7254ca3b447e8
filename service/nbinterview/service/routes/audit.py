"""The audit log: REST and a file for the command line, a page for the operator."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import (
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from pydantic import BaseModel
from sqlalchemy import select

from nbinterview import __version__
from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import make_certificate
from nbinterview.ledger.records import Record, format_time
from nbinterview.service import guards, operator_pages
from nbinterview.service.db.models import Interview, Person
from nbinterview.service.domain import audit
from nbinterview.service.guards import GuardedRoute, StateDep
from nbinterview.service.pages import render
from nbinterview.service.state import State

router = APIRouter(route_class=GuardedRoute, dependencies=guards.DOCUMENTED)
pages = APIRouter(route_class=GuardedRoute, include_in_schema=False)

PAGE_RECORDS = 50
_CHUNK_BYTES = 1024 * 1024

Before = Annotated[int | None, Query(ge=1, le=2**53 - 1)]
Word = Annotated[str, Query(max_length=40)]


class AuditPage(BaseModel):
    """Records, newest first; `next_before` asks for those before them."""

    records: list[dict[str, Any]]
    next_before: int | None
    broken: str
    """Why the log cannot be trusted any more; empty while it can."""
    clock: str
    """Why nothing is erased by itself; empty while it is."""


class PageLink(BaseModel):
    """Where the operator's page opens, for a few minutes."""

    url: str


@router.get("/audit", response_model=AuditPage)
async def listing(
    state: StateDep,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=audit.MAX_PAGE)] = 100,
    kind: Word = "",
    about: Word = "",
    author: Word = "",
) -> dict[str, Any]:
    """List what the staff did and looked at."""
    async with state.database.read() as session:
        found = await audit.page(
            session, before=before, limit=limit, kind=kind, about=about, author=author
        )
        clock = await audit.clock_doubt(session)
    return {
        "records": found,
        "next_before": found[-1]["seq"] if len(found) == limit else None,
        "broken": state.audit.broken,
        "clock": clock,
    }


@router.post("/audit/page", response_model=PageLink)
async def link(state: StateDep) -> dict[str, str]:
    """Return a link that opens the audit log in a browser, for a few minutes."""
    return {"url": operator_pages.link(state.settings)}


@router.get("/audit/bundle", response_class=StreamingResponse)
async def bundle(state: StateDep) -> StreamingResponse:
    """Download the whole log as a file that `nbinterview verify` takes."""
    return await _bundle(state)


async def _bundle(state: State) -> StreamingResponse:
    # What was noted up to this moment is signed first.
    await state.audit.seal()
    file = await make_bundle(state, state.settings.database.parent)
    return StreamingResponse(
        _chunks(file),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="audit-log.zip"'},
    )


async def make_bundle(state: State, folder: Path) -> IO[bytes]:
    """Return the whole log as an open file at its start; whoever asked closes it."""
    now = format_time(state.settings.now())
    keys = state.platform_keys.published()
    signer = state.platform_keys.signer()
    async with state.database.read() as session:
        heads = audit.some(await audit.heads(session))
        lines = [line async for line in audit.lines(session)]
    certificates = []
    before = None
    for key in keys:
        # The key that signs now says of those before it that they were the log's.
        one = make_certificate(signer, audit.INTERVIEW, key.public_key, now, before)
        certificates.append(one)
        before = key.key_id
    contents = Contents(
        interview=audit.INTERVIEW,
        records=(Record.stored(json.loads(line)) for line in lines),
        made_at=now,
        checkpoints=heads,
        certificates=certificates,
        platform_keys=keys,
        about={"title": "The audit log"},
        versions={"service": __version__},
    )
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    try:
        await asyncio.to_thread(write_bundle, file, contents)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk


# --------------------------------------------------------------------- the page


@pages.get("/audit/open", response_model=None)
async def open_page(
    state: StateDep, ticket: Annotated[str, Query(max_length=400)] = ""
) -> Response:
    """Take the link that the command line gave, and show the page."""
    response = RedirectResponse(f"{state.settings.prefix}audit", 303)
    operator_pages.begin(state.settings, ticket, response)
    return response


@pages.get("/audit", response_model=None)
async def show(
    state: StateDep,
    before: Before = None,
    kind: Word = "",
    about: Word = "",
    author: Word = "",
) -> HTMLResponse:
    """Show the operator what the staff did and looked at, newest first."""
    kind = kind if kind in audit.KINDS else ""
    async with state.database.read() as session:
        found = await audit.page(
            session,
            before=before,
            limit=PAGE_RECORDS,
            kind=kind,
            about=about,
            author=author,
        )
        head = await audit.newest_head(session)
        clock = await audit.clock_doubt(session)
        named = {one["author"] for one in found}
        named |= {one["payload"].get("about") for one in found}
        people = await session.scalars(select(Person).where(Person.hub_name.in_(named)))
        titles = await session.execute(
            select(Interview.id, Interview.title).where(Interview.id.in_(named))
        )
        of_people = {one.hub_name: one for one in people}
        of_interviews = {one.id: one.title for one in titles}
    html = render(
        "audit.html",
        rows=[_row(one, of_people, of_interviews) for one in found],
        head=head,
        broken=state.audit.broken,
        clock=clock,
        kinds=audit.KINDS,
        asked={"kind": kind, "about": about, "author": author},
        next_before=found[-1]["seq"] if len(found) == PAGE_RECORDS else None,
        platform_key=state.platform_keys.signer().public,
    )
    return HTMLResponse(html)


def _row(
    wire: Mapping[str, Any],
    people: Mapping[str, Person],
    titles: Mapping[str, str],
) -> dict[str, Any]:
    """Return a record as the page shows it; names come from where names are kept."""
    facts = dict(wire["payload"])
    author, about = wire["author"], facts.pop("about", None)
    who = {"operator": "Operator", "service": "Service"}.get(author)
    person, subject = people.get(author), people.get(about or "")
    kind = wire["kind"].removeprefix("audit.")
    return {
        "seq": wire["seq"],
        "time": wire["time"],
        "who": who or (person.display_name if person else ""),
        "who_id": "" if who else author,
        "what": audit.KINDS.get(kind, kind),
        "about": titles.get(about or "") or (subject.display_name if subject else ""),
        "about_id": about or "",
        "details": "; ".join(
            f"{key.replace('_', ' ')}: {_said(one)}"
            for key, one in facts.items()
            if one is not False
        ),
    }


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


@pages.get("/audit/file", response_model=None)
async def download(state: StateDep) -> StreamingResponse:
    """Give the page its file."""
    return await _bundle(state)
