"""The service's database: many readers, one writer, migrations at the start.

It is a SQLite file, or a database of a PostgreSQL server; all that differs between
the two is in `sqlite` and `postgres`. Instead of meeting another writer as "database
is locked", all writes of this process queue for one connection, whose transactions
take the write lock as they begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from nbinterview.errors import Invalid, Unavailable
from nbinterview.service.db.postgres import PostgresDatabase
from nbinterview.service.db.sqlite import SqliteFile

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_READY_WITHIN_S = 3.0


class Store(Protocol):
    """What differs between the two databases."""

    @property
    def url(self) -> URL:
        """What a migration's own connection goes to."""

    @property
    def lock(self) -> str | None:
        """What a migration says first, so that no other process writes beside it."""

    @property
    def unswept(self) -> str:
        """Why `sweep` could not, in words."""

    def engine(self, *, writing: bool) -> AsyncEngine:
        """Return the engine of the readers or of the writer."""

    def sweep(self) -> bool:
        """Remove from the files what was erased; say whether that was possible."""


def store_of(where: Path | str) -> Store:
    """Return the store that is a SQLite file, or at a PostgreSQL server's URL."""
    if isinstance(where, Path):
        return SqliteFile(where)
    return PostgresDatabase(_url(where))


def _url(text_of_it: str) -> URL:
    # Never repeated in words: a password may be in it.
    wanted = "NBINTERVIEW_DATABASE_URL must be postgresql+psycopg://USER@HOST/DATABASE."
    try:
        url = make_url(text_of_it)
    except (ArgumentError, ValueError):
        raise Invalid(wanted) from None
    if url.drivername != "postgresql+psycopg" or not url.database:
        raise Invalid(wanted)
    return url


def upgrade(where: Path | str) -> None:
    """Bring the database to the newest form; make a file when it is absent."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = where
    command.upgrade(config, "head")


class Database:
    """Sessions on one database."""

    def __init__(self, where: Path | str) -> None:
        self._store = store_of(where)
        self._reader = self._store.engine(writing=False)
        self._writer = self._store.engine(writing=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that sees one moment and changes nothing.

        Raises `Invalid` when the database does not take a value.
        """
        with _taken():
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Yield a session in one transaction: kept when the block ends well.

        Raises `Invalid` when the database does not take a value.
        """
        with _taken():
            async with (
                AsyncSession(self._writer, expire_on_commit=False) as session,
                session.begin(),
            ):
                # Wait for the only connection now, not at the first statement.
                await session.connection()
                yield session

    async def ready(self) -> None:
        """Raise `Unavailable` unless the database answers and its tables are there."""
        try:
            async with asyncio.timeout(_READY_WITHIN_S), self.read() as session:
                await session.execute(text("SELECT count(*) FROM alembic_version"))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Unavailable("The database does not answer.") from error

    async def sweep(self) -> bool:
        """Remove from the files what was erased; say whether that was possible."""
        return await asyncio.to_thread(self._store.sweep)

    @property
    def unswept(self) -> str:
        """Why `sweep` could not, in words."""
        return self._store.unswept

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


@contextmanager
def _taken() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        # PostgreSQL holds to a column's length, and knows no NUL in words.
        raise Invalid(
            "Something in this is longer than what is kept of it, or has a character "
            "that cannot be kept. Nothing was changed."
        ) from error
