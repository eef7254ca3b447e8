"""The kernel that waits: fresh, apart from the other one, locked up like any."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from nbinterview_kernels import kernelspec, landlock, launch
from nbinterview_kernels.provisioner import POOL, let_wait
from nbinterview_kernels.refusal import SandboxRefused
from tests.kernels.test_life import gone

DEADLINE_S = 40.0


class Kernel:
    """A kernel in this test's own event loop."""

    def __init__(self, specs: KernelSpecManager, **config: Any) -> None:
        self.manager = AsyncKernelManager(
            kernel_name=kernelspec.NAME, kernel_spec_manager=specs
        )
        spec = self.manager.kernel_spec
        assert spec is not None
        spec.metadata["kernel_provisioner"]["config"] = config
        self.spec = spec
        self.client: Any = None

    @property
    def provisioner(self) -> Any:
        return self.manager.provisioner

    def is_warm(self) -> bool:
        return bool(self.provisioner.layers["warm"])

    async def start(self) -> None:
        await self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels(hb=False)  # a stop would not wait for its thread

    async def value(self, expression: str) -> str:
        """Return the text of an expression, or the name of the error."""
        request = self.client.execute("", user_expressions={"it": expression})
        while True:
            reply = await self.client.get_shell_msg(timeout=DEADLINE_S)
            if reply["parent_header"].get("msg_id") == request:
                found = reply["content"]["user_expressions"]["it"]
                return str(found.get("ename") or found["data"]["text/plain"])

    async def died(self) -> None:
        os.kill(self.provisioner.pid, signal.SIGKILL)
        async with asyncio.timeout(DEADLINE_S):
            while await self.manager.is_alive():  # it has no event
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(specs: KernelSpecManager, **config: Any) -> AsyncIterator[Kernel]:
    kernel = Kernel(specs, **config)
    await kernel.start()
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        await kernel.manager.shutdown_kernel(now=True)
        assert POOL.spare is None


async def waiting() -> launch.Launched:
    """Return the kernel that waits, once its sockets are open."""
    async with asyncio.timeout(DEADLINE_S):
        while POOL.spare is None or not (POOL.spare.directory.path / "s-5").exists():
            await asyncio.sleep(0.02)
    return POOL.spare


@pytest.mark.asyncio
async def test_a_restart_takes_the_waiting_kernel_and_nothing_of_the_old_one(
    specs: KernelSpecManager,
) -> None:
    async with running(specs, warm=True, warm_after_s=0.0) as kernel:
        assert not kernel.is_warm()
        assert await kernel.value("globals().setdefault('it', 41)") == "41"
        assert await kernel.value("open('/tmp/left', 'w').write('x')") == "1"
        spare = await waiting()
        assert spare.directory.path != Path(kernel.manager.ip).parent.resolve()
        assert (
            spare.attempt.layers.cgroup.version == kernel.provisioner.layers["cgroup"]
        )
        if spare.attempt.layers.cgroup.version != "none":
            running_layers = kernel.provisioner._launched.attempt.layers
            old = set(running_layers.cgroup.directories)
            assert not old & set(spare.attempt.layers.cgroup.directories)
        pid = kernel.provisioner.pid
        await kernel.died()
        await kernel.manager.restart_kernel(now=True)
        assert gone(pid)
        assert kernel.is_warm()
        assert kernel.provisioner.pid == spare.attempt.sandbox.process.pid
        # The same client as before: it comes to the new process by itself.
        assert await kernel.value("it") == "NameError"
        assert await kernel.value("__import__('os').listdir('/tmp')") == "[]"
        assert (
            await kernel.value("open('/proc/self/status').read().count('Seccomp:\\t2')")
            == "1"
        )
        # And the next one is on its way.
        assert (await waiting()) is not spare


@pytest.mark.asyncio
async def test_a_restart_by_people_takes_it_as_well(specs: KernelSpecManager) -> None:
    async with running(specs, warm=True, warm_after_s=0.0) as kernel:
        await kernel.value("globals().setdefault('it', 41)")
        await waiting()
        await kernel.manager.restart_kernel(now=False)
        assert kernel.is_warm()
        assert await kernel.value("it") == "NameError"


@pytest.mark.asyncio
async def test_the_first_start_takes_one_that_was_made_before(
    specs: KernelSpecManager,
) -> None:
    kernel = Kernel(specs, warm=True)
    let_wait(kernel.spec, None)
    spare = await waiting()
    async with running(specs, warm=True, warm_after_s=60.0) as first:
        assert first.is_warm()
        assert first.provisioner.pid == spare.attempt.sandbox.process.pid
        assert first.manager.session.key == spare.key
        assert await first.value("6 * 7") == "42"


@pytest.mark.asyncio
async def test_one_of_another_kind_or_dead_is_not_taken(
    specs: KernelSpecManager,
) -> None:
    let_wait(Kernel(specs, warm=True, memory_mib=512).spec, None)
    spare = await waiting()
    async with running(specs, warm=True, warm_after_s=0.0) as kernel:
        assert not kernel.is_warm()
        assert (await waiting()) is not spare
        assert gone(spare.attempt.sandbox.process.pid)
        assert not spare.directory.path.exists()
        found = await waiting()
        found.attempt.sandbox.kill()
        found.attempt.sandbox.process.wait()
        await kernel.manager.restart_kernel(now=True)
        assert not kernel.is_warm()
        assert await kernel.value("6 * 7") == "42"


@pytest.mark.asyncio
async def test_none_waits_unless_asked_for(specs: KernelSpecManager) -> None:
    let_wait(Kernel(specs).spec, None)
    assert POOL.spare is None
    async with running(specs, warm_after_s=0.0) as kernel:
        assert await kernel.value("1") == "1"
        assert POOL.spare is None


@pytest.mark.asyncio
async def test_a_required_layer_that_is_missing_means_no_kernel(
    specs: KernelSpecManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    async with running(specs, required_layers=["seccomp"]) as kernel:
        assert "no Landlock" in kernel.provisioner.layers["weaker"][0]
    refused = Kernel(specs, required_layers=["seccomp", "landlock"])
    with pytest.raises(SandboxRefused, match="policy requires Landlock, which") as why:
        await refused.manager.start_kernel()
    assert why.value.refusal.code == "layers_missing"
    assert not refused.manager.has_kernel
