"""What was erased leaves the write-ahead log, too; also when somebody is reading."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest
import pytest_asyncio

from nbinterview.service import folding
from tests.service.held import SECRET, held, in_database, purge
from tests.service.support import Running, eventually, person_of


@pytest_asyncio.fixture
async def operator(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    yield await running.operator()


@pytest.mark.asyncio
async def test_a_log_that_is_read_is_cut_when_that_has_ended_and_it_is_said(
    running: Running, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "AGAIN_S", 0.05)
    made = await held(running)
    with closing(sqlite3.connect(running.settings.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM interviews").fetchone()
        cara = person_of(made, "candidate")
        done = await operator.delete(f"api/v1/people/{cara}")
        assert done.status_code == 200, done.text
        said = done.json()["waiting"][0]
        assert "write-ahead log still holds what was erased" in said
        assert in_database(running, SECRET) != []

    async def is_cut() -> bool:
        return in_database(running, SECRET) == []

    await eventually("the log", is_cut, within_s=10)
    assert said not in (await purge(operator))["waiting"]
