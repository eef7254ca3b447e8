"""What a candidate's own session is for: nothing else may take anything they can read.

Written by hand, not made from the platform's tables of access.
"""

from __future__ import annotations

import re

# Their own room: read it, edit the notebook, run cells, send events.
OWN_ROOM = re.compile(
    r"room: (GET /user/\S+/(lab|api/(me|status|sessions|kernels|contents\S*"
    r"|kernels/[\w-]+/channels|collaboration/room/\S+|events/subscribe)"
    r"|nbinterview/api/v1/live)"
    r"|PUT /user/\S+/api/collaboration/session/interview\.ipynb"
    r"|POST /user/\S+/api/kernels/[\w-]+/(execute|restart))"
)
# Their own interviews by name, who they are, and the way from the hub to these.
OWN_SELF = re.compile(
    r"(service: GET /services/nbinterview/api/v1/interviews"
    r"|hub: GET /hub/(home|api/user)"
    # OAuth without a client is a 400; with one it is how one enters one's own room.
    r"|hub: (GET|POST) /hub/api/oauth2/authorize)"
)
# The link is for signing in as oneself, and for nothing else.
OWN_LINK = re.compile(r"hub: GET /hub/invitation\?token=\{X\}")


def is_allowed(route: str, way: str, where: str) -> bool:
    """Say whether a string found at `where` may be taken by this route."""
    if OWN_LINK.fullmatch(route):
        return where.startswith(("invitation", "address", "headers", "page"))
    by_session = way in {"cookie", "session"}
    return by_session and bool(OWN_ROOM.fullmatch(route) or OWN_SELF.fullmatch(route))
