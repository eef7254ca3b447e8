"""Who may do what at the hub: explicit lists of scopes, as pure data.

Stock JupyterHub gives every user the scope `self`: servers and tokens of one's own.
Nobody here needs either, so the role `user` lets people be recognised and no more,
and each group gets what its people open. Entering a room is not in any role: rooms
come and go, and access to one is a JupyterHub share made by the service.
"""

from __future__ import annotations

from typing import Any

SERVICE = "nbinterview"
REPORT = "report"
SUPERVISOR = "supervisor"

CANDIDATES = "candidates"
INTERVIEWERS = "interviewers"
REVIEWERS = "reviewers"
GROUPS = (CANDIDATES, INTERVIEWERS, REVIEWERS)

# Being recognised by service and rooms: OAuth gives a token only what its owner has.
# Reporting activity is for rooms, whose servers do it by themselves.
USER_SCOPES = ("read:users:name!user", "read:users:groups!user", "users:activity!user")

OPEN_SERVICE = f"access:services!service={SERVICE}"
OPEN_REPORT = f"access:services!service={REPORT}"

# Scopes cannot be filtered by a name's prefix, so what concerns `room-*` users is
# granted for all users. `access:servers` is here because JupyterHub lets only those
# share a server who may enter it.
SERVICE_SCOPES = (
    "admin:users",
    "servers",
    "shares",
    "access:servers",
    *(f"groups!group={group}" for group in GROUPS),
)

# `proxy` makes the hub write its routes again into a proxy that was restarted.
SUPERVISOR_SCOPES = ("shutdown", "proxy")


def groups() -> dict[str, dict[str, list[str]]]:
    """Return `JupyterHub.load_groups`: the groups exist, the service fills them."""
    return {name: {"users": []} for name in GROUPS}


def roles() -> list[dict[str, Any]]:
    """Return `JupyterHub.load_roles`."""
    return [
        {
            "name": "user",
            "description": "Be recognised: groups and shares give access",
            "scopes": list(USER_SCOPES),
        },
        {
            "name": CANDIDATES,
            "description": "See one's own interviews",
            "scopes": [OPEN_SERVICE],
            "groups": [CANDIDATES],
        },
        {
            "name": INTERVIEWERS,
            "description": "Work with interviews and their reports",
            "scopes": [OPEN_SERVICE, OPEN_REPORT],
            "groups": [INTERVIEWERS],
        },
        {
            "name": REVIEWERS,
            "description": "Work with interviews and their reports",
            "scopes": [OPEN_SERVICE, OPEN_REPORT],
            "groups": [REVIEWERS],
        },
        {
            "name": "interview-service",
            "description": "Make people and rooms, and decide who enters which",
            "scopes": list(SERVICE_SCOPES),
            "services": [SERVICE],
        },
        {
            "name": "platform-supervisor",
            "description": "Watch, re-route and stop the hub",
            "scopes": list(SUPERVISOR_SCOPES),
            "services": [SUPERVISOR],
        },
    ]
