"""The real application on real SQLite files, beside a real hub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from nbinterview.service.app import create_app
from nbinterview.service.settings import Keys, Settings
from tests.service.hub_process import RunningHub, running_hub
from tests.service.support import Clock, Running, Start


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub for all tests of a session; their users have names of their own."""
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, hub: RunningHub, clock: Clock) -> Settings:
    keys = Keys(**{name: hub.home.secret(name) for name in Keys.__dataclass_fields__})
    return Settings(
        addresses=hub.addresses,
        keys=keys,
        database=tmp_path / "service.sqlite",
        platform_key=tmp_path / "platform_key",
        now=clock,
        room_stop_grace_s=0.5,
        # Real time, not the clock's: a test that moves on is not to be answered
        # from what an earlier request learned.
        access_cache_s=1,
    )


@pytest_asyncio.fixture
async def start(hub: RunningHub, clock: Clock) -> AsyncIterator[Start]:
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
