"""From a page's event to an interviewer's socket, with the disk in between."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.ledger import stock
from bench.rows import Report, Row, compare, interleaved, interval, p95
from tests.custody.service_process import Services
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    LivePage,
    RoomServer,
    live,
    room_config,
)

BAR_MS = 50.0
EVERY_S = 0.03
STARTS_AT_ONCE = 2
COMMENTS = 190
"""Of a room, which takes 200: a comment is an event that everybody is shown."""


async def _drain(page: LivePage) -> None:
    while True:
        await page.hear("nothing")


async def shown_ms(room: RoomServer, count: int, every_s: float) -> list[float]:
    """Return how long each comment took from the candidate's page to a panel."""
    took: list[float] = []
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        await page.hello()
        await panel.hello()
        draining = asyncio.create_task(_drain(page))
        for _ in range(count):
            began_s = time.perf_counter()
            await page.event(name="comment", text=f"comment {page.seq + 1}")
            await panel.hear("comment")
            took.append(1000 * (time.perf_counter() - began_s))
            await asyncio.sleep(every_s)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
    return took


async def _beside_stock(report: Report, top: Path, rounds: int, count: int) -> None:
    services = Services(rounds, room_config())
    server = stock.EventServer(top / "stock")
    took: dict[str, list[list[float]]] = {"ours": [], "stock": []}
    rooms: list[RoomServer] = []
    try:
        await server.start()
        await stock.shown_ms(server, 10, EVERY_S)
        for name in interleaved(list(took), rounds):
            if name == "stock":
                values = await stock.shown_ms(server, count, EVERY_S)
            else:
                # A room takes so many comments only; each round has one of its own.
                directory = top / f"room-{len(rooms)}"
                directory.mkdir()
                room = RoomServer(directory, services[len(rooms)])
                rooms.append(room)
                await room.start()
                await shown_ms(room, 5, EVERY_S)
                values = await shown_ms(room, count, EVERY_S)
                room.stop()
            took[name].append(values)
            print(f"  {name}: p95 {p95(values):.2f} ms", flush=True)
    finally:
        server.stop()
        for room in rooms:
            room.stop()
        services.close()
    result = compare(took["ours"], took["stock"], p95, chance=report.chance())
    report.add(
        Row(
            measure="event, on disk, to an interviewer's socket, p95",
            unit="ms",
            ours=result.ours,
            peer=result.peer,
            ratio=result.ours / result.peer,
            low=result.ratio[0],
            high=result.ratio[1],
            bar="at most 1.0 x",
            holds=result.ratio[1] <= 1.0,
            n=f"{rounds} rounds x {count}",
            versions=stock.VERSIONS + " to /subscribe",
            note="stock writes nothing to a disk; ours has a whole room's rules",
        )
    )


async def _many(report: Report, top: Path, rooms: int, seconds: float) -> None:
    """Ten events a second from each of many candidates, each in a room of their own."""
    services = Services(rooms, room_config())
    servers = [RoomServer(top / f"many-{n}", services[n]) for n in range(rooms)]
    turns = asyncio.Semaphore(STARTS_AT_ONCE)
    took: list[float] = []

    async def start(server: RoomServer) -> None:
        async with turns:
            server.directory.mkdir()
            await server.start()

    async def interview(server: RoomServer) -> None:
        """Nine other events go with each that is shown."""
        async with AsyncExitStack() as stack:
            page = await stack.enter_async_context(live(server, CANDIDATE))
            panel = await stack.enter_async_context(live(server, INTERVIEWER))
            await page.hello()
            await panel.hello()
            draining = asyncio.create_task(_drain(page))
            until_s = time.perf_counter() + seconds
            while time.perf_counter() < until_s:
                for number in range(9):
                    await page.event(name="device", cameras=number % 3)
                    await asyncio.sleep(0.1)
                began_s = time.perf_counter()
                await page.event(name="comment", text=f"comment {page.seq + 1}")
                await panel.hear("comment")
                took.append(1000 * (time.perf_counter() - began_s))
                await asyncio.sleep(max(0.0, began_s + 0.1 - time.perf_counter()))
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)

    try:
        await asyncio.gather(*map(start, servers))
        print(f"  {rooms} rooms run", flush=True)
        await asyncio.gather(*map(interview, servers))
    finally:
        for server in servers:
            server.stop()
        services.close()
    low, high = interval(took, p95, chance=report.chance())
    report.add(
        Row(
            measure=f"the same with {rooms} candidates x 10 events/s, p95",
            unit="ms",
            ours=p95(took),
            low=low,
            high=high,
            bar=f"at most {BAR_MS:g} ms",
            holds=high <= BAR_MS,
            n=f"{len(took)} events",
            note="a room, which is a process, for each candidate",
        )
    )


def measure(
    report: Report, *, rounds: int, count: int, rooms: int, seconds: float
) -> None:
    """Measure one room beside stock, and many rooms at once."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-shown-"))
    try:
        asyncio.run(_beside_stock(report, top, rounds, min(count, COMMENTS)))
        report.look_at_machine()
        asyncio.run(_many(report, top, rooms, seconds))
    finally:
        shutil.rmtree(top)
