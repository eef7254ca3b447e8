"""The same faults over a stock JupyterHub with jupyter-collaboration: its document.

It promises less: nothing says that an edit is saved. So an edit counts as promised
when it was shown in the other page, and a while for its file to be written has passed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from websockets.asyncio.client import connect

from nbinterview_server.config import NOTEBOOK
from tests.attacks.stock_hub import StockHub, running_stock_hub
from tests.chaos import history as told
from tests.chaos.checker import Verdict, judge
from tests.chaos.history import History
from tests.chaos.interview import Scale
from tests.chaos.pages import Editor
from tests.chaos.wire import Wire
from tests.custody.stock import OTHERS_OFF, StockServer, template
from tests.extensions.harness import eventually
from tests.hub_config.local_platform import setup

VERSIONS = "JupyterHub 6.1.1 with jupyter-collaboration 5.0.4, defaults"
EDITS_S, SAVED_AFTER_S = 2.0, 2.0
AGREES_WITHIN_S = 15.0
COLLABORATION = """
# On a busy machine the hub fails over its own patience of 10 s.
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 120}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.notebook_dir = "{work}"
c.Spawner.environment = {{"JUPYTER_CONFIG_DIR": "{config}"}}
c.Spawner.cmd = {tied} + ["{room}", "-m", "jupyterhub.singleuser", "--allow-root"]
"""
WITH_COLLABORATION = {
    **OTHERS_OFF,
    "jupyterlab": False,
    "jupyter_server_ydoc": True,
    "jupyter_server_fileid": True,
}


class StockRoom(StockServer):
    """A person's server behind a stock hub; everybody in it has one token."""

    def __init__(self, hub: StockHub, port: int) -> None:
        self._hub = hub
        self.port = port
        self._process = None

    @property
    def url(self) -> str:
        """The server's address with its base."""
        return f"http://127.0.0.1:{self.port}/user/{self._hub.name}/"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self._hub.admin}"}

    def client(self, who: str | None) -> httpx.AsyncClient:
        """Return an HTTP client with the token."""
        return httpx.AsyncClient(
            base_url=self.url, headers=self._headers(), trust_env=False, timeout=30
        )

    def socket(self, who: str | None, path: str, **headers: str) -> connect:
        """Return a websocket connection, to be entered."""
        return connect(
            self.url.replace("http://", "ws://") + path,
            additional_headers={**headers, **self._headers()},
            max_size=None,
            max_queue=None,
            proxy=None,
            open_timeout=20,
        )

    async def killed(self) -> None:
        """Kill the server, and have the hub start it again."""
        [server] = [
            one
            for one in psutil.Process().children(recursive=True)
            if "jupyterhub.singleuser" in one.cmdline()
        ]
        server.kill()
        await asyncio.to_thread(psutil.wait_procs, [server], 10)
        api = f"http://127.0.0.1:{self._hub.port}/hub/api/users/{self._hub.name}"
        async with httpx.AsyncClient(
            headers=self._headers(), trust_env=False, timeout=60
        ) as client:

            async def asked() -> bool:
                answer = await client.post(f"{api}/server", json={})
                return answer.status_code in {201, 202}

            async def ready() -> bool:
                model = (await client.get(api)).json()
                return bool(model["servers"].get("", {}).get("ready"))

            await eventually(asked, within_s=60)
            await eventually(ready, within_s=60)


@contextmanager
def stock_room(folder: Path) -> Any:
    """Run a stock hub, and a person's server with collaboration in it."""
    work = folder / "work"
    work.mkdir(parents=True)
    (work / NOTEBOOK).write_text(json.dumps(template()), "utf-8")
    config = folder / "config"
    config.mkdir()
    wanted = {"ServerApp": {"jpserver_extensions": WITH_COLLABORATION}}
    (config / "jupyter_server_config.json").write_text(json.dumps(wanted), "utf-8")
    more = COLLABORATION.format(
        work=work,
        config=config,
        room=setup().room_python,
        tied=["setpriv", "--pdeathsig", "TERM"],
    )
    with running_stock_hub(folder, "ada", more=more) as hub:
        yield StockRoom(hub, hub.port)


async def stock_trial(room: StockRoom, fault: int, seed: int, scale: Scale) -> Verdict:
    """Play fault 3 or 11 on a stock room, and judge its document alone."""
    history, chance = History(), random.Random(seed)
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(Wire(room.port, chance))
        cut = StockRoom(room._hub, wire.port)
        one = Editor(lambda: cut, "one", "one", history, seed)
        other = Editor(lambda: room, "other", "other", history, seed + 1)
        async with _present(one, other):
            await _type(one, other, history, chance)
            if fault == 3:
                await room.killed()
            else:
                wire.cut()
                one.write()
                await asyncio.sleep(scale.drop_s)
                wire.mend(alive=chance.random() < 0.5)
            with suppress(AssertionError):
                await eventually(
                    lambda: one.synced and other.synced, within_s=AGREES_WITHIN_S
                )
            one.write()
            other.write(0)
            with suppress(AssertionError):
                await eventually(
                    lambda: one.sources() == other.sources(), within_s=AGREES_WITHIN_S
                )
            for page in (one, other):
                page.show()
    verdict = judge(history, [])
    return Verdict(
        {name: words for name, words in verdict.wrong.items() if name == "I4"}
    )


@asynccontextmanager
async def _present(*pages: Editor) -> AsyncIterator[None]:
    try:
        for page in pages:
            await page.enter()
            await eventually(lambda page=page: len(page.ids()) >= 2)  # type: ignore[misc]
        yield
    finally:
        for page in pages:
            with suppress(Exception):
                await page.quit()


async def _type(
    one: Editor, other: Editor, history: History, chance: random.Random
) -> None:
    tokens = []
    for _ in range(10):
        tokens += [one.write(1), other.write(0)]
        await asyncio.sleep(chance.uniform(0.5, 1.5) * EDITS_S / 10)
    await asyncio.sleep(SAVED_AFTER_S)
    shown = (str(one.sources()), str(other.sources()))
    for token in tokens:
        if all(token in text for text in shown):
            history.add("judge", told.SEEN, token=token)
