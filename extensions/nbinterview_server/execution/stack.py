"""jupyter-server-nbmodel's queues of runs, which no failing cell brings to a stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from jupyter_server_nbmodel.execution_stack import ExecutionStack

log = logging.getLogger(__name__)

# Jupyter-server-nbmodel's class has no complete types.
_ExecutionStack: Any = ExecutionStack


class Stack(_ExecutionStack):  # type: ignore[misc]  # Any, see above
    """Goes on after every error; `left` hears that a kernel's runs may have ended.

    The library ends some before they come to the kernel: a cell is no code cell, or
    cannot be written to.
    """

    def __init__(
        self, kernels: Any, collaboration: Any, left: Callable[[str], None]
    ) -> None:
        super().__init__(kernels, collaboration)
        self._left = left

    def get(self, kernel_id: str, uid: str) -> Any:
        """Return how a request stands."""
        found = super().get(kernel_id, uid)
        if not found["pending"]:
            self._left(kernel_id)
        return found

    async def _run_worker(self, kernel_id: str) -> None:
        """Run what is asked of a kernel.

        A `RuntimeError`, as of a cell of an odd shape, ends the library's worker: it
        says so to nobody, and nothing runs any more.
        """
        while True:
            try:
                await super()._run_worker(kernel_id)
            except RuntimeError:
                log.warning("a cell could not be run", exc_info=True)
                self._left(kernel_id)
            else:
                self._left(kernel_id)
                return
