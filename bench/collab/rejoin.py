"""A page that comes back: how long until the other one has what it typed meanwhile."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page as BrowserPage
from playwright.async_api import async_playwright

from bench.collab.latency import PEERS
from bench.collab.network import Link
from bench.collab.stations import Room, config, end, rooms
from bench.rows import Report, Row, compare, interleaved, interval, median, p95
from nbinterview_server.config import NOTEBOOK
from nbinterview_server.documents.flow import MESSAGES_PER_S
from tests.custody.clients import Client
from tests.custody.service_process import Services
from tests.custody.stock import StockServer
from tests.extensions.harness import (
    BASE,
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    eventually,
)

KINDS = ("ours", "stock")
EDITS = 2000
OFFLINE_S = 60.0
GIVES_UP_S = 120.0
"""A page that is not back by then counts as this."""
BAR_S = 1.5
BAR_RATIO = 0.5
BAR = f"at most {BAR_S} s and at most {BAR_RATIO} x stock"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
TYPED = "q"
"""A character that the template does not hold."""


def rejoin_row(
    measure: str,
    took_s: dict[str, list[list[float]]],
    chance: random.Random,
    *,
    promised: bool,
) -> Row:
    """Return the row of one way to rejoin; each trial is a round of its own."""
    every = {kind: [one for each in took_s[kind] for one in each] for kind in KINDS}
    result = compare(took_s["ours"], took_s["stock"], median, chance=chance)
    _, worst_s = interval(every["ours"], p95, chance=chance)
    low, high = result.ratio
    given_up = sum(one >= GIVES_UP_S for one in every["stock"])
    return Row(
        measure=measure,
        unit="s",
        ours=p95(every["ours"]),
        peer=p95(every["stock"]),
        ratio=result.ours / result.peer,
        low=low,
        high=high,
        bar=BAR if promised else None,
        holds=(worst_s <= BAR_S and high <= BAR_RATIO) if promised else None,
        n=f"{len(every['ours'])} trials",
        versions=PEERS["stock"],
        note=(
            f"ours p95 at most {worst_s:.2f} s (95 %); medians {result.ours:.2f} and "
            f"{result.peer:.2f} s, whose ratio it is; stock not back within "
            f"{GIVES_UP_S:.0f} s: {given_up}"
        ),
    )


# ------------------------------------------------------------- by the protocol


async def by_protocol(report: Report, *, trials: int, edits: int) -> None:
    """Measure the handshake alone: no browser, and the link is there at once."""
    report.look_at_machine()
    chance = report.chance()
    took_s: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    async with AsyncExitStack() as stack:
        made: dict[str, Room] = {}
        for kind in KINDS:
            (made[kind],) = await stack.enter_async_context(rooms(kind, 1))
        for kind in interleaved(KINDS, trials):
            took_s[kind].append([await _once(made[kind], edits)])
            # One person does not come back again and again: the room would slow them.
            await asyncio.sleep(edits / MESSAGES_PER_S)
    name = f"rejoin with {edits} queued edits, protocol alone, p95"
    report.add(rejoin_row(name, took_s, chance, promised=False))


async def _once(room: Room, edits: int) -> float:
    away, other, _ = room.pages
    await away.drop()
    for _ in range(edits):
        away.type(TYPED)
    whole = "".join(away.sources()).count(TYPED)
    began_s = time.perf_counter()
    await away.connect()
    await eventually(
        lambda: "".join(other.sources()).count(TYPED) == whole, within_s=GIVES_UP_S
    )
    return time.perf_counter() - began_s


# --------------------------------------------------------------- in a browser

QUEUE = """async ([edits, everyMs, text]) => {
  const cell = window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells
    .find(one => one.cell_type === 'code');
  const began = performance.now();
  for (let done = 0; done < edits; ) {
    const due = Math.min(edits, Math.ceil((performance.now() - began) / everyMs));
    for (; done < due; done += 1) {
      const end = cell.source.length;
      cell.updateSource(end, end, text);
    }
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
}"""


class Train:
    """One server, a browser behind a link that can be cut, and a page that stays."""

    def __init__(self, kind: str, server: RoomServer, link: Link) -> None:
        self.kind, self.server, self.link = kind, server, link
        self.stays = Client(server, INTERVIEWER)
        self.page: BrowserPage

    def there(self) -> int:
        """Return how many typed characters have come to the page that stays."""
        return "".join(self.stays.sources()).count(TYPED)


def _settings(address: str) -> dict[str, dict[str, Any]]:
    """Let a server answer on the link, and its pages be driven by a script."""
    return {
        "ServerApp": {"ip": address, "allow_remote_access": True},
        "LabApp": {"expose_app_in_browser": True},
    }


class LinkedRoom(RoomServer):
    """A room server that answers on a link instead of on the loopback."""

    address: str

    @property
    def url(self) -> str:
        """The server's address with its base."""
        return f"http://{self.address}:{self.port}{BASE}"

    async def prepare(self) -> None:
        """Prepare as always, then open the server to the link."""
        await super().prepare()
        path = self.directory / "jupyter" / "config" / "jupyter_server_config.py"
        with path.open("a", encoding="utf-8") as handle:
            for part, traits in _settings(self.address).items():
                for trait, value in traits.items():
                    handle.write(f"c.{part}.{trait} = {value!r}\n")


class LinkedStock(StockServer):
    """A stock server that answers on a link instead of on the loopback."""

    address: str

    @property
    def url(self) -> str:
        """The server's address with its base."""
        return f"http://{self.address}:{self.port}{BASE}"

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the configuration, opened to the link."""
        changed = super().config()
        for part, traits in _settings(self.address).items():
            changed[part] = {**changed.get(part, {}), **traits}
        return changed


@asynccontextmanager
async def train(
    kind: str, number: int, top: Path, services: Services, playwright: Any
) -> AsyncIterator[Train]:
    """Start a server and a browser that has its notebook open."""
    with Link(number) as link:
        server: LinkedRoom | LinkedStock
        if kind == "ours":
            server = LinkedRoom(top / kind, services[0])
        else:
            server = LinkedStock(top / kind, lab=True)
        server.address = link.here
        try:
            await server.start()
            made = Train(kind, server, link)
            program = link.browser(top, str(shutil.which("chromium")))
            browser = await playwright.chromium.launch(
                executable_path=program,
                args=[
                    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                    "--disable-background-networking",
                    # Our page asks for IndexedDB and more, as on a real address.
                    f"--unsafely-treat-insecure-origin-as-secure={_origin(server)}",
                ],
            )
            try:
                made.page = await browser.new_page()
                await _open(made)
                yield made
            finally:
                await made.stays.leave()
                await browser.close()
        finally:
            end(server)


def _origin(server: RoomServer) -> str:
    return server.url.removesuffix(BASE)


async def _open(made: Train) -> None:
    who = INTERVIEWER if made.kind == "ours" else CANDIDATE
    await made.page.goto(
        f"{made.server.url}lab/workspaces/{who}/tree/{NOTEBOOK}?token=is-{who}"
    )
    await made.page.wait_for_selector(".jp-CodeCell .cm-content", timeout=90_000)
    await made.page.wait_for_function("() => !!window.jupyterapp")
    # A link cut in the middle of the kernel's handshake would hold up every socket.
    await made.page.wait_for_selector(IDLE, timeout=90_000)
    await made.stays.connect()
    await made.page.evaluate(QUEUE, [1, 1, TYPED])
    await eventually(lambda: made.there() == 1)


async def in_browsers(
    report: Report, *, trials: int, edits: int = EDITS, offline_s: float = OFFLINE_S
) -> None:
    """Cut the links of both for so long, type meanwhile, and time the way back."""
    report.look_at_machine()
    chance = report.chance()
    took_s: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    top = Path(tempfile.mkdtemp(prefix="nbi-rejoin-"))
    services = Services(1, config())
    try:
        async with AsyncExitStack() as stack:
            playwright = await stack.enter_async_context(async_playwright())
            trains = {}
            for number, kind in enumerate(KINDS):
                print(f"  a browser for {kind}", flush=True)
                trains[kind] = await stack.enter_async_context(
                    train(kind, number, top, services, playwright)
                )
            for number in range(trials):
                # Nothing that happens each second may meet each restored link alike.
                away_s = offline_s + chance.random()
                order = KINDS if number % 2 == 0 else KINDS[::-1]
                await _trial([trains[kind] for kind in order], took_s, edits, away_s)
                last = {kind: round(took_s[kind][-1][0], 2) for kind in KINDS}
                print(f"  trial {number + 1} of {trials}: {last} s", flush=True)
    finally:
        services.close()
        shutil.rmtree(top)
    name = f"rejoin after {offline_s:.0f} s offline with {edits} queued edits, p95"
    report.add(rejoin_row(name, took_s, chance, promised=True))


async def _trial(
    order: list[Train],
    took_s: dict[str, list[list[float]]],
    edits: int,
    offline_s: float,
) -> None:
    """Both links are cut together; the second is restored when the first is back."""
    before = {one.kind: one.there() for one in order}
    for one in order:
        one.link.cut()
    began_s = time.perf_counter()
    every_ms = 0.8 * offline_s * 1000 / edits
    await asyncio.gather(
        *(one.page.evaluate(QUEUE, [edits, every_ms, TYPED]) for one in order)
    )
    await asyncio.sleep(max(0.0, began_s + offline_s - time.perf_counter()))
    for one in order:
        assert one.there() == before[one.kind], "the link was not cut"
        one.link.restore()
        restored_s = time.perf_counter()
        while one.there() < before[one.kind] + edits:
            if time.perf_counter() - restored_s > GIVES_UP_S:
                break
            await asyncio.sleep(0.01)
        took = min(GIVES_UP_S, time.perf_counter() - restored_s)
        took_s[one.kind].append([took])
        await _settled(one)


async def _settled(one: Train) -> None:
    """Wait until the page is connected, whatever happened; else load it again."""
    now = one.there()
    await one.page.evaluate(QUEUE, [1, 1, TYPED])
    try:
        await eventually(lambda: one.there() > now, within_s=60)
    except AssertionError:
        await one.stays.leave()
        await _open(one)
