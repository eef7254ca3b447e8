"""Start, interrupt, restart, death, end: as Jupyter's managers do them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.ioloop.manager import AsyncIOLoopKernelManager
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.multikernelmanager import AsyncMultiKernelManager

from nbinterview_kernels import cgroup, kernelspec
from nbinterview_kernels.settings import Limits
from tests.kernels.driver import Kernel, eventually


def gone(pid: int) -> bool:
    """Tell whether a process has ended (a zombie of another parent counts)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def sandboxed_processes(directory: Path) -> list[int]:
    """Return the processes that hold a mount of this connection directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            if directory.name in path.read_text():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def group_directories(name: str) -> list[str]:
    """Return the control-group directories that this kernel has now."""
    plan = cgroup.plan(name, Limits())
    return [path for path in plan.directories if Path(path).exists()]


def test_more_outputs_can_wait_than_zmq_keeps_by_itself(kernel: Kernel) -> None:
    where = "get_ipython().kernel.iopub_socket.io_thread.socket"
    assert kernel.value(f"say({where}.sndhwm)") == 50_000


# Interrupt


@pytest.mark.parametrize("busy", ["while True: pass", "import time; time.sleep(60)"])
def test_interrupt(kernel: Kernel, busy: str) -> None:
    kernel.run("kept = 41")
    request = kernel.send("print('busy', flush=True)\n" + busy)
    _wait_for_text(kernel, request)
    # A person's time, and no race with CPython: a signal between its last look for one
    # and the system call that sleeps is seen only when the sleep is over.
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    result = kernel.finish(request, 20)
    assert result.error.startswith("KeyboardInterrupt")
    assert kernel.value("say(kept + 1)") == 42


def _wait_for_text(kernel: Kernel, request: str) -> None:
    while True:
        message = kernel.client.get_iopub_msg(timeout=20)
        ours = message["parent_header"].get("msg_id") == request
        if ours and message["msg_type"] == "stream":
            return


# Restart and end


@pytest.mark.parametrize("now", [True, False])
def test_restart(fresh: Callable[..., Kernel], now: bool) -> None:
    kernel = fresh()
    kernel.run("old = 1")
    pid, directory = kernel.provisioner.pid, kernel.directory
    address = kernel.manager.ip
    kernel.manager.restart_kernel(now=now)
    kernel.drain()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("old").error.startswith("NameError")
    # A directory of its own, which clients find at the same address.
    assert kernel.directory != directory
    assert not directory.exists()
    assert kernel.manager.ip == address
    assert gone(pid)
    assert kernel.provisioner.last_death is None


@pytest.mark.parametrize("now", [True, False])
def test_end_leaves_nothing(fresh: Callable[..., Kernel], now: bool) -> None:
    kernel = fresh()
    kernel.run("import os\nif os.fork() == 0:\n    import time; time.sleep(300)")
    directory = kernel.directory
    assert len(sandboxed_processes(directory)) >= 3
    assert directory.is_dir()
    kernel.manager.shutdown_kernel(now=now)
    assert not directory.exists()
    eventually(lambda: not sandboxed_processes(directory), "processes are left")
    assert group_directories(directory.name) == []
    assert kernel.provisioner.last_death is None


def test_exit_in_a_cell_is_a_death(fresh: Callable[..., Kernel]) -> None:
    kernel = fresh()
    kernel.send("import os; os._exit(7)")
    eventually(kernel.dead, "the death was not noticed")
    assert kernel.provisioner.last_death == "exit code 7"


SERVER = """
import asyncio, json, sys
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbinterview_kernels import kernelspec

async def main():
    specs = KernelSpecManager(kernel_dirs=[sys.argv[1]], ensure_native_kernel=False)
    manager = AsyncKernelManager(
        kernel_name=kernelspec.NAME, kernel_spec_manager=specs
    )
    await manager.start_kernel()
    print(json.dumps([manager.ip, manager.provisioner.pid]), flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


def test_killed_server_takes_its_kernels_along(
    specs: KernelSpecManager, fresh: Callable[..., Kernel]
) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, specs.kernel_dirs[0]],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    with server:
        ip, pid = json.loads(server.stdout.readline())
        directory = Path(ip).parent.resolve()
        assert sandboxed_processes(directory)
        server.send_signal(signal.SIGKILL)
    eventually(lambda: gone(pid), "bwrap outlived the server")
    eventually(lambda: not sandboxed_processes(directory), "the kernel is left")
    # What it left behind goes when the next kernel starts, once it is old enough.
    assert directory.is_dir()
    past = time.time() - 3600
    os.utime(directory, (past, past))
    fresh()
    assert not directory.exists()
    assert group_directories(directory.name) == []


# Jupyter's own machinery


@pytest.mark.asyncio
async def test_restarter_brings_a_dead_kernel_back(specs: KernelSpecManager) -> None:
    manager = AsyncIOLoopKernelManager(
        kernel_name=kernelspec.NAME, kernel_spec_manager=specs
    )
    await manager.start_kernel()
    provisioner: Any = manager.provisioner
    try:
        restarted = asyncio.Event()
        manager._restarter.stop()
        manager._restarter.time_to_dead = 0.2
        manager._restarter.start()
        manager.add_restart_callback(restarted.set)
        first = provisioner.pid
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(restarted.wait(), 20)
        client = manager.client()
        client.start_channels(hb=False)
        await client.wait_for_ready(timeout=60)
        client.stop_channels()
        assert provisioner.pid != first
        assert provisioner.last_death == "exit code -9"
    finally:
        await manager.shutdown_kernel(now=True)


@pytest.mark.asyncio
async def test_many_kernels_of_one_manager_are_apart(
    specs: KernelSpecManager, tmp_path: Path
) -> None:
    managers = AsyncMultiKernelManager(
        kernel_spec_manager=specs, connection_dir=str(tmp_path)
    )
    try:
        first = await managers.start_kernel(kernel_name=kernelspec.NAME)
        second = await managers.start_kernel(kernel_name=kernelspec.NAME)
        each = [managers.get_kernel(name) for name in (first, second)]
        ips = {manager.ip for manager in each}
        assert len(ips) == 2
        assert {manager.transport for manager in each} == {"ipc"}
    finally:
        await managers.shutdown_all(now=True)
    assert not any(Path(ip).parent.exists() for ip in ips)


def test_never_bare_without_the_provisioner(
    specs: KernelSpecManager,
    tmp_path: Path,
) -> None:
    """The same kernelspec in a Jupyter that lacks our provisioner is refused."""
    target = kernelspec.write(tmp_path, sys.executable)
    spec = json.loads((target / "kernel.json").read_text())
    spec["metadata"]["kernel_provisioner"]["provisioner_name"] += "-missing"
    (target / "kernel.json").write_text(json.dumps(spec))
    unknown = KernelSpecManager(kernel_dirs=[str(tmp_path)], ensure_native_kernel=False)
    with pytest.raises(NoSuchKernel):
        unknown.get_kernel_spec(kernelspec.NAME)


# What candidates use


def test_data_science_packages_and_plots(kernel: Kernel) -> None:
    result = kernel.run("""
import matplotlib.pyplot as plt, numpy as np, pandas as pd
from scipy import stats
from sklearn.linear_model import LinearRegression
table = pd.DataFrame({"x": np.arange(10.0)})
model = LinearRegression().fit(table[["x"]], table["x"] * 2)
plt.plot(table["x"], model.predict(table[["x"]]))
plt.title("fit")
plt.show()
print(round(float(model.coef_[0]), 6), stats.norm.cdf(0))
""")
    assert result.status == "ok", result.error
    assert result.text == "2.0 0.5\n"
    assert "image/png" in result.mime_types


def test_shell_commands_and_worker_processes(kernel: Kernel) -> None:
    assert "hello" in kernel.run("!echo hello").text
    assert "Python 3" in kernel.run("!python --version").text
    result = kernel.run("""
from concurrent.futures import ProcessPoolExecutor
from joblib import Parallel, delayed
with ProcessPoolExecutor(2) as pool:
    print(sum(pool.map(abs, [-1, -2, -3])))
print(sum(Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2))))
""")
    assert result.status == "ok", result.error
    assert result.text.split() == ["6", "3"]


def test_files_of_ones_own(kernel: Kernel) -> None:
    found = kernel.value("""
import pathlib, tempfile
pathlib.Path("data").mkdir(exist_ok=True)
pathlib.Path("data/a.csv").write_text("x\\n1\\n")
import pandas
with tempfile.TemporaryDirectory() as d:
    pathlib.Path(d, "b").write_text("b")
say([os.getcwd(), int(pandas.read_csv("data/a.csv")["x"][0])])
""")
    assert found == ["/home/candidate", 1]
