"""A room's journal behind websockets, in a process of its own: what is measured.

`python -m bench.ledger.record_server DIRECTORY PORT`. A message is a JSON array of
events; the answer, when all of them are on disk and in the tree, is the number of the
last. None of a room's rules: no roles, no schema, no engine; the room's own socket,
with all of them, is measured beside.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nbinterview_server.journal import Entry, Journal

INTERVIEW = "benchbench"
AUTHOR = "p-candidate2"
JOURNAL = "journal.sqlite"
QUOTA_BYTES = 64 << 30


class Page(WebSocketHandler):
    """One socket."""

    def initialize(self, journal: Journal) -> None:
        """Take the journal from the route."""
        self._journal = journal

    async def on_message(self, message: str | bytes) -> None:
        """Take a batch; several of one socket wait for the disk at once."""
        entries = [Entry("event", AUTHOR, one) for one in orjson.loads(message)]
        asyncio.ensure_future(self._write(entries))  # noqa: RUF006  # ends by itself

    async def _write(self, entries: list[Entry]) -> None:
        records = await self._journal.append_all(entries)
        try:
            await self.write_message(str(records[-1].seq))
        except WebSocketClosedError:
            return


def open_journal(directory: Path) -> Journal:
    """Open the journal that this server writes."""
    return Journal(
        directory / JOURNAL,
        INTERVIEW,
        clock=lambda: datetime.now(UTC),
        salt=lambda: secrets.token_hex(16),
        quota_bytes=QUOTA_BYTES,
    )


async def main(directory: str, port: str) -> None:
    """Serve until killed."""
    journal = open_journal(Path(directory))
    server = HTTPServer(Application([("/", Page, {"journal": journal})]))
    server.listen(int(port), "127.0.0.1")
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
