"""The interview's one kernel: who started, restarted, interrupted it, how it died."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from jupyter_client.session import DELIM
from jupyter_core.utils import ensure_async
from jupyter_server import CallContext
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets.config import Config

from nbinterview.errors import Conflict, NBInterviewError, Unavailable
from nbinterview_kernels.provisioner import POOL, let_wait
from nbinterview_kernels.refusal import SandboxRefused
from nbinterview_proctor.policy import Sandbox
from nbinterview_server.authorizer import PERSON
from nbinterview_server.config import KERNEL_NAME, Person
from nbinterview_server.documents.authorship import KERNEL, ROOM
from nbinterview_server.execution.clients import MAX_MESSAGE_BYTES, MAX_QUEUED
from nbinterview_server.execution.usage import Meter, Tell, Usage
from nbinterview_server.journal import Entry, Journal, NotWritten

log = logging.getLogger(__name__)

# Why a kernel ended by itself, as its provisioner names it, in words for people.
DEATHS = {
    "memory": "it used more memory than it may",
    "files": "it wrote more than it may",
    "connections": "it lost its connection",
}


class KernelRefused(Unavailable):
    """No kernel, and why. Its text reaches the page as it is."""

    title = "The kernel cannot start"


class Lives(Protocol):
    """Who wants to know that a kernel's process is gone or new."""

    def lost(self, kernel_id: str, why: str) -> None:
        """What was asked of this kernel will not come to an end."""

    def held(self, kernel_id: str) -> AbstractContextManager[None]:
        """Let nothing begin on this kernel for a while."""


class Restores(Protocol):
    """Who brings a branch's first kernel to where another one stood."""

    def begin(self, kernel_id: str, manager: Any) -> None:
        """Begin with this kernel, which was just started."""

    async def stop(self, *, restarting: bool) -> None:
        """Give up, as the kernel is being restarted or stopped."""


def asking() -> str:
    """Return who makes the present request, or `room` when nobody does."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    person = getattr(handler, PERSON, None)
    return person.hub_name if isinstance(person, Person) else ROOM


def death_words(last_death: str | None) -> str:
    """Return why a kernel died, in words for people."""
    if not last_death:
        return "Python stopped by itself."
    if last_death in DEATHS:
        return f"Python was stopped: {DEATHS[last_death]}."
    return f"Python stopped by itself ({last_death})."


def refusal_words(error: Exception) -> str:
    """Return why a kernel did not start, for the candidate: no paths but our own."""
    if isinstance(error, SandboxRefused | NBInterviewError):
        return str(error)
    return "The kernel could not be started. The reason is in the server's log."


# Its methods are typed as the blocking ones of its base and are coroutines.
_KernelManager: Any = AsyncMappingKernelManager


class RoomKernelManager(_KernelManager):  # type: ignore[misc]  # Any, see above
    """Starts one kernel, of one kind, and records what becomes of it."""

    journal: Journal | None = None
    lives: Lives | None = None
    restorer: Restores | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Of Jupyter's own socket and of the pages'.
        self.context.maxmsgsize = MAX_MESSAGE_BYTES
        self.context.rcvhwm = MAX_QUEUED
        self._telling: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._begun: Any = None
        """The manager of the kernel that is being started."""
        self._by_itself = False
        """A kernel died and is being started again, asked by nobody."""
        self._using: asyncio.Task[None] | None = None

    def follow(self, sandbox: Sandbox) -> None:
        """Hold this policy, from the next start on."""
        settings = {
            "required_layers": list(sandbox.require),
            "warm": sandbox.warm_kernel,
        }
        self.update_config(Config({"BubblewrapProvisioner": settings}))

    def begin(self, tell: Tell, *, monotonic: Callable[[], float]) -> None:
        """Begin to tell what the kernel uses, and let a first one wait."""
        usage = Usage(self.meter, tell, monotonic=monotonic)
        self._using = asyncio.ensure_future(usage.run())
        spec = self.kernel_spec_manager.get_kernel_spec(KERNEL_NAME)
        try:
            let_wait(spec, self)
        except SandboxRefused as error:
            # Whoever asks for the kernel is told.
            log.warning("no kernel can wait: %s", error)

    async def close(self) -> None:
        """Stop the kernel and the one that waits."""
        if self._using is not None:
            self._using.cancel()
        await self.shutdown_all()
        await asyncio.to_thread(POOL.close)

    def meter(self) -> Meter | None:
        """Return what measures the present kernel."""
        for kernel_id in self.list_kernel_ids():
            provisioner = self.get_kernel(kernel_id).provisioner
            found: Meter | None = provisioner.meter() if provisioner else None
            return found
        return None

    async def start_kernel(self, *, kernel_id: str | None = None, **kwargs: Any) -> Any:
        """Start the kernel, or say why there is none."""
        async with self._starting:
            if self.list_kernel_ids() and kernel_id not in self:
                raise Conflict("The interview's kernel is running already.")
            kwargs["kernel_name"] = kwargs.get("kernel_name") or KERNEL_NAME
            if kwargs["kernel_name"] != KERNEL_NAME:
                raise Conflict(f"The only kernel here is {KERNEL_NAME}.")
            return await self._start(kernel_id=kernel_id, **kwargs)

    async def _start(self, **kwargs: Any) -> str:
        who = asking()
        try:
            started = str(await super()._async_start_kernel(**kwargs))
        except Exception as error:
            log.exception("a kernel did not start")
            await self._forget_failed()
            words = refusal_words(error)
            await self._note(who, "refused", words)
            raise KernelRefused(words) from error
        self.add_restart_callback(started, lambda: self._died(started), "restart")
        self.add_restart_callback(started, lambda: self._gave_up(started), "dead")
        provisioner = self.get_kernel(started).provisioner
        provisioner.relaunched = lambda: self._came_back(started)
        await self._write([Entry("kernel", who, self._payload(started, "started"))])
        if self.restorer is not None:
            self.restorer.begin(started, self.get_kernel(started))
        return started

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> Any:
        """Remember the kernel's manager: when its start fails nobody else does."""
        found = super().pre_start_kernel(kernel_name, kwargs)
        self._begun = found[0]
        return found

    async def _forget_failed(self) -> None:
        """End what a failed start left running, and forget it.

        jupyter_client keeps a kernel that failed to start as one to be awaited,
        and cannot stop it: the server would not end.
        """
        begun, self._begun = self._begun, None
        if begun is not None and begun not in self._kernels.values():
            begun.stop_restarter()
            if begun.provisioner is not None:
                await begun.provisioner.cleanup(restart=False)
        for kernel_id in set(self._pending_kernels) - set(self._kernels):
            if self._pending_kernels[kernel_id].done():
                del self._pending_kernels[kernel_id]

    async def restart_kernel(self, kernel_id: str, now: bool = False) -> Any:
        """Restart because somebody asked; what runs is lost."""
        who = asking()
        await self._stop_restoring(restarting=True)
        self._lost(kernel_id, "The kernel was restarted.")
        held = self.lives.held(kernel_id) if self.lives else nullcontext()
        try:
            with held:
                found = await super()._async_restart_kernel(kernel_id, now=now)
        except Exception as error:
            log.exception("a kernel did not start again")
            words = refusal_words(error)
            await self._note(who, "refused", words)
            raise KernelRefused(words) from error
        await self._write([Entry("kernel", who, self._payload(kernel_id, "restarted"))])
        return found

    async def interrupt_kernel(self, kernel_id: str) -> None:
        """Interrupt what runs."""
        await ensure_async(super().interrupt_kernel(kernel_id))
        await self._note(asking(), "interrupted", "")

    async def shutdown_kernel(
        self, kernel_id: str, now: bool = False, restart: bool = False
    ) -> Any:
        """Stop the kernel."""
        await self._stop_restoring(restarting=restart)
        self._lost(kernel_id, "The kernel was stopped.")
        found = await super()._async_shutdown_kernel(
            kernel_id, now=now, restart=restart
        )
        if not restart:
            await self._note(asking(), "stopped", "")
        return found

    def start_watching_activity(self, kernel_id: str) -> None:
        """Watch what the kernel is doing by its states, not by all that it prints."""
        super().start_watching_activity(kernel_id)
        stream = self._kernels[kernel_id]._activity_stream
        watch = stream._recv_callback

        def peek(frames: list[Any]) -> None:
            at = next(at for at, frame in enumerate(frames) if frame.bytes == DELIM)
            if b'"status"' in frames[at + 2].bytes:
                watch([frame.bytes for frame in frames])

        stream.on_recv(peek, copy=False)  # of what it prints there is no use here

    def _died(self, kernel_id: str) -> None:
        """Hear from Jupyter that the kernel died and is being started again."""
        provisioner = self.get_kernel(kernel_id).provisioner
        words = death_words(getattr(provisioner, "last_death", None))
        self._lost(kernel_id, words)
        self._note_soon(Entry("kernel", KERNEL, {"state": "died", "detail": words}))
        self._by_itself = True

    def _came_back(self, kernel_id: str) -> None:
        """Hear from the provisioner that there is a new process."""
        if self._by_itself:
            self._by_itself = False
            payload = self._payload(kernel_id, "restarted")
            self._note_soon(Entry("kernel", ROOM, payload))

    def _payload(self, kernel_id: str, state: str) -> dict[str, Any]:
        layers = getattr(self.get_kernel(kernel_id).provisioner, "layers", {})
        return {"state": state, "detail": "", "layers": layers}

    def _gave_up(self, kernel_id: str) -> None:
        """Hear from Jupyter that the kernel died too often."""
        words = "The kernel stopped again and again and was not started any more."
        self._lost(kernel_id, words)
        self._note_soon(Entry("kernel", KERNEL, {"state": "died", "detail": words}))

    async def _stop_restoring(self, *, restarting: bool) -> None:
        if self.restorer is not None:
            await self.restorer.stop(restarting=restarting)

    def _lost(self, kernel_id: str, why: str) -> None:
        if self.lives is not None:
            self.lives.lost(kernel_id, why)

    async def _note(self, who: str, state: str, detail: str) -> None:
        await self._write([Entry("kernel", who, {"state": state, "detail": detail})])

    async def _write(self, entries: list[Entry]) -> None:
        if self.journal is None:
            return
        try:
            await self.journal.insist(entries)
        except NotWritten:
            log.info("the room closes; not recorded: %s", entries)

    def _note_soon(self, entry: Entry) -> None:
        task = asyncio.ensure_future(self._write([entry]))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
