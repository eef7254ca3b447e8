"""The same probes under a stock JupyterHub: its LocalProcessSpawner, a plain kernel.

As root, the hub starts the server as a system user who is nobody's login, as it would
start a person's. Else by `simple`, the same spawner without a change of user.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from tests.attacks.kernel.ours import Outcome
from tests.attacks.kernel.target import Target
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
c.JupyterHub.spawner_class = "{spawner}"
c.Spawner.cmd = ["{room}", "-m", "jupyterhub.singleuser", "--allow-root",
                 "--ServerApp.jpserver_extensions={{}}"]
c.Spawner.notebook_dir = "{home}"
c.Spawner.environment = {{name: "{home}/." + name.lower() for name in (
    "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}}
c.JupyterHub.services = [{{"name": "test", "api_token": "{admin}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"],
    "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}}]
"""
_USERS = ("games", "mail", "daemon")


def spawner() -> str:
    """Return the name of the spawner that is used here."""
    return "jupyterhub.spawner.LocalProcessSpawner" if os.geteuid() == 0 else "simple"


def user() -> str:
    """Return a user of this machine with a home that is there."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in _USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if Path(found.pw_dir).is_dir() and found.pw_uid != 0:
            return name
    raise LookupError(f"none of {', '.join(_USERS)} has a home on this machine")


def all_probes(target: Target) -> list[Outcome]:
    """Run every probe, in one kernel; return what each came to."""
    name = user()
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        _running(folder, name) as port,
    ):
        url = f"http://127.0.0.1:{port}/user/{name}"
        said = _ask_kernel(url, target.code("PROBES"))
        found = json.loads(said.splitlines()[-1])
        for one in target.deadly():
            which = f"[each for each in DEADLY if each[0] == {one!r}]"
            found += json.loads(_ask_kernel(url, target.code(which)).splitlines()[-1])
        return [tuple(each) for each in found]


@contextmanager
def _running(folder: str, name: str) -> Iterator[int]:
    port, found = free_port(), setup()
    home = Path(folder, "home")
    home.mkdir()
    Path(folder).chmod(0o755)
    account = pwd.getpwnam(name)
    os.chown(home, account.pw_uid, account.pw_gid)
    config = Path(folder, "jupyterhub_config.py")
    config.write_text(
        _CONFIG.format(
            port=port,
            hub_port=free_port(),
            api_port=free_port(),
            admin=_ADMIN,
            node=found.node,
            proxy=found.proxy,
            room=found.room_python,
            spawner=spawner(),
            home=home,
        )
    )
    with Path(folder, "hub.log").open("wb") as log:
        command = [str(found.hub_python), "-m", "jupyterhub", "-f", str(config)]
        hub = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_until(lambda: _ask(port, "GET", "/") == 200)
            assert _ask(port, "POST", f"/users/{name}") == 201
            assert _ask(port, "POST", f"/users/{name}/server") in {201, 202}
            wait_until(lambda: _is_ready(port, name))
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


def _is_ready(port: int, name: str) -> bool:
    answer = _call(f"http://127.0.0.1:{port}/hub/api/users/{name}").json()
    return bool(answer["servers"].get("", {}).get("ready"))


def _ask_kernel(url: str, code: str) -> str:
    """Run code in a new kernel; return what it printed."""
    started = _call(f"{url}/api/kernels", "POST")
    assert started.status_code == 201, started.text
    kernel = f"{url}/api/kernels/{started.json()['id']}"
    head: dict[str, Any] = {"msg_id": "1", "username": "", "session": "1"}
    head |= {"msg_type": "execute_request", "version": "5.3", "date": ""}
    message = {
        "header": head,
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": {"code": code, "silent": False, "store_history": False},
    }
    said = ""
    token = {"Authorization": f"token {_ADMIN}"}
    address = f"{kernel}/channels".replace("http", "ws", 1)
    with connect(address, additional_headers=token, max_size=None) as channel:
        channel.send(json.dumps(message))
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
    _call(kernel, "DELETE")
    return said
