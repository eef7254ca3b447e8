"""A stock JupyterHub with one person's server, as peer of what we attack here."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from tests.hub_config.local_platform import setup, wait_until
from tests.ports import free_port

# Ends with whoever started it, also where that is killed: each server is a session of
# its own, and a hub that has no time to stop them leaves them behind.
_TIED = ["setpriv", "--pdeathsig", "TERM"]
_STOP_S = 60
_CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = {tied} + ["{node}", "{proxy}"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "{spawner}"
c.Spawner.cmd = {tied} + ["{room}", "-m", "jupyterhub.singleuser", "--allow-root",
                 "--ServerApp.jpserver_extensions={{}}"]
c.JupyterHub.services = [{{"name": "test", "api_token": "{admin}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}}]
"""


@dataclass(frozen=True)
class StockHub:
    """A running hub, and the name of the person whose server runs."""

    port: int
    name: str
    admin: str

    def run(self, code: str) -> str:
        """Run code in a new kernel of that server; return what it printed."""
        kernels = f"http://127.0.0.1:{self.port}/user/{self.name}/api/kernels"
        started = self._call(kernels, "POST")
        assert started.status_code == 201, started.text
        kernel = f"{kernels}/{started.json()['id']}"
        address = f"{kernel}/channels".replace("http", "ws", 1)
        token = {"Authorization": f"token {self.admin}"}
        said = ""
        with connect(address, additional_headers=token, max_size=None) as channel:
            channel.send(json.dumps(_request(code)))
            while True:
                answer = json.loads(channel.recv(timeout=180))
                if answer["parent_header"].get("msg_id") != "1":
                    continue
                content = answer["content"]
                assert answer["msg_type"] != "error", content
                if content.get("name") == "stdout":
                    said += content["text"]
                if content.get("execution_state") == "idle":
                    break
        self._call(kernel, "DELETE")
        return said

    def start(self) -> None:
        """Wait for the hub, make the person, and start their server."""
        user = f"/users/{self.name}"
        wait_until(lambda: self._status("GET", "/") == 200)
        assert self._status("POST", user) == 201
        assert self._status("POST", f"{user}/server") in {201, 202}
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        answer = self._call(self._api(f"/users/{self.name}")).json()
        return bool(answer["servers"].get("", {}).get("ready"))

    def _status(self, method: str, path: str) -> int:
        """Return 0 while nobody answers."""
        try:
            return self._call(self._api(path), method).status_code
        except httpx.TransportError:
            return 0

    def _api(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/hub/api{path}"

    def _call(self, url: str, method: str = "GET") -> httpx.Response:
        head = {"Authorization": f"token {self.admin}"}
        return httpx.request(method, url, headers=head, timeout=60, trust_env=False)


@contextmanager
def running_stock_hub(
    folder: Path, name: str, *, spawner: str = "simple", more: str = ""
) -> Iterator[StockHub]:
    """Run a hub in `folder`, its state too; `more` are lines of its configuration."""
    found = setup()
    hub = StockHub(free_port(), name, uuid.uuid4().hex)
    values = {"port": hub.port, "hub_port": free_port(), "api_port": free_port()}
    programs = {"node": found.node, "proxy": found.proxy, "room": found.room_python}
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.format(
            admin=hub.admin, spawner=spawner, tied=_TIED, **values, **programs
        )
        + more
    )
    command = [*_TIED, str(found.hub_python), "-m", "jupyterhub", "-f", str(config)]
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            hub.start()
            yield hub
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _request(code: str) -> dict[str, Any]:
    head = {"msg_id": "1", "username": "", "session": "1"}
    head |= {"msg_type": "execute_request", "version": "5.3", "date": ""}
    return {
        "header": head,
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": {"code": code, "silent": False, "store_history": False},
    }
