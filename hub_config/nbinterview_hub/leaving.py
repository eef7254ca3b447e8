"""Forgetting the last person on the hosts of rooms and services.

Each room and service keeps a cookie of its own on a host of its own, and may believe
it from its cache for minutes after the hub has taken back the token behind it. When a
browser changes hands it is therefore led over these hosts, each of which forgets the
last person. The hub answers there: the proxy sends it every path of a host that is
not the room's or the service's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from nbinterview.home import REPORT_PREFIX, SERVICE_PREFIX
from nbinterview_hub.spawner import interview_of_room

SERVICE_HOST = "nbinterview--service"
REPORT_HOST = "report--service"

_SERVICES = {
    SERVICE_HOST: ("nbinterview-session", SERVICE_PREFIX),
    REPORT_HOST: ("service-report", REPORT_PREFIX),
}
_ROOM_CLIENT = "jupyterhub-user-"

# Browsers take such a cookie over https, for the path "/" and without a domain only.
HOST_PREFIX = "__Host-"


def cookie_of(host: str, *, secure: bool = False) -> tuple[str, str] | None:
    """Return the sign-in cookie's name and path on a host (its first label).

    `secure`: by https, where it is the host's alone, whatever other hosts set.
    """
    if interview_of_room(host) is not None:
        found: tuple[str, str] | None = (_ROOM_CLIENT + host, f"/user/{host}/")
    else:
        found = _SERVICES.get(host)
    if found is None or not secure:
        return found
    return HOST_PREFIX + found[0], "/"


def rooms_of(oauth_clients: Iterable[str]) -> set[str]:
    """Return the hosts of the rooms among OAuth clients."""
    names = {client.removeprefix(_ROOM_CLIENT) for client in oauth_clients}
    return {name for name in names if interview_of_room(name) is not None}


@dataclass(frozen=True)
class Round:
    """The hosts that are still to forget, and where it goes from there."""

    hosts: tuple[str, ...]
    next_url: str

    def rest(self) -> Round:
        """Return the round without its first host."""
        return Round(self.hosts[1:], self.next_url)

    def dumps(self) -> str:
        """Return the text to sign."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str | bytes) -> Round:
        """Return the round of a text whose signature was checked."""
        found = json.loads(text)
        return cls(tuple(found["hosts"]), found["next_url"])
