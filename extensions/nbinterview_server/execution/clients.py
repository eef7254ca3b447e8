"""The kernel as jupyter-server-nbmodel sees it: what it runs passes through us."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbinterview_server.execution.conversation import converse
from nbinterview_server.execution.outputs import Hook, tidy_question

if TYPE_CHECKING:
    from nbinterview_server.execution.runs import Run, Runs

MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""Of one message of a kernel; a larger one is not read, and ends its connection; a
run that notices has new ones made. Each page's sockets have a copy of it."""

MAX_QUEUED = 100
"""Messages of a kernel that may wait here. What comes beyond waits in the kernel, which
keeps 50,000 of them (`ipython_startup`) in the memory that it is allowed."""

log = logging.getLogger(__name__)


class Kernels:
    """The kernel manager as jupyter-server-nbmodel sees it."""

    def __init__(self, kernels: Any, runs: Runs) -> None:
        self._kernels = kernels
        self._runs = runs

    def get_kernel(self, kernel_id: str) -> Kernel:
        """Return the kernel, whose clients report to us."""
        return Kernel(self._kernels.get_kernel(kernel_id), kernel_id, self._runs)

    def interrupt_kernel(self, kernel_id: str) -> Any:
        """Interrupt what runs."""
        return self._kernels.interrupt_kernel(kernel_id)


@dataclass(frozen=True)
class Kernel:
    """One kernel, whose clients report to us."""

    kernel: Any
    kernel_id: str
    runs: Runs

    def client(self) -> Client:
        """Return a client of it."""
        # Of its own: two connections of one name are one too many for the kernel, and
        # it never hears the second.
        session = self.kernel.session.clone()
        session.session = secrets.token_hex(16)
        client = self.kernel.client(session=session)
        client.context.rcvhwm = MAX_QUEUED  # of the sockets that it will open
        client.context.maxmsgsize = MAX_MESSAGE_BYTES
        return Client(client, self.kernel_id, self.runs)


class Client:
    """A kernel client whose runs are recorded; everything else is the client's."""

    def __init__(self, client: Any, kernel_id: str, runs: Runs) -> None:
        self._client = client
        self._kernel_id = kernel_id
        self._runs = runs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def wait_for_ready(self) -> None:
        """Nothing: each run makes sure, and goes on trying."""

    def input(self, value: str) -> None:
        """Answer the kernel's question, if this answer is on record."""
        if self._runs.may_answer(self._kernel_id):
            self._client.input(value)

    async def execute_interactive(
        self, code: str, output_hook: Hook, stdin_hook: Hook | None
    ) -> Any:
        """Run code; what it prints goes to `output_hook`."""

        async def execute(run: Run, hook: Hook) -> Any:
            def asked(message: dict[str, Any]) -> None:
                assert stdin_hook is not None
                try:
                    question = tidy_question(message)
                    run.question = question["content"]
                    stdin_hook(question)
                except Exception:  # whatever a kernel asks must not end its run
                    log.warning("a question of the kernel was left out", exc_info=True)

            await self._runs.ready(self._kernel_id, self._client)
            run.began_s = self._runs.monotonic()
            return await converse(
                self._client,
                code,
                hook,
                asked if stdin_hook else None,
                self._runs.output_widgets(self._kernel_id),
                lambda: self._runs.doubt(self._kernel_id),
            )

        return await self._runs.run(self._kernel_id, execute, output_hook)
