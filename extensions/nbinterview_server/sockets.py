"""The open websockets of a room's people, whichever handler they belong to.

The door knows every one of them, as it let them in. So whoever is put out loses all
of them at once: live, documents, kernel and events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tornado.websocket import WebSocketHandler

from nbinterview_server.config import Person

# The code of a policy, and a reason that our pages know; see extensions/lab/src/live.
POLICY = 1008
WITHDRAWN = "access ended"
MAX_SOCKETS = 100
"""Of one person. A page has five."""
ARRIVALS_A_MINUTE = 240
"""At the live socket, of one person's pages: each is on the record.

A bad line brings some dozens.
"""


class OpenSockets:
    """Sockets by the person that they were opened for."""

    def __init__(self) -> None:
        self._opened: WeakKeyDictionary[WebSocketHandler, Person] = WeakKeyDictionary()

    def add(self, handler: WebSocketHandler, person: Person) -> None:
        """Remember a socket that is being opened for somebody."""
        self._opened[handler] = person

    def has_many(self, person: Person) -> bool:
        """Say whether this person has as many open as one may have."""
        open_ones = (
            one.hub_name == person.hub_name
            for handler, one in self._opened.items()
            if handler.ws_connection is not None
        )
        return sum(open_ones) >= MAX_SOCKETS

    def put_out(self, stands: Callable[[Person], bool]) -> int:
        """Close the sockets of everybody who does not stand; return how many.

        One that is still being opened is closed by a later call.
        """
        gone = [
            handler
            for handler, person in self._opened.items()
            if handler.ws_connection is not None and not stands(person)
        ]
        for handler in gone:
            del self._opened[handler]
            # A page that does not answer the close could go on talking for seconds.
            setattr(handler, "on_message", _overhear)  # noqa: B010 (of this one only)
            handler.close(POLICY, WITHDRAWN)
        return len(gone)


def _overhear(_message: Any) -> None:
    """Do nothing with what somebody says who was put out."""
