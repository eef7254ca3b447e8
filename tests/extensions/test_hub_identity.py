"""The room as the hub's spawner starts it: single-user server, identity of the hub."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.extensions.harness import (
    BASE,
    CANDIDATE,
    INTERVIEW,
    STRANGER,
    RoomServer,
    live,
    room_config,
)
from tests.extensions.stand_in import StandIn

SCOPE = f"access:servers!server=room-{INTERVIEW}/"


class Hub(BaseHTTPRequestHandler):
    """The three answers of a hub that a single-user server needs."""

    def log_message(self, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        name = token.removeprefix("is-")
        if not self.path.startswith("/hub/api/user"):
            self._answer({"version": "6.1.1"})
        elif scheme and token.startswith("is-"):
            scopes = [SCOPE] if name != "p-outside222" else []
            self._answer({"kind": "user", "name": name, "scopes": scopes})
        else:
            self.send_error(403)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({})

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class HubRoom(RoomServer):
    """A room whose environment is the spawner's, started by `launch` itself."""

    hub_port = 0

    def env(self) -> dict[str, str]:
        hub = f"http://127.0.0.1:{self.hub_port}/hub/api"
        scopes = json.dumps([SCOPE])
        return {
            **super().env(),
            "HOME": str(self.directory),
            "JUPYTERHUB_API_TOKEN": "the-rooms-own-token",
            "JUPYTERHUB_API_URL": hub,
            "JUPYTERHUB_ACTIVITY_URL": f"{hub}/users/room/activity",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": f"jupyterhub-user-room-{INTERVIEW}",
            "JUPYTERHUB_DISABLE_USER_CONFIG": "1",
            "JUPYTERHUB_HOST": "",
            "JUPYTERHUB_OAUTH_SCOPES": scopes,
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": scopes,
            "JUPYTERHUB_SERVICE_PREFIX": BASE,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.port}{BASE}",
            "JUPYTERHUB_USER": f"room-{INTERVIEW}",
        }

    async def start(self) -> None:
        log = (self.directory / "server.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nbinterview_server.launch"],
            env=self.env(),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        await self._wait()


@pytest.fixture
def hub_room(tmp_path: Path) -> Iterator[HubRoom]:
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    hub.daemon_threads = True
    thread = threading.Thread(target=hub.serve_forever)
    thread.start()
    service = StandIn(room_config())
    room = HubRoom(tmp_path, service)
    room.hub_port = hub.server_port
    yield room
    room.stop()
    service.close()
    hub.shutdown()
    thread.join()
    hub.server_close()


@pytest.mark.asyncio
async def test_the_hub_says_who_and_the_room_says_what(hub_room: HubRoom) -> None:
    await hub_room.start()
    async with hub_room.client(CANDIDATE) as candidate:
        identity = (await candidate.get("api/me")).json()["identity"]
        assert identity["display_name"] == "Zoë Müller"
        page = await candidate.get("lab/tree/interview.ipynb")
        assert page.status_code == 200
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; script-src 'self'")
        specs = (await candidate.get("api/kernelspecs")).json()["kernelspecs"]
        assert list(specs) == ["nbinterview-python3"]
        first = await candidate.get("", follow_redirects=False)
        location = first.headers["Location"].removesuffix("?")
        assert location == f"{BASE}lab/tree/interview.ipynb"
    async with live(hub_room, CANDIDATE) as socket:
        assert (await socket.hello())["role"] == "candidate"
    for outsider in (STRANGER, "p-outside222"):
        async with hub_room.client(outsider) as client:
            for path in ("api/me", "lab", "api/contents/interview.ipynb"):
                assert (await client.get(path)).status_code == 403
    async with hub_room.client(None) as nobody:
        answer = await nobody.get("lab", follow_redirects=False)
        assert answer.status_code == 302
        assert "/hub/api/oauth2/authorize" in answer.headers["Location"]
        assert "code_challenge" in answer.headers["Location"]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.asyncio
async def test_a_room_that_is_asked_to_stop_ships_everything(
    hub_room: HubRoom, by: signal.Signals
) -> None:
    await hub_room.start()
    async with live(hub_room, CANDIDATE) as socket:
        await socket.hello()
        await socket.event(name="page", state="loaded")
        await socket.hear("ack")
    hub_room.stop(by)
    kept = hub_room.service.records
    assert kept == hub_room.records()
    assert kept[-1].kind == "room.stopped"
    assert list((hub_room.directory / "home").iterdir()) == []
