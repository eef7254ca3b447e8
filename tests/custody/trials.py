"""Schedules in numbers: carry out so many of one seed, and count what went wrong."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.custody.clients import Client
from tests.custody.cores import FAST_SAVE_S, OurCore, StockCore
from tests.custody.pages import Page
from tests.custody.schedules import (
    FEWER,
    Action,
    Findings,
    client_ids,
    play,
    schedules,
)
from tests.custody.servers import whole_server

Trial = Callable[[list[Action]], Coroutine[Any, Any, Findings]]

CORE_SCHEDULES = schedules()
SERVER_SCHEDULES = schedules(14, FEWER)
IDS_SEED = 7


async def on_our_core(schedule: list[Action]) -> Findings:
    """Carry out a schedule on the custody core."""
    new_id = client_ids(IDS_SEED)
    return await play(
        OurCore(new_id), schedule, lambda who: Page(who, keeps=True, new_id=new_id)
    )


async def on_stock_core(
    schedule: list[Action], save_s: float = FAST_SAVE_S
) -> Findings:
    """Carry out a schedule on stock's rooms, in this process."""
    new_id = client_ids(IDS_SEED)
    with tempfile.TemporaryDirectory(prefix="nbi-core-") as directory:
        world = StockCore(Path(directory), save_s)
        try:
            return await play(
                world, schedule, lambda who: Page(who, keeps=False, new_id=new_id)
            )
        finally:
            await world.close()


def on_whole_servers(kind: str) -> Trial:
    """Return how to carry out a schedule on a server, `ours` or `stock`."""

    async def trial(schedule: list[Action]) -> Findings:
        async with whole_server(kind) as world:
            return await play(world, schedule, lambda who: Client(world.server, who))

    return trial


def run_trials(
    trial: Trial,
    strategy: st.SearchStrategy[list[Action]],
    *,
    count: int,
    with_seed: int,
    tell: Callable[[int, Findings], None] = lambda _number, _found: None,
) -> list[tuple[list[Action], Findings]]:
    """Carry out `count` schedules; the same seed draws the same schedules."""
    done: list[tuple[list[Action], Findings]] = []

    @seed(with_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def carry_out(schedule: list[Action]) -> None:
        found = asyncio.run(trial(schedule))
        done.append((schedule, found))
        tell(len(done), found)

    carry_out()
    return done


def failing(done: list[tuple[list[Action], Findings]]) -> int:
    """Return how many of them show what must never happen."""
    return sum(found.failed for _, found in done)
