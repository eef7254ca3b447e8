"""Jupyter's kernel provisioner: every kernel in a sandbox of its own, over ipc sockets.

Registered as `nbinterview-bubblewrap`. Works under any KernelManager: the provisioner
itself supplies the connection information (transport ipc, a short socket path).
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Enum, Float, Int, List

from nbinterview_kernels import cgroup, command, launch, machine, rundir, usage
from nbinterview_kernels.kernelspec import PROVISIONER
from nbinterview_kernels.refusal import SandboxRefused
from nbinterview_kernels.settings import LAYERS, MIB, Limits
from nbinterview_kernels.warm import Pool
from nbinterview_kernels.watchdog import Watch, Watchdog

_POLL_S = 0.02

POOL = Pool()
"""The waiting kernel of this process; a room has one kernel, so one waits."""


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
    required_layers = List(
        Enum(LAYERS), config=True, help="No kernel without these layers of the sandbox."
    )
    warm = Bool(
        default_value=False,
        config=True,
        help="Let a kernel wait, for the next (re)start.",
    )
    warm_after_s = Float(
        3.0, min=0, config=True, help="How long after a start the next one is made."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layers: dict[str, Any] = {}
        self.last_death: str | None = None
        self.pid: int | None = None
        self.relaunched: Callable[[], None] | None = None
        """Called after each launch but the first."""
        self._recipe: launch.Recipe | None = None
        self._address: rundir.Address | None = None
        self._key = b""
        self._launched: launch.Launched | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._meter: usage.Meter | None = None
        self._refill: asyncio.TimerHandle | None = None
        self._watchdog: Watchdog | None = None
        self._bitten: str | None = None
        self._ending = False

    # What Jupyter asks for

    @property
    def has_process(self) -> bool:
        """Tell whether a process was started and not yet waited for."""
        return self._launched is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the address, once for all restarts, and say what to start."""
        self._recipe = self.make_recipe()
        return await super().pre_launch(cmd=list(self._recipe.argv), **kwargs)

    async def launch_kernel(
        self,
        cmd: list[str],  # noqa: ARG002  # the recipe has it
        **kwargs: Any,  # noqa: ARG002
    ) -> KernelConnectionInfo:
        """Start the kernel; nothing of Jupyter's `kwargs` (env, cwd) reaches it.

        Raises SandboxRefused.
        """
        assert self._recipe is not None
        first = self._address is None
        launched, warm = await self._waiting_kernel(first), True
        if launched is None:
            launched, warm = await self._new_kernel(self._recipe), False
        self._take(launched)
        self.layers = {**launched.attempt.layers.report(), "warm": warm}
        self._watch(launched)
        self._refill_later(launched)
        if not first and self.relaunched is not None:
            self.relaunched()
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else its exit code."""
        if self._launched is None:
            return 0
        code = self._launched.attempt.sandbox.process.poll()
        if code is not None and not self._ending:
            self._note_death(code)
        return code

    async def wait(self) -> int | None:
        """Wait for the end of every process, and begin to remove what is left."""
        if self._launched is None:
            return 0
        # Jupyter waits only for a kernel that has ended or is about to.
        while (code := await self.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        await asyncio.to_thread(self._launched.attempt.sandbox.wait_gone)
        ending = asyncio.create_task(self._clear_away(self._launched, self._watchdog))
        self._launched, self.pid, self._watchdog = None, None, None
        # `cleanup` waits for it, unless there is a next one: they share nothing.
        self._leaving.add(ending)
        ending.add_done_callback(self._leaving.discard)
        return code

    async def send_signal(self, signum: int) -> None:
        """Signal the sandbox as a whole. Interrupts go by message, not here."""
        if signum == signal.SIGINT:
            self.log.warning("A sandboxed kernel is interrupted by message only.")
        elif self._launched is not None:
            self._launched.attempt.sandbox.process.send_signal(signum)

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
        """Remove what is left, the waiting kernel too, unless the kernel comes back."""
        if self._refill is not None:
            self._refill.cancel()
        if self._launched is not None:
            self._end()
            await self.wait()
        if not restart:
            await asyncio.gather(*self._leaving)
            if self.warm:
                await asyncio.to_thread(POOL.close)
            if self._address is not None:
                self._address.remove()
                self._address = None

    def meter(self) -> usage.Meter | None:
        """Return what measures this kernel's use; None when there is none.

        A kernel that was started again has another one.
        """
        return self._meter if self._launched is not None else None

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Return what describes this kernel: process, layers, connection."""
        found: dict[str, Any] = await super().get_provisioner_info()
        return {**found, "pid": self.pid, "layers": self.layers}

    # How

    async def _waiting_kernel(self, first: bool) -> launch.Launched | None:
        """Take the kernel that waits, if there is one and it stands."""
        assert self._recipe is not None
        found = POOL.take(self._recipe, None if first else self._key)
        if found is None:
            return None
        try:
            await self._confirm(found)
        except SandboxRefused:
            self.log.warning("The waiting kernel did not stand; another one is made.")
            return None
        return found

    async def _new_kernel(self, recipe: launch.Recipe) -> launch.Launched:
        # Not in a thread: bwrap dies with the thread that started it.
        launched = launch.launch(recipe, self._key or self._session_key())
        await self._confirm(launched)
        return launched

    async def _clear_away(
        self, launched: launch.Launched, watchdog: Watchdog | None
    ) -> None:
        if watchdog is not None:
            await asyncio.to_thread(watchdog.stop)
        await asyncio.to_thread(launched.end)

    async def _confirm(self, launched: launch.Launched) -> None:
        try:
            await asyncio.to_thread(launched.attempt.confirm)
        except BaseException:
            launched.end()
            raise

    def _take(self, launched: launch.Launched) -> None:
        """Make this the kernel, where its clients find it."""
        if self._address is None:
            self._address = rundir.Address(launched.directory.path.parent)
            self._key = launched.key
            info = launch.connection(f"{self._address.path}/s", self._key)
            # jupyter_client declares the key as str and compares it as bytes.
            self.connection_info = cast("KernelConnectionInfo", info)
        self._address.point_at(launched.directory.path)
        self._launched = launched
        self.pid = launched.attempt.sandbox.process.pid
        self._bitten, self._ending = None, False
        plan, limits = launched.attempt.layers.cgroup, launched.recipe.limits
        self._meter = usage.Meter(plan, self.pid, usage.bounds(limits, plan))

    def _session_key(self) -> bytes:
        session = getattr(self.parent, "session", None)
        return (session.key if session else b"") or secrets.token_hex(32).encode()

    def _refill_later(self, launched: launch.Launched) -> None:
        if not self.warm:
            return
        loop = asyncio.get_running_loop()
        self._refill = loop.call_later(
            self.warm_after_s, POOL.fill, launched.recipe, launched.key
        )

    def make_recipe(self) -> launch.Recipe:
        """Return what a kernel is made of now. Raises SandboxRefused."""
        argv = command.kernel_argv(self.kernel_spec.argv)
        tools = machine.find_tools(self.kernel_spec.argv[0])
        return launch.Recipe(
            tools, self._limits(), tuple(argv), tuple(self.required_layers)
        )

    def _limits(self) -> Limits:
        return Limits(
            memory_bytes=self.memory_mib * MIB,
            processes=self.processes,
            cpus=self.cpus,
            home_bytes=self.home_mib * MIB,
            tmp_bytes=self.tmp_mib * MIB,
        )

    def _watch(self, launched: launch.Launched) -> None:
        started = launched.attempt.sandbox
        limited = launched.attempt.layers.cgroup.version != "none"
        memory_bytes = None if limited else launched.recipe.limits.memory_bytes

        def bite(reason: str) -> None:
            self._bitten = reason
            started.kill()

        watch = Watch(launched.directory.path, memory_bytes)
        self._watchdog = Watchdog(watch, started.process.pid, bite)

    def _end(self) -> None:
        if self._launched is not None:
            sandbox = self._launched.attempt.sandbox
            self._ending = sandbox.process.poll() is None or self._ending
            sandbox.kill()

    def _note_death(self, code: int) -> None:
        assert self._launched is not None
        attempt = self._launched.attempt
        reason = self._bitten
        if reason is None and cgroup.out_of_memory(attempt.layers.cgroup):
            reason = "memory"
        self.last_death = reason or f"exit code {code}"
        self._ending = True
        self.log.warning(
            "Kernel %s ended: %s\n%s",
            self.kernel_id,
            self.last_death,
            attempt.sandbox.stderr()[-2000:],
        )


def let_wait(spec: KernelSpec, parent: Any) -> None:
    """Let such a kernel wait for its first start, if `parent`'s settings say so.

    Raises SandboxRefused. Must not run in a thread that ends.
    """
    settings = spec.metadata["kernel_provisioner"].get("config", {})
    made = BubblewrapProvisioner(
        kernel_id="waiting", kernel_spec=spec, parent=parent, **settings
    )
    if made.warm:
        POOL.fill(made.make_recipe(), secrets.token_hex(32).encode())


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
