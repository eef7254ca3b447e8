"""The real application beside a real hub, on SQLite files and a real PostgreSQL.

What matters most to the database runs on both, the rest on SQLite; with
`NBINTERVIEW_TEST_DATABASE=postgres` (`make test-postgres`) all that is not about
SQLite's own files runs on PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from nbinterview.service.app import create_app
from nbinterview.service.db import upgrade
from nbinterview.service.settings import Keys, Settings
from tests.postgres import Server, running_postgres
from tests.service.hub_process import RunningHub, running_hub
from tests.service.support import Clock, Running, Start

ON_BOTH = {
    "test_audit",
    "test_bundles",
    "test_checkpoints",
    "test_erasing",
    "test_interviews",
    "test_ledger_ingest",
}
# These work on SQLite's own files.
ON_SQLITE = {
    "test_branches",
    "test_database",
    "test_exchange",
    "test_folding",
    "test_forged_requests",
    "test_old_databases",
    "test_rights",
    "test_role_matrix",
}
EmptyDatabases = Callable[[], AbstractContextManager[Path | str]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Decide on which databases a test runs."""
    if "kind_of_database" not in metafunc.fixturenames:
        return
    module = metafunc.module.__name__.rpartition(".")[2]
    if module in ON_SQLITE:
        return
    if os.environ.get("NBINTERVIEW_TEST_DATABASE") == "postgres":
        kinds = ["postgres"]
    elif module in ON_BOTH:
        kinds = ["sqlite", "postgres"]
    else:
        return
    metafunc.parametrize("kind_of_database", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def kind_of_database(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for all tests of a session; each has a database of its own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def empty_databases(
    kind_of_database: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> EmptyDatabases:
    """What makes a migrated, empty database for a while."""
    if kind_of_database == "postgres":
        server = request.getfixturevalue("postgres")
        assert isinstance(server, Server)
        return server.fresh
    empty = tmp_path_factory.mktemp("empty") / "service.sqlite"
    upgrade(empty)

    @contextmanager
    def copy() -> Iterator[Path]:
        with TemporaryDirectory() as directory:
            yield Path(shutil.copy(empty, directory))

    return copy


@pytest.fixture
def database_url(
    kind_of_database: str, request: pytest.FixtureRequest
) -> Iterator[str | None]:
    """A new database of the server, or None for the SQLite file."""
    if kind_of_database == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres")
    assert isinstance(server, Server)
    with server.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub for all tests of a session; their users have names of their own."""
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(
    tmp_path: Path, hub: RunningHub, clock: Clock, database_url: str | None
) -> Settings:
    keys = Keys(**{name: hub.home.secret(name) for name in Keys.__dataclass_fields__})
    return Settings(
        addresses=hub.addresses,
        keys=keys,
        database=tmp_path / "service.sqlite",
        database_url=database_url,
        platform_key=tmp_path / "platform_key",
        now=clock,
        room_stop_grace_s=0.5,
        # Real time, not the clock's: a test that moves on is not to be answered
        # from what an earlier request learned.
        access_cache_s=1,
    )


@pytest_asyncio.fixture
async def start(
    hub: RunningHub,
    clock: Clock,
    database_url: str | None,
) -> AsyncIterator[Start]:
    """Start the application, as often as a test likes."""
    async with AsyncExitStack() as stack:

        async def started(settings: Settings) -> Running:
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            return Running(app, settings, clock, hub, stack)

        yield started


@pytest_asyncio.fixture
async def running(start: Start, settings: Settings) -> Running:
    """The application, started."""
    return await start(settings)
