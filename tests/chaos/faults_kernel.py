"""Faults out of the kernel and of a hostile page: memory, processes, floods."""

from __future__ import annotations

import asyncio
import time

from tests.chaos.interview import Interview
from tests.chaos.stage import Stage, Trial, pause
from tests.extensions.harness import CANDIDATE, RoomServer, document_path, eventually
from tests.extensions.test_execution import cells
from tests.extensions.test_floods import flood

MEMORY_BOMB = """
import time
hog = []
while True:
    hog.append(b'x' * (16 << 20))
    time.sleep(0.005)
"""
FORK_BOMB = """
import os, time
pids = []
try:
    while len(pids) < 400:
        pid = os.fork()
        if pid == 0:
            end = time.time() + SECONDS
            while time.time() < end: pass
            os._exit(0)
        pids.append(pid)
except OSError as error:
    print('stopped', error.errno)
time.sleep(SECONDS)
for pid in pids:
    try:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    except OSError:
        pass
"""
BUSY_LOOP = """
import time
end = time.time() + SECONDS
while time.time() < end: pass
"""
DISK_FILLER = """
import contextlib, os
try:
    with open('/tmp/fill', 'wb') as file:
        while True: file.write(b'x' * (1 << 20))
except OSError as error:
    print('stopped', error.errno)
with contextlib.suppress(OSError): os.unlink('/tmp/fill')
"""
EDITS = 40
FLOODS = (("awareness", 10_000), ("malformed", 10_000), ("oversized", 2))


def states(room: RoomServer, after_seq: int) -> list[tuple[str, float]]:
    """Return what the record says of the kernel since a number, and when, in s."""
    from tests.chaos.checker import seconds

    return [
        (one.payload["state"], seconds(one.time))
        for one in room.records("kernel")
        if one.seq > after_seq and one.payload is not None
    ]


async def out_of_memory(stage: Stage, seed: int) -> Trial:
    """4: a cell takes more memory than there is."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        room = going.room
        async with cells(room) as notebook:
            await notebook.run("1")
            after_seq = len(room.records())
            await pause(going, 0.2, 1.0)
            asked_s = time.time()
            await notebook.run(MEMORY_BOMB)
            await eventually(lambda: len(states(room, after_seq)) >= 2)
            (died, at_s), (restarted, again_s) = states(room, after_seq)[:2]
            if (died, restarted) != ("died", "restarted"):
                trial.wrong("I1", f"the kernel's states are {died}, {restarted}")
            # The time that it takes to fill the memory is in it.
            trial.history.took("death on record", at_s - asked_s)
            began_s = time.monotonic()
            await notebook.run("2 + 2")
            trial.history.took(
                "fresh kernel", max(again_s - at_s, time.monotonic() - began_s)
            )
    return trial


async def hostile_cell(stage: Stage, seed: int) -> Trial:
    """5: cells of another room take all they can; this one must not feel it."""
    neighbour = await stage.room("neighbour")
    async with stage.trial(seed) as trial, cells(neighbour) as hostile:
        going = trial.interview
        await hostile.run("1")
        quiet_ms = await edits_ms(going)
        worst_ms = 0.0
        for code in (FORK_BOMB, BUSY_LOOP, DISK_FILLER):
            seconds_ = stage.scale.flood_s
            queued = await hostile.ask(code.replace("SECONDS", str(seconds_)))
            worst_ms = max(worst_ms, await edits_ms(going))
            await hostile.result(queued, within_s=60)
        _compare(trial, quiet_ms, worst_ms)
    return trial


async def floods(stage: Stage, seed: int) -> Trial:
    """18: another page of the candidate floods the room."""
    async with stage.trial(seed) as trial:
        going = trial.interview
        path = await document_path(going.room, CANDIDATE)
        quiet_ms = await edits_ms(going)
        worst_ms = 0.0
        before = len(going.room.records("refused"))
        for kind, per_s in FLOODS:
            async with flood(going.room, path, kind, per_s)():
                worst_ms = max(worst_ms, await edits_ms(going))
        await pause(going, 0.2, 0.4)
        if len(going.room.records("refused")) == before:
            trial.wrong("I6", "floods, and nothing was refused")
        _compare(trial, quiet_ms, worst_ms)
    return trial


def _compare(trial: Trial, quiet_ms: float, worst_ms: float) -> None:
    trial.history.took("edits under attack, p95, over quiet", worst_ms / quiet_ms)


async def edits_ms(going: Interview) -> float:
    """Return the p95 of the way from the interviewer's page to the candidate's."""
    took: list[float] = []
    for _ in range(EDITS):
        began_s = time.perf_counter()
        token = going.other.write(0)
        async with asyncio.timeout(20):
            while token not in going.editor.sources()[0]:
                await asyncio.sleep(0.001)
        took.append(1000 * (time.perf_counter() - began_s))
        await asyncio.sleep(0.01)
    return sorted(took)[int(0.95 * len(took))]
