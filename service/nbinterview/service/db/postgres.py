"""PostgreSQL: many readers, and one writer at a time over all processes.

A writer takes a lock of the whole database as its transaction begins, and so reads
only what the writer before it has kept. Readers see one moment and cannot write.
"""

from __future__ import annotations

import logging

from sqlalchemy import URL, Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# Of this database only: "nbinterv", as a number.
WRITER_LOCK = 0x6E62696E74657276
_LOCK = f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_READERS = 5
_SWEEP_WAIT = "SET lock_timeout = '1s'"

# What holds words of people, and so what an erasure leaves old rows of.
_SWEPT = (
    "accommodations",
    "answers",
    "arrivals",
    "checks",
    "decisions",
    "interviews",
    "people",
    "records",
    "sessions",
)
_SETTINGS = {
    # What a room is told to be kept is on disk, whatever the server's default is.
    "synchronous_commit": "on",
    "default_transaction_isolation": "read\\ committed",
    "lock_timeout": "60s",
    # A process that is gone without a word must not keep the writers' lock.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())

log = logging.getLogger(__name__)


class PostgresDatabase:
    """A database of a server of version 15 or newer."""

    lock = _LOCK
    unswept = (
        "The database's files still hold what was erased, as somebody reads (an "
        "export?). They are written anew as soon as that has ended."
    )

    def __init__(self, url: URL) -> None:
        self.url = url

    def engine(self, *, writing: bool) -> AsyncEngine:
        """Return the engine of the readers or of this process's only writer."""
        engine = create_async_engine(
            self.url,
            pool_size=1 if writing else _READERS,
            max_overflow=0,
            pool_timeout=60,
            # The server may have been started anew since.
            pool_pre_ping=True,
            connect_args={"options": _OPTIONS, "connect_timeout": 10},
        )
        begin = _LOCK if writing else _ONE_MOMENT

        @event.listens_for(engine.sync_engine, "begin")
        def on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def sweep(self) -> bool:
        """Write the tables anew: old rows stay in their pages until then.

        Say whether that was possible, which it is not while somebody reads. What the
        server keeps of its own, its write-ahead log and copies, it keeps as it is set.
        """
        engine = create_engine(
            self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        try:
            with engine.connect() as connection:
                return _sweep(connection)
        except DBAPIError as error:
            log.warning("what was erased is still in the files (%s)", error.orig)
            return False
        finally:
            engine.dispose()


def _sweep(connection: Connection) -> bool:
    # Writing a large database anew takes minutes; at most starts there is nothing to
    # do. What was swept is kept as a comment: also a backup brings it along.
    asked = "SELECT count(*)::text, obj_description('erasures'::regclass) FROM erasures"
    erasures, swept = connection.exec_driver_sql(asked).one()
    if erasures == (swept or "0"):
        return True
    connection.exec_driver_sql(_SWEEP_WAIT)
    for table in _SWEPT:
        try:
            connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        except OperationalError as error:
            log.warning("what was erased is still in %s (%s)", table, error.orig)
            return False
    # Only a number that this database has just given.
    connection.exec_driver_sql(f"COMMENT ON TABLE erasures IS '{int(erasures)}'")
    return True
