"""Jupyter's kernel provisioner: every kernel in a sandbox of its own, over ipc sockets.

Registered as `nbinterview-bubblewrap`. Works under any KernelManager: the provisioner
itself supplies the connection information (transport ipc, a short socket path).
"""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Float, Int

from nbinterview_kernels import cgroup, command, launch, machine, rundir, sandbox
from nbinterview_kernels.kernelspec import PROVISIONER
from nbinterview_kernels.settings import CONNECTION_DIR, MIB, Limits
from nbinterview_kernels.watchdog import Watch, Watchdog

_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_POLL_S = 0.05


class BubblewrapProvisioner(KernelProvisionerBase):
    """Starts, watches and ends one sandboxed kernel, over all its restarts.

    `layers` says after a launch which protections are in force, and
    `last_death` why the last process ended when it was not asked to:
    "memory", "files", "connections", or "exit code N".
    """

    memory_mib = Int(1024, min=128, config=True, help="Memory of a kernel, in MiB.")
    processes = Int(128, min=8, config=True, help="Processes and threads of a kernel.")
    cpus = Float(1.0, min=0.1, config=True, help="CPUs a kernel may use.")
    home_mib = Int(64, min=1, config=True, help="Size of a kernel's home, in MiB.")
    tmp_mib = Int(64, min=1, config=True, help="Size of a kernel's /tmp, in MiB.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layers: dict[str, Any] = {}
        self.last_death: str | None = None
        self.pid: int | None = None
        self._tools: machine.Tools | None = None
        self._directory: rundir.RunDirectory | None = None
        self._sandbox: sandbox.Sandbox | None = None
        self._plan = cgroup.NONE
        self._watchdog: Watchdog | None = None
        self._bitten: str | None = None
        self._ending = False

    # What Jupyter asks for

    @property
    def has_process(self) -> bool:
        """Tell whether a process was started and not yet waited for."""
        return self._sandbox is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the connection directory and information, once for all restarts."""
        self._tools = machine.find_tools(self.kernel_spec.argv[0])
        if self._directory is None:
            self._directory = launch.make_directory(self._tools)
            self.connection_info = self._new_connection_info(self._directory)
        argv = command.kernel_argv(self.kernel_spec.argv)
        return await super().pre_launch(cmd=argv, **kwargs)

    async def launch_kernel(
        self,
        cmd: list[str],
        **kwargs: Any,  # noqa: ARG002
    ) -> KernelConnectionInfo:
        """Start the kernel; nothing of Jupyter's `kwargs` (env, cwd) reaches it.

        Raises SandboxRefused.
        """
        assert self._directory is not None
        assert self._tools is not None
        limits = self._limits()
        self._directory.clear()
        self._directory.write("c.json", self._connection_file())
        try:
            # Not in a thread: bwrap dies with the thread that started it.
            attempt = launch.begin(self._tools, limits, self._directory.path, cmd)
            await self._confirm(attempt)
        except BaseException:
            self._remove_directory()
            raise
        self._sandbox, self._plan = attempt.sandbox, attempt.layers.cgroup
        self.pid = self._sandbox.process.pid
        self.layers, self._bitten, self._ending = attempt.layers.report(), None, False
        self._watch(limits, self._sandbox)
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else its exit code."""
        if self._sandbox is None:
            return 0
        code = self._sandbox.process.poll()
        if code is not None and not self._ending:
            self._note_death(code)
        return code

    async def wait(self) -> int | None:
        """Wait for the end, and until nothing of the sandbox is left."""
        if self._sandbox is None:
            return 0
        # Jupyter waits only for a kernel that has ended or is about to.
        while (code := await self.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        if self._watchdog is not None:
            await asyncio.to_thread(self._watchdog.stop)
            self._watchdog = None
        await asyncio.to_thread(cgroup.end, self._plan)
        self._sandbox.close()
        self._forget()
        return code

    async def send_signal(self, signum: int) -> None:
        """Signal the sandbox as a whole. Interrupts go by message, not here."""
        if signum == signal.SIGINT:
            self.log.warning("A sandboxed kernel is interrupted by message only.")
        elif self._sandbox is not None:
            self._sandbox.process.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002
        """End everything in the sandbox at once."""
        self._end()

    async def terminate(self, restart: bool = False) -> None:  # noqa: ARG002
        """End everything in the sandbox at once: it holds nothing to tidy up."""
        self._end()

    async def shutdown_requested(
        self,
        restart: bool = False,  # noqa: ARG002
    ) -> None:
        """Note that the coming end is no death."""
        await self.poll()
        self._ending = True

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the connection directory, unless the kernel comes back."""
        if self._sandbox is not None:
            self._end()
            await self.wait()
        if not restart:
            self._remove_directory()

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Return what describes this kernel: process, layers, connection."""
        found: dict[str, Any] = await super().get_provisioner_info()
        return {**found, "pid": self.pid, "layers": self.layers}

    # How

    async def _confirm(self, attempt: launch.Attempt) -> None:
        try:
            await asyncio.to_thread(attempt.confirm)
        except asyncio.CancelledError:
            attempt.end()
            raise

    def _remove_directory(self) -> None:
        if self._directory is not None:
            self._directory.remove()
            self._directory = None

    def _new_connection_info(
        self, directory: rundir.RunDirectory
    ) -> KernelConnectionInfo:
        session = getattr(self.parent, "session", None)
        # jupyter_client declares the key as str and compares it as bytes.
        info: dict[str, Any] = {
            "transport": "ipc",
            "ip": f"{directory.path}/s",
            **{name: number for number, name in enumerate(_PORTS, start=1)},
            "key": session.key if session else uuid.uuid4().hex.encode(),
            "signature_scheme": session.signature_scheme if session else "hmac-sha256",
        }
        return cast("KernelConnectionInfo", info)

    def _connection_file(self) -> str:
        """Return the connection file as the kernel sees it."""
        info: dict[str, Any] = dict(self.connection_info)
        info |= {"ip": f"{CONNECTION_DIR}/s", "key": info["key"].decode("ascii")}
        return json.dumps(info)

    def _limits(self) -> Limits:
        return Limits(
            memory_bytes=self.memory_mib * MIB,
            processes=self.processes,
            cpus=self.cpus,
            home_bytes=self.home_mib * MIB,
            tmp_bytes=self.tmp_mib * MIB,
        )

    def _watch(self, limits: Limits, started: sandbox.Sandbox) -> None:
        assert self._directory is not None
        limited = self._plan.version != "none"
        memory_bytes = None if limited else limits.memory_bytes

        def bite(reason: str) -> None:
            self._bitten = reason
            started.kill()

        watch = Watch(self._directory.path, memory_bytes)
        self._watchdog = Watchdog(watch, started.process.pid, bite)

    def _end(self) -> None:
        if self._sandbox is not None:
            self._ending = self._sandbox.process.poll() is None or self._ending
            self._sandbox.kill()

    def _note_death(self, code: int) -> None:
        assert self._sandbox is not None
        reason = self._bitten
        if reason is None and cgroup.out_of_memory(self._plan):
            reason = "memory"
        self.last_death = reason or f"exit code {code}"
        self._ending = True
        self.log.warning(
            "Kernel %s ended: %s\n%s",
            self.kernel_id,
            self.last_death,
            self._sandbox.stderr()[-2000:],
        )

    def _forget(self) -> None:
        self._sandbox, self.pid, self._plan = None, None, cgroup.NONE


class SandboxedKernelSpecManager(KernelSpecManager):
    """Knows only kernels that run in the sandbox.

    `allowed_kernelspecs` filters lists but not a start by name, and the server's own
    environment brings a bare `python3`: whoever may start a kernel could ask for it.
    """

    ensure_native_kernel = Bool(default_value=False, config=True)

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the sandboxed specs' directories by name."""
        found: dict[str, str] = super().find_kernel_specs()
        return {name: path for name, path in found.items() if self._has(name)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return a sandboxed spec; raises NoSuchKernel for every other name."""
        spec = super().get_kernel_spec(kernel_name)
        stanza = spec.metadata.get("kernel_provisioner", {})
        if stanza.get("provisioner_name") != PROVISIONER:
            raise NoSuchKernel(kernel_name)
        return spec

    def _has(self, name: str) -> bool:
        try:
            self.get_kernel_spec(name)
        except NoSuchKernel:
            return False
        return True
