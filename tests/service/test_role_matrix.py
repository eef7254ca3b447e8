"""Who may call what: every route, by everybody, against the real application.

A route without an entry fails. "Refused" is 401, 403, 404 or the way to the sign-in;
whoever is not listed has to be refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from nbinterview.service.app import create_app
from nbinterview.service.settings import Keys, Settings
from tests.service.support import Running, link_of, notebook, person_of, record

PREFIX = "/services/nbinterview"
API = f"{PREFIX}/api/v1"

EVERYBODY = frozenset(
    {
        "anonymous",
        "signed in without a part",
        "candidate",
        "candidate of another",
        "interviewer",
        "interviewer of another",
        "reviewer",
        "operator",
        "room",
        "room of another",
        "report",
        "hub",
        "ticket for this",
        "ticket for another",
        "ticket for the list",
    }
)
BROWSERS = frozenset(
    {
        "signed in without a part",
        "candidate",
        "candidate of another",
        "interviewer",
        "interviewer of another",
        "reviewer",
    }
)
PANEL = frozenset({"interviewer"})
STAFF = frozenset({"interviewer", "interviewer of another"})
OPERATOR = frozenset({"operator"})
PEOPLE = BROWSERS - {"signed in without a part"}

FORM = {"data": {"candidate": "Cara"}, "files": {"template": ("t.ipynb", b"{}")}}


@dataclass(frozen=True)
class Entry:
    """Who may call a route, and a request that is in order."""

    allowed: frozenset[str]
    request: Any = None


def _json(body: Any) -> dict[str, Any]:
    return {"json": body}


MATRIX: dict[str, Entry] = {
    f"GET {API}/health": Entry(EVERYBODY),
    f"POST {API}/interviews": Entry(
        STAFF | OPERATOR,
        lambda _: _json(
            {"template": notebook(), "candidate": "C", "interviewers": ["I"]}
        ),
    ),
    # A list of one's own, which is empty for those who run none.
    f"GET {API}/interviews": Entry(BROWSERS | OPERATOR),
    f"GET {API}/interviews/{{interview_id}}": Entry(PANEL | OPERATOR),
    f"POST {API}/interviews/{{interview_id}}/start": Entry(PANEL | OPERATOR),
    f"POST {API}/interviews/{{interview_id}}/end": Entry(PANEL | OPERATOR),
    f"GET {API}/interviews/{{interview_id}}/record": Entry(OPERATOR),
    f"GET {API}/interviews/{{interview_id}}/records": Entry(OPERATOR),
    f"GET {API}/interviews/{{interview_id}}/film": Entry(PANEL | OPERATOR),
    f"POST {API}/records/import": Entry(
        OPERATOR, lambda world: {"content": world.export}
    ),
    f"POST {API}/invitations/{{invitation_id}}/withdraw": Entry(PANEL | OPERATOR),
    f"POST {API}/invitations/{{invitation_id}}/renew": Entry(PANEL | OPERATOR),
    f"GET {API}/invitations/{{invitation_id}}": Entry(frozenset({"hub"})),
    f"POST {API}/invitations/{{invitation_id}}/arrivals": Entry(
        frozenset({"hub"}), lambda _: _json({"browser": "Firefox", "fresh": True})
    ),
    f"GET {API}/rooms/{{interview_id}}": Entry(frozenset({"room"})),
    f"GET {API}/rooms/{{interview_id}}/records": Entry(frozenset({"room"})),
    f"POST {API}/rooms/{{interview_id}}/records": Entry(
        frozenset({"room"}),
        lambda world: _json({"records": [record(world.interview, 2)]}),
    ),
    f"POST {API}/interviews/{{interview_id}}/branches": Entry(
        PANEL | OPERATOR, lambda _: _json({"at_ms": 0})
    ),
    f"GET {API}/interviews/{{interview_id}}/checks": Entry(
        PANEL | OPERATOR | {"reviewer"}
    ),
    f"GET {API}/report/interviews/{{interview_id}}/checks": Entry(
        OPERATOR | {"ticket for this"}
    ),
    f"POST {PREFIX}/interviews/{{interview_id}}/branches": Entry(
        PANEL, lambda _: {"data": {"at_ms": "0"}}
    ),
    f"GET {PREFIX}/interviews/{{interview_id}}/checks": Entry(PANEL | {"reviewer"}),
    # Refused to nobody of these: it is too early.
    f"POST {PREFIX}/interviews/{{interview_id}}/checks": Entry(PANEL | {"reviewer"}),
    f"POST {API}/tickets": Entry(
        frozenset({"report"}),
        lambda world: _json(
            {"hub_name": world.interviewer, "interview": world.interview}
        ),
    ),
    f"GET {API}/report/interviews": Entry(OPERATOR | {"ticket for the list"}),
    f"GET {API}/report/interviews/{{interview_id}}": Entry(
        OPERATOR | {"ticket for this"}
    ),
    f"GET {API}/report/interviews/{{interview_id}}/records": Entry(
        OPERATOR | {"ticket for this"}
    ),
    f"GET {API}/report/interviews/{{interview_id}}/notebook": Entry(
        OPERATOR | {"ticket for this"}
    ),
    f"GET {API}/report/interviews/{{interview_id}}/film": Entry(
        OPERATOR | {"ticket for this"}
    ),
    # Pages. Home leads everybody with a part to their place.
    f"GET {PREFIX}/": Entry(PEOPLE),
    f"POST {PREFIX}/interviews": Entry(STAFF, lambda _: FORM),
    f"GET {PREFIX}/interviews/{{interview_id}}": Entry(PANEL),
    f"POST {PREFIX}/interviews/{{interview_id}}/start": Entry(PANEL),
    f"GET {PREFIX}/interviews/{{interview_id}}/end": Entry(PANEL),
    f"POST {PREFIX}/interviews/{{interview_id}}/end": Entry(PANEL),
    f"GET {PREFIX}/interviews/{{interview_id}}/replay": Entry(PANEL | {"reviewer"}),
    f"GET {PREFIX}/interviews/{{interview_id}}/replay/film": Entry(
        PANEL | {"reviewer"}
    ),
    f"POST {PREFIX}/invitations/{{invitation_id}}/withdraw": Entry(PANEL),
    f"POST {PREFIX}/invitations/{{invitation_id}}/renew": Entry(PANEL),
    f"GET {PREFIX}/interviews/{{interview_id}}/enter": Entry(PANEL | {"candidate"}),
    f"GET {PREFIX}/interviews/{{interview_id}}/enter/status": Entry(
        PANEL | {"candidate"}
    ),
    # Without a state of our own in a cookie it is a 400 for everybody.
    f"GET {PREFIX}/oauth_callback": Entry(EVERYBODY),
    # Harmless without a session; refused only to other sites.
    f"POST {PREFIX}/sign-out": Entry(EVERYBODY - {"anonymous"}),
    f"GET {PREFIX}/openapi.json": Entry(EVERYBODY),
    f"GET {PREFIX}/static": Entry(EVERYBODY),
    f"GET {PREFIX}/static/replay": Entry(EVERYBODY),
}


def _routes(app: FastAPI) -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        assert route.path is not None
        # A mount has no methods of its own.
        for method in (route.methods or {"GET"}) - {"HEAD"}:
            yield f"{method} {route.path}"


def test_every_route_has_an_entry_and_every_entry_a_route(settings: Settings) -> None:
    assert sorted(_routes(create_app(settings))) == sorted(MATRIX)


def test_every_secret_that_opens_a_route_is_in_the_matrix() -> None:
    ours = {"service_token", "invitation_key", "room_key", "ticket_key"}
    bearers = set(Keys.__dataclass_fields__) - ours
    assert bearers == {"report_key", "hub_key", "operator_token"}


@dataclass
class World:
    """Two interviews with their people, and somebody of every kind."""

    interview: str
    interviewer: str
    invitation: str
    export: bytes
    callers: dict[str, httpx.AsyncClient]


async def _world(running: Running) -> World:
    this = await running.create(reviewer="Rita")
    other = await running.create()
    operator = await running.operator()
    this_id, other_id = this["interview"]["id"], other["interview"]["id"]
    interviewer = person_of(this, "interviewer")
    reviewer = person_of(this, "reviewer")
    room = await running.room(this_id)
    first = record(this_id, 1)
    shipped = await room.post(
        f"api/v1/rooms/{this_id}/records", json={"records": [first]}
    )
    assert shipped.status_code == 200
    exported = await operator.get(f"api/v1/interviews/{this_id}/record")
    keys = running.settings.keys
    callers = {
        "anonymous": await running.client(Accept="text/html"),
        "signed in without a part": await running.person("somebody", "interviewers"),
        "candidate": await running.person(person_of(this, "candidate")),
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
    assert set(callers) == EVERYBODY
    return World(
        interview=this_id,
        interviewer=interviewer,
        invitation=link_of(this, "candidate")["id"],
        export=exported.content,
        callers=callers,
    )


def _is_refusal(answer: httpx.Response) -> bool:
    to_sign_in = "/hub/api/oauth2/authorize" in answer.headers.get("location", "")
    return answer.status_code in {401, 403, 404} or to_sign_in


def _unready(answer: httpx.Response) -> bool:
    """Allowed, but there is no notebook in this record yet."""
    return answer.status_code == 404 and "was not opened yet" in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize("route", sorted(MATRIX))
async def test_only_those_listed_may_call_it(route: str, running: Running) -> None:
    entry = MATRIX[route]
    world = await _world(running)
    method, path = route.split(" ")
    path = path.format(interview_id=world.interview, invitation_id=world.invitation)
    files = {"/static": "/style.css", "/static/replay": "/replay.css"}
    path += next((file for mount, file in files.items() if path.endswith(mount)), "")
    # Refusals first: an allowed call may change what the next one finds.
    for caller in sorted(EVERYBODY, key=lambda name: name in entry.allowed):
        request = entry.request(world) if entry.request else {}
        url = running.settings.origin + path
        answer = await world.callers[caller].request(method, url, **request)
        refused = _is_refusal(answer) and not _unready(answer)
        expected = caller not in entry.allowed
        assert refused == expected, f"{caller}: {answer.status_code} {answer.text}"
        assert answer.status_code < 500, f"{caller}: {answer.text}"
    await _stop_rooms(running, world.interview)


async def _stop_rooms(running: Running, interview: str) -> None:
    await running.state.hub.stop_room(f"room-{interview}")
