"""How many events a second are acknowledged, on disk and in the tree; then kill -9."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bench.ledger import peers, stock
from bench.ledger.record_server import open_journal
from bench.rows import Report, Row, compare, interleaved, median
from tests.extensions.harness import CANDIDATE, RoomServer, live, room_config
from tests.extensions.stand_in import StandIn
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SOCKETS = 200
BATCH = 50
"""Events of one message; a page sends what it has gathered."""
IN_FLIGHT = 2
"""Messages of a socket that may wait for their acknowledgement."""
EVENT_BYTES = 100
AT_LEAST_STOCK, AT_LEAST_PYMERKLE = 20.0, 50.0


@dataclass
class Sent:
    """What all sockets sent and were acknowledged."""

    acknowledged: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)


@contextmanager
def record_server(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the journal's server; it is killed in the end."""
    port = free_port()
    command = [sys.executable, "-m", "bench.ledger.record_server", str(directory)]
    process = subprocess.Popen([*command, str(port)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process, port
    finally:
        process.kill()
        process.communicate()


async def load(port: int, seconds: float, found: Sent, sockets: int) -> float:
    """Send for so long from all sockets; return acknowledged events a second."""
    number = 0
    until_s = time.perf_counter() + 1e9
    first = len(found.acknowledged)

    async def page() -> None:
        nonlocal number
        waiting: list[list[str]] = []
        async with connect(
            f"ws://127.0.0.1:{port}/", proxy=None, compression=None, ping_interval=None
        ) as socket:
            ready.release()
            await go.wait()
            with suppress(ConnectionClosed):
                while waiting or time.perf_counter() < until_s:
                    while len(waiting) < IN_FLIGHT and time.perf_counter() < until_s:
                        names = [f"e{number + place}" for place in range(BATCH)]
                        number += BATCH
                        found.sent.update(names)
                        waiting.append(names)
                        await socket.send(orjson.dumps([event(one) for one in names]))
                    await socket.recv()
                    found.acknowledged += waiting.pop(0)

    ready, go = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.create_task(page()) for _ in range(sockets)]
    for _ in tasks:
        await ready.acquire()
    number = len(found.sent)
    began_s = time.perf_counter()
    until_s = began_s + seconds
    go.set()
    await asyncio.gather(*tasks)
    took_s = time.perf_counter() - began_s
    return (len(found.acknowledged) - first) / took_s


def event(name: str) -> dict[str, object]:
    """Return one event, as a page would tell it."""
    told = {
        "name": "typing",
        "typed": 4,
        "cell_id": name,
        "pad": "x" * (EVENT_BYTES - 60),
    }
    return {"boot_id": "b" * 36, "client_seq": 1, "event": told}


def after_kill(directory: Path, seconds: float, sockets: int) -> tuple[int, int, int]:
    """Kill the server while busy; return acknowledged, lost or doubled, strange."""
    found = Sent()
    with record_server(directory) as (process, port):

        async def killed() -> None:
            loading = asyncio.create_task(load(port, 3600, found, sockets))
            await asyncio.sleep(seconds)
            process.kill()
            await loading

        asyncio.run(killed())
    journal = open_journal(directory)
    stored = Counter(
        one.payload["event"]["cell_id"] for one in journal.read() if one.payload
    )
    journal.close()
    wrong = sum(stored[one] != 1 for one in found.acknowledged)
    strange = sum(count > 1 or one not in found.sent for one, count in stored.items())
    return len(found.acknowledged), wrong, strange


async def _stock_per_s(
    server: stock.EventServer, seconds: float, sockets: int
) -> float:
    return await stock.posts_per_s(server, sockets, seconds)


async def room_per_s(room: RoomServer, seconds: float, sockets: int) -> float:
    """Return what a whole room acknowledges, with all its rules, event by event."""
    count = 0

    async def page(number: int) -> None:
        nonlocal count
        async with live(room, CANDIDATE) as one:
            await one.hello()
            ready.release()
            await go.wait()
            while time.perf_counter() < until_s:
                await one.event(name="device", cameras=number % 3)
                await one.hear("ack", "problem")
                count += 1

    until_s = 0.0
    ready, go = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.create_task(page(number)) for number in range(sockets)]
    for _ in tasks:
        await ready.acquire()
    began_s = time.perf_counter()
    until_s = began_s + seconds
    go.set()
    await asyncio.gather(*tasks)
    return count / (time.perf_counter() - began_s)


def measure(report: Report, *, rounds: int, seconds: float, sockets: int) -> None:
    """Measure all sides in turns, kill ours, and add the rows."""
    report.look_at_machine()
    top = Path(tempfile.mkdtemp(prefix="nbi-events-"))
    took: dict[str, list[list[float]]] = {"ours": [], "stock": [], "pymerkle": []}
    server = stock.EventServer(top / "stock")
    room = RoomServer(top / "room", StandIn(room_config()))
    peers.python()
    try:
        asyncio.run(server.start())
        for turn, name in enumerate(interleaved(list(took), rounds)):
            if name == "stock":
                rate = asyncio.run(_stock_per_s(server, seconds, sockets))
            elif name == "pymerkle":
                rate = peers.pymerkle_per_s(top / f"{turn}.sqlite", seconds, 300)
            else:
                directory = top / str(turn)
                directory.mkdir()
                with record_server(directory) as (_, port):
                    rate = asyncio.run(load(port, seconds, Sent(), sockets))
            took[name].append([rate])
            print(f"  {name}: {rate:,.0f} a second", flush=True)
        server.stop()
        (top / "killed").mkdir()
        acknowledged, wrong, strange = after_kill(top / "killed", seconds, sockets)
        room.directory.mkdir()
        asyncio.run(room.start())
        whole = asyncio.run(room_per_s(room, seconds, min(sockets, 50)))
    finally:
        server.stop()
        room.stop()
        room.service.close()
        shutil.rmtree(top)
    for name, least, versions in (
        ("stock", AT_LEAST_STOCK, stock.VERSIONS),
        ("pymerkle", AT_LEAST_PYMERKLE, "pymerkle 7.0.0, SqliteTree"),
    ):
        result = compare(took["ours"], took[name], median, chance=report.chance())
        report.add(
            Row(
                measure="durable events acknowledged, in the tree, beside " + name,
                unit="events/s",
                ours=result.ours,
                peer=result.peer,
                ratio=result.ours / result.peer,
                low=result.ratio[0],
                high=result.ratio[1],
                bar=f"at least {least:g} x",
                holds=result.ratio[0] >= least,
                n=f"{rounds} rounds x {seconds:g} s, {sockets} sockets",
                versions=versions,
                note=f"the journal behind websockets, {BATCH} events a message, "
                "without a room's rules",
            )
        )
    report.add(
        Row(
            measure="events lost, doubled or invented by kill -9 under that load",
            unit="events",
            ours=wrong + strange,
            bar="none: acknowledged = stored",
            holds=wrong + strange == 0 and acknowledged > 0,
            n=f"{acknowledged} acknowledged",
        ),
        Row(
            measure="events acknowledged by a whole room, one in a message",
            unit="events/s",
            ours=whole,
            n=f"{min(sockets, 50)} sockets, {seconds:g} s",
            note="with roles, schemas, engine and fan-out",
        ),
    )
