"""A watch: what is there, then every change, one line of JSON each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from tests.kubernetes.fake.cluster import Chosen, not_a_version
from tests.kubernetes.fake.kinds import PODS
from tests.kubernetes.fake.refusals import Json, Refused
from tests.kubernetes.fake.store import Change, Store

BOOKMARK_S = 60.0
LAST_BOOKMARK_S = 1.4
_INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True)
class Asked:
    """What a watch was asked with."""

    version: int
    timeout: float | None
    bookmarks: bool
    initial: bool
    """The objects that are there come first."""
    streamed: bool
    """…and a bookmark says where they end."""


def asked(query: dict[str, str]) -> Asked:
    text = query.get("resourceVersion", "")
    try:
        version = int(text or 0)
    except ValueError as error:
        raise Refused(500, None, not_a_version(text)) from error
    seconds = query.get("timeoutSeconds")
    streamed = query.get("sendInitialEvents") == "true"
    return Asked(
        version=version,
        timeout=float(seconds) if seconds else None,
        bookmarks=query.get("allowWatchBookmarks") in {"true", "True", "1"},
        initial=version == 0 or streamed,
        streamed=streamed,
    )


@dataclass
class Watches:
    """The watches that are open, and the lever that drops them."""

    store: Store
    dropped: int = 0
    open: int = 0
    bookmark_s: float = BOOKMARK_S
    _wake: list[Callable[[], None]] = field(default_factory=list)

    def drop(self) -> None:
        """Break every open connection in the middle of its answer."""
        self.dropped += 1
        for wake in list(self._wake):
            wake()

    def answer(self, chosen: Chosen, wanted: Asked) -> _Stream:
        return _Stream(self, chosen, wanted)


class _Stream:
    """One watch's answer."""

    def __init__(self, watches: Watches, chosen: Chosen, wanted: Asked) -> None:
        self._watches, self._store = watches, watches.store
        self._kind, self._namespace = chosen.kind, chosen.namespace
        self._matches = chosen.matcher()
        self._wanted = wanted
        self._generation = watches.dropped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        left = asyncio.create_task(_left(receive))
        left.add_done_callback(lambda _: changed.set())

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

        self._store.listeners.append(wake)
        self._watches._wake.append(wake)
        self._watches.open += 1
        try:
            headers = [(b"content-type", b"application/json"),
                       (b"cache-control", b"no-cache, private")]  # fmt: skip
            await send(
                {"type": "http.response.start", "status": 200, "headers": headers}
            )
            # A client learns that its watch is there before anything happens.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            if await self._send_all(send, changed, left):
                await send(
                    {"type": "http.response.body", "body": b"", "more_body": False}
                )
        finally:
            self._watches.open -= 1
            self._store.listeners.remove(wake)
            self._watches._wake.remove(wake)
            left.cancel()

    async def _send_all(
        self, send: Send, changed: asyncio.Event, left: asyncio.Task[None]
    ) -> bool:
        """Send until the time is over; say whether the answer ends in good order."""
        began = time.monotonic()
        wanted = self._wanted
        until = began + wanted.timeout if wanted.timeout else float("inf")
        bookmark = began + self._watches.bookmark_s
        last = until - LAST_BOOKMARK_S
        with self._store.lock:
            position = wanted.version
            if wanted.initial:
                position = self._store.version
                present = self._store.all(self._kind, self._namespace)
                first = [("ADDED", found) for found in present if self._matches(found)]
            else:
                first = []
        for kind, found in first:
            await _line(send, kind, found)
        if wanted.streamed and wanted.bookmarks:
            await _line(send, "BOOKMARK", self._bookmark(position, initial_end=True))
        while True:
            changed.clear()
            try:
                changes = self._store.since(position)
            except Refused as refused:
                if position <= self._store.oldest:
                    status = {k: v for k, v in refused.status.items() if k != "details"}
                    await _line(send, "ERROR", status)
                return True
            for change in changes:
                position = max(position, change.version)
                if (event := self._event(change)) is not None:
                    await _line(send, *event)
            if left.done() or self._watches.dropped != self._generation:
                return False
            now = time.monotonic()
            if now >= until:
                return True
            if wanted.bookmarks and now >= min(bookmark, last):
                position = max(position, self._store.version)
                await _line(send, "BOOKMARK", self._bookmark(position))
                bookmark = now + self._watches.bookmark_s
                last = last if now < last else float("inf")
            rest = min(until, bookmark, last) - time.monotonic()
            try:
                await asyncio.wait_for(
                    changed.wait(), max(rest, 0.01) if rest < 1e9 else None
                )
            except TimeoutError:
                continue

    def _event(self, change: Change) -> tuple[str, Json] | None:
        plural, namespace, _ = change.key
        if plural != self._kind.plural or self._namespace not in {"", namespace}:
            return None
        before = change.before is not None and self._matches(change.before)
        after = change.after is not None and self._matches(change.after)
        if after:
            return ("MODIFIED" if before else "ADDED"), change.last
        if not before or change.before is None:
            return None
        metadata = {**change.before["metadata"], "resourceVersion": str(change.version)}
        return "DELETED", {**change.before, "metadata": metadata}

    def _bookmark(self, version: int, *, initial_end: bool = False) -> Json:
        metadata: Json = {"resourceVersion": str(version)}
        if initial_end:
            metadata["annotations"] = {_INITIAL_END: "true"}
        empty = (
            {"spec": {"containers": None}, "status": {}} if self._kind is PODS else {}
        )
        return {
            "kind": self._kind.name,
            "apiVersion": self._kind.api_version,
            "metadata": metadata,
            **empty,
        }


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _line(send: Send, kind: str, found: Json) -> None:
    text = json.dumps({"type": kind, "object": found}, separators=(",", ":"))
    body = text.encode() + b"\n"
    await send({"type": "http.response.body", "body": body, "more_body": True})
