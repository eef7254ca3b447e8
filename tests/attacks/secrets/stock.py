"""The same harvest in a stock JupyterHub, whose kernel has its token within reach."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from tests.attacks.reach import KERNEL_PROBE, unpacked
from tests.attacks.secrets.harvest import tokens_of
from tests.attacks.secrets.replay import Replay, Route
from tests.hub_config.local_platform import setup, wait_until
from tests.ports import free_port

_ADMIN = uuid.uuid4().hex
_CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = ["{node}", "{proxy}"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = ["{room}", "-m", "jupyterhub.singleuser", "--allow-root",
                 "--ServerApp.jpserver_extensions={{}}"]
c.JupyterHub.services = [{{"name": "test", "api_token": "{admin}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}}]
"""
# It sees the whole machine, also what is not JupyterHub's: only what is its own counts.
_PROBE = KERNEL_PROBE.replace("/proc/[0-9]*/", "/proc/self/").replace(
    "for top in (", "for top in () and ("
)


def leaks(folder: Path) -> tuple[int, int]:
    """Return how many strings of a stock kernel open something, of how many."""
    with _running(folder) as port:
        url = f"http://127.0.0.1:{port}"
        blobs = list(unpacked(_ask_kernel(url)).items())
        found = tokens_of([(f"kernel {name}", data) for name, data in blobs])
        host = f"127.0.0.1:{port}"
        routes = [
            Route("stock hub", host, "GET", "/hub/api/user"),
            Route("stock hub", host, "GET", "/hub/api/users/ada"),
            Route("stock server", host, "GET", "/user/ada/api/contents"),
            Route("stock server", host, "GET", "/user/ada/api/kernels"),
        ]
        accepted = Replay(port).accepted(found, routes)
        return len({text for text, *_ in accepted}), len(found)


@contextmanager
def _running(folder: Path) -> Iterator[int]:
    folder.mkdir(parents=True)
    port, found = free_port(), setup()
    config = folder / "jupyterhub_config.py"
    values = {"hub_port": free_port(), "api_port": free_port(), "admin": _ADMIN}
    config.write_text(
        _CONFIG.format(
            port=port,
            node=found.node,
            proxy=found.proxy,
            room=found.room_python,
            **values,
        )
    )
    with (folder / "hub.log").open("wb") as log:
        command = [str(found.hub_python), "-m", "jupyterhub", "-f", str(config)]
        hub = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_until(lambda: _ask(port, "GET", "/") == 200)
            assert _ask(port, "POST", "/users/ada") == 201
            assert _ask(port, "POST", "/users/ada/server") in {201, 202}
            wait_until(lambda: _is_ready(port))
            yield port
        finally:
            hub.terminate()
            hub.wait(30)


def _ask(port: int, method: str, path: str) -> int:
    try:
        return _call(f"http://127.0.0.1:{port}/hub/api{path}", method).status_code
    except httpx.TransportError:
        return 0


def _call(url: str, method: str = "GET") -> httpx.Response:
    head = {"Authorization": f"token {_ADMIN}"}
    return httpx.request(method, url, headers=head, timeout=60, trust_env=False)


def _is_ready(port: int) -> bool:
    answer = _call(f"http://127.0.0.1:{port}/hub/api/users/ada").json()
    return bool(answer["servers"].get("", {}).get("ready"))


def _ask_kernel(url: str) -> str:
    """Run the probe as its owner's page would; return what it printed."""
    started = _call(f"{url}/user/ada/api/kernels", "POST")
    assert started.status_code == 201, started.text
    address = f"{url}/user/ada/api/kernels/{started.json()['id']}/channels"
    head: dict[str, Any] = {"msg_id": "1", "username": "", "session": "1"}
    head |= {"msg_type": "execute_request", "version": "5.3", "date": ""}
    message = {
        "header": head,
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": {"code": _PROBE, "silent": False, "store_history": False},
    }
    said = ""
    token = {"Authorization": f"token {_ADMIN}"}
    with connect(
        address.replace("http", "ws", 1), additional_headers=token, max_size=None
    ) as kernel:
        kernel.send(json.dumps(message))
        while ":END" not in said:
            answer = json.loads(kernel.recv(timeout=60))
            assert answer["msg_type"] != "error", answer["content"]
            said += answer["content"].get("text", "")
    return said
