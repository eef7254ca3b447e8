"""Who may ask what of a room: one table, deny by default.

A room serves one notebook to named people. JupyterLab brings some sixty routes
and not all of its handlers ask the authorizer, so every request passes here
first, when its user has been found and before its handler does anything. What
no page needs is open to nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbinterview.schemas.live_types import Role
from nbinterview_server.config import KERNEL_NAME, NOTEBOOK, Person

EVERYBODY: frozenset[Role] = frozenset({"candidate", "interviewer", "reviewer"})
WORKING: frozenset[Role] = frozenset({"candidate", "interviewer"})
JUDGING: frozenset[Role] = frozenset({"interviewer", "reviewer"})
INTERVIEWERS: frozenset[Role] = frozenset({"interviewer"})

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


def _allow(methods: str, pattern: str, roles: frozenset[Role] | None) -> Entry:
    return Entry(frozenset(methods.split()), re.compile(pattern), roles)


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
    _allow("GET PUT", rf"/lab/api/workspaces/(?P<me>{_ID})", EVERYBODY),
    _allow("GET", r"/api/(me|status)", EVERYBODY),
    _allow("GET", r"/api/events/subscribe", EVERYBODY),
    # The notebook, read here and written through its shared document only.
    _allow("GET", rf"/api/contents(/{_NOTEBOOK}(/checkpoints)?)?/?", EVERYBODY),
    _allow("PUT", rf"/api/collaboration/session/{_NOTEBOOK}", EVERYBODY),
    _allow("GET", r"/api/collaboration/room/json:notebook:[\w-]+", EVERYBODY),
    _allow("GET", r"/api/collaboration/room/JupyterLab:globalAwareness", EVERYBODY),
    # The one kernel.
    _allow("GET", rf"/api/kernelspecs(/{_KERNEL})?", EVERYBODY),
    _allow("GET", rf"/kernelspecs/{_KERNEL}/[\w.-]+", EVERYBODY),
    _allow("GET", rf"/api/sessions(/{_ID})?", EVERYBODY),
    _allow("POST", r"/api/sessions", WORKING),
    _allow("PATCH", rf"/api/sessions/{_ID}", WORKING),
    _allow("GET", rf"/api/kernels(/{_ID})?", EVERYBODY),
    _allow("GET", rf"/api/kernels/{_ID}/channels", WORKING),
    _allow("POST", rf"/api/kernels/{_ID}/(interrupt|restart)", WORKING),
    _allow("DELETE", rf"/api/(kernels|sessions)/{_ID}", INTERVIEWERS),
    _allow("GET POST", rf"/api/kernels/{_ID}/execute", WORKING),
    _allow("GET DELETE", rf"/api/kernels/{_ID}/requests/{_ID}", WORKING),
    _allow("POST", rf"/api/kernels/{_ID}/input", WORKING),
    # Ours.
    _allow("GET", r"/nbinterview/api/v1/live", EVERYBODY),
    _allow("POST", r"/nbinterview/api/v1/check", INTERVIEWERS),
    _allow("GET", r"/nbinterview/api/v1/film", JUDGING),
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


def may(person: Person | None, method: str, path: str) -> bool:
    """Say whether this person (None: nobody of this interview) may ask this."""
    found = entry_for(method, path)
    if found is None:
        return False
    entry, match = found
    if entry.roles is None:
        return True
    if person is None or person.role not in entry.roles:
        return False
    return match.groupdict().get("me", person.hub_name) == person.hub_name


def is_public(method: str, path: str) -> bool:
    """Say whether anybody at all may ask this."""
    return may(None, method, path)
