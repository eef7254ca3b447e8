"""The kernels of interviews in a cluster: made, watched and removed by the service.

The cluster itself is what remembers: a service that was restarted finds its kernels by
their labels, and a kernel goes on while no service is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from weakref import WeakValueDictionary

from nbinterview.cluster import manifest, words
from nbinterview.cluster.api import EXPIRED, KINDS, Cluster, Kind, Refused
from nbinterview.cluster.manifest import (
    INTERVIEW_LABEL,
    OURS,
    PURPOSE_LABEL,
    ConnectionKeys,
    KernelSpec,
    Manifest,
    Places,
    Purpose,
)
from nbinterview.cluster.words import Ending
from nbinterview.errors import Unavailable

Phase = Literal["starting", "running", "ended"]
Why = Literal["interview", "deadline", "stuck", "leftover"]

#: What is younger may just be in the making.
YOUNG = timedelta(minutes=2)
#: A node that still lives enforces a deadline by itself, within this.
LATE = timedelta(minutes=2)
LONG_POLL_S = 25.0
_START_S = 60.0
_AGAIN_S = 0.3
#: A pod that is on its way out still counts against a quota.
_QUOTA_S = 10.0

_SLOW = Ending(
    "unavailable",
    "The kernel is still starting. It takes longer than usual.",
    "The kernel's pod does not run yet. A node may still be fetching the image.",
    final=False,
)


class NoKernel(Unavailable):
    """There is no kernel to be had; `ending` says why, and whether to ask again."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.words_for_candidate)
        self.ending = ending


@dataclass(frozen=True)
class Kernel:
    """A running kernel, as its room needs to know it; `connection` holds secrets."""

    pod: str
    address: str
    connection: dict[str, Any]
    since: str
    fresh: bool

    def __repr__(self) -> str:
        return f"Kernel({self.pod!r}, {self.address!r}, fresh={self.fresh})"


@dataclass(frozen=True)
class Status:
    """Where a kernel stands. `version` changes whenever any of the rest does."""

    pod: str | None
    phase: Phase
    ending: Ending | None

    @property
    def version(self) -> str:
        """Return the same text for the same state, whichever process is asked."""
        cause = self.ending.cause.replace(" ", "-") if self.ending else "well"
        return f"{self.pod or 'none'}.{self.phase}.{cause}"

    @property
    def death(self) -> str | None:
        """Return why the kernel ended; None while it has not."""
        return self.ending.cause if self.ending and self.phase == "ended" else None


@dataclass(frozen=True)
class Orphan:
    """An object that was removed because nothing needed it."""

    kind: Kind
    name: str
    interview: str | None
    why: Why


class KernelPods:
    """Kernels by interview and purpose, at most one each.

    `now` is the wall clock that the cluster's own times are held against, `elapsed` a
    clock that never jumps; `suffix` draws five letters and `keys` a kernel's secrets.
    """

    def __init__(
        self,
        cluster: Cluster,
        places: Places,
        *,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        suffix: Callable[[], str],
        keys: Callable[[], ConnectionKeys],
        start_s: float = _START_S,
    ) -> None:
        self._cluster = cluster
        self._places = places
        self._now = now
        self._elapsed = elapsed
        self._suffix = suffix
        self._keys = keys
        self._start_s = start_s
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = (
            WeakValueDictionary()
        )

    async def ensure(self, spec: KernelSpec, *, fresh: bool = False) -> Kernel:
        """Return the running kernel, made if there is none; `fresh`: always a new one.

        `NoKernel` when it cannot run; one that is only slow is found by the next call.
        """
        place = (spec.interview, spec.purpose)
        async with self._locks.setdefault(place, asyncio.Lock()):
            try:
                found = None if fresh else await self._alive(spec)
                if found is not None:
                    return await self._running(spec, *found, fresh=False)
                await self.remove(spec.interview, spec.purpose)
                name, connection = await self._make(spec)
                return await self._running(spec, name, connection, fresh=True)
            except Refused as refused:
                raise NoKernel(words.of_refusal(refused.answer)) from refused

    async def status(self, interview: str, purpose: Purpose = "room") -> Status:
        """Return where a kernel stands."""
        pods, _ = await self._cluster.list("Pod", manifest.labels(interview, purpose))
        return _status(pods)

    async def watch(
        self,
        interview: str,
        after: str | None,
        purpose: Purpose = "room",
        timeout_s: float = LONG_POLL_S,
    ) -> Status:
        """Return where a kernel stands once it is not `after`, or when time is up."""
        found = _status([])
        async with aclosing(self._looks(interview, purpose, timeout_s)) as looks:
            async for pods in looks:
                found = _status(pods)
                if found.version != after:
                    return found
        return found

    async def remove(self, interview: str, purpose: Purpose | None = None) -> int:
        """Remove the kernels of an interview; return how many pods there were."""
        labels = {**OURS, INTERVIEW_LABEL: interview}
        if purpose is not None:
            labels[PURPOSE_LABEL] = purpose
        removed = 0
        for kind in reversed(KINDS):
            found, _ = await self._cluster.list(kind, labels)
            for each in found:
                if "deletionTimestamp" not in each["metadata"]:
                    await self._cluster.delete(kind, _name(each))
                    removed += kind == "Pod"
        return removed

    async def remove_orphans(self, wanted: Callable[[str, str], bool]) -> list[Orphan]:
        """Remove what nothing needs any more and return it, to be put on record.

        `wanted` tells by interview and purpose whether there may be a kernel. What a
        lost node cannot end itself, past its deadline or on its way out, is forced.
        """
        found = {kind: (await self._cluster.list(kind, OURS))[0] for kind in KINDS}
        pods = {_name(each) for each in found["Pod"]}
        removed = []
        for kind in reversed(KINDS):
            for each in found[kind]:
                why = self._why(each, kind, pods, wanted)
                if why is None:
                    continue
                forced = 0 if why in {"deadline", "stuck"} else None
                await self._cluster.delete(kind, _name(each), grace_s=forced)
                interview = _labels(each).get(INTERVIEW_LABEL)
                removed.append(Orphan(kind, _name(each), interview, why))
        return removed

    def _why(
        self,
        found: Manifest,
        kind: Kind,
        pods: set[str],
        wanted: Callable[[str, str], bool],
    ) -> Why | None:
        metadata, now = found["metadata"], self._now()
        made = _time(metadata["creationTimestamp"])
        leaving = metadata.get("deletionTimestamp")
        if leaving is not None:
            stuck = kind == "Pod" and now > _time(leaving) + LATE
            return "stuck" if stuck else None
        if now < made + YOUNG:
            return None
        interview = _labels(found).get(INTERVIEW_LABEL)
        if kind != "Pod" and _name(found) not in pods:
            return "leftover"
        if interview is None:
            return "leftover"
        if not wanted(interview, _labels(found).get(PURPOSE_LABEL, "")):
            return "interview"
        if kind == "Pod" and found.get("status", {}).get("phase") == "Running":
            deadline = timedelta(seconds=found["spec"]["activeDeadlineSeconds"])
            return "deadline" if now > made + deadline + LATE else None
        return None

    async def _alive(self, spec: KernelSpec) -> tuple[str, dict[str, Any]] | None:
        labels = manifest.labels(spec.interview, spec.purpose)
        pods, _ = await self._cluster.list("Pod", labels)
        current = _current(pods)
        ending = words.of_pod(current) if current else None
        if current is None or (ending is not None and ending.final):
            return None
        held = await self._cluster.get("Secret", _name(current))
        return None if held is None else (_name(current), manifest.connection_of(held))

    async def _make(self, spec: KernelSpec) -> tuple[str, dict[str, Any]]:
        name, keys = manifest.kernel_name(spec.interview, self._suffix()), self._keys()
        try:
            await self._cluster.create("Secret", manifest.secret(spec, name, keys))
            policy = manifest.network_policy(spec, name, self._places)
            await self._cluster.create("NetworkPolicy", policy)
            await self._make_pod(spec, name)
        except BaseException:
            await self._forget(name)
            raise
        return name, manifest.connection(keys)

    async def _make_pod(self, spec: KernelSpec, name: str) -> None:
        end = self._elapsed() + _QUOTA_S
        while True:
            try:
                await self._cluster.create("Pod", manifest.pod(spec, name))
            except Refused as refused:
                quota = words.of_refusal(refused.answer).cause == "quota"
                labels = manifest.labels(spec.interview, spec.purpose)
                leaving = quota and (await self._cluster.list("Pod", labels))[0]
                if not leaving or self._elapsed() >= end:
                    raise
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def _forget(self, name: str) -> None:
        for kind in reversed(KINDS):
            try:
                await self._cluster.delete(kind, name)
            except Unavailable:  # what is left is found by `remove_orphans`
                return

    async def _running(
        self, spec: KernelSpec, name: str, connection: dict[str, Any], *, fresh: bool
    ) -> Kernel:
        """Wait for a pod of this name to run."""
        ending: Ending | None = None
        looks = self._looks(spec.interview, spec.purpose, self._start_s)
        async with aclosing(looks):
            async for pods in looks:
                found = next((each for each in pods if _name(each) == name), None)
                ending = words.of_pod(found) if found else words.GONE
                if ending is not None and ending.final:
                    await self._forget(name)
                    raise NoKernel(ending)
                since = _since(found) if found else None
                if found and since:
                    address = found["status"]["podIP"]
                    return Kernel(name, address, connection, since, fresh)
        raise NoKernel(ending or _SLOW)

    async def _looks(
        self, interview: str, purpose: Purpose, timeout_s: float
    ) -> AsyncGenerator[Sequence[Manifest]]:
        """Yield the pods at once and after every change, until the time is up."""
        labels = manifest.labels(interview, purpose)
        end = self._elapsed() + timeout_s
        while True:
            listed, version = await self._cluster.list("Pod", labels)
            pods = {_name(each): each for each in listed}
            yield list(pods.values())
            left = end - self._elapsed()
            if left <= 0:
                return
            events = self._cluster.watch("Pod", labels, version, left)
            try:
                async with aclosing(events):
                    async for change, found in events:
                        if change == "BOOKMARK":
                            continue
                        if change == "DELETED":
                            pods.pop(_name(found), None)
                        else:
                            pods[_name(found)] = found
                        yield list(pods.values())
            except Refused as refused:
                if refused.code != EXPIRED:
                    raise
            if self._elapsed() >= end:
                return
            await asyncio.sleep(_AGAIN_S)


def _status(pods: Sequence[Manifest]) -> Status:
    current = _current(pods)
    if current is None:
        return Status(None, "ended", words.GONE)
    ending = words.of_pod(current)
    if ending is not None:
        phase: Phase = "ended" if ending.final else "starting"
        return Status(_name(current), phase, ending)
    return Status(_name(current), "running" if _since(current) else "starting", None)


def _current(pods: Sequence[Manifest]) -> Manifest | None:
    """Return the newest pod, one that is not on its way out before others."""

    def rank(each: Manifest) -> tuple[bool, str, str]:
        metadata = each["metadata"]
        staying = "deletionTimestamp" not in metadata
        return staying, metadata["creationTimestamp"], metadata["name"]

    return max(pods, key=rank, default=None)


def _since(found: Manifest) -> str | None:
    """Return since when a pod's container runs, if it does and has an address."""
    status = found.get("status", {})
    if status.get("phase") != "Running" or not status.get("podIP"):
        return None
    for container in status.get("containerStatuses") or ():
        running = container["state"].get("running")
        if running is not None:
            return str(running["startedAt"])
    return None


def _name(found: Manifest) -> str:
    return str(found["metadata"]["name"])


def _labels(found: Manifest) -> dict[str, str]:
    labels: dict[str, str] = found["metadata"].get("labels") or {}
    return labels


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
