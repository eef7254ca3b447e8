"""Rooms that know their pages' people, and the one where pages say who is there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from jupyter_server_ydoc.rooms import TransientRoom
from pycrdt import (
    YMessageType,
    YSyncMessageType,
    create_awareness_message,
    create_sync_message,
    handle_sync_message,
    is_awareness_disconnect_message,
    read_message,
)

from nbinterview.errors import Invalid
from nbinterview_server.documents.awareness import rewrite
from nbinterview_server.documents.outbox import PageSocket, refused_entry
from nbinterview_server.documents.owners import Owners
from nbinterview_server.journal import Journal, NotWritten
from nbinterview_server.pacing import Pace

AWARENESS_PER_S = 100.0
BURST_AWARENESS = 200
TOO_FAST_S = 10.0
"""So far ahead of its pace, a page is not believed to be one."""
TOO_FAST = "too many messages"

# Codes of closing a websocket; after a RESTART JupyterLab connects again by itself.
GOING_AWAY, POLICY, RESTART = 1001, 1008, 1012

log = logging.getLogger(__name__)


class NamedRoom:
    """Serves pages; who they are comes from their connection, not from them."""

    clients: set[PageSocket]
    ydoc: Any
    awareness: Any
    _owners: Owners
    _journal: Journal
    _monotonic: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arrived: dict[PageSocket, int] = {}
        """The connections that are served, in their order."""
        self._speaks: dict[int, PageSocket] = {}
        """Of these, the newest on which each client id was heard."""

    async def serve(self, channel: PageSocket) -> None:
        """Serve one page until it is gone, or was turned away."""
        self.clients.add(channel)
        self._arrived[channel] = max(self._arrived.values(), default=0) + 1
        pace = Pace(AWARENESS_PER_S, BURST_AWARENESS, self._monotonic)
        try:
            await channel.send(create_sync_message(self.ydoc))
            async for message in channel:
                if message[0] == YMessageType.AWARENESS:
                    ahead_s = pace.delay_s()
                    if ahead_s > TOO_FAST_S:
                        await self._turn_away(channel)
                        return
                    if ahead_s > 0:
                        continue  # the next one says where the cursor is
                if not await self._take(channel, message):
                    return
        finally:
            self.clients.discard(channel)
            del self._arrived[channel]
            mine = [one for one, page in self._speaks.items() if page is channel]
            for client_id in mine:
                del self._speaks[client_id]

    async def _turn_away(self, page: PageSocket) -> None:
        entry = refused_entry(page.person.hub_name, "awareness", TOO_FAST)
        try:
            await self._journal.insist([entry])
        except NotWritten:
            log.info("the room closes; not recorded: %s", TOO_FAST)
        page.close(POLICY, TOO_FAST)

    async def _take(self, page: PageSocket, message: bytes) -> bool:
        """Take one message; False when no more of this page is wanted."""
        try:
            if message[0] == YMessageType.SYNC:
                return await self._sync(page, message[1:])
            if message[0] == YMessageType.AWARENESS:
                await self._aware(page, message)
        except (Invalid, ValueError, IndexError, RuntimeError, AssertionError) as error:
            # What Yjs cannot read must not end the room for everybody.
            log.warning("a message of %s refused: %s", page.person.hub_name, error)
        return True

    async def _sync(self, page: PageSocket, message: bytes) -> bool:
        raise NotImplementedError

    async def _aware(self, page: PageSocket, message: bytes) -> None:
        said = rewrite(read_message(message[1:]), page.person, self._owners)
        if said is None:
            return
        self._end_lost(page, said.here)
        renamed = create_awareness_message(said.update)
        leaving = is_awareness_disconnect_message(renamed[1:])
        for client in list(self.clients):
            # The sender too: it is how a page knows that its connection lives.
            if not (leaving and client is page):
                await client.send(renamed)
        self.awareness.apply_awareness_update(said.update, self)

    def _end_lost(self, page: PageSocket, ids: frozenset[int]) -> None:
        """End the connection that this page has lost, as it speaks on a newer one.

        Until TCP gives it up, all that is said would be kept for it. What was sent
        on it before may still come, after the newer one: it ends nothing.
        """
        for client_id in ids:
            before = self._speaks.get(client_id, page)
            if self._arrived[before] > self._arrived[page]:
                continue
            self._speaks[client_id] = page
            if before is not page:
                before.close(GOING_AWAY, "this page is connected anew")


class PresenceRoom(NamedRoom, TransientRoom):  # type: ignore[misc]  # untyped
    """Lab's global awareness: states only. Its document stays empty for everybody."""

    def __init__(self, room_id: str, *, journal: Journal, **kwargs: Any) -> None:
        super().__init__(room_id, **kwargs)
        self._owners = Owners()
        self._journal = journal

    async def _sync(self, page: PageSocket, message: bytes) -> bool:
        if message[0] == YSyncMessageType.SYNC_STEP1:
            reply = handle_sync_message(message, self.ydoc)
            assert reply is not None
            await page.send(reply)
        return True
