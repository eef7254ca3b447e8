"""A cluster in memory, with levers for what tests let happen to pods."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nbinterview.cluster.api import Event, Kind, Refused
from nbinterview.cluster.manifest import Manifest

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


class RememberedCluster:
    """Objects in a dict; a pod that is made runs at once, unless `first` says else.

    `refuse` holds answers by kind for the next creates; `drop` ends every watch at once
    and `expire` answers the next one that its version is too old. `gone` is how pods
    leave: at once, or not before a test says so.
    """

    def __init__(self) -> None:
        self.now = START
        self.objects: dict[tuple[Kind, str], Manifest] = {}
        self.first: dict[str, Any] = running("10.0.0.1")
        self.refuse: dict[Kind, list[dict[str, Any]]] = {}
        self.gone = True
        self.drop = False
        self.expire = False
        self.deleted: list[tuple[Kind, str, int | None]] = []
        self.watching = 0
        self._versions = itertools.count(1)
        self._version = 0
        self._events: list[tuple[int, Kind, Event]] = []
        self._changed = asyncio.Event()

    def names(self, kind: Kind) -> list[str]:
        """Return the names of the objects of a kind."""
        return sorted(name for each, name in self.objects if each == kind)

    def pod(self) -> Manifest:
        """Return the only pod."""
        (name,) = self.names("Pod")
        return self.objects["Pod", name]

    def becomes(self, name: str, status: Mapping[str, Any]) -> None:
        """Let a pod have this status."""
        found = self.objects["Pod", name]
        found["status"] = dict(status)
        self._tell("Pod", "MODIFIED", found)

    def vanish(self, name: str) -> None:
        """Let a pod be gone."""
        self._tell("Pod", "DELETED", self.objects.pop(("Pod", name)))

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    async def create(self, kind: Kind, body: Manifest) -> Manifest:
        if self.refuse.get(kind):
            raise Refused(self.refuse[kind].pop(0))
        found = copy.deepcopy(body)
        name = found["metadata"]["name"]
        assert (kind, name) not in self.objects
        found["metadata"]["creationTimestamp"] = _stamp(self.now)
        if kind == "Pod":
            found["status"] = copy.deepcopy(self.first)
        self.objects[kind, name] = found
        self._tell(kind, "ADDED", found)
        return copy.deepcopy(found)

    async def get(self, kind: Kind, name: str) -> Manifest | None:
        return copy.deepcopy(self.objects.get((kind, name)))

    async def list(
        self, kind: Kind, labels: Mapping[str, str]
    ) -> tuple[list[Manifest], str]:
        found = [
            copy.deepcopy(each)
            for (of, _), each in self.objects.items()
            if of == kind and _matches(each, labels)
        ]
        return found, str(self._version)

    async def watch(
        self, kind: Kind, labels: Mapping[str, str], version: str, timeout_s: float
    ) -> AsyncGenerator[Event]:
        if self.expire:
            self.expire = False
            raise Refused({"kind": "Status", "code": 410, "reason": "Expired"})
        seen = int(version)
        yield "BOOKMARK", {"metadata": {"resourceVersion": version}}
        self.watching += 1
        try:
            async with asyncio.timeout(timeout_s):
                while not self.drop:
                    self._changed.clear()
                    for at, of, event in list(self._events):
                        if at > seen and of == kind and _matches(event[1], labels):
                            seen = at
                            yield copy.deepcopy(event)
                    await self._changed.wait()
        except TimeoutError:
            return
        finally:
            self.watching -= 1

    async def delete(
        self, kind: Kind, name: str, *, grace_s: int | None = None
    ) -> None:
        self.deleted.append((kind, name, grace_s))
        found = self.objects.get((kind, name))
        if found is None:
            return
        if kind == "Pod" and not self.gone and grace_s != 0:
            found["metadata"]["deletionTimestamp"] = _stamp(self.now)
            self._tell(kind, "MODIFIED", found)
            return
        del self.objects[kind, name]
        self._tell(kind, "DELETED", found)

    def _tell(self, kind: Kind, change: Any, found: Manifest) -> None:
        self._version = next(self._versions)
        self._events.append((self._version, kind, (change, copy.deepcopy(found))))
        self._changed.set()


def running(address: str) -> dict[str, Any]:
    """Return the status of a pod that runs."""
    state = {"running": {"startedAt": "2026-11-23T09:00:01Z"}}
    return {
        "phase": "Running",
        "podIP": address,
        "containerStatuses": [{"name": "kernel", "state": state}],
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _matches(found: Manifest, labels: Mapping[str, str]) -> bool:
    held: dict[str, str] = found["metadata"]["labels"]
    return labels.items() <= held.items()
