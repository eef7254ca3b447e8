"""Three kernels under one clock: local sandbox, CurveZMQ pod, and behind a gateway.

A "pod" is a process on this machine, reached over loopback; what a cluster adds to a
start (scheduling, image, sandbox of the pod) is not in these numbers.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_server.gateway.gateway_client import GatewayClient

from bench.sandbox.kernels import DEADLINE_S, Timed
from nbinterview_kernels import kernelspec
from tests.kernels.pod_driver import NAME, PodSpecs, know_provisioner
from tests.kernels.pod_service import PodService, serving
from tests.ports import free_port

managers: Any = import_module("jupyter_server.gateway.managers")  # without types

SANDBOX, POD, GATEWAY = "sandbox", "pod", "gateway"
BUSY = "print('busy', flush=True)\nimport time\ntime.sleep(60)"


@dataclass
class Way:
    """One kernel, however it is reached."""

    manager: Any
    client: Any = None

    async def start_s(self) -> float:
        """Start it, and return how long its first answer took."""
        began_s = time.perf_counter()
        await self.manager.start_kernel(kernel_name=NAME)
        await self.connect()
        await self.run("1")
        return time.perf_counter() - began_s

    async def connect(self) -> None:
        """Have a client of the kernel that is there now."""
        self.client = self.manager.client()
        found = self.client.start_channels()
        if found is not None:
            await found

    async def run(self, code: str) -> float:
        """Run a cell, and return how long its reply took."""
        began_s = time.perf_counter()
        request = self.client.execute(code)
        while True:
            reply = await self.client.get_shell_msg(timeout=DEADLINE_S)
            if reply["parent_header"].get("msg_id") == request:
                return time.perf_counter() - began_s

    async def interrupt_s(self) -> float:
        """Interrupt a cell, and return how long its reply took."""
        request = self.client.execute(BUSY)
        while True:
            message = await self.client.get_iopub_msg(timeout=DEADLINE_S)
            ours = message["parent_header"].get("msg_id") == request
            if ours and message["msg_type"] == "stream":
                break
        began_s = time.perf_counter()
        await self.manager.interrupt_kernel()
        while True:
            reply = await self.client.get_shell_msg(timeout=DEADLINE_S)
            if reply["parent_header"].get("msg_id") == request:
                assert reply["content"]["status"] == "error"
                return time.perf_counter() - began_s

    async def restart_s(self) -> float:
        """Restart it at once, and return how long its first answer took."""
        self.client.stop_channels()
        began_s = time.perf_counter()
        await self.manager.restart_kernel(now=True)
        await self.connect()
        await self.run("1")
        return time.perf_counter() - began_s

    async def end(self) -> None:
        """End it and let go."""
        if self.client is not None:
            self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)


class WithToken(managers.GatewayKernelClient):  # type: ignore[misc]  # Any
    """A client whose socket shows the token; jupyter_server's own shows none."""

    async def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """Connect."""
        connect = managers.websocket.create_connection
        shown = f"Authorization: token {GatewayClient.instance().auth_token}"
        managers.websocket.create_connection = partial(connect, header=[shown])
        try:
            await super().start_channels(*args, **kwargs)
        finally:
            managers.websocket.create_connection = connect


@dataclass
class Gateway:
    """A plain Jupyter server as kernel host; each start of it is a "pod"."""

    python: str
    directory: Path
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start the server; its kernel is ours, bare, in the same interpreter."""
        spec = kernelspec.content(self.python)
        spec["metadata"] = {}
        spec["interrupt_mode"] = "signal"
        target = self.directory / "kernels" / NAME
        target.mkdir(parents=True, exist_ok=True)
        (target / "kernel.json").write_text(json.dumps(spec), "utf-8")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser"),
                f"--ServerApp.port={self.port}",
                "--ServerApp.ip=127.0.0.1",
                "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={self.directory}",
                "--ServerApp.allow_root=True",
                "--ServerApp.terminals_enabled=False",
                "--ServerApp.jpserver_extensions={}",
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.directory),
                "JUPYTER_PATH": str(self.directory),
                "JUPYTER_TOKEN": self.token,
                "JUPYTER_NO_CONFIG": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def ready(self) -> None:
        """Return when it answers."""
        until_s = time.monotonic() + DEADLINE_S
        while not await asyncio.to_thread(self._answers):
            if time.monotonic() > until_s:
                raise TimeoutError("the gateway does not answer")
            await asyncio.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


@dataclass
class BehindGateway(Way):
    """A kernel of a Jupyter server that is started for it, as a pod would be."""

    manager: Any = None
    gateway: Gateway | None = None

    async def start_s(self) -> float:
        """Start server and kernel, and return how long the first answer took."""
        assert self.gateway is not None
        began_s = time.perf_counter()
        self.gateway.begin()
        await self.gateway.ready()
        GatewayClient.clear_instance()
        settings = GatewayClient.instance()
        settings.url, settings.auth_token = self.gateway.url, self.gateway.token
        self.manager = managers.GatewayKernelManager()
        self.manager.client_factory = WithToken
        await super().start_s()
        return time.perf_counter() - began_s

    async def restart_s(self) -> float:
        """Restart within the same server; the channel is kept."""
        began_s = time.perf_counter()
        await self.manager.restart_kernel()
        await self.run("1")
        return time.perf_counter() - began_s

    async def end(self) -> None:
        """End kernel and server."""
        assert self.gateway is not None
        if self.manager is not None:
            await super().end()
        self.gateway.end()


@dataclass
class Kernels:
    """Makes kernels of each way."""

    python: str
    directory: Path
    service: PodService
    made: int = 0

    @asynccontextmanager
    async def one(self, name: str) -> AsyncIterator[Way]:
        """Yield a kernel that is not started yet, and end it."""
        self.made += 1
        way = self._make(name)
        try:
            yield way
        finally:
            await way.end()

    def _make(self, name: str) -> Way:
        if name == SANDBOX:
            return Way(Timed.of(self.python, kernelspec.NAME).manager)
        if name == POD:
            know_provisioner()
            specs, room = PodSpecs(), f"r{self.made}"
            specs.config_of_pods = {"connect": lambda: self.service.client(room)}
            return Way(AsyncKernelManager(kernel_name=NAME, kernel_spec_manager=specs))
        directory = self.directory / f"gateway-{self.made}"
        directory.mkdir()
        return BehindGateway(gateway=Gateway(self.python, directory))


@contextmanager
def kernels(python: str) -> Iterator[Kernels]:
    """Have the stand-in service of the pods while kernels are timed."""
    with tempfile.TemporaryDirectory() as name:
        pods = Path(name) / "pods"
        pods.mkdir()
        with serving(python, pods) as service:
            yield Kernels(python, Path(name), service)
