"""In a real room: what the kernel uses is told, and a crash costs no second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbinterview.schemas import check
from nbinterview_kernels import kernelspec, landlock
from nbinterview_kernels.provisioner import SandboxedKernelSpecManager
from nbinterview_proctor import policy
from nbinterview_proctor.policy import Sandbox
from nbinterview_server.execution.kernels import KernelRefused, RoomKernelManager
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    eventually,
    kernel_python,
    live,
    system_bwrap,
)
from tests.extensions.test_execution import cells

pytestmark = pytest.mark.asyncio


def kernel_records(room: RoomServer, state: str) -> list[dict[str, Any]]:
    found = [dict(one.facts) for one in room.records("kernel")]
    return [payload for payload in found if payload["state"] == state]


async def test_use_is_told_to_everybody_and_a_kernel_waits(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as other:
        await page.hello()
        await other.hello()
        async with cells(room) as notebook:
            assert (await notebook.run("it = 1"))["status"] == "ok"
            for each in (page, other):
                message = await each.hear("usage")
                check(message, "live", "UsageMessage")
                assert message["memory_bytes"] > 0
                assert message["memory_limit_bytes"] == 1 << 30
            # One was made when the room opened, and another one after the first start.
            assert kernel_records(room, "started")[0]["layers"]["warm"] is True
            await eventually(lambda: waiting_kernels(room) == 2)
            await notebook.run("import os, signal; os.kill(os.getpid(), 9)")
            result = await notebook.run("it")
            assert "NameError" in result["outputs"]
    restarted = kernel_records(room, "restarted")[0]
    assert restarted["layers"]["warm"] is True
    assert not room.records("usage")


def waiting_kernels(room: RoomServer) -> int:
    """Return how many kernels' sandboxes the room's process has."""
    assert room._process is not None
    tasks = Path(f"/proc/{room._process.pid}/task").glob("*/children")
    pids = [pid for one in tasks for pid in one.read_text().split()]
    return [Path(f"/proc/{pid}/comm").read_text() for pid in pids].count("bwrap\n")


async def test_a_policy_can_have_none_wait(
    make_room: Callable[..., RoomServer],
) -> None:
    chosen = policy.load("unwatched")
    chosen["sandbox"] = {"require": ["seccomp", "landlock"], "warm_kernel": False}
    room = await asyncio.to_thread(make_room, policy=chosen)
    async with cells(room) as notebook:
        assert (await notebook.run("it = 1"))["status"] == "ok"
        assert kernel_records(room, "started")[0]["layers"]["warm"] is False
    assert waiting_kernels(room) == 1


async def test_a_layer_that_the_policy_requires_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are for the candidate's page; nothing is left running."""
    monkeypatch.setenv("NBINTERVIEW_BWRAP", system_bwrap())
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    kernelspec.write(tmp_path / "kernels", kernel_python())
    specs = SandboxedKernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    kernels = RoomKernelManager(
        kernel_spec_manager=specs,
        connection_dir=str(tmp_path / "connections"),
        root_dir=str(tmp_path),
    )
    kernels.follow(Sandbox(("seccomp", "landlock"), warm_kernel=False))
    with pytest.raises(KernelRefused) as raised:
        await kernels.start_kernel()
    assert "this interview's policy requires Landlock" in raised.value.detail
    assert kernels.list_kernel_ids() == []
