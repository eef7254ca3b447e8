"""SQLite: one file, many readers, one connection that writes."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

# While a sweep waits, nobody else can write.
_SWEEP_WAIT_S = 1.0
_READERS = 5

log = logging.getLogger(__name__)


class SqliteFile:
    """A database in one file on this machine."""

    lock = None
    unswept = (
        "The database's write-ahead log still holds what was erased, as somebody reads "
        "(an export?). It is cut as soon as that has ended."
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = URL.create("sqlite", database=str(path))

    def engine(self, *, writing: bool) -> AsyncEngine:
        """Return the engine of the readers or of the only writer."""
        engine = create_async_engine(
            self.url.set(drivername="sqlite+aiosqlite"),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=1 if writing else _READERS,
            max_overflow=0,
            pool_timeout=60,
        )
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

        # The driver would begin by itself, and only before the first change; a
        # transaction that reads before it writes could then fail half-way.
        # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
        @event.listens_for(engine.sync_engine, "connect")
        def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute("PRAGMA busy_timeout = 10000")
            # What is erased leaves the file too, not only the tables.
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def sweep(self) -> bool:
        """Bring the write-ahead log into the file and cut it: old pages are in it.

        Say whether that was possible; SQLite cannot while somebody reads.
        """
        try:
            waiting = sqlite3.connect(self._path, timeout=_SWEEP_WAIT_S)
            with closing(waiting) as connection:
                asked = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                busy, _, _ = asked.fetchone()
        except sqlite3.Error as error:
            busy = error
        if busy:
            log.warning("what was erased is still in the write-ahead log (%s)", busy)
        return not busy
