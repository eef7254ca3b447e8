"""What tests ask of the database behind the service's back, whichever it is."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

from nbinterview.service.settings import Settings
from tests.postgres import program

Rows = list[tuple[Any, ...]]


def rows(settings: Settings, sql: str, *values: object) -> Rows:
    """Say something to the database; return what it answers, if it does."""
    if settings.database_url is None:
        with closing(sqlite3.connect(settings.database)) as database, database:
            return database.execute(sql, values).fetchall()
    with _connected(make_url(settings.database_url)) as connection:
        found = connection.execute(sql.replace("?", "%s").encode(), values)
        return found.fetchall() if found.description else []


def files_with(settings: Settings, word: str) -> list[str]:
    """Return the names of the files of tables that hold a word."""
    if settings.database_url is None:
        path = settings.database
        files = [path, Path(f"{path}-wal")]
    else:
        rows(settings, "CHECKPOINT")
        [(data, number)] = rows(
            settings,
            "SELECT current_setting('data_directory'), oid FROM pg_database "
            "WHERE datname = current_database()",
        )
        files = sorted((Path(data) / "base" / str(number)).iterdir())
    return [
        one.name for one in files if one.exists() and word.encode() in one.read_bytes()
    ]


def back_up(settings: Settings, file: Path) -> None:
    """Copy the whole database into a file, while it is in use."""
    if settings.database_url is None:
        with (
            closing(sqlite3.connect(settings.database)) as source,
            closing(sqlite3.connect(file)) as target,
        ):
            source.backup(target)
    else:
        url = make_url(settings.database_url)
        _ask("pg_dump", url, f"--file={file}")


def restored(settings: Settings, file: Path, folder: Path) -> Settings:
    """Return the settings of a service whose database came from a backup."""
    folder.mkdir()
    path = folder / "service.sqlite"
    if settings.database_url is None:
        path.write_bytes(file.read_bytes())
        return replace(settings, database=path)
    url = make_url(settings.database_url)
    fresh = url.set(database=f"{url.database}_restored")
    with _connected(url) as connection:
        connection.execute(f"CREATE DATABASE {fresh.database}".encode())
    _ask("psql", fresh, f"--file={file}", "--set=ON_ERROR_STOP=1")
    return replace(settings, database=path, database_url=str(fresh))


@contextmanager
def _connected(url: URL) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(
        host=str(url.query["host"]),
        user=url.username,
        dbname=url.database,
        autocommit=True,
    ) as connection:
        yield connection


def _ask(name: str, url: URL, *more: str) -> None:
    where = [f"--host={url.query['host']}", f"--username={url.username}"]
    subprocess.run(
        [program(name), *where, f"--dbname={url.database}", *more],
        check=True,
        capture_output=True,
    )
