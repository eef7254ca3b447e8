"""The kernels that are timed: ours in its sandbox, and a bare one."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from nbinterview_kernels import kernelspec
from nbinterview_kernels.provisioner import POOL

DEADLINE_S = 60.0
BARE = "bare"


class Specs(KernelSpecManager):
    """Knows two kernels that run one interpreter: sandboxed, and bare."""

    python = ""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return one of the two."""
        content = kernelspec.content(self.python)
        if kernel_name == BARE:
            content["metadata"] = {}
            content["interrupt_mode"] = "signal"
        return KernelSpec(**content)


@dataclass
class Timed:
    """One kernel under the clock."""

    manager: Any
    client: Any = None

    @classmethod
    def of(cls, python: str, name: str, *, warm: bool = False) -> Timed:
        """Return a kernel that is not started yet."""
        specs = Specs()
        specs.python = python
        manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=specs)
        if warm:
            spec = manager.kernel_spec
            assert spec is not None
            settings = {"warm": True, "warm_after_s": 0.5}
            spec.metadata["kernel_provisioner"]["config"] = settings
        return cls(manager)

    async def start_s(self) -> float:
        """Start it, and return how long its first answer took."""
        began_s = time.perf_counter()
        await self.manager.start_kernel()
        self._connect()
        await self.run("1")
        return time.perf_counter() - began_s

    async def restart_s(self) -> float:
        """Start it again after its death, and return how long its answer took."""
        await self._kill()
        began_s = time.perf_counter()
        await self.manager.restart_kernel(now=True)
        self._connect()
        await self.run("1")
        return time.perf_counter() - began_s

    async def run(self, code: str) -> dict[str, Any]:
        """Run a cell and return what its reply says."""
        # Not `wait_for_ready`, which adds its own fifth of a second of silence.
        request = self.client.execute(
            code, user_expressions={"it": "globals().get('it')"}
        )
        while True:
            reply = await self.client.get_shell_msg(timeout=DEADLINE_S)
            if reply["parent_header"].get("msg_id") == request:
                return dict(reply["content"])

    async def waiting(self) -> None:
        """Return when the next kernel waits, its sockets open."""
        until_s = time.monotonic() + DEADLINE_S
        while True:
            spare = POOL.spare
            if spare is not None and (spare.directory.path / "s-5").exists():
                # Its sockets are open; what it does after that costs no more CPU then.
                await asyncio.sleep(0.5)
                return
            if time.monotonic() > until_s:
                raise TimeoutError("no kernel waits")
            await asyncio.sleep(0.05)

    async def end(self) -> None:
        """End it and let go."""
        if self.client is not None:
            self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def _kill(self) -> None:
        self.client.stop_channels()
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        # jupyter_client has no event for it.
        while await self.manager.is_alive():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def _connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
