"""Who is calling: bearer tokens of our own parts, tickets, and people's sessions.

Every route takes exactly one of these as a dependency (`Depends`);
`tests/service/test_role_matrix.py` fails for a route that has no entry there.
"""

from __future__ import annotations

import hmac
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Request
from fastapi.security import HTTPBearer

from nbinterview.errors import Forbidden, NBInterviewError, Unauthenticated
from nbinterview.ids import INTERVIEW_ID
from nbinterview.service.domain import access
from nbinterview.service.domain.access import Caller, Operator, SignedIn
from nbinterview.service.state import State, state_of
from nbinterview.service.tickets import Ticket, read_ticket
from nbinterview.tokens import room_token

# Only for the OpenAPI page; the guards below read the header themselves.
_bearer = HTTPBearer(auto_error=False, description="A token of one of the parts.")
DOCUMENTED = [Depends(_bearer)]

StateDep = Annotated[State, Depends(state_of)]
InterviewId = Annotated[str, Path(pattern=f"^{INTERVIEW_ID.pattern}$")]


class SignInNeeded(NBInterviewError):
    """A page that somebody has to sign in for; the answer is the way to the hub."""

    status = 401
    title = "Please sign in"


def bearer(request: Request) -> str | None:
    """Return the bearer token of a request."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _require(request: Request, expected: str) -> None:
    token = bearer(request)
    if token is None:
        raise Unauthenticated("A token is needed here.")
    if not _same(token, expected):
        raise Unauthenticated("This token does not open this.")


async def hub_only(request: Request, state: StateDep) -> None:
    """Let the hub pass."""
    _require(request, state.settings.keys.hub_key)


async def report_only(request: Request, state: StateDep) -> None:
    """Let the report's web server pass."""
    _require(request, state.settings.keys.report_key)


async def operator_only(request: Request, state: StateDep) -> None:
    """Let the operator pass."""
    _require(request, state.settings.keys.operator_token)


async def room_only(
    request: Request, state: StateDep, interview_id: InterviewId
) -> None:
    """Let the room of this interview pass, and no other room."""
    _require(request, room_token(state.settings.keys.room_key, interview_id))


async def staff(request: Request, state: StateDep) -> Caller:
    """Return the operator or who is signed in; what they may is decided later."""
    token = bearer(request)
    if token is not None:
        if not _same(token, state.settings.keys.operator_token):
            raise Unauthenticated("This token does not open this.")
        return Operator()
    found = await state.sign_in.whoever(request)
    if found is None:
        raise Unauthenticated("Please sign in.")
    return found


async def visitor(request: Request, state: StateDep) -> SignedIn:
    """Return who is signed in; send everybody else to the hub."""
    found = await state.sign_in.whoever(request)
    if found is None:
        raise SignInNeeded("Please sign in.")
    return found


async def report_reader(request: Request, state: StateDep) -> Ticket | Operator:
    """Return a ticket that holds, or the operator."""
    token = bearer(request)
    if token is None:
        raise Unauthenticated("A ticket is needed here.")
    if _same(token, state.settings.keys.operator_token):
        return Operator()
    now_s = state.settings.now().timestamp()
    return read_ticket(state.settings.keys.ticket_key, token, now_s=now_s)


async def require_readable(
    state: State, reader: Ticket | Operator, interview_id: str | None
) -> Caller:
    """Return whose report this is to be; the right may have ended since the ticket."""
    if isinstance(reader, Operator):
        caller: Caller = reader
    elif reader.interview_id != interview_id:
        raise Forbidden("This ticket is for another report.")
    else:
        caller = SignedIn(reader.hub_name)
    async with state.database.read() as session:
        await access.require_report(session, caller, interview_id)
    return caller


StaffDep = Annotated[Caller, Depends(staff)]
VisitorDep = Annotated[SignedIn, Depends(visitor)]
ReaderDep = Annotated[Ticket | Operator, Depends(report_reader)]


def return_path(request: Request) -> str:
    """Return where to come back to after the sign-in: pages only, never a change."""
    if request.method not in {"GET", "HEAD"}:
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path) + query
