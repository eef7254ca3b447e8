"""One page for both servers: a Yjs document that outlives its connections.

It does what a browser does, without one. Towards a room it is our page: it keeps
each update of its own until the room says `saved`, and sends what it kept when it
comes back. Towards stock it is JupyterLab's: what the server lacks goes in the
step 2 of the handshake, and nothing tells it what is saved.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from jupyter_ydoc import YNotebook
from pycrdt import (
    Decoder,
    Doc,
    Encoder,
    TransactionEvent,
    YSyncMessageType,
    create_sync_message,
    create_update_message,
    read_message,
)

SYNC, RAW, SAVED, REFUSED = 0, 2, 100, 101


def state_vector(encoded: bytes) -> dict[int, int]:
    """Return clocks by client id from an encoded state vector."""
    decoder = Decoder(encoded)
    count = decoder.read_var_uint()
    return {decoder.read_var_uint(): decoder.read_var_uint() for _ in range(count)}


def encoded_state_vector(clocks: dict[int, int]) -> bytes:
    """Return the encoded form of a state vector."""
    encoder = Encoder()
    encoder.write_var_uint(len(clocks))
    for client_id, clock in clocks.items():
        encoder.write_var_uint(client_id)
        encoder.write_var_uint(clock)
    return encoder.to_bytes()


def step_2(update: bytes) -> bytes:
    """Return the message that answers a step 1."""
    encoder = Encoder()
    for number in (SYNC, YSyncMessageType.SYNC_STEP2, len(update)):
        encoder.write_var_uint(number)
    return encoder.to_bytes() + update


class Page:
    """A page's document, what of it is not saved yet, and how it speaks."""

    def __init__(
        self, who: str, *, keeps: bool, new_id: Callable[[], int] | None = None
    ) -> None:
        """`keeps`: it keeps its updates until `saved`, as our pages do."""
        self.who, self.keeps = who, keeps
        self._new_id = new_id
        self.unsaved: deque[bytes] = deque()
        """Own updates that the room has not called saved, oldest first."""
        self.saved_count = 0
        """How many own updates the room has called saved."""
        self.refused: list[dict[str, Any]] = []
        self.raw: list[dict[str, Any]] = []
        """JupyterLab's own messages, as `{"type": "conflict"}`."""
        self.heard: Callable[[bytes, float], None] = lambda _update, _at_s: None
        """Called with each update that is broadcast, and when it came."""
        self.synced = False
        """Both halves of the handshake are done."""
        self.own_ids: set[int] = set()
        self._send: Callable[[bytes], None] | None = None
        self._writing = False
        self._new_document()

    def _new_document(self) -> None:
        client_id = self._new_id() if self._new_id else None
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.own_ids.add(self.doc.client_id)
        self.notebook = YNotebook(self.doc)
        self._applying = False
        self._subscription = self.doc.observe(self._changed)

    # ------------------------------------------------------------ what it shows

    def sources(self) -> list[str]:
        """Return the text of every cell."""
        return [str(cell["source"]) for cell in self.notebook.ycells]

    def ids(self) -> list[str]:
        """Return the id of every cell, doubled ones included."""
        return [str(cell["id"]) for cell in self.notebook.ycells]

    # ------------------------------------------------------------- what it does

    def insert(self, cell: int, at: int, text: str) -> None:
        """Type into a cell."""
        self.notebook.ycells[cell]["source"].insert(at, text)

    def type(self, text: str, cell: int = 1) -> None:
        """Type at the end of a cell."""
        source = self.notebook.ycells[cell]["source"]
        source.insert(len(str(source)), text)

    def add_cell(self, cell_id: str, source: str = "", at: int | None = None) -> None:
        """Insert a code cell, at the end unless told."""
        cell = self.notebook.create_ycell(
            {
                "cell_type": "code",
                "id": cell_id,
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
        )
        cells = self.notebook.ycells
        cells.insert(len(cells) if at is None else at, cell)

    def reload(self) -> None:
        """Load the page again: a new client id; what is not saved comes along."""
        assert self._send is None, "close first"
        self._new_document()
        self._apply(*self.unsaved)  # shown when what they build upon has come

    # ------------------------------------------------------------ how it speaks

    def open(self, send: Callable[[bytes], None]) -> None:
        """Begin a connection, on which `send` puts messages in order."""
        self._send = send
        self._writes: deque[bool] = deque()
        self._told = 0
        self.synced = self._writing = False
        send(create_sync_message(self.doc))

    def close(self) -> None:
        """The connection is gone; the document and what is kept stay."""
        self._send = None
        self.synced = self._writing = False

    def take(self, message: bytes) -> None:
        """Take one message of the server."""
        now_s = time.perf_counter()
        decoder = Decoder(message)
        kind = decoder.read_var_uint()
        if kind == SYNC:
            self._sync(message[1], read_message(message[2:]), now_s)
        elif kind == SAVED:
            self._saved(decoder.read_var_uint())
        elif kind == REFUSED:
            self.refused.append(json.loads(decoder.read_var_string()))
        elif kind == RAW:
            self.raw.append(json.loads(decoder.read_var_string()))

    def _sync(self, kind: int, content: bytes, now_s: float) -> None:
        if kind == YSyncMessageType.SYNC_STEP1:
            self._answer(content)
            return
        if kind == YSyncMessageType.SYNC_UPDATE:
            self.heard(content, now_s)
        self._apply(content)
        if kind == YSyncMessageType.SYNC_STEP2:
            self.synced = True

    def _apply(self, *updates: bytes) -> None:
        self._applying = True
        try:
            for update in updates:
                self.doc.apply_update(update)
        finally:
            self._applying = False

    def _changed(self, event: TransactionEvent) -> None:
        if self._applying:
            return
        if self.keeps:
            self.unsaved.append(event.update)
        if self._writing:
            self._write(create_update_message(event.update), kept=True)

    def _write(self, message: bytes, *, kept: bool) -> None:
        """Send a write; `kept` says that it is one of `unsaved`."""
        assert self._send is not None
        self._writes.append(kept)
        self._send(message)

    def _answer(self, known: bytes) -> None:
        """Send what the server lacks: what is kept, one by one, then the rest."""
        for update in self.unsaved:
            self._write(create_update_message(update), kept=True)
        if self.keeps:
            clocks = state_vector(known)
            now = state_vector(self.doc.get_state())
            clocks |= {one: clock for one, clock in now.items() if one in self.own_ids}
            known = encoded_state_vector(clocks)
        self._write(step_2(self.doc.get_update(known)), kept=False)
        self._writing = True

    def _saved(self, count: int) -> None:
        assert self._told <= count <= self._told + len(self._writes), "never written"
        for _ in range(count - self._told):
            if self._writes.popleft():
                self.unsaved.popleft()
                self.saved_count += 1
        self._told = count
