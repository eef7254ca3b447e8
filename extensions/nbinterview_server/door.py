"""Who may ask what of a room: one table, deny by default.

A room serves one notebook to named people. JupyterLab brings some sixty routes
and not all of its handlers ask the authorizer, so every request passes here
first, when its user has been found and before its handler does anything. What
no page needs is open to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from nbinterview.errors import Unavailable
from nbinterview.schemas.live_types import InterviewState, Role
from nbinterview_server import bodies
from nbinterview_server.config import KERNEL_NAME, NOTEBOOK, Person

EVERYBODY: frozenset[Role] = frozenset({"candidate", "interviewer", "reviewer"})
WORKING: frozenset[Role] = frozenset({"candidate", "interviewer"})
JUDGING: frozenset[Role] = frozenset({"interviewer", "reviewer"})
INTERVIEWERS: frozenset[Role] = frozenset({"interviewer"})

# While the interview is there to be worked in. A room runs from its opening, and for
# some seconds after the end: time to read on, and to ship what it holds.
ALWAYS: frozenset[InterviewState] = frozenset({"scheduled", "open", "ended"})
BEFORE_END: frozenset[InterviewState] = frozenset({"scheduled", "open"})

READING = frozenset({"GET", "HEAD", "OPTIONS"})

_ID = r"[\w-]+"
_NOTEBOOK = re.escape(NOTEBOOK)
_KERNEL = re.escape(KERNEL_NAME)


@dataclass(frozen=True)
class Entry:
    """One line of the table: these methods of this path, for these roles.

    A group `me` in the pattern must be the asking person's own hub name.
    """

    methods: frozenset[str]
    pattern: re.Pattern[str]
    roles: frozenset[Role] | None
    """None: for anybody, signed in or not."""
    states: frozenset[InterviewState] = ALWAYS
    """Of the interview."""
    limit: str = "room-requests"
    """Which of `nbinterview.rates` a request counts for."""
    body: Draft202012Validator | None = None
    """What a request that is no reading must have; None takes any."""


def _allow(
    methods: str,
    pattern: str,
    roles: frozenset[Role] | None,
    states: frozenset[InterviewState] = ALWAYS,
    limit: str = Entry.limit,
    body: Draft202012Validator | None = None,
) -> Entry:
    return Entry(
        frozenset(methods.split()), re.compile(pattern), roles, states, limit, body
    )


TABLE = (
    # Files that hold nothing of an interview, and signing in.
    _allow("GET HEAD", r"/static/.+", None),
    _allow("GET HEAD", r"/nbinterview/static/.+", None),
    _allow("GET HEAD", r"/(lab/extensions|lab/api/themes)/.+", None),
    _allow("GET", r"/(oauth_callback|logout)", None),
    _allow("GET", r"/api/?", None),  # the hub asks whether the server is up
    # The page.
    _allow("GET", r"/logo", EVERYBODY),
    _allow("GET", r"/?", EVERYBODY),
    _allow("GET", rf"/(lab|doc)(/workspaces/{_ID})?(/tree/{_NOTEBOOK})?/?", EVERYBODY),
    _allow("GET", r"/lab/api/(settings|translations)(/.*)?", EVERYBODY),
    _allow(
        "GET PUT",
        rf"/lab/api/workspaces/(?P<me>{_ID})",
        EVERYBODY,
        body=bodies.WORKSPACE,
    ),
    _allow("GET", r"/api/(me|status)", EVERYBODY),
    _allow("GET", r"/api/events/subscribe", EVERYBODY),
    # The notebook, read here and written through its shared document only.
    _allow("GET", rf"/api/contents(/{_NOTEBOOK}(/checkpoints)?)?/?", EVERYBODY),
    _allow(
        "PUT",
        rf"/api/collaboration/session/{_NOTEBOOK}",
        EVERYBODY,
        body=bodies.DOCUMENT,
    ),
    _allow("GET", r"/api/collaboration/room/json:notebook:[\w-]+", EVERYBODY),
    _allow("GET", r"/api/collaboration/room/JupyterLab:globalAwareness", EVERYBODY),
    # The one kernel.
    _allow("GET", rf"/api/kernelspecs(/{_KERNEL})?", EVERYBODY),
    _allow("GET", rf"/kernelspecs/{_KERNEL}/[\w.-]+", EVERYBODY),
    _allow("GET", rf"/api/sessions(/{_ID})?", EVERYBODY),
    _allow(
        "POST",
        r"/api/sessions",
        WORKING,
        BEFORE_END,
        "room-session",
        bodies.NEW_SESSION,
    ),
    _allow(
        "PATCH",
        rf"/api/sessions/{_ID}",
        WORKING,
        BEFORE_END,
        "room-session",
        bodies.SESSION,
    ),
    _allow("GET", rf"/api/kernels(/{_ID})?", EVERYBODY),
    _allow("GET", rf"/api/kernels/{_ID}/channels", WORKING, BEFORE_END),
    _allow("POST", rf"/api/kernels/{_ID}/interrupt", WORKING, BEFORE_END),
    _allow("POST", rf"/api/kernels/{_ID}/restart", WORKING, BEFORE_END, "room-session"),
    _allow(
        "DELETE",
        rf"/api/(kernels|sessions)/{_ID}",
        INTERVIEWERS,
        BEFORE_END,
        "room-session",
    ),
    _allow("GET", rf"/api/kernels/{_ID}/execute", WORKING, BEFORE_END),
    _allow(
        "POST",
        rf"/api/kernels/{_ID}/execute",
        WORKING,
        BEFORE_END,
        "room-execute",
        bodies.ANY_JSON,
    ),
    _allow("GET DELETE", rf"/api/kernels/{_ID}/requests/{_ID}", WORKING, BEFORE_END),
    _allow(
        "POST",
        rf"/api/kernels/{_ID}/input",
        WORKING,
        BEFORE_END,
        "room-input",
        bodies.ANY_JSON,
    ),
    # Ours.
    _allow("GET", r"/nbinterview/api/v1/live", EVERYBODY),
    _allow(
        "POST", r"/nbinterview/api/v1/check", INTERVIEWERS, BEFORE_END, "room-check"
    ),
    _allow("GET", r"/nbinterview/api/v1/film", JUDGING, limit="room-film"),
    _allow("GET", r"/nbinterview/api/v1/consistency", JUDGING),
)


def entry_for(method: str, path: str) -> tuple[Entry, re.Match[str]] | None:
    """Return the line for this request, or None: nobody may.

    `path` is below the server's base URL and begins with a slash.
    """
    for entry in TABLE:
        found = entry.pattern.fullmatch(path)
        if found and method in entry.methods:
            return entry, found
    return None


def below(base_url: str, path: str) -> str:
    """Return the part of a request's path that the table knows."""
    base = base_url.rstrip("/")
    return path.removeprefix(base)


def may(
    person: Person | None, method: str, path: str, state: InterviewState = "open"
) -> bool:
    """Say whether this person (None: nobody of this interview) may ask this now."""
    found = entry_for(method, path)
    if found is None:
        return False
    entry, match = found
    if entry.roles is None:
        return True
    if person is None or person.role not in entry.roles or state not in entry.states:
        return False
    return match.groupdict().get("me", person.hub_name) == person.hub_name


def is_public(method: str, path: str) -> bool:
    """Say whether anybody at all may ask this."""
    return may(None, method, path)


def is_from_here(
    method: str, headers: Mapping[str, str], *, is_socket: bool, has_token: bool
) -> bool:
    """Say whether a request may use what a browser sends along by itself.

    A cookie comes with requests of other pages too, also of another room's: they are
    the same site. So whatever changes something, and every websocket, must come from a
    page of this very host, by headers that no page can set. A program has no such
    headers and brings a token (`has_token`), which no browser does by itself.
    """
    if method in READING and not is_socket:
        return True
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if origin is None and site is None:
        return has_token
    if origin is not None:
        host = headers.get("Host", "").lower()
        if not host or urlsplit(origin.lower()).netloc != host:
            return False
    return site in {None, "same-origin"}


# What stands in a route's path where its pattern leaves it open.
_OPEN = re.compile(r"\((?:[^()]|\([^()]*\))*\)[*+?]?|\[[^\]]*\][*+?]?")
_FILLINGS = ("x", "interrupt", NOTEBOOK, KERNEL_NAME, "json:notebook:x")


def check_routes(patterns: Iterable[str]) -> None:
    """Raise `Unavailable` when a route of ours has no entry.

    Jupyter's own routes without one are closed on purpose; of ours it is a mistake.
    """
    for pattern in patterns:
        fixed = _OPEN.split(pattern)
        holes = product(_FILLINGS, repeat=len(fixed) - 1)
        paths = ("".join(_woven(fixed, filling)) for filling in holes)
        if not any(entry.pattern.fullmatch(path) for path in paths for entry in TABLE):
            raise Unavailable(f"The route {pattern} is not in the door's table.")


def _woven(fixed: list[str], filling: tuple[str, ...]) -> Iterator[str]:
    for part, hole in zip(fixed, (*filling, ""), strict=True):
        yield part
        yield hole
