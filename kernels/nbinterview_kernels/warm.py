"""One kernel that waits: started, locked up, and used by nobody yet.

It is a whole kernel in a sandbox, a control group and a connection directory of its
own, made like every other. Taking it is faster than starting one, and nothing of a
kernel that died can be in it: it never was near it.
"""

from __future__ import annotations

import logging

from nbinterview_kernels import launch, processes, watchdog
from nbinterview_kernels.refusal import SandboxRefused

log = logging.getLogger(__name__)


class Pool:
    """At most one waiting kernel."""

    def __init__(self) -> None:
        self.spare: launch.Launched | None = None

    def fill(self, recipe: launch.Recipe, key: bytes) -> None:
        """See to it that such a kernel waits.

        Blocks for some milliseconds. A failure is logged only: without a waiting
        kernel a start takes longer, and says itself what is wrong.
        Must not run in a thread that ends.
        """
        if self.spare is not None and _fits(self.spare, recipe, key):
            return
        self.close()
        try:
            self.spare = launch.launch(recipe, key)
        except (SandboxRefused, OSError) as error:
            log.warning("No kernel could be made to wait: %s", error)

    def take(
        self, recipe: launch.Recipe, key: bytes | None = None
    ) -> launch.Launched | None:
        """Return the waiting kernel if it is such a one; then none waits any more.

        Without a `key` one with any key will do.
        """
        spare = self.spare
        if spare is None or not _fits(spare, recipe, key):
            return None
        self.spare = None
        return spare

    @property
    def memory_bytes(self) -> int:
        """What the waiting kernel costs."""
        if self.spare is None:
            return 0
        inside = processes.descendants(self.spare.attempt.sandbox.process.pid)
        return sum(map(watchdog.memory_bytes, inside))

    def close(self) -> None:
        """End the waiting kernel; harmless to repeat."""
        spare, self.spare = self.spare, None
        if spare is not None:
            spare.end()


def _fits(spare: launch.Launched, recipe: launch.Recipe, key: bytes | None) -> bool:
    alive = spare.attempt.sandbox.process.poll() is None
    return alive and spare.recipe == recipe and key in (None, spare.key)
