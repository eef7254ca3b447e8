"""All routes: the service's by its OpenAPI, the hub's by its handlers, a room's."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

from tests.attacks.reach import Reach
from tests.attacks.secrets.replay import Route

_HUB_PAGES = ("home", "token", "admin", "spawn", "invitation?token={X}")
_KERNEL = "00000000-0000-0000-0000-000000000000"
ROOM = (
    *("GET /lab", "GET /api/me", "GET /api/status", "GET /api/contents?content=1"),
    *("GET /api/contents/interview.ipynb", "PUT /api/contents/interview.ipynb"),
    *("POST /api/contents", "DELETE /api/contents/interview.ipynb"),
    *("GET /files/interview.ipynb", "GET /nbconvert/html/interview.ipynb"),
    *("PUT /api/collaboration/session/interview.ipynb", "GET /api/sessions"),
    *("GET /api/collaboration/room/JupyterLab:globalAwareness", "GET /api/kernels"),
    *("POST /api/kernels", "POST /api/terminals", "GET /api/terminals"),
    *(f"GET /api/kernels/{_KERNEL}/channels", f"POST /api/kernels/{_KERNEL}/execute"),
    *(f"POST /api/kernels/{_KERNEL}/restart", f"DELETE /api/kernels/{_KERNEL}"),
    *("GET /nbinterview/api/v1/live", "GET /nbinterview/api/v1/film"),
    *("POST /nbinterview/api/v1/check", "GET /lab/api/workspaces/{X}"),
    *("GET /api/events/subscribe", "POST /api/events", "POST /api/shutdown"),
    *("GET /metrics", "GET /api/config/notebook", "GET /api/kernels/{X}"),
)


def service_routes(reach: Reach) -> list[Route]:
    """Return every operation of the OpenAPI document, and the pages' first."""
    request = urllib.request.Request(
        reach.addresses.service_api.removesuffix("api/v1") + "openapi.json",
        headers={"Authorization": f"Bearer {reach.home.secret('operator_token')}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        paths: dict[str, dict[str, Any]] = json.load(answer)["paths"]
    host = _host(reach.addresses.service_url)
    return [
        Route("service", host, method.upper(), re.sub(r"\{(?!X)\w+\}", value, path))
        for path, methods in paths.items()
        for method in methods
        for value in ((reach.other.id, reach.here.id, "{X}") if "{" in path else ("",))
    ]


def hub_routes(reach: Reach) -> list[Route]:
    """Return every method of every handler of the hub's REST API, and some pages."""
    from jupyterhub.apihandlers import default_handlers

    host = _host(reach.addresses.public_url)
    found = [Route("hub", host, "GET", f"/hub/{page}") for page in _HUB_PAGES]
    room = f"room-{reach.other.id}"
    for pattern, handler, *_ in default_handlers:
        if "cookie" in pattern:
            continue  # gone since JupyterHub 2: it always answers 404 in its own words
        for value in (room, "{X}") if "(" in pattern else ("",):
            path = pattern.replace("(?:/([^/]+))?", "").replace("/?", "")
            path = re.sub(r"\(\[\^/\][+*]\)", value, path)
            found += [
                Route("hub", host, method, f"/hub{path}")
                for method in ("GET", "POST", "PATCH", "DELETE")
                if any(method.lower() in vars(one) for one in handler.__mro__[:-2])
            ]
    return found


def room_routes(reach: Reach, *, ours: bool) -> list[Route]:
    """Return what a room answers, with or without right."""
    made = reach.here if ours else reach.other
    name = f"room-{made.id}"
    return [
        Route(
            "room" if ours else "other room",
            _host(reach.addresses.origin(name)),
            line.split()[0],
            f"/user/{name}{line.split()[1]}",
        )
        for line in ROOM
    ]


def all_routes(reach: Reach) -> list[Route]:
    """Return all of them, the report's as well."""
    report = _host(reach.addresses.report_url)
    return [
        *service_routes(reach),
        *hub_routes(reach),
        *room_routes(reach, ours=True),
        *room_routes(reach, ours=False),
        Route("report", report, "GET", "/services/report/"),
        Route("report", report, "GET", f"/services/report/?interview={reach.here.id}"),
    ]


def guards(routes: list[Route]) -> list[Route]:
    """Return one route for each way in: the ones that every string is tried at."""
    wanted = re.compile(
        r"service: (GET \S+/api/v1/(interviews|report/interviews|metrics)|"
        r"GET \S+/rooms/\w+/records|POST \S+/tickets|GET \S+/invitations/[^{]+)$|"
        r"hub: GET /hub/(api/user|api/users|invitation\S*|home)$|"
        r"(other )?room: GET \S+/api/me$|report: GET /services/report/$"
    )
    return [route for route in routes if wanted.match(route.name)]


def _host(url: str) -> str:
    return url.split("/")[2]
