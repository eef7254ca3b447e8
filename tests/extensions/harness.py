"""A real room server in a process of its own, and pages that talk to it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
from pycrdt import Decoder, Doc, create_sync_message, handle_sync_message
from websockets.asyncio.client import ClientConnection, connect

from nbinterview.home import Setup
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store
from nbinterview_proctor import policy
from nbinterview_server.beats import signature
from nbinterview_server.config import NOTEBOOK
from nbinterview_server.launch import jupyter_env, ready
from tests.extensions.stand_in import TOKEN, StandIn
from tests.ports import free_port

HERE = Path(__file__).parent
INTERVIEW = "abcdefghij"
BASE = f"/user/room-{INTERVIEW}/"
PAGE_URL = f"http://nbinterview.invalid/interviews/{INTERVIEW}"

CANDIDATE = "p-candidate2"
INTERVIEWER = "p-interview2"
REVIEWER = "p-reviewer22"
STRANGER = "p-stranger22"

DEADLINE_S = 30.0


def person(hub_name: str, name: str, role: str, color: str) -> dict[str, str]:
    """Return one person of the room config."""
    return {
        "hub_name": hub_name,
        "display_name": name,
        "initials": name[:1],
        "color": color,
        "role": role,
    }


def room_config(**changes: Any) -> dict[str, Any]:
    """Return a room config as the service sends it."""
    config: dict[str, Any] = {
        "interview": {
            "id": INTERVIEW,
            "title": "Data scientist",
            "state": "open",
            "page_url": PAGE_URL,
        },
        "template": {
            "cells": [
                {
                    "cell_type": "markdown",
                    "id": "question-1",
                    "metadata": {"editable": False, "deletable": False},
                    "source": "# Question 1",
                },
                {
                    "cell_type": "code",
                    "id": "answer-1",
                    "metadata": {},
                    "source": "1 + 1",
                    "outputs": [],
                    "execution_count": None,
                },
            ],
            "metadata": {
                "kernelspec": {
                    "name": "nbinterview-python3",
                    "display_name": "Python 3 (interview)",
                    "language": "python",
                }
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        "policy": policy.load("standard"),
        "allows": [],
        "people": [
            person(CANDIDATE, "Zoë Müller", "candidate", "#1565c0"),
            person(INTERVIEWER, "Ida Ek", "interviewer", "#2e7d32"),
            person(REVIEWER, "Rita Lund", "reviewer", "#6a1b9a"),
        ],
    }
    return {**config, **changes}


def kernel_python() -> str:
    """Return the kernel environment's interpreter."""
    if os.environ.get("NBINTERVIEW_SETUP"):
        return str(Setup.from_env().kernel_python)
    return str(Path(sys.prefix).parent / "kernel" / "bin" / "python")


def system_bwrap() -> str:
    """Return the bubblewrap program."""
    if os.environ.get("NBINTERVIEW_SETUP"):
        return str(Setup.from_env().bwrap)
    return "/usr/bin/bwrap"


def watching_frame(at_ms: float, faces: int = 1, **changes: Any) -> dict[str, Any]:
    """Return what the worker says of one picture of somebody who faces the screen."""
    found: dict[str, Any] = {
        "at_ms": at_ms,
        "faces": faces,
        "luma_mean": 120.0,
        "luma_std": 40.0,
        "frame_diff": 2.0,
        "inference_ms": 14.0,
    }
    if faces:
        found |= {
            "box": [0.35, 0.25, 0.3, 0.4],
            "pose": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, -40, 1],
            "iris_left": 0.5,
            "iris_right": 0.5,
            "eye_open_left": 0.3,
            "eye_open_right": 0.3,
            "mesh_residual": 0.03,
            "face_luma_mean": 120.0,
            "face_luma_std": 30.0,
            "glare_left": 0.0,
            "glare_right": 0.0,
            "eye_luma_std_left": 20.0,
            "eye_luma_std_right": 20.0,
        }
    if faces > 1:
        found |= {"second_box": [0.02, 0.25, 0.25, 0.35], "second_mesh_residual": 0.04}
    return {**found, **changes}


async def eventually(what: Callable[[], Any], *, within_s: float = DEADLINE_S) -> Any:
    """Return the first truthy answer of `what`; fail after the deadline."""
    deadline_s = time.monotonic() + within_s
    while True:
        found = what()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline_s, "did not happen in time"
        await asyncio.sleep(0.05)


class RoomServer:
    """One room: started, killed and started again on the same directory."""

    def __init__(
        self, directory: Path, service: StandIn, bwrap: str | None = None
    ) -> None:
        self.directory = directory
        self.bwrap = bwrap or system_bwrap()
        self.service = service
        self.port = free_port()
        self.more: dict[str, str] = {}
        """Variables of this room alone."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address with its base."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    def env(self) -> dict[str, str]:
        """Return the variables that the hub's spawner would set."""
        return {
            "PATH": os.environ["PATH"],
            "NBINTERVIEW_INTERVIEW": INTERVIEW,
            "NBINTERVIEW_ROOM_DIR": str(self.directory),
            "NBINTERVIEW_SERVICE_API": self.service.api,
            "NBINTERVIEW_ROOM_TOKEN": TOKEN,
            "NBINTERVIEW_KERNEL_PYTHON": kernel_python(),
            "NBINTERVIEW_BWRAP": self.bwrap,
            **self.more,
        }

    async def prepare(self) -> None:
        """Prepare the room as `launch` does, for a server without a hub."""
        await ready(self.env())
        config = self.directory / "jupyter" / "config" / "jupyter_server_config.py"
        with config.open("a", encoding="utf-8") as handle:
            handle.write(
                "c.ServerApp.identity_provider_class = "
                "'tests.extensions.token_identity.TokenIdentity'\n"
                f"c.ServerApp.base_url = {BASE!r}\n"
                f"c.ServerApp.port = {self.port}\n"
                "c.ServerApp.port_retries = 0\n"
                "c.ServerApp.ip = '127.0.0.1'\n"
            )

    async def start(self) -> None:
        """Start the server and wait until it answers."""
        await self.prepare()
        log = (self.directory / "server.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server"],
            env={
                **self.env(),
                **jupyter_env(self.directory),
                "PYTHONPATH": str(HERE.parent.parent),
            },
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        await self._wait()

    async def _wait(self) -> None:
        """Wait until the server answers."""
        async with httpx.AsyncClient(trust_env=False) as client:

            async def answers() -> bool:
                assert self._process is not None
                assert self._process.poll() is None, self.log()[-4000:]
                try:
                    return (await client.get(self.url + "api")).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(answers, within_s=60)

    def log(self) -> str:
        """Return what the server printed."""
        return (self.directory / "server.log").read_text("utf-8", "replace")

    def fill_disk(self, *, full: bool) -> None:
        """Let every write of the server to a file fail, or succeed again."""
        assert self._process is not None
        size = 0 if full else resource.RLIM_INFINITY
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, limits)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask the server to stop, and wait."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(by)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def client(self, who: str | None) -> httpx.AsyncClient:
        """Return an HTTP client that is this person."""
        headers = {"Authorization": f"token is-{who}"} if who else {}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, trust_env=False, timeout=30
        )

    def socket(self, who: str | None, path: str, **headers: str) -> connect:
        """Return a websocket connection, to be entered."""
        if who:
            headers["Authorization"] = f"token is-{who}"
        url = self.url.replace("http://", "ws://") + path
        return connect(
            url,
            additional_headers=headers,
            max_size=None,
            max_queue=None,
            proxy=None,
            open_timeout=20,
        )

    def records(self, *kinds: str) -> list[Record]:
        """Return what is in the journal's file now."""
        path = f"file:{self.directory}/journal.sqlite?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as db:
            rows = db.execute("SELECT wire FROM records ORDER BY seq").fetchall()
        found = [Record.from_json(from_store(wire)) for (wire,) in rows]
        return [one for one in found if not kinds or one.kind in kinds]


class LivePage:
    """A page's end of the live socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.boot_id = str(uuid.uuid4())
        self.seq = 0
        self.beats = 0

    @property
    def transport(self) -> asyncio.Transport:
        """Its end of the line, which can be held."""
        return self._connection.transport

    async def send(self, **message: Any) -> None:
        await self._connection.send(json.dumps(message))

    async def send_text(self, text: str | bytes) -> None:
        await self._connection.send(text)

    async def hear(self, *types: str) -> dict[str, Any]:
        """Return the next message of one of these types, skipping others."""
        while True:
            text = await asyncio.wait_for(self._connection.recv(), DEADLINE_S)
            message: dict[str, Any] = json.loads(text)
            if message["type"] in types:
                return message

    async def hello(self) -> dict[str, Any]:
        await self.send(type="hello", boot_id=self.boot_id)
        return await self.hear("welcome", "problem")

    async def event(self, **event: Any) -> None:
        self.seq += 1
        await self.send(
            type="event",
            boot_id=self.boot_id,
            client_seq=self.seq,
            monotonic_ms=100.0 * self.seq,
            event=event,
        )

    async def beat(self, welcome: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Send one signed beat as its worker would; `welcome` brought the key."""
        self.beats += 1
        credentials = welcome["beats"]
        beat: dict[str, Any] = {
            "boot_id": self.boot_id,
            "beat": self.beats,
            "monotonic_ms": 1000 * self.beats,
            "frames_seen": 0,
            "frames_dropped": 0,
            "nonce": credentials["nonce"],
            **changes,
        }
        key = base64.b64decode(credentials["key"])
        mac = signature(key, credentials["interview"], beat)
        message = {"type": "beat", **beat, "mac": mac}
        await self.send(**message)
        return message

    async def observe(self, frames: list[dict[str, Any]] | None = None) -> None:
        self.seq += 1
        await self.send(
            type="observations",
            boot_id=self.boot_id,
            client_seq=self.seq,
            monotonic_ms=100.0 * self.seq,
            frames=frames or [],
            frames_dropped=0,
        )


@asynccontextmanager
async def live(server: RoomServer, who: str, **headers: str) -> AsyncIterator[LivePage]:
    """Open the live socket as this person."""
    async with server.socket(who, "nbinterview/api/v1/live", **headers) as connection:
        yield LivePage(connection)


class DocumentPage:
    """A page's end of the notebook's Y room."""

    def __init__(self, connection: ClientConnection) -> None:
        from jupyter_ydoc import YNotebook

        self.doc: Doc[Any] = Doc()
        self.notebook = YNotebook(self.doc)
        self.connection = connection
        self.awareness: list[bytes] = []
        self.received: list[bytes] = []
        self.saved: list[int] = []
        """How many writes the room has called saved, each time it said so."""
        self.refused: list[dict[str, Any]] = []
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()
        self._applying = False
        self._subscription = self.doc.observe(self._changed)

    def _changed(self, event: Any) -> None:
        from pycrdt import create_update_message

        if not self._applying:
            self._sending.put_nowait(create_update_message(event.update))

    async def run(self) -> None:
        await self.connection.send(create_sync_message(self.doc))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._receive())
            group.create_task(self._send())

    async def _receive(self) -> None:
        async for message in self.connection:
            assert isinstance(message, bytes)
            if message[0] == 1:
                self.awareness.append(message)
            if message[0] in (100, 101):
                self._hear(message)
            if message[0] == 0:
                if message[1] == 2:
                    self.received.append(message)
                self._applying = True
                try:
                    reply = handle_sync_message(message[1:], self.doc)
                finally:
                    self._applying = False
                if reply is not None:
                    await self.connection.send(reply)

    def _hear(self, message: bytes) -> None:
        decoder = Decoder(message)
        if decoder.read_var_uint() == 100:
            self.saved.append(decoder.read_var_uint())
        else:
            self.refused.append(json.loads(decoder.read_var_string()))

    async def _send(self) -> None:
        while True:
            await self.connection.send(await self._sending.get())

    def sources(self) -> list[str]:
        """Return the text of every cell."""
        return [str(cell["source"]) for cell in self.notebook.ycells]


async def document_path(server: RoomServer, who: str) -> str:
    """Return the path of the notebook's Y room."""
    async with server.client(who) as client:
        answer = await client.put(
            f"api/collaboration/session/{NOTEBOOK}",
            json={"format": "json", "type": "notebook"},
        )
        answer.raise_for_status()
        found = answer.json()
    room = f"json:notebook:{found['fileId']}"
    return f"api/collaboration/room/{room}?sessionId={found['sessionId']}"


@asynccontextmanager
async def document(
    server: RoomServer, who: str, path: str | None = None
) -> AsyncIterator[DocumentPage]:
    """Open the notebook as this person."""
    path = path or await document_path(server, who)
    async with server.socket(who, path) as connection:
        page = DocumentPage(connection)
        running = asyncio.create_task(page.run())
        try:
            yield page
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
