"""A real hub behind a real proxy; the service's invitation endpoints stand in.

The stand-in is only what the hub asks of the service. It speaks to the hub's API
with the service's own token, so its scopes are tested along the way.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil

from nbinterview.home import Addresses, Home, Setup
from nbinterview.ids import new_id, new_person, room_name
from nbinterview.tokens import InvitationToken, sign_invitation
from nbinterview_hub import ports
from tests.ports import free_port

HERE = Path(__file__).parent
GROUPS = {
    "candidate": "candidates",
    "interviewer": "interviewers",
    "reviewer": "reviewers",
}


def setup() -> Setup:
    """Return what `scripts/setup.sh` installed; without it nothing here can run."""
    assert os.environ.get("NBINTERVIEW_SETUP"), (
        "NBINTERVIEW_SETUP must name the setup.json that scripts/setup.sh wrote"
    )
    return Setup.from_env()


@dataclass
class Desk:
    """What the stand-in for the service knows and was told."""

    invitations: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrivals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    down: bool = False


@dataclass
class Platform:
    """Where things are, and what tests do to them."""

    home: Home
    addresses: Addresses
    desk: Desk
    hub: subprocess.Popen[bytes]

    def api(
        self, method: str, path: str, *, token: str = "service_token", **kwargs: Any
    ) -> httpx.Response:
        """Ask the hub's API with one of the platform's tokens."""
        return httpx.request(
            method,
            self.addresses.hub_api + path,
            headers={"Authorization": f"token {self.home.secret(token)}"},
            timeout=60,
            trust_env=False,
            **kwargs,
        )

    def invite(
        self, role: str, name: str, *, room: str | None = None, **changes: Any
    ) -> tuple[str, dict[str, Any]]:
        """Make a person with an invitation as the service does; return link, record.

        `room` is an interview whose running room the person may enter.
        """
        person = new_person()
        assert self.api("POST", f"/users/{person}").status_code == 201
        next_url = self.addresses.service_url
        if room is not None:
            owner = room_name(room)
            shared = self.api(
                "POST",
                f"/shares/{owner}/",
                json={"user": person, "scopes": [f"access:servers!server={owner}/"]},
            )
            assert shared.status_code == 200, shared.text
            next_url = f"{self.addresses.origin(owner)}/user/{owner}/lab"
        record = {
            "id": new_id(),
            "state": "valid",
            "expires_at": "2099-11-22T15:00:00+00:00",
            "role": role,
            "person": {
                "hub_name": person,
                "display_name": name,
                "initials": "".join(word[0] for word in name.split())[:2],
                "color": "#2b5fd9",
            },
            "interview": {"id": new_id(), "title": "Exploring churn", "state": "open"},
            "policy_words": [],
            "next_url": next_url,
            **changes,
        }
        self.desk.invitations[record["id"]] = record
        return self.link(record["id"]), record

    def link(self, invitation_id: str, *, expires_s: int | None = None) -> str:
        """Return a signed link."""
        expires_s = int(time.time()) + 3600 if expires_s is None else expires_s
        token = sign_invitation(
            self.home.secret("invitation_key"),
            InvitationToken(invitation_id, expires_s),
        )
        return f"{self.addresses.public_url}/hub/invitation?token={token}"

    def start_room(self) -> str:
        """Start a room as the service does; return the interview's id."""
        interview_id = new_id()
        owner = room_name(interview_id)
        assert self.api("POST", f"/users/{owner}").status_code == 201
        started = self.api("POST", f"/users/{owner}/server", json={})
        assert started.status_code in {201, 202}, started.text
        wait_until(lambda: self.room_state(interview_id)["ready"])
        return interview_id

    def room_state(self, interview_id: str) -> dict[str, Any]:
        """Return the hub's model of a room's server."""
        model: dict[str, Any] = self.api(
            "GET", f"/users/{room_name(interview_id)}/server"
        ).json()
        return model

    def stop_room(self, interview_id: str) -> None:
        """Stop a room as the service does."""
        answer = self.api("DELETE", f"/users/{room_name(interview_id)}/server")
        assert answer.status_code in {202, 204}, answer.text
        wait_until(lambda: self.room_state(interview_id)["stopped"])


def wait_until(ask: Any, *, timeout_s: float = 60) -> Any:
    """Return the first truthy answer of `ask`."""
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s"
        time.sleep(0.1)
    return answer


def answers(url: str, **headers: str) -> bool:
    """Return whether somebody answers with success."""
    try:
        return httpx.get(url, headers=headers, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


@contextmanager
def running(path: Path) -> Iterator[Platform]:
    """Start proxy, stand-in and hub below `path`; stop them and all their rooms."""
    setup()
    home, addresses = Home(path), ports.choose(free_port(), None)
    home.make()
    env = {
        **{name: os.environ[name] for name in ("PATH", "NBINTERVIEW_SETUP")},
        **addresses.env(),
        "NBINTERVIEW_HOME": str(home.path),
        "LEFT_OVER_SECRET": "must not reach a room",
    }
    desk = Desk()
    with ExitStack() as stack:
        stack.enter_context(_stand_in(home, addresses, desk))
        stack.enter_context(_program("proxy", _proxy_argv(addresses), home, env))
        hub = stack.enter_context(start_hub(home, env))
        platform = Platform(home, addresses, desk, hub)
        wait_until(lambda: answers(f"{addresses.hub_api}/health"))
        public = f"http://127.0.0.1:{addresses.port}/hub/health"
        wait_until(lambda: answers(public, Host=f"localhost:{addresses.port}"))
        yield platform


@contextmanager
def start_hub(home: Home, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the hub with the tests' configuration."""
    argv = [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "hub_for_tests.py")]
    with _program("hub", argv, home, env) as process:
        yield process


def _proxy_argv(addresses: Addresses) -> list[str]:
    return [
        *(str(setup().node), str(setup().proxy), "--host-routing"),
        *("--ip", "127.0.0.1", "--port", str(addresses.port)),
        *("--api-ip", "127.0.0.1", "--api-port", str(addresses.proxy_api_port)),
        *("--error-target", f"http://127.0.0.1:{addresses.hub_port}/hub/error"),
    ]


@contextmanager
def _program(
    name: str, argv: list[str], home: Home, env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    if name == "proxy":
        env = {**env, "CONFIGPROXY_AUTH_TOKEN": home.secret("proxy_token")}
    with (home.path / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            argv, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        yield process
    finally:
        family = []
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait(20)
        for each in family:
            if each.is_running():
                each.kill()
        psutil.wait_procs(family, timeout=10)


@contextmanager
def _stand_in(home: Home, addresses: Addresses, desk: Desk) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            status, body = self._decide()
            raw = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(raw)

        def _decide(self) -> tuple[int, dict[str, Any] | None]:
            found = re.search(r"/api/v1/invitations/([^/]+)(/arrivals)?$", self.path)
            if found is None:
                return 200, {"page": self.path}
            if self.headers["Authorization"] != f"Bearer {home.secret('hub_key')}":
                return 401, None
            if desk.down:
                return 503, None
            invitation_id, arrivals = found.groups()
            desk.asked.append(invitation_id)
            if invitation_id not in desk.invitations:
                return 404, None
            record = desk.invitations[invitation_id]
            if not arrivals:
                return 200, record
            length = int(self.headers["Content-Length"])
            desk.arrivals.append((invitation_id, json.loads(self.rfile.read(length))))
            added = httpx.post(
                f"{addresses.hub_api}/groups/{GROUPS[record['role']]}/users",
                headers={"Authorization": f"token {home.secret('service_token')}"},
                json={"users": [record["person"]["hub_name"]]},
                trust_env=False,
            )
            return (204 if added.is_success else 500), None

    server = ThreadingHTTPServer(("127.0.0.1", addresses.service_port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
