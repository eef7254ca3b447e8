"""The open pages, and how a message reaches those it is for."""

from __future__ import annotations

import json
import logging
from typing import Protocol

from nbinterview.ledger.records import Record
from nbinterview_server.config import Person
from nbinterview_server.view import Audience, Message, View

log = logging.getLogger(__name__)


class Socket(Protocol):
    """One open page."""

    person: Person

    def tell(self, text: str) -> None:
        """Send one message; a page that is gone is no error."""


class Fanout:
    """Tells every page what each record means for it, in the record's order."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._sockets: set[Socket] = set()

    def add(self, socket: Socket) -> None:
        """Tell this page from now on."""
        self._sockets.add(socket)

    def remove(self, socket: Socket) -> None:
        """Tell this page no more."""
        self._sockets.discard(socket)

    def hear(self, record: Record) -> None:
        """Listen to the journal: step the view, tell the pages."""
        for audience, message in self._view.step(record):
            self.tell(audience, message)

    def tell(self, audience: Audience, message: Message) -> None:
        """Send a message to the pages of these roles."""
        text = json.dumps(message)
        for socket in list(self._sockets):
            if socket.person.role in audience:
                socket.tell(text)
