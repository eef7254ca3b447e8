"""A real PostgreSQL server for tests: on a socket in a directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypedDict

import psycopg

from nbinterview.service.db import upgrade

TEMPLATE = "migrated"
_USER = "nbinterview"
# Nothing here outlives a test: a crash of the machine may take it.
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "jit": "off",
}
_NEW = (
    f"--username={_USER}",
    "--auth=trust",
    "--no-sync",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
)


def program(name: str) -> str:
    """Return a program of PostgreSQL: of the path, else of Debian's packages."""
    found = shutil.which(name)
    if found is None:
        installed = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
        assert newest is not None, "PostgreSQL is missing: run scripts/setup.sh tests"
        found = str(newest)
    return found


class _Who(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as() -> _Who:
    """Return as whom a server runs, which root may not."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


@dataclass
class Server:
    """A running server; each `fresh` database is a migrated, empty one."""

    directory: Path
    _who: _Who
    _numbers: Iterator[int] = field(default_factory=count)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [f"-c{name}={value}" for name, value in _OPTIONS.items()]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", "data", "-k", self.directory, *options],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                **self._who,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            log_text = (self.directory / "log").read_text()
            assert self._process.poll() is None, log_text
            assert time.monotonic() < deadline, log_text
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop, also while somebody is connected, and wait for the end."""
        if self._process is not None:
            # SIGTERM would wait for who is connected.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None

    def url(self, name: str) -> str:
        """Return what `NBINTERVIEW_DATABASE_URL` would say."""
        return f"postgresql+psycopg://{_USER}@/{name}?host={self.directory}"

    def run(self, sql: str) -> None:
        """Say something as the server's administrator."""
        with psycopg.connect(
            host=str(self.directory), user=_USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.encode())

    @contextmanager
    def fresh(self, template: str = TEMPLATE) -> Iterator[str]:
        """Make a database like another one; it is gone at the end."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[Server]:
    """Start a server; stop it and remove it at the end."""
    # pytest's own directories are long for a socket, and closed to other users.
    directory = Path(tempfile.mkdtemp(prefix="nbinterview-pg-", dir="/tmp"))
    who = _as()
    if who:
        os.chown(directory, who["user"], who["group"])
    try:
        subprocess.run(
            [program("initdb"), f"--pgdata={directory}/data", *_NEW],
            check=True,
            capture_output=True,
            cwd=directory,
            **who,
        )
        server = Server(directory, who)
        try:
            server.start()
            server.run(f"CREATE DATABASE {TEMPLATE}")
            upgrade(server.url(TEMPLATE))
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)
