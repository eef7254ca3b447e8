"""A real JupyterHub for the service's tests: our roles, no proxy, a tiny room."""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from nbinterview.home import Addresses, Home

_CONFIG = """
import sys
sys.path.insert(0, {here!r})
from jupyterhub.proxy import Proxy
from nbinterview_hub import roles


class NoProxy(Proxy):
    # The tests ask hub and service directly.
    should_start = False

    async def get_all_routes(self):
        return {{}}

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass


c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = "http://127.0.0.1:{public_port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///{directory}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{directory}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = roles.groups()
c.JupyterHub.load_roles = [
    *roles.roles(),
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "tokens",
     "admin:groups", "servers", "shares", "read:shares", "access:servers"]}},
]
c.JupyterHub.services = [
    {{"name": "nbinterview", "api_token": "{service_token}", "oauth_no_confirm": True,
     "oauth_redirect_uri": "{callback}"}},
    {{"name": "report", "api_token": "{report_token}",
     "oauth_redirect_uri": "http://127.0.0.1:1/report"}},
    {{"name": "supervisor", "api_token": "{supervisor_token}"}},
    {{"name": "test", "api_token": "{test_token}"}},
]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{directory}/homes/{{username}}"
c.Spawner.cmd = ["{python}", "{here}/hub_process.py"]
c.Spawner.start_timeout = 15
c.Spawner.http_timeout = 15
c.JupyterHub.oauth_require_pkce = True
"""

TEST_TOKEN = "t" * 64


@dataclass(frozen=True)
class RunningHub:
    """The hub, and the home whose secrets it was started with."""

    home: Home
    addresses: Addresses
    log: Path

    def starts_of(self, room: str) -> list[str]:
        """Return the hub's log lines of starts of a room."""
        started = f"Creating oauth client jupyterhub-user-{room}"
        lines = self.log.read_text().splitlines()
        return [line for line in lines if re.search(started, line)]

    def call(
        self, method: str, path: str, json: object = None, *, ok: tuple[int, ...] = ()
    ) -> httpx.Response:
        """Ask the hub's REST as an administrator; errors fail the test."""
        answer = httpx.request(
            method,
            self.addresses.hub_api + path,
            headers={"Authorization": f"token {TEST_TOKEN}"},
            json=json,
            timeout=30,
            trust_env=False,
        )
        if answer.status_code not in ok:
            answer.raise_for_status()
        return answer

    def token(self, name: str, *groups: str) -> str:
        """Return a token as the hub's OAuth would give it to the service."""
        self.ensure_user(name, *groups)
        body = {"scopes": ["access:services!service=nbinterview"]}
        answer = self.call("POST", f"/users/{name}/tokens", body)
        return str(answer.json()["token"])

    def ensure_user(self, name: str, *groups: str) -> None:
        """Make a hub user in these groups."""
        self.call("POST", f"/users/{name}", ok=(409,))
        for group in groups:
            self.call("POST", f"/groups/{group}/users", {"users": [name]})


@contextmanager
def running_hub(directory: Path) -> Iterator[RunningHub]:
    """Start a hub on free ports; stop it, and whatever it started, at the end."""
    # Here, since this file is also the room's program and runs without our path.
    from tests.ports import free_ports

    public, hub, proxy_api, service, report = free_ports(5)
    home = Home(directory / "home")
    home.make()
    # There is no proxy: the hub's public address is the hub itself.
    addresses = Addresses(hub, hub, proxy_api, service, report)
    config = directory / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.format(
            here=str(Path(__file__).parent),
            directory=directory,
            public_port=public,
            hub_port=hub,
            python=sys.executable,
            callback=addresses.service_url + "oauth_callback",
            test_token=TEST_TOKEN,
            **{
                name: home.secret(name)
                for name in ("service_token", "report_token", "supervisor_token")
            },
        )
    )
    log = (directory / "hub.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", str(config)],
        cwd=directory,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": "none"},
    )
    try:
        wait_until_up(process, addresses.hub_api, directory / "hub.log")
        yield RunningHub(home, addresses, directory / "hub.log")
    finally:
        stop(process)
        log.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process by SIGTERM, or by force when it does not."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until a new process answers; fail with its log when it does not."""
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url, trust_env=False, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


class _TinyRoom(http.server.BaseHTTPRequestHandler):
    """As much of a server as the hub asks for before it calls it ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


if __name__ == "__main__":
    # Started by the hub in place of a room server.
    if os.environ["JUPYTERHUB_USER"].endswith("2222222222"):
        sys.exit("this room is made to fail")
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    http.server.ThreadingHTTPServer(
        (str(address.hostname), int(address.port or 0)), _TinyRoom
    ).serve_forever()
