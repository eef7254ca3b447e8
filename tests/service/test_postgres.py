"""What only PostgreSQL asks of us: several processes, limits of columns, restarts."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from nbinterview.errors import Invalid, Unavailable
from nbinterview.service.db import Database, upgrade
from nbinterview.service.db.models import Base, LedgerRecord, Person
from nbinterview.service.settings import Keys, Settings
from nbinterview.tokens import room_token
from tests.postgres import Server, running_postgres
from tests.service.hub_process import RunningHub
from tests.service.service_process import running_service
from tests.service.support import START, notebook, record


def _person(number: int, name: str = "N") -> Person:
    return Person(
        hub_name=f"p-{number:010d}",
        display_name=name,
        initials="N",
        color="#000000",
        created_at=START,
    )


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with postgres.fresh() as fresh:
        yield fresh


@pytest_asyncio.fixture
async def two(url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two of them, as two processes of the service have."""
    async with AsyncExitStack() as stack:
        pair = Database(url), Database(url)
        for one in pair:
            stack.push_async_callback(one.close)
        yield pair


def test_the_migrations_make_what_the_models_say(url: str) -> None:
    upgrade(url)  # a second start finds nothing to do
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.asyncio
async def test_processes_that_start_at_once_migrate_once(postgres: Server) -> None:
    with postgres.fresh(template="template0") as empty:
        said = "import sys; from nbinterview.service.db import upgrade as up"
        program = [sys.executable, "-c", f"{said}; up(sys.argv[1])", empty]
        started = [await asyncio.create_subprocess_exec(*program) for _ in range(3)]
        assert [await one.wait() for one in started] == [0, 0, 0]
        database = Database(empty)
        await database.ready()
        await database.close()


@pytest.mark.asyncio
async def test_writers_of_two_processes_write_one_after_the_other(
    two: tuple[Database, Database],
) -> None:
    """Each counts what is there and adds the next: with two at once, two collide."""

    async def write(database: Database) -> None:
        async with database.write() as session:
            there = await session.scalar(select(func.count(Person.hub_name)))
            await asyncio.sleep(0.002)
            session.add(_person(there or 0))

    await asyncio.gather(*(write(two[turn % 2]) for turn in range(40)))
    async with two[0].read() as session:
        names = await session.scalars(select(Person.hub_name).order_by(Person.hub_name))
        assert list(names) == [f"p-{number:010d}" for number in range(40)]


@pytest.mark.asyncio
async def test_a_reader_sees_one_moment_and_cannot_write(
    two: tuple[Database, Database],
) -> None:
    count = select(func.count(Person.hub_name))
    async with two[0].read() as session:
        assert await session.scalar(count) == 0
        async with two[1].write() as writing:
            writing.add(_person(1))
        assert await session.scalar(count) == 0
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.execute(insert(Person), [{"hub_name": "p"}])


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["N" * 201, "N\x00N"])
async def test_what_a_column_does_not_take_is_refused_in_words(
    two: tuple[Database, Database], name: str
) -> None:
    with pytest.raises(Invalid, match="Nothing was changed"):
        async with two[0].write() as session:
            session.add(_person(1, name))
    async with two[0].write() as session:
        session.add(_person(1))


@pytest.mark.asyncio
async def test_a_writer_that_is_gone_keeps_nobody_waiting(
    two: tuple[Database, Database],
) -> None:
    """As when a process is killed within a transaction: its connection ends."""
    begun = asyncio.Event()

    async def hang() -> None:
        async with two[0].write() as session:
            session.add(_person(1))
            await session.flush()
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await begun.wait()
    async with two[1].read() as session:
        holder = await session.scalar(
            text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )
    async with two[1].read() as session:
        await session.execute(text(f"SELECT pg_terminate_backend({holder})"))
    async with asyncio.timeout(5), two[1].write() as session:
        assert await session.get(Person, "p-0000000001") is None
        session.add(_person(2))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # The pool of the one that lost its connection finds a new one.
    async with two[0].write() as session:
        assert await session.get(Person, "p-0000000002") is not None


@pytest.mark.asyncio
async def test_a_server_that_is_away_makes_the_service_unready_until_it_is_back() -> (
    None
):
    with running_postgres() as server:
        database = Database(server.url("migrated"))
        await database.ready()
        server.stop()
        with pytest.raises(Unavailable, match="does not answer"):
            await database.ready()
        server.start()
        await database.ready()
        async with database.write() as session:
            session.add(_person(1))
        await database.close()


@pytest.mark.parametrize(
    "given",
    ["", "sqlite:///x", "postgresql://u:hunter2@h/d", "postgresql+psycopg://h", ":"],
)
def test_another_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(Invalid) as refused:
        Database(given)
    assert "postgresql+psycopg://" in refused.value.detail
    assert "hunter2" not in refused.value.detail


def test_the_address_is_not_shown_where_settings_are(
    settings: Settings,
) -> None:
    secret = "postgresql+psycopg://u:hunter2@h/d"
    keys = Keys(**dict.fromkeys(Keys.__dataclass_fields__, "k"))
    shown = Settings(settings.addresses, keys, settings.database, settings.platform_key)
    assert shown.stored == settings.database
    told = repr(Settings(**{**vars(shown), "database_url": secret}))
    assert "hunter2" not in told


@pytest.mark.asyncio
async def test_a_stopped_service_has_all_that_it_acknowledged(
    hub: RunningHub, url: str, tmp_path: Path
) -> None:
    api = hub.addresses.service_api
    secret = hub.home.secret
    acknowledged = 0
    with running_service(
        hub, tmp_path / "log", NBINTERVIEW_DATABASE_URL=url
    ) as process:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            ready = await client.get(f"{api}/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "ok")
            made = await client.post(
                f"{api}/interviews",
                headers={"Authorization": f"Bearer {secret('operator_token')}"},
                json={
                    "template": notebook(),
                    "candidate": "Cara",
                    "interviewers": ["Ines"],
                    "policy": "standard",
                },
            )
            interview = made.json()["interview"]["id"]
            token = room_token(secret("room_key"), interview)
            for turn in range(1000):
                wires = [record(interview, turn * 5 + n + 1) for n in range(5)]
                try:
                    answer = await client.post(
                        f"{api}/rooms/{interview}/records",
                        headers={"Authorization": f"Bearer {token}"},
                        json={"records": wires},
                    )
                except httpx.TransportError:
                    break
                assert answer.status_code == 200, answer.text
                acknowledged = answer.json()["acknowledged_seq"]
                if turn == 10:
                    process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    assert acknowledged >= 55
    database = Database(url)
    async with database.read() as session:
        of_it = LedgerRecord.interview_id == interview
        kept = await session.scalars(select(LedgerRecord.seq).where(of_it))
        assert len(list(kept)) in {acknowledged, acknowledged + 5}
        # Its connections are closed: no lock of a writer is left.
        assert await session.scalar(text(_OTHERS)) == 0
    await database.close()


_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
