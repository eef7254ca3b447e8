"""Jupyter's kernel provisioner whose kernel is a pod that the service makes.

Registered as `nbinterview-pod`. The room has no rights in the cluster: it is handed
an address and keys, and hears from the service what becomes of the pod.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Callable as CallableTrait
from traitlets import Float

from nbinterview_kernels.pod.client import Away, PodClient, PodRefused, Started, State
from nbinterview_kernels.usage import Meter

_POLL_S = 0.02
_KILLED = 137
REMOVED = "removed"
"""The death of a pod that somebody else took away."""


def exit_code(death: str | None) -> int:
    """Return a number for what ended a pod; Jupyter wants one."""
    if death is None:
        return 0
    code = death.removeprefix("exit code ")
    return int(code) if code.isdigit() else _KILLED


class Watcher:
    """Asks the service, in a thread, until one pod has ended.

    A service that is away says nothing about the pod, so the kernel counts as alive.
    """

    def __init__(
        self, client: PodClient, pod: str, ended: Callable[[State], None]
    ) -> None:
        self._client = client
        self._pod = pod
        self._ended = ended
        self._stop = threading.Event()
        # Not joined: it may be in the middle of a long look.
        threading.Thread(target=self._run, name=f"watch {pod}", daemon=True).start()

    def stop(self) -> None:
        """Say nothing more about this pod."""
        self._stop.set()

    def _run(self) -> None:
        version: str | None = None
        pause_s = 0.1
        while not self._stop.is_set():
            try:
                found = self._client.look(version)
            except Away:
                self._stop.wait(pause_s)
                pause_s = min(5.0, pause_s * 2)
                continue
            pause_s = 0.1
            if found is None or found.pod not in (None, self._pod):
                found = State("", "ended", REMOVED)
            if self._stop.is_set():
                return
            if found.phase == "ended":
                self._ended(found)
                return
            if found.version == version:
                self._stop.wait(pause_s)  # a look that does not wait is no hurry
            version = found.version


class PodProvisioner(KernelProvisionerBase):
    """Has one kernel pod, over all its restarts, each of which is a fresh pod.

    `layers` says after a launch what is known of its isolation, `last_death` why the
    last pod ended when it was not asked to: "memory", "evicted", "deadline", "image",
    "quota", "removed" or "exit code N"; `last_words` the service's words for it.
    """

    connect = CallableTrait(
        None, allow_none=True, config=True, help="Returns the `PodClient` to ask."
    )
    start_timeout_s = Float(
        120.0, min=1, config=True, help="How long the service may take for a pod."
    )
    remove_timeout_s = Float(
        5.0, min=0.1, config=True, help="How long it may take to remove one."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layers: dict[str, Any] = {}
        self.last_death: str | None = None
        self.last_words = ""
        self.pid: int | None = None
        """There is no process here."""
        self.relaunched: Callable[[], None] | None = None
        """Called after each launch but the first; the address is another one."""
        self.found = False
        """The kernel was running when this room came to it."""
        self._client: PodClient | None = None
        self._pod: Started | None = None
        self._watcher: Watcher | None = None
        self._code: int | None = None
        self._death: State | None = None
        self._ending = False
        self._launches = 0

    @property
    def has_process(self) -> bool:
        """Tell whether there is a pod that is this room's to look after."""
        return self._pod is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Say that nothing is started here: the pod has its own command."""
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(
        self,
        cmd: list[str],  # noqa: ARG002  # the pod's manifest has it
        **kwargs: Any,  # noqa: ARG002  # nothing of Jupyter's reaches the kernel
    ) -> KernelConnectionInfo:
        """Come to the kernel that runs, or have a pod made. Raises PodRefused.

        The first launch takes what is there, so that a room that was killed comes
        back to its kernel; each later one is a restart and gets a fresh pod.
        """
        client = self._asked()
        again = self._launches > 0
        pod = await asyncio.to_thread(
            client.start, fresh=again, timeout_s=self.start_timeout_s
        )
        self._watch_no_more()
        self._pod, self._code, self._death, self._ending = pod, None, None, False
        self._launches += 1
        self.found = not pod.fresh
        self.layers = {"pod": pod.pod, "egress": pod.egress, "found": self.found}
        # jupyter_client declares the key as str and compares it as bytes.
        self.connection_info = cast("KernelConnectionInfo", dict(pod.connection))
        self._watcher = Watcher(client, pod.pod, self._hear_of(pod))
        if again and self.relaunched is not None:
            self.relaunched()
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the pod runs, for all that is known; else an exit code."""
        if self._pod is None:
            return 0
        if self._death is not None and self._code is None:
            self._code = exit_code(self._death.death)
            if not self._ending:
                self._note_death(self._death)
        return self._code

    async def wait(self) -> int | None:
        """Wait for the pod's end."""
        if self._pod is None:
            return 0
        # Jupyter waits only for a kernel that has ended or is about to.
        while (code := await self.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        self._watch_no_more()
        self._pod = None
        return code

    async def send_signal(self, signum: int) -> None:
        """End the pod. Interrupts go by message, not here."""
        if signum == signal.SIGINT:
            self.log.warning("A kernel in a pod is interrupted by message only.")
        elif signum:
            await self.kill()

    async def kill(self, restart: bool = False) -> None:  # noqa: ARG002
        """Have the pod removed at once."""
        await self.poll()
        self._ending = True
        if self._pod is not None and await self._remove() and self._code is None:
            self._code = _KILLED

    async def terminate(self, restart: bool = False) -> None:
        """Have the pod removed at once: it holds nothing to tidy up."""
        await self.kill(restart)

    async def shutdown_requested(
        self,
        restart: bool = False,  # noqa: ARG002
    ) -> None:
        """Note that the coming end is no death."""
        await self.poll()
        self._ending = True

    async def cleanup(self, restart: bool = False) -> None:
        """Have what is left removed, unless the kernel comes back or was left."""
        self._watch_no_more()
        if restart or self._pod is None:
            return
        self._ending = True
        await self._remove()
        self._pod = None

    def leave(self) -> None:
        """Leave the pod to itself: the room stops, and finds it when it is back.

        To be called before the manager is shut down with `now=True`; a polite
        shutdown is a message to the kernel, which would end it.
        """
        self._watch_no_more()
        self._pod = None

    def meter(self) -> Meter | None:
        """Return None: what a pod uses cannot be seen from the room."""
        return None

    async def get_provisioner_info(self) -> dict[str, Any]:
        """Return what describes this kernel, without its keys."""
        found: dict[str, Any] = await super().get_provisioner_info()
        known = dict(found["connection_info"])
        for name in ("key", "curve_publickey", "curve_secretkey"):
            known.pop(name, None)
        return {**found, "connection_info": known, "pid": None, "layers": self.layers}

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        """Allow for the service's look at the pod beside the kernel's own end."""
        return max(recommended, 2 * self.remove_timeout_s)

    # How

    def _asked(self) -> PodClient:
        if self._client is None:
            if self.connect is None:
                raise ValueError("PodProvisioner.connect is not set: whom to ask?")
            self._client = cast("PodClient", self.connect())
        return self._client

    def _hear_of(self, pod: Started) -> Callable[[State], None]:
        def ended(state: State) -> None:
            if self._pod is pod:
                self._death = state

        return ended

    def _watch_no_more(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher = None

    async def _remove(self) -> bool:
        """Tell whether the pod is as good as gone."""
        try:
            await asyncio.to_thread(
                self._asked().remove, timeout_s=self.remove_timeout_s
            )
        except (Away, PodRefused) as error:
            # The service finds orphans by itself; the room must be able to stop.
            self.log.warning("The kernel's pod could not be removed: %s", error)
            return False
        return True

    def _note_death(self, state: State) -> None:
        self._ending = True
        self.last_death = state.death or "exit code 0"
        self.last_words = state.words
        pod = self._pod.pod if self._pod else "?"
        self.log.warning("Kernel %s in %s ended: %s", self.kernel_id, pod, state.death)
