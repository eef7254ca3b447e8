"""Who may call what, and when: the whole table, by everybody, in every state.

Made from the application's own table. "Refused" is 401, 403, 404 or the way to the
sign-in; whoever the table does not name has to be refused, and nothing may change.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, get_args

import httpx
import pytest
from fastapi import APIRouter

from nbinterview.errors import Unavailable
from nbinterview.service import access_table, guards
from nbinterview.service.access_table import PUBLIC, TABLE, Entry, Role, State
from nbinterview.service.app import create_app
from nbinterview.service.operations import GROUPS
from nbinterview.service.settings import Keys, Settings
from tests.service.signed import SigningRoom, new_signer
from tests.service.support import (
    Running,
    eventually,
    link_of,
    notebook,
    person_of,
    record,
)


@dataclass(frozen=True)
class Part:
    """What a caller is in the interview of the path, and where none is named."""

    here: Role | None
    anywhere: Role | None


CALLERS: Mapping[str, Part] = {
    "anonymous": Part("anonymous", "anonymous"),
    "signed in without a part": Part("visitor", "visitor"),
    "candidate": Part("candidate", "candidate"),
    "candidate of another": Part("visitor", "candidate"),
    "interviewer": Part("interviewer", "interviewer"),
    "interviewer of another": Part("visitor", "interviewer"),
    "reviewer": Part("reviewer", "reviewer"),
    "operator": Part("operator", "operator"),
    "room": Part("room", None),
    "room of another": Part(None, None),
    "report": Part("report", "report"),
    "hub": Part("hub", "hub"),
    "ticket for this": Part("ticket", None),
    "ticket for another": Part(None, None),
    "ticket for the list": Part(None, "ticket"),
}


@dataclass
class World:
    """Two interviews with their people, and somebody of every kind."""

    interview: str
    candidate: str
    interviewer: str
    invitation: str
    export: bytes
    callers: dict[str, httpx.AsyncClient]


# Requests that are in order, of the routes that want more than their path.
REQUESTS: Mapping[str, Callable[[World], dict[str, Any]]] = {
    "POST /api/v1/interviews": lambda _: {
        "json": {
            "template": notebook(),
            "candidate": "C",
            "interviewers": ["I"],
            "policy": "standard",
        }
    },
    "POST /api/v1/interviews/{interview_id}/branches": lambda _: {"json": {"at_ms": 0}},
    "POST /api/v1/records/import": lambda world: {"content": world.export},
    "POST /api/v1/invitations/{invitation_id}/arrivals": lambda _: {
        "json": {"browser": "Firefox", "fresh": True}
    },
    "POST /api/v1/rooms/{interview_id}/records": lambda world: {
        "json": {"records": [record(world.interview, 2)]}
    },
    "POST /api/v1/rooms/{interview_id}/key": lambda _: {
        "json": {"public_key": new_signer().public, "replaced": True}
    },
    # It would go on for as long as the interview does.
    "GET /api/v1/interviews/{interview_id}/events": lambda _: {
        "params": {"once": "true"}
    },
    "POST /api/v1/tickets": lambda world: {
        "json": {"hub_name": world.interviewer, "interview": world.interview}
    },
    "POST /interviews": lambda _: {
        "data": {"candidate": "Cara"},
        "files": {"template": ("t.ipynb", b"{}")},
    },
    "POST /interviews/{interview_id}/branches": lambda _: {"data": {"at_ms": "0"}},
    "PUT /api/v1/error-rates": lambda _: {"json": {"rates": {}}},
    "POST /interviews/{interview_id}/my-record/answers": lambda _: {
        "data": {"text": "That was the door bell."}
    },
    "POST /interviews/{interview_id}/my-record/delete": lambda _: {
        "data": {"sure": "yes"}
    },
    "POST /api/v1/purge": lambda _: {"json": {}},
    "POST /interviews/{interview_id}/findings/decisions": lambda _: {
        "data": {"episode_id": "e1", "decision": "set_aside"}
    },
}


def _name(entry: Entry, settings: Settings) -> str:
    return f"{entry.method} /{entry.path.removeprefix(settings.prefix)}"


def test_an_application_is_held_to_the_table(settings: Settings) -> None:
    app = create_app(settings)
    extra = APIRouter(route_class=guards.GuardedRoute)
    extra.add_api_route("/elsewhere", lambda: None)
    app.include_router(extra)
    with pytest.raises(RuntimeError, match="GET /elsewhere is not in the table"):
        guards.bind(app)


def test_a_line_without_a_route_and_a_route_without_a_guard_are_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Entry("GET", "/elsewhere", access_table.ANYBODY)
    monkeypatch.setattr(guards, "TABLE", (*TABLE, line))
    with pytest.raises(RuntimeError, match="no route serves"):
        create_app(settings)
    monkeypatch.undo()
    app = create_app(settings)
    app.add_api_route("/elsewhere", lambda: None)
    monkeypatch.setattr(guards, "TABLE", (*TABLE, line))
    with pytest.raises(TypeError, match="GET /elsewhere has no guard"):
        guards.bind(app)


def test_every_line_is_once_and_has_a_limit_that_exists(settings: Settings) -> None:
    where = [(entry.method, entry.path) for entry in (*TABLE, *PUBLIC)]
    assert len(where) == len(set(where))
    assert {entry.limit for entry in TABLE} <= set(settings.limits)


def test_every_secret_that_opens_a_route_is_among_the_callers() -> None:
    ours = {"service_token", "invitation_key", "room_key", "ticket_key"}
    bearers = set(Keys.__dataclass_fields__) - ours
    assert bearers == {"report_key", "hub_key", "operator_token"}
    roles = {part.here for part in CALLERS.values()} - {None}
    assert roles == set(get_args(Role))


async def _world(running: Running) -> World:
    this = await running.create(reviewer="Rita")
    other = await running.create()
    operator = await running.operator()
    this_id, other_id = this["interview"]["id"], other["interview"]["id"]
    candidate = person_of(this, "candidate")
    interviewer = person_of(this, "interviewer")
    reviewer = person_of(this, "reviewer")
    room = await running.room(this_id)
    signing = SigningRoom(running, this_id)
    assert (await signing.certify())[0] == 200
    assert (await signing.send(signing.write(), signing.sign()))[0] == 200
    exported = await operator.get(f"api/v1/interviews/{this_id}/record")
    keys = running.settings.keys
    callers = {
        "anonymous": await running.client(Accept="text/html"),
        "signed in without a part": await running.person("somebody", "interviewers"),
        "candidate": await running.person(candidate),
        "candidate of another": await running.person(person_of(other, "candidate")),
        "interviewer": await running.person(interviewer, "interviewers"),
        "interviewer of another": await running.person(
            person_of(other, "interviewer"), "interviewers"
        ),
        "reviewer": await running.person(reviewer, "reviewers"),
        "operator": operator,
        "room": room,
        "room of another": await running.room(other_id),
        "report": await running.bearer(keys.report_key),
        "hub": await running.bearer(keys.hub_key),
        "ticket for this": await running.ticket(reviewer, this_id),
        "ticket for another": await running.ticket(reviewer, other_id),
        "ticket for the list": await running.ticket(reviewer, None),
    }
    assert set(callers) == set(CALLERS)
    return World(
        interview=this_id,
        candidate=candidate,
        interviewer=interviewer,
        invitation=link_of(this, "candidate")["id"],
        export=exported.content,
        callers=callers,
    )


def _put(running: Running, interview: str, state: State) -> None:
    """Put an interview into a state, as its row says it."""
    opened = None if state == "scheduled" else "2026-11-22 09:00:00.000000"
    ended = "2026-11-22 10:00:00.000000" if state in {"ended", "purged"} else None
    with closing(sqlite3.connect(running.settings.database)) as database, database:
        database.execute(
            "UPDATE interviews SET state = ?, opened_at = ?, ended_at = ?, "
            "room_stopped_at = ? WHERE id = ?",
            (state, opened, ended, ended, interview),
        )


def _content(running: Running) -> list[str]:
    with closing(sqlite3.connect(running.settings.database)) as database:
        # The audit log is signed a second after something was noted.
        signed = 'INSERT INTO "audit_checkpoints"'
        return [line for line in database.iterdump() if not line.startswith(signed)]


def _copy(running: Running) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(running.settings.database)) as database:
        database.backup(copy)
    return copy


async def _restore(running: Running, world: World, copy: sqlite3.Connection) -> None:
    """Undo what a call has changed: in the database, and at the hub."""
    await asyncio.to_thread(_restore_database, running, copy)
    # Who is withdrawn leaves the hub's group as well, which no copy of ours holds: the
    # hub would let them in until it is asked again, and then no more.
    await running.state.hub.add_to_group(GROUPS["candidate"], world.candidate)


def _restore_database(running: Running, copy: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(running.settings.database, timeout=30)) as database:
        copy.backup(database)


def _may(entry: Entry, caller: str) -> bool:
    part = CALLERS[caller]
    role = part.here if entry.names_interview else part.anywhere
    return role in entry.roles or entry.roles == access_table.ANYBODY


async def _ask(
    running: Running, world: World, entry: Entry, caller: str
) -> httpx.Response:
    path = entry.path.format(
        interview_id=world.interview,
        invitation_id=world.invitation,
        hub_name=world.candidate,
    )
    make = REQUESTS.get(_name(entry, running.settings))
    sent = make(world) if make is not None else {}
    url = running.settings.origin + path
    return await world.callers[caller].request(entry.method, url, **sent)


def _is_refusal(answer: httpx.Response) -> bool:
    to_sign_in = "/hub/api/oauth2/authorize" in answer.headers.get("location", "")
    return answer.status_code in {401, 403, 404} or to_sign_in


def _check_allowed(answer: httpx.Response, entry: Entry, state: State) -> None:
    """Hold an answer to somebody with the right to what the state makes of it."""
    if not entry.names_interview or state in entry.states:
        # Allowed, though there may be no notebook in this record yet.
        unready = answer.status_code == 404 and "was not opened yet" in answer.text
        # This one names its interview in its body.
        over = entry.path.endswith("/tickets") and state == "purged"
        # Of its candidate nothing is left.
        over = over or ("/people/" in entry.path and state == "purged")
        assert unready or _is_refusal(answer) == over
    elif state == "purged":
        # No ticket's person may read it; a link to it is not known.
        gone = {403, 410} if "{interview_id}" in entry.path else {404}
        assert answer.status_code in gone
    else:
        assert answer.status_code == 409
        assert entry.not_now in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize("state", get_args(State))
async def test_the_table_holds(state: State, running: Running) -> None:
    world = await _world(running)
    _put(running, world.interview, state)
    before = _content(running)
    for entry in TABLE:
        for caller in CALLERS:
            if not _may(entry, caller):
                answer = await _ask(running, world, entry, caller)
                told = f"{_name(entry, running.settings)} by {caller}: {answer.text}"
                assert _is_refusal(answer), told
        assert _content(running) == before, f"{entry.method} {entry.path}"
    with closing(_copy(running)) as copy:
        for entry in TABLE:
            for caller in filter(lambda name: _may(entry, name), CALLERS):
                answer = await _ask(running, world, entry, caller)
                told = f"{_name(entry, running.settings)} by {caller}: {answer.text}"
                assert answer.status_code < 500, told
                if entry.path.endswith("/sign-out") and caller == "anonymous":
                    assert answer.status_code == 403, told  # not from our page
                else:
                    _check_allowed(answer, entry, state)
                if entry.method != "GET":
                    await _restore(running, world, copy)
    await _stop_room(running, f"room-{world.interview}")


async def _stop_room(running: Running, room: str) -> None:
    """Stop what the calls above have started, and stopped, and started."""
    hub = running.state.hub

    async def stopped() -> bool:
        try:
            await hub.stop_room(room)
        except Unavailable:  # it is just starting
            return False
        return await hub.room_state(room) == "stopped"

    await eventually("the room's end", stopped)


@pytest.mark.asyncio
async def test_the_guard_asks_before_a_body_is_read(running: Running) -> None:
    anonymous = await running.client(Authorization="Bearer nobody")
    taken = []

    async def body() -> Any:
        taken.append(1)
        yield b"{"

    answer = await anonymous.post("api/v1/interviews", content=body())
    assert answer.status_code == 401
    broken = await anonymous.post("api/v1/interviews", content=b"{")
    assert broken.status_code == 401


@pytest.mark.asyncio
@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.path)
async def test_public_files_are_public(entry: Entry, running: Running) -> None:
    files = {"static": "/style.css", "replay": "/replay.css"}
    path = entry.path + files.get(entry.path.rsplit("/", 1)[-1], "")
    answer = await (await running.client()).get(running.settings.origin + path)
    assert answer.status_code == 200
