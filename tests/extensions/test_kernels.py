"""A kernel whose start fails half-way leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbinterview_kernels import kernelspec
from nbinterview_kernels.provisioner import SandboxedKernelSpecManager
from nbinterview_server.execution.kernels import KernelRefused, RoomKernelManager
from tests.extensions.harness import kernel_python, system_bwrap


def children() -> list[str]:
    """Return this process's children."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


@pytest.mark.asyncio
async def test_a_failed_start_leaves_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBINTERVIEW_BWRAP", system_bwrap())
    kernelspec.write(tmp_path / "kernels", kernel_python())
    specs = SandboxedKernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    # Jupyter writes the connection file once the kernel runs; here it cannot.
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("a file, no directory", "utf-8")
    kernels = RoomKernelManager(
        kernel_spec_manager=specs,
        connection_dir=str(nowhere),
        root_dir=str(tmp_path),
    )
    before = children()
    with pytest.raises(KernelRefused) as raised:
        await kernels.start_kernel()
    assert "nowhere" not in raised.value.detail
    assert children() == before
    assert kernels.list_kernel_ids() == []
