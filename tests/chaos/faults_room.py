"""Faults between a page and its record: the room, its disk, the line, the page."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.chaos import history as told
from tests.chaos.checker import gaps
from tests.chaos.interview import Interview
from tests.chaos.pages import CandidatePage, Panel
from tests.chaos.stage import SkewedRoom, Stage, Trial, pause
from tests.chaos.wire import Lag, Wire
from tests.extensions.harness import CANDIDATE, INTERVIEWER, eventually

HOUR_MS = 3_600_000.0
ALL_OFFLINE = ("offline", "frozen", "unknown", "room")


async def back(interview: Interview, before: int) -> None:
    """Wait until the candidate's page and notebook are connected again."""
    await eventually(
        lambda: (
            interview.candidate.connected.is_set()
            and interview.candidate.connections > before
            and interview.panel.connected.is_set()
        ),
        within_s=60,
    )
    await eventually(lambda: interview.editor.synced and interview.other.synced)


async def heard(
    page: Panel, after: int, fits: Callable[[dict[str, Any]], bool]
) -> float:
    """Wait for a message after so many; return when it came, by the history's clock."""

    def found() -> bool:
        return any(fits(one) for one in page.heard[after:])

    await eventually(found, within_s=15)
    return time.time()


async def room_killed(stage: Stage, seed: int) -> Trial:
    """3: the room's server is killed, and started again on its directory."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        await pause(going, 0.2, 1.5)
        connections = going.candidate.connections
        going.history.add("fault", told.CAUSE, causes=["room"])
        began_s = time.monotonic()
        going.room.kill()
        await going.room.start()
        started_s = time.monotonic()
        await back(going, connections)
        going.history.took(
            "reconnected after the room was up", time.monotonic() - started_s
        )
        going.history.took("room back after kill -9", time.monotonic() - began_s)
        await pause(going, 0.5, 1.5)
    return trial


async def locked(stage: Stage, seed: int) -> Trial:
    """7: another process holds the database; nothing is acknowledged meanwhile."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        await pause(going, 0.2, 1.0)
        before = len(going.panel.heard)
        path = going.room.directory / "journal.sqlite"
        async with going.room.client(CANDIDATE) as client:
            with closing(sqlite3.connect(path, isolation_level=None)) as db:
                db.execute("PRAGMA busy_timeout = 5000")
                db.execute("BEGIN EXCLUSIVE")
                began_s = time.time()
                answers = [
                    (
                        await client.get("api/contents/interview.ipynb?content=0")
                    ).status_code
                    for _ in range(3)
                ]
                alarm = asyncio.create_task(
                    heard(going.panel, before, lambda one: one["type"] == "storage")
                )
                await asyncio.sleep(stage.scale.lock_s)
                db.execute("ROLLBACK")
        if any(status >= 500 for status in answers):
            trial.wrong("I1", f"the editor was answered {answers}")
        trial.history.took("alarm shown", await alarm - began_s)
        await pause(going, 0.5, 1.5)
    return trial


async def disk_full(stage: Stage, seed: int) -> Trial:
    """8: no write succeeds; then there is room again."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        await pause(going, 0.2, 1.0)
        before = len(going.panel.heard)
        going.history.add("fault", told.CAUSE, causes=list(ALL_OFFLINE))
        going.room.fill_disk(full=True)
        began_s = time.time()
        try:
            acknowledged = len(going.candidate.all_of("ack"))
            at_s = await heard(
                going.panel,
                before,
                lambda one: (
                    one["type"] == "storage" and one["state"] in {"failing", "full"}
                ),
            )
            trial.history.took("alarm shown", at_s - began_s)
            await pause(going, 0.5, 2.0)
            # One may have been on its way when the disk was filled.
            late = len(going.candidate.all_of("ack")) - acknowledged
            if late > 1:
                trial.wrong("I1", f"{late} acknowledged with a full disk")
        finally:
            going.room.fill_disk(full=False)
        freed_s = time.time()
        await eventually(
            lambda: any(
                one["type"] == "storage" and one["state"] == "ok"
                for one in going.panel.heard[before:]
            ),
            within_s=15,
        )
        trial.history.took("resumed after it was freed", time.time() - freed_s)
        await pause(going, 0.5, 1.0)
    return trial


async def reloaded(stage: Stage, seed: int) -> Trial:
    """9: the candidate's page is loaded again; its store stays."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        for _ in range(2):
            await pause(going, 0.3, 1.0)
            await page.crash()
            page.reload()
            going.history.add("fault", told.CAUSE, causes=["reloaded", "offline"])
            await pause(going, 0.3, 2.0)
            *_, before = going.history.of(told.BEAT)
            known = len(gaps(going.records()))
            await page.open()
            await eventually(lambda known=known: _ended(going, known))  # type: ignore[misc]
            *_, gap = gaps(going.records())
            back_s = next(
                one.at_s
                for one in going.history.of(told.BEAT)
                if one.at_s > before.at_s
            )
            away_s = back_s - before.at_s
            trial.history.took(
                "gap beyond the reload", max(0.0, gap.ended_s - gap.began_s - away_s)
            )
    return trial


def _ended(going: Interview, known: int) -> bool:
    """Say whether there is a gap more than so many, and it is over."""
    found = gaps(going.records())
    return len(found) > known and found[-1].ended_s < float("inf")


async def tab_crashed(stage: Stage, seed: int) -> Trial:
    """10: the candidate's page dies without a word, and is opened later."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        await pause(going, 0.3, 1.5)
        going.history.add(
            "fault", told.CAUSE, causes=["offline", "reloaded", "unknown"]
        )
        await page.crash()
        await asyncio.sleep(stage.scale.drop_s)
        page.reload()
        await page.open()
        await pause(going, 0.5, 1.0)
    return trial


async def line_cut(stage: Stage, seed: int) -> Trial:
    """11: nothing gets through; then what waited comes late, or must be sent again."""
    room = await stage.room()
    chance = random.Random(seed)
    async with (
        Wire(room.port, chance) as wire,
        stage.trial(seed, through=wire.port) as trial,
    ):
        going = trial.interview
        # The interviewer sits elsewhere: only the candidate's line is cut.
        await direct(going)
        await pause(going, 0.3, 1.5)
        going.history.add("fault", told.CAUSE, causes=list(ALL_OFFLINE))
        going.history.add("fault", told.CUT)
        wire.cut()
        await asyncio.sleep(stage.scale.drop_s)
        typed = going.editor.write()
        wire.mend(alive=chance.random() < 0.5)
        going.history.add("fault", told.MENDED)
        began_s = time.monotonic()
        await eventually(lambda: typed in str(going.other.sources()))
        trial.history.took(
            "converged after the line was back", time.monotonic() - began_s
        )
        await pause(going, 0.5, 1.0)
    return trial


async def direct(going: Interview) -> None:
    """Let the interviewer's pages reach the room past the wire."""
    room = going.room
    going.panel.room = lambda: room
    connections = going.panel.connections
    await going.panel.crash()
    await going.panel.open()
    await eventually(lambda: going.panel.connections > connections)
    going.other._room = lambda: room
    going.other.server = room
    await going.other.drop()
    going.other.closed = (0, "moved")
    await eventually(lambda: going.other.synced)


async def lagging(stage: Stage, seed: int) -> Trial:
    """12: 200 ms give or take 100, and one packet in twenty lost."""
    room = await stage.room()
    lag = Lag(delay_ms=200, jitter_ms=100, loss=0.05)
    async with (
        Wire(room.port, random.Random(seed), lag) as wire,
        stage.trial(seed, through=wire.port) as trial,
    ):
        await asyncio.sleep(stage.scale.drop_s)
        if flags := trial.interview.panel.all_of("flag"):
            trial.wrong("I3", f"{len(flags)} flags for a slow line")
    return trial


async def clocks_jump(stage: Stage, seed: int) -> Trial:
    """13: the page's clock and the room's jump by an hour, and back; also in a gap."""
    room = await stage.room("skewed", skewed=True)
    assert isinstance(room, SkewedRoom)
    async with stage.trial(seed, name="skewed") as trial:
        going, page = trial.interview, trial.interview.candidate
        going.history.add("fault", told.SKEWED)
        try:
            for hours in going.chance.sample((-1, 1, 0), 3):
                room.set_clock(3600 * hours)
                page.skew_ms = HOUR_MS * going.chance.choice((-1, 0, 1))
                await pause(going, 1.2, 1.8)
            going.history.add("fault", told.CAUSE, causes=["worker"])
            page.beating = False
            await asyncio.sleep(stage.scale.sleep_s / 2)
            room.set_clock(3600 * going.chance.choice((-2, 2)))
            await asyncio.sleep(stage.scale.sleep_s / 2)
            page.beating = True
            await pause(going, 1.5, 2.5)
        finally:
            room.set_clock(0)
    return trial


async def repeated(stage: Stage, seed: int) -> Trial:
    """14: messages come twice, in another order, and long after; beats too."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        kept: list[dict[str, Any]] = []
        for _ in range(6):
            await pause(going, 0.1, 0.4)
            kept += page.spool.values()
            again = going.chance.sample(kept, min(len(kept), 12))
            for message in again:
                await page.say(**message)
        # Old beats on a new connection: other key, other nonce.
        for message in page.sent_beats[:5]:
            await page.say(**message)
        token = f"no-{going.chance.randbytes(6).hex()}"
        going.history.add("candidate", told.FORGED, token=token)
        stranger = CandidatePage(
            going.reach, INTERVIEWER, "panel", going.history, seed + 7
        )
        await stranger.open()
        await stranger.event({"name": "comment", "text": token})
        await asyncio.sleep(0.3)
        await stranger.crash()
    return trial


async def two_tabs(stage: Stage, seed: int) -> Trial:
    """15: the candidate opens the room once more, and goes on there."""
    async with stage.trial(seed) as trial:
        going, first = trial.interview, trial.interview.candidate
        await pause(going, 0.3, 1.0)
        before = len(going.panel.heard)
        second = CandidatePage(
            going.reach, CANDIDATE, "candidate-2", going.history, seed + 9
        )
        began_s = time.time()
        await second.open()
        at_s = await heard(
            going.panel,
            before,
            lambda one: one["type"] == "lease" and one["state"] == "second",
        )
        trial.history.took("the second tab shown", at_s - began_s)
        both = first.active, second.active
        if both != (True, False):
            trial.wrong("I2", f"of two tabs, active are {both}")
        # What a page that does not count claims of its watching does not count.
        await second.say(type="lease", boot_id=second.boot_id)
        await eventually(lambda: second.active and not first.active, within_s=5)
        second.watching = True
        # The lease moves once a second at most.
        await pause(going, 1.2, 1.8)
        await first.say(type="lease", boot_id=first.boot_id)
        await eventually(lambda: first.active and not second.active, within_s=5)
        second.watching = False
        await second.crash()
    return trial


async def asleep(stage: Stage, seed: int) -> Trial:
    """16: the candidate's machine sleeps: its page hears and says nothing."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        await pause(going, 0.3, 1.5)
        going.history.add("fault", told.CAUSE, causes=["frozen"])
        page.asleep.set()
        await asyncio.sleep(stage.scale.sleep_s)
        page.asleep.clear()
        await pause(going, 1.0, 1.5)
    return trial


async def worker_gone(stage: Stage, seed: int) -> Trial:
    """17: the worker ends while the page goes on; then the camera's track does."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        await pause(going, 0.3, 1.0)
        going.history.add("fault", told.CAUSE, causes=["worker"])
        page.beating = False
        await asyncio.sleep(stage.scale.sleep_s)
        page.beating = True
        await pause(going, 1.5, 2.5)
        before, began_s = len(going.panel.heard), time.time()
        page.measuring = False
        await page.event({"name": "camera", "state": "lost"})
        at_s = await heard(going.panel, before, _tells_of_camera)
        trial.history.took("the lost camera shown", at_s - began_s)
        page.measuring = True
        await page.event({"name": "camera", "state": "on"})
        await pause(going, 1.0, 1.5)
        going.history.add("fault", told.CAUSE, causes=[])
    return trial


def _tells_of_camera(message: dict[str, Any]) -> bool:
    if message["type"] == "sensor":
        return bool(message["sensor"]["sensor"] == "camera")
    return bool(message["type"] == "gap" and message["gap"]["cause"] == "camera")


async def panel_restarted(stage: Stage, seed: int) -> Trial:
    """19: nobody looks while the candidate's page falls silent; then somebody does."""
    async with stage.trial(seed) as trial:
        going, page = trial.interview, trial.interview.candidate
        await pause(going, 0.3, 1.0)
        await going.panel.crash()
        going.history.add("panel", told.DROPPED, page="panel")
        going.history.add("fault", told.CAUSE, causes=["worker"])
        page.beating = False
        await asyncio.sleep(stage.scale.sleep_s)
        page.beating = True
        await pause(going, 0.5, 1.5)
        await going.panel.open()
        missed = going.panel.welcome.get("gaps", [])
        if not any(one["cause"] == "worker" for one in missed):
            trial.wrong("I3", "a gap that was missed is not shown on return")
    return trial


async def key_lost(stage: Stage, seed: int) -> Trial:
    """20: the room's own key is gone when it starts again; the record goes on."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        await pause(going, 0.3, 1.0)
        connections = going.candidate.connections
        going.history.add("fault", told.CAUSE, causes=["room"])
        going.room.kill()
        (going.room.directory / "signing.key").unlink(missing_ok=True)
        await going.room.start()
        await back(going, connections)
        before = len(going.panel.heard)
        at_s = time.time()
        came_s = await heard(
            going.panel, before, lambda one: one["type"] == "checkpoint"
        )
        trial.history.took("a checkpoint by the new key", came_s - at_s)
        said = [one.payload for one in going.room.records("key") if one.payload]
        if not any(one["state"] == "replaced" for one in said):
            trial.wrong("I5", "the key was replaced, and nothing says so")
    return trial
