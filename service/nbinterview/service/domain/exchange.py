"""One interview as a file: a header line, then its records, one JSON a line.

The header holds what the records do not: title, times, policy, template, people, and
what was said about the record after the end: the candidate's answers, the reviewers'
decisions. Accommodations stay where they were given: whoever reads the file reads the
policy that held, and not that anything was changed for somebody.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, Invalid
from nbinterview.ledger.records import format_time
from nbinterview.service.db.models import (
    Answer,
    Decision,
    Erasure,
    Interview,
    Participation,
    Person,
)
from nbinterview.service.domain import erasures, interviews, ledger, review
from nbinterview.service.domain.people import clean_name, person_model
from nbinterview.service.domain.templates import clean_template

_STRICT = ConfigDict(extra="forbid")


HubName = Annotated[str, Field(pattern=r"^p-[a-z2-7]{10}$")]
EpisodeId = Annotated[str, Field(min_length=1, max_length=64)]


class ExportedPerson(BaseModel):
    """A person of an export; a reviewer is there for their decisions."""

    model_config = _STRICT
    hub_name: HubName
    display_name: str = Field(max_length=200)
    initials: str = Field(max_length=4)
    color: str = Field(pattern=r"^#[0-9a-f]{6}$")
    role: Literal["candidate", "interviewer", "reviewer"]


class ExportedInterview(BaseModel):
    """What an export says about its interview."""

    model_config = _STRICT
    id: str = Field(pattern=r"^[a-z2-7]{10}$")
    title: str = Field(min_length=1, max_length=200)
    created_at: AwareDatetime
    opened_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    policy: dict[str, Any]
    allows: list[Literal["documentation", "ai"]] = []
    template: dict[str, Any]
    template_notes: list[str]


class ExportedAnswer(BaseModel):
    """A candidate's words, to one finding or to the whole."""

    model_config = _STRICT
    episode_id: EpisodeId | None
    text: str = Field(min_length=1, max_length=review.MAX_TEXT_CHARS)
    by: HubName
    at: AwareDatetime


class ExportedDecision(BaseModel):
    """What a reviewer made of a flag; of several the last one stands."""

    model_config = _STRICT
    episode_id: EpisodeId
    decision: Literal["upheld", "set_aside"]
    reason: str = Field(max_length=review.MAX_TEXT_CHARS)
    by: HubName
    at: AwareDatetime


class ExportedErasure(BaseModel):
    """Payloads that are not in the file, and why: `Erasure` of ledger.schema.yaml."""

    model_config = _STRICT
    id: str = Field(pattern=r"^[a-z2-7]{10}$")
    interview: str
    from_seq: int = Field(ge=1, le=2**53 - 1)
    to_seq: int = Field(ge=1, le=2**53 - 1)
    kinds: list[str] = Field(max_length=100)
    reason: str = Field(max_length=400)
    rule: str = Field(max_length=40)
    at: AwareDatetime


class Header(BaseModel):
    """The first line of an export."""

    model_config = _STRICT
    format: Literal["nbinterview-record/1"]
    interview: ExportedInterview
    people: list[ExportedPerson] = Field(min_length=1, max_length=50)
    answers: list[ExportedAnswer] = []
    decisions: list[ExportedDecision] = []
    erasures: list[ExportedErasure] = []
    records: int = Field(ge=0)


async def export_lines(
    session: AsyncSession, interview_id: str
) -> AsyncIterator[bytes]:
    """Yield the lines of an export, each with its line end."""
    interview = await interviews.get(session, interview_id)
    answers = await _answers(session, interview_id)
    decisions = await _decisions(session, interview_id)
    header = {
        "format": "nbinterview-record/1",
        "interview": {
            "id": interview.id,
            "title": interview.title,
            "created_at": format_time(interview.created_at),
            "opened_at": _time(interview.opened_at),
            "ended_at": _time(interview.ended_at),
            "policy": interview.policy,
            "allows": interview.allows,
            "template": interview.template,
            "template_notes": interview.template_notes,
        },
        "people": await _people(session, interview_id, decisions),
        "answers": answers,
        "decisions": decisions,
        "erasures": [
            erasures.wire(one)
            for one in await erasures.of_interview(session, interview_id)
        ],
        "records": await ledger.last_seq(session, interview_id),
    }
    yield json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    async for wire in ledger.lines(session, interview_id):
        yield wire + b"\n"


async def _people(
    session: AsyncSession, interview_id: str, decisions: list[dict[str, Any]]
) -> list[dict[str, str]]:
    """Return who took part, then who else decided about a flag."""
    cast = await interviews.participants(session, [interview_id])
    known = {person.hub_name for _, person in cast}
    others = {one["by"] for one in decisions} - known
    found = await session.scalars(
        select(Person).where(Person.hub_name.in_(others)).order_by(Person.hub_name)
    )
    return [
        *(person_model(person, part.role) for part, person in cast),
        *(person_model(person, "reviewer") for person in found),
    ]


async def _answers(session: AsyncSession, interview_id: str) -> list[dict[str, Any]]:
    found = await session.scalars(
        select(Answer).where(Answer.interview_id == interview_id).order_by(Answer.id)
    )
    return [
        {
            "episode_id": one.episode_id,
            "text": one.text,
            "by": one.hub_name,
            "at": format_time(one.at),
        }
        for one in found
    ]


async def _decisions(session: AsyncSession, interview_id: str) -> list[dict[str, Any]]:
    found = await session.scalars(
        select(Decision)
        .where(Decision.interview_id == interview_id)
        .order_by(Decision.id)
    )
    return [
        {
            "episode_id": one.episode_id,
            "decision": one.decision,
            "reason": one.reason,
            "by": one.decided_by,
            "at": format_time(one.at),
        }
        for one in found
    ]


async def import_lines(
    session: AsyncSession, lines: AsyncIterable[bytes], *, sample: bool, now: datetime
) -> tuple[str, int]:
    """Take in an export; return interview id and number of records.

    All or nothing, and harmless when repeated. Raises `Invalid` for a file that is
    not a whole export and `Conflict` when another interview has the same id, or this
    one is here and lacks an answer or a decision of the file.
    """
    header: Header | None = None
    is_new = False
    batch: list[dict[str, Any]] = []
    kept = 0
    async for line in lines:
        loaded = _json(line)
        if header is None:
            header = _header(loaded)
            is_new = await _add_interview(session, header, sample=sample, now=now)
            continue
        batch.append(loaded)
        if len(batch) == ledger.MAX_BATCH_RECORDS:
            kept = await _keep(session, header, batch, now)
            batch = []
    if header is None:
        raise Invalid("The file is empty.", field="header")
    kept = await _keep(session, header, batch, now) if batch else kept
    if kept != header.records:
        raise Invalid(
            f"The file is cut off: {kept} of {header.records} records.", field="records"
        )
    if is_new:
        await _add_said(session, header)
    else:
        await _compare_said(session, header)
    return header.interview.id, kept


async def _add_said(session: AsyncSession, header: Header) -> None:
    """Take in answers and decisions, by the rules for those that are written here."""
    if not (header.answers or header.decisions):
        return
    here = header.interview.id
    record = await review.record_of(session, here)
    roles = {person.hub_name: person.role for person in header.people}
    for answer in header.answers:
        if roles.get(answer.by) != "candidate":
            raise Invalid("Only candidates answer.", field="answers")
        await review.answer(
            session,
            here,
            answer.by,
            record,
            episode_id=answer.episode_id,
            text=answer.text,
            now=answer.at,
        )
    for one in header.decisions:
        if roles.get(one.by) in (None, "candidate"):
            raise Invalid("Only reviewers decide about flags.", field="decisions")
        review.decide(
            session,
            here,
            one.by,
            record,
            episode_id=one.episode_id,
            decision=one.decision,
            reason=one.reason,
            now=one.at,
        )


async def _compare_said(session: AsyncSession, header: Header) -> None:
    """Raise `Conflict` when the file says more than what was kept of it here."""
    here = header.interview.id
    said: list[ExportedAnswer | ExportedDecision]
    said = [*header.answers, *header.decisions]
    kept = [*await _answers(session, here), *await _decisions(session, here)]
    if any(_wire(one) not in kept for one in said):
        raise Conflict(
            f"Interview {here} is here already, without all answers and decisions "
            "of this file."
        )


def _wire(one: ExportedAnswer | ExportedDecision) -> dict[str, Any]:
    return {**one.model_dump(), "at": format_time(one.at)}


async def _keep(
    session: AsyncSession, header: Header, batch: list[dict[str, Any]], now: datetime
) -> int:
    interview_id = header.interview.id
    parsed = await asyncio.to_thread(ledger.parse, batch, interview_id)
    await ledger.ingest(session, interview_id, parsed, now=now)
    return parsed.records[-1].seq


def _json(line: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid("The file is not an exported record.") from error
    if not isinstance(loaded, dict):
        raise Invalid("The file is not an exported record.")
    return loaded


def _header(loaded: dict[str, Any]) -> Header:
    try:
        return Header.model_validate(loaded)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Invalid(
            f"The file is not an exported record: {field} does not fit.", field=field
        ) from error


async def _add_interview(
    session: AsyncSession, header: Header, *, sample: bool, now: datetime
) -> bool:
    """Return whether it is new here."""
    about = header.interview
    known = await session.get(Interview, about.id)
    if known is not None:
        if (known.title, known.sample) != (about.title, sample):
            raise Conflict(f"There is already an interview {about.id}.")
        if known.state != "purged" and known.room_stopped_at is None:
            raise Conflict(
                f"Interview {about.id} is being held here. Its own room sends its "
                "record; import the file when it has ended."
            )
        return False
    template, _ = clean_template(about.template)
    session.add(
        Interview(
            id=about.id,
            title=about.title,
            state="ended",
            sample=sample,
            template=template,
            template_notes=about.template_notes,
            policy=about.policy,
            allows=list(about.allows),
            created_at=about.created_at,
            opened_at=about.opened_at,
            ended_at=about.ended_at or now,
            # Its room was elsewhere.
            room_stopped_at=now,
        )
    )
    await session.flush()
    for person in header.people:
        await _add_person(session, about.id, person, now=now)
    for erasure in header.erasures:
        await _add_erasure(session, about.id, erasure, now=now)
    return True


async def _add_erasure(
    session: AsyncSession, interview_id: str, erasure: ExportedErasure, *, now: datetime
) -> None:
    if erasure.interview != interview_id:
        raise Invalid("An erasure is another interview's.", field="erasures")
    if await session.get(Erasure, erasure.id) is not None:
        raise Conflict(f"There is already an erasure {erasure.id}.")
    about = erasure.model_dump(exclude={"interview"})
    # Its room was elsewhere.
    session.add(Erasure(interview_id=interview_id, room_done_at=now, **about))
    await session.flush()


async def _add_person(
    session: AsyncSession, interview_id: str, person: ExportedPerson, *, now: datetime
) -> None:
    if await session.get(Person, person.hub_name) is None:
        session.add(
            Person(
                hub_name=person.hub_name,
                display_name=clean_name(person.display_name, field="people"),
                initials=person.initials,
                color=person.color,
                created_at=now,
            )
        )
        await session.flush()
    if person.role == "reviewer":
        return  # has a name here, and nothing to read: nobody asked them to
    session.add(
        Participation(
            interview_id=interview_id, hub_name=person.hub_name, role=person.role
        )
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
