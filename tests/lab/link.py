"""A network between a page and its room that can go dead without a word."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self

CHUNK_BYTES = 65_536
POLL_S = 0.05


class Link:
    """Passes bytes on to a port of this machine, until it is cut.

    A cut link closes nothing and refuses nothing: what is sent into it is gone, as in
    a network that lost its way out. Connections from before the cut stay dead.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket | None] = {}
        self._is_cut = False
        self._ends = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._thread.join()
        for one in [*self._peers, self._listener]:
            one.close()
        self._selector.close()

    def cut(self) -> None:
        """Let everything vanish from now on."""
        with self._lock:
            self._is_cut = True
            for one, peer in self._peers.items():
                self._peers[one] = None  # for good
                if peer is not None:
                    self._peers[peer] = None

    def mend(self) -> None:
        """Let new connections through."""
        with self._lock:
            self._is_cut = False

    def _run(self) -> None:
        while not self._ends:
            for key, _ in self._selector.select(POLL_S):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                with self._lock:
                    if one is self._listener:
                        self._accept()
                    elif one in self._peers:  # else its peer's end closed it just now
                        self._pass_on(one)

    def _accept(self) -> None:
        page, _ = self._listener.accept()
        if self._is_cut:
            self._adopt(page, None)
            return
        try:
            room = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            page.close()
            return
        self._adopt(page, room)
        self._adopt(room, page)

    def _adopt(self, one: socket.socket, peer: socket.socket | None) -> None:
        one.settimeout(5)
        self._peers[one] = peer
        self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one: socket.socket) -> None:
        try:
            found = one.recv(CHUNK_BYTES)
        except OSError:
            found = b""
        peer = self._peers[one]
        if found and peer is not None:
            try:
                peer.sendall(found)
            except OSError:
                found = b""
        if not found:
            self._close(one)
            if peer is not None:
                self._close(peer)

    def _close(self, one: socket.socket) -> None:
        if self._peers.pop(one, one) is not one:
            self._selector.unregister(one)
            one.close()
