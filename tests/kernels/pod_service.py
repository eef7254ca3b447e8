"""Stands in for the service's three routes; a "pod" is a process on this machine.

The process is what a pod's container runs, `nbinterview_kernels.pod.entry`, with the
kernel environment's interpreter and CurveZMQ, on ports of 127.0.0.1.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import zmq

import nbinterview_kernels
from nbinterview_kernels.pod.client import Http, PodClient
from nbinterview_kernels.pod.entry import PORTS
from tests.ports import free_ports

IMPORTS = str(Path(nbinterview_kernels.__file__).parent.parent)
ADDRESS = "127.0.0.1"
LOOK_S = 5.0


def new_connection() -> dict[str, Any]:
    """Return ports and keys as the service makes them."""
    public, secret = zmq.curve_keypair()
    return {
        **dict(zip(PORTS, free_ports(len(PORTS)), strict=True)),
        "key": os.urandom(32).hex(),
        "curve_publickey": public.decode(),
        "curve_secretkey": secret.decode(),
    }


@dataclass
class Pod:
    """One kernel's process, and what the service says of it."""

    name: str
    connection: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    death: str | None = None
    words: str = ""
    version: int = 1

    @property
    def phase(self) -> str:
        """As the service has it."""
        return "ended" if self.death is not None else "running"


@dataclass
class PodService:
    """The three routes over HTTP. Tokens are `token-ROOM`."""

    python: str
    directory: Path
    pods: dict[str, Pod] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    made: int = 0
    egress: str = "denied"
    refusal: tuple[int, str] | None = None
    """What a start is answered with."""
    away: bool = False
    """Nobody is asked any more: connections are closed without an answer."""
    command: list[str] | None = None
    """What runs instead of the kernel."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    def client(self, room: str = "a") -> PodClient:
        """Return a room's client."""
        return PodClient(Http(self.url, f"token-{room}"), room)

    # Levers

    def end(self, room: str, death: str, words: str = "") -> None:
        """Let a pod end as a cluster would."""
        pod = self.pods[room]
        if pod.process is not None:
            pod.process.kill()
        self._ended(pod, death, words)

    def look_after(self, pod: Pod) -> None:
        """Notice the process's own end, as a kubelet does."""
        assert pod.process is not None
        code = pod.process.wait()
        self._ended(pod, f"exit code {code}", "The kernel ended by itself.")

    def close(self) -> None:
        """End everything."""
        self.away = True
        for pod in self.pods.values():
            if pod.process is not None:
                pod.process.kill()
                pod.process.wait()
        with self.changed:
            self.changed.notify_all()

    # The routes

    def start(self, room: str, *, fresh: bool) -> tuple[int, dict[str, Any]]:
        """POST."""
        if self.refusal is not None:
            return self.refusal[0], {"title": "Refused", "detail": self.refusal[1]}
        pod = self.pods.get(room)
        made = pod is None or fresh or pod.death is not None
        if made:
            self.remove(room)
            pod = self._new(room)
        assert pod is not None
        return 201 if made else 200, {
            "pod": pod.name,
            "address": ADDRESS,
            "connection": pod.connection,
            "since": "2026-11-23T12:00:00Z",
            "fresh": made,
            "isolation": {"egress": self.egress},
        }

    def look(self, room: str, after: str) -> tuple[int, dict[str, Any]]:
        """GET."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.away or self._version(room) != after, LOOK_S
            )
        pod = self.pods.get(room)
        if pod is None:
            return 404, {"title": "Not found", "detail": "There is no kernel."}
        return 200, {
            "version": self._version(room),
            "phase": pod.phase,
            "death": pod.death,
            "words": pod.words,
        }

    def remove(self, room: str) -> None:
        """DELETE."""
        pod = self.pods.pop(room, None)
        if pod is not None and pod.process is not None:
            pod.process.kill()
            pod.process.wait()
        with self.changed:
            self.changed.notify_all()

    def _version(self, room: str) -> str:
        pod = self.pods.get(room)
        return f"{pod.name}.{pod.version}" if pod else ""

    def _new(self, room: str) -> Pod:
        self.made += 1
        pod = Pod(f"kernel-{room}-{self.made:05}", new_connection())
        home = self.directory / pod.name
        home.mkdir()
        secret = home / "secret.json"
        secret.write_text(json.dumps(pod.connection))
        command = self.command or [
            self.python,
            "-m",
            "nbinterview_kernels.pod.entry",
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": IMPORTS,
            "HOME": str(home),
            "NBINTERVIEW_KERNEL_CONNECTION": str(secret),
            "NBINTERVIEW_KERNEL_IP": ADDRESS,
            "KUBERNETES_SERVICE_HOST": "192.0.2.1",
        }
        with (home / "log").open("wb") as log:
            pod.process = subprocess.Popen(
                [part.replace("{secret}", str(secret)) for part in command],
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.pods[room] = pod
        threading.Thread(target=self.look_after, args=(pod,), daemon=True).start()
        return pod

    def _ended(self, pod: Pod, death: str, words: str) -> None:
        with self.changed:
            if pod.death is None:
                pod.death, pod.words, pod.version = death, words, pod.version + 1
            self.changed.notify_all()


def _handler(service: PodService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _route(self) -> None:
            if service.away:
                self.close_connection = True
                return
            asked = urlsplit(self.path)
            room = asked.path.split("/")[2]
            service.asked.append(f"{self.command} {asked.path}")
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            if self.headers["Authorization"] != f"Bearer token-{room}":
                self._answer(403, {"title": "No", "detail": "Not your room."})
            elif self.command == "POST":
                self._answer(*service.start(room, fresh=body["fresh"]))
            elif self.command == "DELETE":
                service.remove(room)
                self._answer(200, {})
            else:
                after = parse_qs(asked.query).get("after", ["-"])[0]
                answer = service.look(room, after)
                if not service.away:
                    self._answer(*answer)

        do_POST = do_GET = do_DELETE = _route  # noqa: N815  # names of the base

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: object) -> None:
        """Who went away while waiting is no matter."""


@contextmanager
def serving(python: str, directory: Path) -> Iterator[PodService]:
    """Serve until left."""
    service = PodService(python, directory)
    with _Server((ADDRESS, 0), _handler(service)) as server:
        service.url = f"http://{ADDRESS}:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            service.close()
            server.shutdown()
