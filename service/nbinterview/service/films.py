"""Films of interviews: made one at a time, kept while nothing new is recorded."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import OrderedDict
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from nbinterview.errors import NotFound
from nbinterview.ledger.film import make_film
from nbinterview.service.db import Database
from nbinterview.service.domain import interviews, ledger

KEPT_FILMS = 4
# Most of a large film is pictures, which get no smaller by trying harder.
_GZIP_LEVEL = 4


class Films:
    """Makes films off the event loop; holds the newest few, packed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._kept: OrderedDict[str, tuple[dict[str, Any], bytes]] = OrderedDict()

    async def packed(self, interview_id: str) -> bytes:
        """Return the film of an interview up to now: JSON, gzip.

        Raises `NotFound` when nothing is recorded yet.
        """
        async with self._one_at_a_time:
            async with self._database.read() as session:
                [summary] = await interviews.summaries(session, [interview_id])
                known, film = self._kept.get(interview_id, (None, b""))
                if known == summary:
                    return film
                wires = [wire async for wire in ledger.lines(session, interview_id)]
            if not wires:
                raise NotFound("The notebook of this interview was not opened yet.")
            film = await asyncio.to_thread(_packed, summary, wires)
            self._kept[interview_id] = summary, film
            self._kept.move_to_end(interview_id)
            while len(self._kept) > KEPT_FILMS:
                self._kept.popitem(last=False)
            return film


def _packed(summary: dict[str, Any], wires: list[bytes]) -> bytes:
    film = make_film(summary, map(json.loads, wires))
    text = json.dumps(film, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), _GZIP_LEVEL)


def film_response(request: Request, packed: bytes) -> Response:
    """Return a packed film as the client wants it."""
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, headers=headers, media_type="application/json")
    plain = gzip.decompress(packed)
    return Response(plain, headers=headers, media_type="application/json")
