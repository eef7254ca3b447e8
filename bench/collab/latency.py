"""An edit from one page to another: one process sends and receives, on one clock."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack

from pycrdt import TransactionEvent

from bench.collab.stations import Room, rooms
from bench.rows import Report, Row, compare, interleaved, p95

KINDS = ("ours", "stock", "y-websocket")
PAUSE_S = 0.04
"""In one room an edit follows the last after 0 to so many seconds."""
KEYS_PER_S = 5.0
"""In each of many rooms, as people type."""
ARRIVES_WITHIN_S = 20.0
PEERS = {
    "stock": "jupyter-server-ydoc 3.0.4 (jupyter-collaboration 5.0.4), defaults",
    "y-websocket": "y-websocket 2.1.0",
}


class Watch:
    """Times edits of a room's first page to each of the two others, in ms."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._sent_s: dict[bytes, float] = {}
        self._waiting = 0
        self._all_here = asyncio.Event()
        self._now_s = 0.0
        self.took_ms: list[float] = []
        writer, *readers = room.pages
        self._writer = writer
        self._readers = len(readers)
        self._subscription = writer.doc.observe(self._written)
        for reader in readers:
            reader.heard = self._heard

    def _written(self, event: TransactionEvent) -> None:
        if self._now_s:
            self._sent_s[event.update] = self._now_s

    def _heard(self, update: bytes, at_s: float) -> None:
        sent_s = self._sent_s.get(update)
        if sent_s is None:
            return  # the server's own, as that the file is saved
        self.took_ms.append((at_s - sent_s) * 1000)
        self._waiting -= 1
        if self._waiting == 0:
            self._all_here.set()

    async def edit(self) -> None:
        """Type one character, and wait until both others have it."""
        self._sent_s.clear()
        self._all_here.clear()
        self._waiting = self._readers
        self._now_s = time.perf_counter()
        self._writer.type("x")
        self._now_s = 0.0
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            await self._all_here.wait()

    def take(self) -> list[float]:
        """Return what was measured, and begin anew."""
        taken, self.took_ms = self.took_ms, []
        return taken


async def one_after_another(
    watch: Watch, edits: int, chance: random.Random
) -> list[float]:
    """Return the times of edits in one room."""
    for _ in range(edits):
        await watch.edit()
        await asyncio.sleep(chance.random() * PAUSE_S)
    return watch.take()


async def all_at_once(
    watches: list[Watch], edits: int, chance: random.Random
) -> list[float]:
    """Return the times of edits in many rooms, where people type at the same time."""

    async def person(watch: Watch) -> None:
        for _ in range(edits):
            await asyncio.sleep(chance.random() * 2 / KEYS_PER_S)
            await watch.edit()

    await asyncio.gather(*map(person, watches))
    return [took for watch in watches for took in watch.take()]


async def measure(report: Report, *, count: int, rounds: int, edits: int) -> None:
    """Measure so many rooms of each kind at once, and add the rows."""
    report.look_at_machine()
    chance = report.chance()
    took: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    async with AsyncExitStack() as stack:
        watches = {}
        for kind in KINDS:
            print(f"  starting {count} x {kind}", flush=True)
            made = await stack.enter_async_context(rooms(kind, count))
            watches[kind] = [Watch(room) for room in made]
        for kind in KINDS:  # the first edits find cold caches everywhere
            await all_at_once(watches[kind], 3, chance)
        for kind in interleaved(KINDS, rounds):
            if count == 1:
                values = await one_after_another(watches[kind][0], edits, chance)
            else:
                values = await all_at_once(watches[kind], edits, chance)
            took[kind].append(values)
            print(f"  {kind}: p95 {p95(values):.2f} ms of {len(values)}", flush=True)
    report.add(*rows(took, count, chance))


def rows(
    took: dict[str, list[list[float]]], count: int, chance: random.Random
) -> list[Row]:
    """Return the rows: against stock with its bar, and y-websocket beside."""
    where = "one room" if count == 1 else f"{count} rooms at once"
    found = []
    for peer in ("stock", "y-websocket"):
        result = compare(took["ours"], took[peer], p95, chance=chance)
        low, high = result.ratio
        more_ms = result.difference[1]
        has_bar = peer == "stock"
        found.append(
            Row(
                measure=f"edit from one page to another, {where}, 3 pages each, p95",
                unit="ms",
                ours=result.ours,
                peer=result.peer,
                ratio=result.ours / result.peer,
                low=low,
                high=high,
                bar="at most stock + 2 ms and at most 2 x stock" if has_bar else None,
                holds=(more_ms <= 2.0 and high <= 2.0) if has_bar else None,
                n=f"{len(took['ours'])} rounds x {len(took['ours'][0])}",
                versions=PEERS[peer],
                note=f"difference at most {more_ms:.2f} ms (95 %)",
            )
        )
    return found
