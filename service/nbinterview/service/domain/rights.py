"""A candidate's rights: everything about somebody as one file, and what stays.

Others are in it by opaque names only: it is about one person. Links and tokens are not
in it, as whoever has them can sign in by them.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import Conflict, NotFound
from nbinterview.ledger.records import format_time
from nbinterview.service.db.models import (
    Accommodation,
    Arrival,
    Interview,
    Invitation,
    Participation,
    Person,
)
from nbinterview.service.domain import audit, checks, erasing, erasures, ledger, review
from nbinterview.service.policies import told

#: What a deletion leaves, in words: on the page, in the export, in the guide.
WHAT_STAYS = (
    (
        "Of every entry of the record its number, time and kind, the opaque name of "
        "who caused it, and a hash: 64 digits that fit the erased content only. The "
        "random salt in it is erased as well, so nobody can guess the content back. "
        "The hashes show that nothing else was changed."
    ),
    (
        "That there was an interview, when it began and ended, and the rules it was "
        "held under; the signatures and keys of its record."
    ),
    (
        "The audit log: who of the staff did and looked at what, and that this was "
        "deleted. It has opaque names (p-…), as the platform's other logs. Which one "
        "was yours is erased."
    ),
    (
        "What others took away before: saved or printed reports, files that were "
        "exported, and backups until they are replaced. When a backup is brought back, "
        "this is erased again before anybody can look at it."
    ),
)
_TEXT = """\
Everything that this platform holds about you ({name}), made at {at}.

  person.json                 your name here, your opaque name, when you signed in
  audit.jsonl                 who took a copy of all this before
  interviews/ID/interview.json  the interview, its rules in words and exactly, what was
                              arranged for you, your answers, what reviewers decided
  interviews/ID/records.jsonl   the record: everything that happened, one entry a line
  interviews/ID/audit.jsonl     who did and looked at what about it

Other people stand in it under opaque names, and reviewers as "a reviewer".
Entries without content were erased; interview.json says when and why.
Links to sign in are left out: whoever has such a link can use it. Copies of your
notebook in which interviewers tried something hold nothing more of you; they are
deleted with the rest.

When you delete your data, this stays:
{stays}
"""


def what_stays() -> str:
    """Return it as a list in plain text."""
    return "\n".join(f"  - {words}" for words in WHAT_STAYS)


async def export(
    session: AsyncSession, hub_name: str, at: str, folder: Path
) -> IO[bytes]:
    """Return everything about a candidate as an open zip file at its start.

    Whoever asked closes it; then it is gone. Raises `NotFound` for somebody who was
    nobody's candidate, and `Conflict` while an interview of theirs goes on.
    """
    person = await session.get(Person, hub_name)
    found = await erasing.of_candidate(session, hub_name)
    own = [one for one in found if one.branch_of is None]
    if person is None or not own:
        raise NotFound("There is nothing of a candidate of this name here.")
    if any(one.state == "open" for one in own):
        raise Conflict("An interview is still open. Take it when that has ended.")
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            text = _TEXT.format(name=person.display_name, at=at, stays=what_stays())
            packed.writestr("README.txt", text)
            packed.writestr("person.json", _json(await _person(session, person)))
            await _noted(session, packed, "audit.jsonl", about=hub_name)
            for one in own:
                await _interview(session, packed, one)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def _person(session: AsyncSession, person: Person) -> dict[str, Any]:
    found = await session.execute(
        select(Invitation, Participation)
        .join(Participation, Invitation.participation_id == Participation.id)
        .where(Participation.hub_name == person.hub_name)
        .order_by(Invitation.created_at)
    )
    invited = [(invitation, part) for invitation, part in found]
    ids = [invitation.id for invitation, _ in invited]
    arrived = await session.scalars(
        select(Arrival).where(Arrival.invitation_id.in_(ids)).order_by(Arrival.id)
    )
    return {
        "display_name": person.display_name,
        "opaque_name": person.hub_name,
        "initials": person.initials,
        "color": person.color,
        "known_since": format_time(person.created_at),
        "invitations": [
            {
                "interview": part.interview_id,
                "role": part.role,
                "made_at": format_time(one.created_at),
                "expires_at": format_time(one.expires_at),
                "withdrawn_at": one.withdrawn_at and format_time(one.withdrawn_at),
            }
            for one, part in invited
        ],
        "signed_in": [
            {"at": format_time(one.at), "browser": one.browser} for one in arrived
        ],
    }


async def _interview(
    session: AsyncSession, packed: zipfile.ZipFile, interview: Interview
) -> None:
    where = f"interviews/{interview.id}"
    packed.writestr(f"{where}/interview.json", _json(await _about(session, interview)))
    with packed.open(f"{where}/records.jsonl", "w", force_zip64=True) as file:
        after = 0
        while found := await ledger.page(
            session, interview.id, after=after, limit=ledger.MAX_BATCH_RECORDS
        ):
            lines = b"".join(wire + b"\n" for _, wire in found)
            await asyncio.to_thread(file.write, lines)
            after = found[-1][0]
    await _noted(session, packed, f"{where}/audit.jsonl", about=interview.id)


async def _noted(
    session: AsyncSession, packed: zipfile.ZipFile, name: str, *, about: str
) -> None:
    """Write what the audit log says about somebody or something."""
    found = [line async for line in audit.lines(session, about=[about])]
    packed.writestr(name, b"".join(line + b"\n" for line in found))


async def _about(session: AsyncSession, interview: Interview) -> dict[str, Any]:
    given = await session.get(Accommodation, interview.id)
    decided = await review.decisions(session, interview.id)
    return {
        "id": interview.id,
        "title": interview.title,
        "state": interview.state,
        "created_at": format_time(interview.created_at),
        "opened_at": interview.opened_at and format_time(interview.opened_at),
        "ended_at": interview.ended_at and format_time(interview.ended_at),
        "rules_in_words": told(interview.policy, interview.allows),
        "policy": interview.policy,
        "allowed": interview.allows,
        "arranged_for_you": None if given is None else given.given,
        "your_answers": await review.answers(session, interview.id),
        "decisions": [
            {key: value for key, value in one.items() if key not in ("by", "by_name")}
            | {"by": "a reviewer"}
            for one in decided
        ],
        "checks": await checks.of_interview(session, interview.id),
        "question": interview.template,
        "erased": [
            erasures.wire(one)
            for one in await erasures.of_interview(session, interview.id)
        ],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
