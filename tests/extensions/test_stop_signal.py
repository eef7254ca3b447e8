"""A room that is asked to stop while it writes a line of its log stops all the same."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.extensions.harness import INTERVIEWER, RoomServer, eventually, room_config
from tests.extensions.stand_in import StandIn

LONG = "x" * 4000
"""A page that is not there: its address is in the log."""


async def ask_until_it_hangs(room: RoomServer) -> None:
    """Fill the log's pipe, so that the server waits in the middle of a line."""
    async with room.client(INTERVIEWER) as client:
        for _ in range(100):
            try:
                await client.get(f"static/{LONG}", timeout=2)
            except httpx.ReadTimeout:
                return
        raise AssertionError("the log took everything")


def read_all(log: int) -> None:
    """Take what comes until whoever writes has gone."""
    os.set_blocking(log, True)
    while os.read(log, 65536):
        pass


def is_taken(sent: signal.Signals, pid: int) -> bool:
    """Say whether a process was interrupted by a signal: it waits for it no more."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    waiting = [
        line.split()[1] for line in lines if line.startswith(("SigPnd", "ShdPnd"))
    ]
    return not any(int(mask, 16) >> (sent - 1) & 1 for mask in waiting)


@pytest.mark.asyncio
async def test_a_signal_in_the_middle_of_a_log_line_is_not_lost(tmp_path: Path) -> None:
    service = StandIn(room_config())
    room = RoomServer(tmp_path / "room", service)
    room.directory.mkdir()
    path = room.directory / "server.log"
    os.mkfifo(path)
    log = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        await room.start()
        await ask_until_it_hangs(room)
        assert room._process is not None
        room._process.send_signal(signal.SIGTERM)
        await eventually(partial(is_taken, signal.SIGTERM, room._process.pid))
        reading = asyncio.create_task(asyncio.to_thread(read_all, log))
        try:
            await asyncio.to_thread(room._process.wait, 30)
        finally:
            room.kill()  # nothing is left of one that stopped
            await reading
        assert [one.kind for one in room.records()][-1] == "room.stopped"
    finally:
        if room._process is not None:
            room.kill()
        os.close(log)
        service.close()
