"""`nbinterview/api/v1/film`: the interview up to now, for those who judge it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING, Any

import tornado.web
from jupyter_server.base.handlers import APIHandler

from nbinterview.errors import NBInterviewError, Unavailable
from nbinterview_server.execution.sessions import answer

if TYPE_CHECKING:
    from nbinterview_server.config import RoomConfig
    from nbinterview_server.journal import Journal
    from nbinterview_server.people import People

# Read so many at once: a journal of hours never is in memory as a whole.
_PAGE_RECORDS = 500
MAKE_WITHIN_S = 120.0
_INHERITED = frozenset({"PATH", "LANG"})

log = logging.getLogger(__name__)


class Films:
    """Makes the room's film, one at a time; keeps it while nothing new is recorded."""

    def __init__(self, journal: Journal, people: People) -> None:
        self._journal = journal
        self._people = people
        self._one_at_a_time = asyncio.Lock()
        self._kept = (0, b"")

    async def packed(self) -> bytes:
        """Return the film up to now: JSON, gzip."""
        async with self._one_at_a_time:
            last_seq = self._journal.last_seq
            if self._kept[0] != last_seq:
                async with asyncio.timeout(MAKE_WITHIN_S):
                    self._kept = last_seq, await self._make(last_seq)
            return self._kept[1]

    async def _make(self, last_seq: int) -> bytes:
        known = _INHERITED & os.environ.keys()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "nbinterview_server.filmmaker"),
            env={name: os.environ[name] for name in known},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            film, words = await self._converse(process, last_seq)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            log.error("no film was made: %s", words.decode(errors="replace")[-2000:])
            raise Unavailable("The replay could not be made. Please try again.")
        return film

    async def _converse(
        self, process: asyncio.subprocess.Process, last_seq: int
    ) -> tuple[bytes, bytes]:
        assert process.stdin is not None
        # It answers only when it has heard everything, so nothing can get stuck.
        try:
            process.stdin.write(_line(header(self._people.config)))
            after = 0
            while after < last_seq:
                wires = await self._journal.awires(after, limit=_PAGE_RECORDS)
                process.stdin.write(b"".join(wire + b"\n" for wire in wires))
                await process.stdin.drain()
                after += len(wires)
        except (BrokenPipeError, ConnectionResetError):
            log.warning("the film's maker ended before it had heard everything")
        # Without input `communicate` would leave it open, and the maker waiting.
        process.stdin.close()
        return await process.communicate()


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def header(config: RoomConfig) -> dict[str, Any]:
    """Return what a film says beside the records."""
    return {
        "id": config.interview,
        "title": config.title,
        "people": [vars(person) for person in config.people.values()],
    }


class FilmHandler(APIHandler):
    """The film, for interviewers and reviewers; the door keeps the candidate out."""

    def initialize(self, films: Films) -> None:
        """Take the maker from the route."""
        self._films = films

    @tornado.web.authenticated
    async def get(self) -> None:
        """Answer with the film up to now."""
        try:
            film = await self._films.packed()
        except TimeoutError:
            answer(self, Unavailable("The replay took too long to make."))
            return
        except NBInterviewError as error:
            answer(self, error)
            return
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
        else:
            film = gzip.decompress(film)
        self.finish(film, set_content_type="application/json")
