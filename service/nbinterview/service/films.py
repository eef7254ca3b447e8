"""Films and notebooks of interviews: made one at a time, kept while nothing is new."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.responses import Response

from nbinterview.errors import NotFound
from nbinterview.ledger.film import make_film, packed
from nbinterview.ledger.moments import find, notebook_after
from nbinterview.ledger.provenance import annotate
from nbinterview.service.db import Database
from nbinterview.service.domain import erasures, interviews, ledger

T = TypeVar("T")
KEPT = 8


class Films:
    """Plays records off the event loop; holds the newest few results."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._kept: OrderedDict[Any, tuple[list[Any], Any]] = OrderedDict()

    async def packed(self, interview_id: str) -> bytes:
        """Return the film of an interview up to now: JSON, gzip.

        Raises `NotFound` when nothing is recorded yet.
        """
        return await self._made(interview_id, _packed)

    async def notebook(self, interview_id: str) -> dict[str, Any]:
        """Return the notebook up to now, with where its text comes from.

        Raises `NotFound` when it was not opened yet.
        """
        return await self._made(interview_id, _notebook)

    def forget(self, interview_id: str) -> None:
        """Hold nothing of an interview any more: something of it was erased."""
        for key in [key for key in self._kept if key[0] == interview_id]:
            del self._kept[key]

    async def _made(
        self, interview_id: str, make: Callable[[dict[str, Any], list[Any]], T]
    ) -> T:
        async with self._one_at_a_time:
            async with self._database.read() as session:
                [summary] = await interviews.summaries(session, [interview_id])
                gone = await erasures.of_interview(session, interview_id)
                now = [summary, *(one.id for one in gone)]
                known, found = self._kept.get((interview_id, make), (None, None))
                if known == now:
                    return cast("T", found)
                wires = [wire async for wire in ledger.lines(session, interview_id)]
            made = await asyncio.to_thread(_from_wires, make, summary, wires)
            self._kept[interview_id, make] = now, made
            self._kept.move_to_end((interview_id, make))
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return made


def _from_wires(
    make: Callable[[dict[str, Any], list[Any]], T],
    summary: dict[str, Any],
    wires: list[bytes],
) -> T:
    if not wires:
        raise NotFound("The notebook of this interview was not opened yet.")
    return make(summary, list(map(json.loads, wires)))


def _packed(summary: dict[str, Any], records: list[Any]) -> bytes:
    return packed(make_film(summary, records))


def _notebook(summary: dict[str, Any], records: list[Any]) -> dict[str, Any]:
    end = find(records, None)
    return annotate(notebook_after(records, end.seq), summary["people"], records, end)


def film_response(request: Request, packed: bytes) -> Response:
    """Return a packed film as the client wants it."""
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, headers=headers, media_type="application/json")
    plain = gzip.decompress(packed)
    return Response(plain, headers=headers, media_type="application/json")
