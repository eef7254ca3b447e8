"""From the frame that completes a flag to the interviewer's page, one clock.

One process sends frames as a candidate's page does, ten a second, each in a message
of its own, and listens as an interviewer's. A flag is timed from the sending of the
message that completed it: the last of the record that the room wrote for it, which
must not have waited there for others.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from nbinterview_proctor import policy
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    LivePage,
    RoomServer,
    document,
    eventually,
    live,
    watching_frame,
)

EVERY_S = 0.1
ALONE_S, TOGETHER_S = 0.6, 0.9
"""So long one face is seen, and then two; long enough for any flag to end."""
KEYS_PER_S = 5.0
AT_ONCE_MS = 20.0
"""A record whose last message waited longer was not written for it: one that a timer
writes finds its last message up to `EVERY_S` old, so among many flags some older."""
LAST_FLAG_S = 20.0


def quick_policy() -> dict[str, Any]:
    """Return the standard policy with a second face that flags within half a second."""
    quick = {
        "nudge_after_s": 0.1,
        "warn_after_s": 0.2,
        "flag_after_s": 0.4,
        "notice_s": 0.2,
        "merge_gap_s": 0.2,
        "cooldown_s": 0.2,
        "record_after_s": 0.1,
        "repeat": None,
    }
    chosen = policy.load("standard")
    chosen["findings"]["multiple_faces"] |= quick
    return chosen


@dataclass
class Timed:
    """What one candidate's page sent, and what one interviewer's page heard, in s."""

    sent_s: dict[int, float] = field(default_factory=dict)
    """By `client_seq`: when a message was sent."""
    heard_s: dict[str, float] = field(default_factory=dict)
    """By episode: when its flag came."""

    def latencies_ms(self, room: RoomServer, boot_id: str) -> list[float]:
        """Return how long each flag took; fail where its record came late."""
        found = []
        completing: Any = None
        for record in room.records("observations", "flag"):
            if record.kind == "observations":
                completing = record
                continue
            heard_s = self.heard_s.get(record.facts["episode_id"])
            if heard_s is None or completing.payload["boot_id"] != boot_id:
                continue
            number = completing.payload["client_seq"]
            waited_ms = completing.monotonic_ms - _clock_ms(number)
            assert waited_ms < AT_ONCE_MS, f"a flag's record waited {waited_ms} ms"
            found.append(1000 * (heard_s - self.sent_s[number]))
        return found


def _clock_ms(number: int) -> float:
    """Return what the page's clock says when it sends this message."""
    return 1000 * EVERY_S * number


async def times_ms(room: RoomServer, count: int) -> list[float]:
    """Provoke so many flags in a room under `quick_policy`; return what each took."""
    timed = Timed()
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as panel:
        await page.hello()
        await panel.hello()
        await page.event(name="consent", sensor="camera", granted=True)
        await page.event(name="watch", state="started")
        await page.event(name="visibility", state="visible")
        await page.event(name="camera", state="on")
        await page.hear("ack")
        tasks = [
            asyncio.ensure_future(work)
            for work in (_send(page, timed), _hear(panel, timed), _drain(page))
        ]
        try:
            within_s = count * 2 * (ALONE_S + TOGETHER_S) + LAST_FLAG_S
            await eventually(lambda: len(timed.heard_s) >= count, within_s=within_s)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await page.event(name="watch", state="stopped")
    return timed.latencies_ms(room, page.boot_id)


async def _send(page: LivePage, timed: Timed) -> None:
    """Send a frame every tenth of a second: one face, two faces, one face, …"""
    cycle = [1] * round(ALONE_S / EVERY_S) + [2] * round(TOGETHER_S / EVERY_S)
    began_s = time.perf_counter()
    for step, faces in enumerate(itertools.cycle(cycle), start=1):
        await asyncio.sleep(max(0.0, began_s + step * EVERY_S - time.perf_counter()))
        page.seq += 1
        clock_ms = _clock_ms(page.seq)
        frame = watching_frame(clock_ms, faces=faces)
        timed.sent_s[page.seq] = time.perf_counter()
        await page.send(
            type="observations",
            boot_id=page.boot_id,
            client_seq=page.seq,
            monotonic_ms=clock_ms,
            frames=[frame],
            frames_dropped=0,
            rate_hz=1 / EVERY_S,
        )


async def _hear(panel: LivePage, timed: Timed) -> None:
    while True:
        flag = (await panel.hear("flag"))["flag"]
        timed.heard_s.setdefault(flag["episode_id"], time.perf_counter())


async def _drain(page: LivePage) -> None:
    while True:
        await page.hear("ack")


@asynccontextmanager
async def typing(room: RoomServer) -> AsyncIterator[None]:
    """Have two people type, five keys a second each."""
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await eventually(lambda: len(one.sources()) >= 2 <= len(two.sources()))

        async def type_into(page: Any, cell: int) -> None:
            text = page.notebook.ycells[cell]["source"]
            while True:
                text += "x"
                await asyncio.sleep(1 / KEYS_PER_S)

        tasks = [
            asyncio.ensure_future(type_into(page, cell))
            for page, cell in ((one, 1), (two, 0))
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
