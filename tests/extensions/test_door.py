"""Who may call what: every route of the real server, for everybody."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from re import _parser as sre
from typing import Any

import httpx
import pytest

from nbinterview.errors import Unavailable
from nbinterview_server.config import NOTEBOOK, Person
from nbinterview_server.door import TABLE, check_routes, is_from_here, may
from nbinterview_server.launch import jupyter_env
from tests.extensions.harness import (
    BASE,
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    STRANGER,
    RoomServer,
    room_config,
)
from tests.extensions.stand_in import StandIn
from tests.extensions.test_execution import SESSION

# What each person may call, as `METHOD path`; written out here a second time, on
# purpose. K, S are a kernel's and a session's id, D the document's, M one's own name.
PUBLIC = {
    "GET /api",
    "GET /logout",
    "GET /lab/extensions/x",
    "HEAD /lab/extensions/x",
    "GET /lab/api/themes/x",
    "HEAD /lab/api/themes/x",
    "GET /static/x",
    "HEAD /static/x",
    "GET /static/lab/x",
    "HEAD /static/lab/x",
    "GET /nbinterview/static/x/x",
    "HEAD /nbinterview/static/x/x",
    "GET /nbinterview/static/1/x",
    "HEAD /nbinterview/static/1/x",
}
LOOKING = {
    "GET /",
    "GET /logo",
    "GET /lab",
    f"GET /lab/tree/{NOTEBOOK}",
    "GET /lab/api/settings",
    "GET /lab/api/settings/x",
    "GET /lab/api/translations",
    "GET /lab/api/translations/x",
    "GET /lab/api/workspaces/M",
    "PUT /lab/api/workspaces/M",
    "GET /api/me",
    "GET /api/status",
    "GET /api/events/subscribe",
    f"GET /api/contents/{NOTEBOOK}",
    "GET /api/contents",
    f"GET /api/contents/{NOTEBOOK}/checkpoints",
    f"PUT /api/collaboration/session/{NOTEBOOK}",
    "GET /api/collaboration/room/D",
    "GET /api/collaboration/room/JupyterLab:globalAwareness",
    "GET /api/kernelspecs",
    "GET /api/kernelspecs/nbinterview-python3",
    "GET /kernelspecs/nbinterview-python3/x",
    "GET /api/sessions",
    "GET /api/sessions/S",
    "GET /api/kernels",
    "GET /api/kernels/K",
    "GET /nbinterview/api/v1/live",
}
WORKING = {
    "POST /api/sessions",
    "PATCH /api/sessions/S",
    "GET /api/kernels/K/channels",
    "GET /api/kernels/K/execute",
    "POST /api/kernels/K/execute",
    "POST /api/kernels/K/input",
    "GET /api/kernels/K/requests/K",
    "DELETE /api/kernels/K/requests/K",
    "POST /api/kernels/K/interrupt",
    "POST /api/kernels/K/restart",
}
JUDGING = {
    "GET /nbinterview/api/v1/consistency",
    "GET /nbinterview/api/v1/film",
}
RUNNING = {
    "DELETE /api/kernels/K",
    "DELETE /api/sessions/S",
    "POST /nbinterview/api/v1/check",
}
ALLOWED = {
    CANDIDATE: PUBLIC | LOOKING | WORKING,
    INTERVIEWER: PUBLIC | LOOKING | WORKING | JUDGING | RUNNING,
    REVIEWER: PUBLIC | LOOKING | JUDGING,
    STRANGER: PUBLIC,
    None: PUBLIC,
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# Asked last, or not at all, because afterwards the others would find nothing.
ENDING = {"DELETE /api/kernels/K", "DELETE /api/sessions/S"}

# tornado's own redirects: to the notebook, and to an address without its last slash.
# They stand before the door and say nothing but the address.
REDIRECTS = {"GET /", "GET /x/", "HEAD /x/"}

SAMPLES = {
    "kernel_id": "K",
    "session_id": "S",
    "request_id": "K",
    "kernel_name": "nbinterview-python3",
    "space_name": "M",
    "action": "interrupt",
}


def sample(pattern: str) -> str:
    """Return one path that a route's pattern matches."""
    tree = sre.parse(pattern)
    names = {number: name for name, number in tree.state.groupdict.items()}

    def text(items: Any) -> str:
        return "".join(str(one(kind, value)) for kind, value in items)

    def one(kind: Any, value: Any) -> str:
        match str(kind):
            case "LITERAL":
                return chr(int(value))
            case "SUBPATTERN":
                number, _, _, items = value
                return SAMPLES.get(names.get(number, "")) or text(items)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, items = value
                # Optional parts are left out, except a lone wildcard.
                times = int(max(least, 1 if most > 1 else 0))
                return text(items) * times
            case "BRANCH":
                return text(value[1][0])
            case "ANY" | "IN" | "CATEGORY" | "NOT_LITERAL":
                return "x"
        return ""

    return text(tree)


@pytest.fixture(scope="module")
def routes() -> dict[str, dict[str, Any]]:
    """Every route of a real room's web application."""
    service = StandIn(room_config())
    with tempfile.TemporaryDirectory(prefix="nbi-routes-") as directory:
        server = RoomServer(Path(directory), service)
        try:
            asyncio.run(server.prepare())
            printed = subprocess.run(
                [sys.executable, "-m", "tests.extensions.print_routes"],
                env={**server.env(), **jupyter_env(Path(directory))}
                | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert printed.returncode == 0, printed.stderr
            found: dict[str, dict[str, Any]] = json.loads(
                printed.stdout.splitlines()[-1]
            )
            return found
        finally:
            service.close()


def paths(routes: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Return paths of every route, below the base URL, with our samples in place."""
    seen = {call.split(" ", 1)[1] for calls in ALLOWED.values() for call in calls}
    yield from sorted(seen)
    for pattern in routes:
        path = sample(pattern)
        if path.startswith(BASE.rstrip("/")):
            path = path.removeprefix(BASE.rstrip("/")) or "/"
            if path not in seen:
                seen.add(path)
                yield path


def test_the_walk_sees_the_routes_that_matter(
    routes: dict[str, dict[str, Any]],
) -> None:
    found = set(paths(routes))
    for path in (
        "/api/contents/x",
        "/api/shutdown",
        "/files/x",
        "/nbconvert/x/x",
        "/api/kernels/K/execute",
        "/api/nbconvert",
        "/metrics",
    ):
        assert any(re.match(path, one) for one in found), (path, sorted(found))
    handlers = {one["handler"] for one in routes.values()}
    assert "ExecuteHandler" not in handlers
    assert "OutputRecoverySettingHandler" not in handlers
    assert "TerminalRootHandler" not in handlers
    assert "TimelineHandler" not in handlers


def test_the_table_is_what_is_written_here(routes: dict[str, dict[str, Any]]) -> None:
    people = {one["hub_name"]: Person(**one) for one in room_config()["people"]}
    for who, allowed in ALLOWED.items():
        person = people.get(who or "")
        for path in paths(routes):
            for method in METHODS:
                call = f"{method} {path}"
                ids = {"K": "a-b-c-d-e", "S": "s-1", "M": who or "p-nobodyhere"}
                real = with_ids(path, {**ids, "D": "json:notebook:f-1"})
                assert may(person, method, real) == (call in allowed), (who, call)


HERE = {"Host": "room-x.localhost:8000"}
OWN = {**HERE, "Origin": "http://room-x.localhost:8000"}


@pytest.mark.parametrize(
    ("headers", "token", "sent_from_here"),
    [
        (OWN, False, True),
        ({**OWN, "Sec-Fetch-Site": "same-origin"}, False, True),
        ({**HERE, "Sec-Fetch-Site": "same-origin"}, False, True),
        (HERE, True, True),
        (HERE, False, False),
        ({**OWN, "Sec-Fetch-Site": "same-site"}, True, False),
        ({**HERE, "Sec-Fetch-Site": "none"}, False, False),
        ({**HERE, "Origin": "null"}, True, False),
        ({**HERE, "Origin": ""}, True, False),
        ({**HERE, "Origin": "http://room-y.localhost:8000"}, True, False),
        ({**HERE, "Origin": "http://localhost:8000"}, True, False),
        ({**HERE, "Origin": "http://room-x.localhost:8001"}, True, False),
        ({**HERE, "Origin": "http://room-x.localhost:8000.evil"}, True, False),
        ({"Origin": "http://room-x.localhost:8000"}, True, False),
    ],
)
def test_what_changes_something_comes_from_here(
    headers: dict[str, str], *, token: bool, sent_from_here: bool
) -> None:
    for method, is_socket in (("POST", False), ("DELETE", False), ("GET", True)):
        found = is_from_here(method, headers, is_socket=is_socket, has_token=token)
        assert found == sent_from_here
    assert is_from_here("GET", headers, is_socket=False, has_token=token)


def test_after_the_end_nothing_runs_and_nothing_is_changed_by_http(
    routes: dict[str, dict[str, Any]],
) -> None:
    people = [Person(**one) for one in room_config()["people"]]
    stays = {
        f"PUT /api/collaboration/session/{NOTEBOOK}",  # says where the document is
        "PUT /lab/api/workspaces/M",
    }
    changing = 0
    for person in people:
        ids = {"K": "a-b", "S": "s-1", "M": person.hub_name, "D": "json:notebook:f"}
        for call in sorted(ALLOWED[person.hub_name] - stays):
            method, path = call.split(" ")
            real = with_ids(path, ids)
            assert may(person, method, real, "open")
            changes = method not in {"GET", "HEAD"} or call in WORKING
            changing += changes
            assert may(person, method, real, "ended") != changes, call
    assert changing > 10
    assert routes


def test_a_route_without_an_entry_is_found() -> None:
    check_routes([r"/nbinterview/api/v1/live", r"/api/kernels/([^/]+)/execute"])
    for missing in (r"/nbinterview/api/v1/secret", r"/api/kernels/(\w+)/peek"):
        with pytest.raises(Unavailable, match="not in the door's table"):
            check_routes([missing])
    assert all(entry.states for entry in TABLE)


def with_ids(path: str, ids: dict[str, str]) -> str:
    return "/".join(ids.get(part, part) for part in path.split("/"))


async def ask(client: httpx.AsyncClient, method: str, path: str) -> int:
    """Return the status of one request; bodies that change nothing."""
    try:
        answer = await client.request(
            method,
            path.lstrip("/"),
            json=None if method in {"GET", "HEAD"} else {},
            follow_redirects=False,
        )
    except httpx.HTTPError:
        raise AssertionError(f"{method} {path}") from None
    if answer.status_code == 302 and "/login" in answer.headers["Location"]:
        return 401
    return answer.status_code


@pytest.mark.asyncio
async def test_the_real_server_answers_so(
    room: RoomServer, routes: dict[str, dict[str, Any]]
) -> None:
    async with room.client(CANDIDATE) as client:
        session = (await client.post("api/sessions", json=SESSION)).json()
        document = await client.put(
            f"api/collaboration/session/{NOTEBOOK}",
            json={"format": "json", "type": "notebook"},
        )
    kept = {
        "K": session["kernel"]["id"],
        "S": session["id"],
        "D": f"json:notebook:{document.json()['fileId']}",
    }
    wrong: list[tuple[str | None, str, int]] = []
    asked = 0
    for who, allowed in ALLOWED.items():
        async with room.client(who) as client:
            for path in paths(routes):
                real = with_ids(path, {**kept, "M": who or "p-nobodyhere"})
                for method in METHODS:
                    call = f"{method} {path}"
                    if call in ENDING and call in allowed:
                        continue
                    status = await ask(client, method, real)
                    asked += 1
                    if call in REDIRECTS and status == 302:
                        continue
                    # tornado answers 405 before anybody is asked for.
                    refused = status in {401, 403, 405}
                    if refused == (call in allowed) and status != 405:
                        wrong.append((who, call, status))
    assert not wrong
    assert asked > 1000
    assert "started" in {one.facts["state"] for one in room.records("kernel")}


@pytest.mark.asyncio
async def test_nobody_writes_anothers_workspace(room: RoomServer) -> None:
    async with room.client(CANDIDATE) as client:
        assert await ask(client, "PUT", f"lab/api/workspaces/{INTERVIEWER}") == 403
        assert await ask(client, "GET", f"lab/api/workspaces/{INTERVIEWER}") == 403
        assert await ask(client, "PUT", "lab/api/workspaces/default") == 403


@pytest.mark.asyncio
async def test_names_come_from_the_platform(room: RoomServer) -> None:
    async with room.client(CANDIDATE) as client:
        identity = (await client.get("api/me")).json()["identity"]
    assert identity["username"] == CANDIDATE
    assert identity["display_name"] == identity["name"] == "Zoë Müller"
    assert identity["color"] == "#1565c0"


@pytest.mark.asyncio
async def test_who_is_let_in_again_is_not_turned_away_by_an_old_page(
    room: RoomServer,
) -> None:
    newcomer = {**room_config()["people"][1], "hub_name": "p-newcomer22"}
    async with room.client("p-newcomer22") as client:
        # What a page does that was left open.
        assert (await client.get("api/me")).status_code == 403
        room.service.config["people"].append(newcomer)
        assert (await client.get("api/me")).status_code == 403
        page = await client.get("lab", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert (await client.get("api/me")).status_code == 200


@pytest.mark.asyncio
async def test_somebody_added_later_is_asked_for_once_more(room: RoomServer) -> None:
    newcomer = {**room_config()["people"][1], "hub_name": "p-newcomer22"}
    async with room.client("p-newcomer22") as client:
        room.service.config["people"].append(newcomer)
        assert (await client.get("api/me")).status_code == 200
        questions = room.service.requests.count
        path = "GET /services/nbinterview/api/v1/rooms/abcdefghij"
        before = questions(path)
        for _ in range(5):
            async with room.client("p-nobodyhere") as stranger:
                assert (await stranger.get("api/me")).status_code == 403
        # Once in two seconds; a slow machine may take longer over five requests.
        assert before < questions(path) <= before + 3
