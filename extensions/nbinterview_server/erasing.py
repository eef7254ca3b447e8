"""Erases here what the service erased: payloads and salts go, hashes stay.

By a policy's times or on a person's request; the service decides and says which
records. The tree still verifies, as a record's hash holds its payload's hash only.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nbinterview_server.fanout import Fanout
from nbinterview_server.journal import Journal, NotWritten
from nbinterview_server.view import CANDIDATE

RETRY_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    """Records `from_seq` to `to_seq` of these kinds; no kinds are all kinds."""

    erasure_id: str
    from_seq: int
    to_seq: int
    kinds: tuple[str, ...]
    wire: Mapping[str, Any]

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Erasure:
        """Return it; raises `KeyError`, `TypeError`, `ValueError` for another form."""
        return cls(
            erasure_id=str(wire["id"]),
            from_seq=int(wire["from_seq"]),
            to_seq=int(wire["to_seq"]),
            kinds=tuple(str(kind) for kind in wire["kinds"]),
            wire=wire,
        )


class Erasing:
    """Does one erasure after the other. `run` goes on until cancelled.

    It begins with those that were done before the room was started again.
    """

    def __init__(
        self,
        journal: Journal,
        fanout: Fanout,
        *,
        interview: str,
        directory: Path,
        confirm: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`confirm` hears the id of each that is done."""
        self._journal = journal
        self._fanout = fanout
        self._interview = interview
        self._directory = directory
        self._confirm = confirm
        self._sleep = sleep
        self._due: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._due.put_nowait(self._recall)
        self._known: set[str] = set()
        self._done: dict[str, Erasure] = {}

    def hear(self, due: Iterable[Mapping[str, Any]]) -> None:
        """Take up what the service asks for; what is done is confirmed again."""
        for wire in due:
            if (erasure := _understood(wire)) is None:
                continue
            if erasure.erasure_id in self._done:
                self._confirm(erasure.erasure_id)
            elif erasure.erasure_id not in self._known:
                self._known.add(erasure.erasure_id)
                self._due.put_nowait(partial(self._erase, erasure))

    async def _recall(self) -> None:
        """Erase again by what was asked for before: records may have come since."""
        for wire in await self._journal.work(lambda file: file.erasures()):
            if (erasure := _understood(wire)) is None:
                continue
            if self._journal.last_seq > int(wire.get("done_to", 0)) < erasure.to_seq:
                self._due.put_nowait(partial(self._erase, erasure))
            self._known.add(erasure.erasure_id)
            self._done[erasure.erasure_id] = erasure

    async def run(self) -> None:
        """Erase what is due. What fails is tried again, and holds up no other."""
        while True:
            work = await self._due.get()
            try:
                await work()
            except NotWritten:
                return  # the room closes; the service asks again
            except Exception as error:
                if isinstance(error, (sqlite3.Error, OSError)):
                    log.warning("not erased yet: %s", error)
                else:
                    log.exception("not erased yet")
                self._due.put_nowait(work)
                await self._sleep(RETRY_S)

    async def _erase(self, erasure: Erasure) -> None:
        first, kinds = erasure.from_seq, erasure.kinds
        until = min(erasure.to_seq, self._journal.last_seq)
        after, erased = first - 1, 0
        while after < until:
            after, more = await self._next(after, until, kinds)
            erased += more
        kept = {**erasure.wire, "done_to": until}
        await self._journal.work(lambda file: file.erased(erasure.erasure_id, kept))
        await asyncio.to_thread(_forget_copies, self._directory)
        log.warning(
            "erased %d records from %d to %d: %s",
            erased,
            first,
            until,
            erasure.wire.get("reason", ""),
        )
        self._done[erasure.erasure_id] = erasure
        self._confirm(erasure.erasure_id)
        self._fanout.tell(CANDIDATE, self._message(erasure))

    async def _next(
        self, after: int, until: int, kinds: Sequence[str]
    ) -> tuple[int, int]:
        found: tuple[int, int] = await self._journal.work(
            lambda file: file.erase(after, until, kinds)
        )
        return found

    def _message(self, erasure: Erasure) -> dict[str, Any]:
        kinds = list(erasure.kinds)
        return {"type": "erase", "interview": self._interview, "kinds": kinds}

    def messages(self) -> list[dict[str, Any]]:
        """Return what a page of the candidate has to hear that was away."""
        return [self._message(erasure) for erasure in self._done.values()]


def _understood(wire: Mapping[str, Any]) -> Erasure | None:
    try:
        return Erasure.from_wire(wire)
    except (KeyError, TypeError, ValueError):
        log.exception("an erasure is not understood")
        return None


def _forget_copies(directory: Path) -> None:
    """Remove the damaged journals that were set aside: they hold what is erased."""
    for copy in directory.glob("journal.damaged-*"):
        log.warning("%s held what was erased, and is removed", copy.name)
        copy.unlink()
