"""The database: migrations make what the models say; writers queue."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select

from nbinterview.service.db import Database, upgrade
from nbinterview.service.db.models import Base, Person
from tests.service.support import START


def _person(number: int) -> Person:
    return Person(
        hub_name=f"p-{number:010d}",
        display_name="N",
        initials="N",
        color="#000000",
        created_at=START,
    )


def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    upgrade(path)
    upgrade(path)  # the second start finds nothing to do
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.asyncio
async def test_writers_wait_for_each_other_and_a_failed_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    upgrade(tmp_path / "service.sqlite")
    database = Database(tmp_path / "service.sqlite")

    async def write(number: int) -> None:
        async with database.write() as session:
            session.add(_person(number))
            await session.flush()
            await asyncio.sleep(0)
            if number % 5 == 0:
                raise ValueError(number)

    answers = await asyncio.gather(
        *(write(number) for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, ValueError) for answer in answers) == 4
    async with database.read() as session:
        names = list(await session.scalars(select(Person.hub_name)))
    assert len(names) == 16
    await database.close()


@pytest.mark.asyncio
async def test_times_come_back_aware(tmp_path: Path) -> None:
    upgrade(tmp_path / "service.sqlite")
    database = Database(tmp_path / "service.sqlite")
    async with database.write() as session:
        session.add(_person(1))
    async with database.read() as session:
        person = await session.get(Person, "p-0000000001")
    assert person is not None
    assert person.created_at == START
    await database.close()
