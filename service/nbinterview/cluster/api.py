"""What is asked of a cluster, as a Protocol: objects by kind, in one namespace."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Literal, Protocol

from nbinterview.cluster.manifest import Manifest
from nbinterview.errors import Unavailable

Kind = Literal["Pod", "Secret", "NetworkPolicy"]
#: In the order in which they are made, so that no kernel runs without its policy.
KINDS: tuple[Kind, ...] = ("Secret", "NetworkPolicy", "Pod")
Change = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
Event = tuple[Change, Manifest]

EXPIRED = 410


class Refused(Unavailable):
    """The API server answered and said no; `answer` is its `Status`."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(f"The cluster refused: {answer.get('message')}")
        self.answer = answer

    @property
    def code(self) -> int | None:
        """Return the status of the answer."""
        code = self.answer.get("code")
        return code if isinstance(code, int) else None


class Cluster(Protocol):
    """Objects of one namespace.

    Every call may raise `Refused`, or `Unavailable` when the cluster cannot be reached.
    """

    async def create(self, kind: Kind, body: Manifest) -> Manifest:
        """Make an object and return it as the cluster keeps it."""

    async def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return an object; None: there is none."""

    async def list(
        self, kind: Kind, labels: Mapping[str, str]
    ) -> tuple[list[Manifest], str]:
        """Return the objects with these labels, and the version of the list."""

    def watch(
        self, kind: Kind, labels: Mapping[str, str], version: str, timeout_s: float
    ) -> AsyncGenerator[Event]:
        """Yield what changes after a version; ends with the time, or before it."""

    async def delete(
        self, kind: Kind, name: str, *, grace_s: int | None = None
    ) -> None:
        """Remove an object; harmless when there is none."""
