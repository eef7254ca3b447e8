"""What an hour of typing leaves in the journal."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from bench.collab.stations import config
from bench.rows import Report, Row
from tests.custody.clients import Client
from tests.custody.service_process import Services
from tests.extensions.harness import CANDIDATE, RoomServer, eventually

KEYS_PER_S = 5.0
BURST_KEYS = (20, 60)
PAUSE_S = (2.0, 8.0)
LINE_KEYS = 40
HOUR_S = 3600.0
BACKSPACE_SHARE = 0.08
KEYS = "abcdefghijklmnopqrstuvwxyz_ =().,0123456789"


def typing(hour_s: float, chance: random.Random) -> list[str]:
    """Return the keys of so many seconds: bursts, pauses, lines, and corrections."""
    keys: list[str] = []
    at_s = 0.0
    while at_s < hour_s:
        for _ in range(chance.randint(*BURST_KEYS)):
            at_s += 1 / KEYS_PER_S
            draw = chance.random()
            if draw < BACKSPACE_SHARE:
                keys.append("\b")
            elif draw < BACKSPACE_SHARE + 1 / LINE_KEYS:
                keys.append("\n")
            else:
                keys.append(chance.choice(KEYS))
        at_s += chance.uniform(*PAUSE_S)
    return keys


def press(page: Client, key: str) -> None:
    """Press a key at the end of the answer."""
    source = page.notebook.ycells[1]["source"]
    length = len(str(source))
    if key == "\b":
        if length:
            del source[length - 1]
    else:
        source.insert(length, key)


async def journal(report: Report, *, typed_s: float = HOUR_S) -> None:
    """Type an hour's keys into a room, as fast as it goes, and weigh the journal."""
    report.look_at_machine()
    keys = typing(typed_s, report.chance())
    directory = Path(tempfile.mkdtemp(prefix="nbi-typing-"))
    services = Services(1, config())
    room = RoomServer(directory, services[0])
    try:
        await room.start()
        page = Client(room, CANDIDATE)
        await page.connect()
        for number, key in enumerate(keys):
            press(page, key)
            if number % 20 == 0:
                await asyncio.sleep(0)
            if number % 500 == 0:
                await eventually(lambda: not page.unsaved)
        await eventually(lambda: not page.unsaved)
        await page.leave()
        room.stop()
        kinds, file_bytes = weigh(directory / "journal.sqlite")
    finally:
        room.stop()
        services.close()
        shutil.rmtree(directory)
    weighed = {
        "journal file": file_bytes,
        "all records": sum(kinds.values()),
        "of which document records": kinds["document"],
    }
    for what, size_bytes in weighed.items():
        report.add(
            Row(
                measure=f"an hour of typing, one update a key: {what}",
                unit="MB",
                ours=size_bytes * HOUR_S / typed_s / 1e6,
                n=f"{len(keys)} keys",
                note=", ".join(sorted(kinds)),
            )
        )


def weigh(path: Path) -> tuple[dict[str, int], int]:
    """Return the bytes of the records by kind, and of the file."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = db.execute(
            "SELECT kind, sum(length(CAST(wire AS BLOB))) FROM records GROUP BY kind"
        ).fetchall()
    return dict(rows), path.stat().st_size
