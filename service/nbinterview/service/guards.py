"""The table's enforcement: who is calling, may they, and not too often.

A `GuardedRoute` asks here before it reads a body. Handlers find who called in
`CallerDep` or `PersonDep` and ask nothing more about it, unless their data decides.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Path, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from nbinterview.errors import (
    Conflict,
    Forbidden,
    Gone,
    NBInterviewError,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from nbinterview.ids import INTERVIEW_ID
from nbinterview.rates import MIB, address_of
from nbinterview.service import operator_pages
from nbinterview.service.access_table import ANYBODY, PEOPLE, PUBLIC, TABLE, Entry, Role
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import access, invitations
from nbinterview.service.domain.access import Caller, Operator, SignedIn
from nbinterview.service.state import State, state_of
from nbinterview.service.tickets import Ticket, read_ticket
from nbinterview.tokens import room_token

Endpoint = Callable[..., Any]

# Only for the OpenAPI page; the guard reads the header itself.
_bearer = HTTPBearer(auto_error=False, description="A token of one of the parts.")
DOCUMENTED = [Depends(_bearer)]


@dataclass(frozen=True)
class Part:
    """A part of the platform, by its token; a room by the one of its interview."""

    role: Role


Identity = Caller | Ticket | Part | None


class SignInNeeded(NBInterviewError):
    """A page that somebody has to sign in for; the answer is the way to the hub."""

    status = 401
    title = "Please sign in"


class GuardedRoute(APIRoute):
    """A route of the table: it is asked before anything of a request is read."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the guard before FastAPI's own handling."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            entry: Entry = request.app.state.entries[self.endpoint]
            await admit(request, entry)
            return await handle(request)

        return guarded


def bind(app: FastAPI) -> dict[Endpoint, Entry]:
    """Return the table's line for every handler of an application.

    Raises `RuntimeError` when a route has no line or no guard, or a line no route.
    """
    lines = {(entry.method, entry.path): entry for entry in TABLE}
    public = {(entry.method, entry.path) for entry in PUBLIC}
    bound: dict[Endpoint, Entry] = {}
    for context in iter_route_contexts(app.routes):
        # A mount has no methods of its own.
        for method in (context.methods or {"GET"}) - {"HEAD"}:
            where = (method, context.path or "")
            if where in public:
                public.remove(where)
                continue
            if where not in lines or context.endpoint is None:
                raise RuntimeError(f"{method} {context.path} is not in the table")
            if not isinstance(context.original_route, GuardedRoute):
                raise TypeError(f"{method} {context.path} has no guard")
            bound[context.endpoint] = lines.pop(where)
    if lines or public:
        raise RuntimeError(f"no route serves {sorted([*lines, *public])}")
    return bound


async def admit(request: Request, entry: Entry) -> None:
    """Let a request pass, as the table says, and note who called; or raise."""
    state = state_of(request)
    try:
        try:
            identity = await _identify(request, state, entry)
        except Unauthenticated:
            _count(request, state, entry, None)
            raise
        _count(request, state, entry, identity)
        if entry.roles == ANYBODY:
            return
        async with state.database.read() as session:
            caller = await _admitted(session, request, entry, identity)
        if entry.shows:
            await state.audit.viewed(caller, entry.shows, _about(request))
        request.state.caller = caller
    except NBInterviewError as error:
        state.metrics.refused(error)
        raise


def _about(request: Request) -> str | None:
    """Return the interview or the person that the path names."""
    params = request.path_params
    return params.get("interview_id") or params.get("hub_name")


async def still_admits(request: Request) -> bool:
    """Say whether a request that goes on for long would be let in now.

    A hub that does not answer ends nothing: roles are known here.
    """
    state = state_of(request)
    entry: Entry = request.app.state.entries[request.scope["endpoint"]]
    try:
        try:
            identity = await _identify(request, state, entry)
        except Unavailable:
            identity = request.state.caller
        async with state.database.read() as session:
            await _admitted(session, request, entry, identity)
    except NBInterviewError:
        return False
    return True


# ------------------------------------------------------------------ who it is


async def _identify(request: Request, state: State, entry: Entry) -> Identity:
    """Return who calls. Raises `Unauthenticated` for a token that is not one."""
    if entry.roles == ANYBODY:
        return None
    token = _bearer_of(request)
    if token is not None:
        return _of_token(request, state, entry, token)
    if entry.in_browser:
        if operator_pages.is_open(state.settings, request):
            return Operator()
        raise Unauthenticated(operator_pages.HOW)
    found = await state.sign_in.whoever(request) if entry.roles & PEOPLE else None
    if found is None:
        raise _sign_in_words(entry)
    return found


def _bearer_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _of_token(request: Request, state: State, entry: Entry, token: str) -> Identity:
    keys = state.settings.keys
    known: list[tuple[str, Operator | Part]] = [
        (keys.operator_token, Operator()),
        (keys.hub_key, Part("hub")),
        (keys.report_key, Part("report")),
    ]
    if "interview_id" in request.path_params:
        room = room_token(keys.room_key, request.path_params["interview_id"])
        known.append((room, Part("room")))
    for expected, identity in known:
        if hmac.compare_digest(token.encode(), expected.encode()):
            return identity
    if "ticket" in entry.roles:
        now_s = state.settings.now().timestamp()
        return read_ticket(keys.ticket_key, token, now_s=now_s)
    raise _wrong_token()


def _wrong_token() -> Unauthenticated:
    return Unauthenticated("This token does not open this.")


def _sign_in_words(entry: Entry) -> NBInterviewError:
    if entry.is_page and entry.roles & PEOPLE:
        return SignInNeeded("Please sign in.")
    words = "Please sign in." if entry.roles & PEOPLE else "A token is needed here."
    return Unauthenticated(words)


def return_path(request: Request) -> str:
    """Return where to come back to after the sign-in: pages only, never a change."""
    if request.method not in {"GET", "HEAD"}:
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path) + query


# ------------------------------------------------------------------ how often


def _count(request: Request, state: State, entry: Entry, identity: Identity) -> None:
    """Count a request for whoever sent it; raise `TooMany`."""
    name, whose = entry.limit, _whose(request, state, identity)
    if name == "arrivals":
        whose = request.path_params["invitation_id"]
    elif name == "requests" and isinstance(identity, Operator | Part):
        name = "part-requests"
    state.limiter.take(name, whose)
    if name == "ingest" and request.method == "POST":
        announced = request.headers.get("content-length", "")
        most = state.settings.max_records_body_bytes
        size = min(int(announced), most) if announced.isdigit() else most
        state.limiter.take("ingest-mib", whose, cost=math.ceil(size / MIB))


def _whose(request: Request, state: State, identity: Identity) -> str:
    match identity:
        case SignedIn(hub_name) | Ticket(hub_name):
            return hub_name
        case Operator():
            return "operator"
        case Part("room"):
            return f"room {request.path_params['interview_id']}"
        case Part(role):
            return role
        case None:
            return f"address {_address(request, state)}"


def _address(request: Request, state: State) -> str:
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "")
    return address_of(peer, forwarded, state.settings.proxy_hops)


# ---------------------------------------------------------------- may they


async def _admitted(
    session: AsyncSession, request: Request, entry: Entry, identity: Identity
) -> Caller | None:
    """Return the caller, none for a part; raise for whom the table does not name."""
    interview = await _interview(session, request)
    caller = identity if isinstance(identity, Operator | SignedIn) else None
    match identity:
        case SignedIn():
            await _require_role(session, request, entry, identity, interview)
        case Ticket(hub_name, where):
            if where != request.path_params.get("interview_id"):
                raise Forbidden("This ticket is for another report.")
            # The right may have ended since the ticket was given.
            caller = SignedIn(hub_name)
            await access.require_report(session, caller, where)
        case Operator() if "operator" not in entry.roles:
            raise _wrong_token()
        case Part(role) if role not in entry.roles:
            raise _wrong_token()
    _require_state(request, entry, interview)
    return caller


async def _interview(session: AsyncSession, request: Request) -> Interview | None:
    """Return the interview that the path is about, if there is such a one."""
    params = request.path_params
    if "invitation_id" in params:
        return (await invitations.find(session, params["invitation_id"])).interview
    interview_id = params.get("interview_id", "")
    if not INTERVIEW_ID.fullmatch(interview_id):
        return None
    return await session.get(Interview, interview_id)


async def _require_role(
    session: AsyncSession,
    request: Request,
    entry: Entry,
    person: SignedIn,
    interview: Interview | None,
) -> None:
    held: frozenset[str] = frozenset()
    if not entry.names_interview:
        held = await access.roles_anywhere(session, person)
    elif interview is not None:
        held = await access.roles_at(session, person, interview)
    if not held & entry.roles:
        raise Forbidden(entry.otherwise) if entry.otherwise else _nothing(request)


def _nothing(request: Request) -> NotFound:
    what = "invitation" if "invitation_id" in request.path_params else "interview"
    return NotFound(f"There is no such {what}.")


def _require_state(request: Request, entry: Entry, interview: Interview | None) -> None:
    if not entry.names_interview:
        return
    if interview is None:
        # A reviewer of everything is invited to no interview.
        if "interview_id" in request.path_params:
            raise _nothing(request)
        return
    if interview.state == "purged" and "purged" not in entry.states:
        if "invitation_id" in request.path_params:
            raise _nothing(request)
        raise Gone("This interview and its record were erased.")
    if interview.state not in entry.states:
        raise Conflict(entry.not_now)
    if entry.report and interview.branch_of is not None:
        raise Forbidden("A branch is nobody's interview: it has no report.")


# -------------------------------------------------------------- for handlers


async def caller_of(request: Request) -> Caller:
    """Return who called, as the guard found them."""
    caller = request.state.caller
    assert isinstance(caller, Operator | SignedIn)
    return caller


async def person_of(request: Request) -> SignedIn:
    """Return the person who called a page."""
    caller = request.state.caller
    assert isinstance(caller, SignedIn)
    return caller


StateDep = Annotated[State, Depends(state_of)]
InterviewId = Annotated[str, Path(pattern=f"^{INTERVIEW_ID.pattern}$")]
CallerDep = Annotated[Caller, Depends(caller_of)]
PersonDep = Annotated[SignedIn, Depends(person_of)]
