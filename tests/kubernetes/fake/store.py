"""Every object with its versions: one counter for the whole cluster, as etcd has."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.kubernetes.fake.kinds import Kind
from tests.kubernetes.fake.refusals import Json, version_expired

Key = tuple[str, str, str]
"""A kind's plural, a namespace ("" if it has none) and a name."""


@dataclass(frozen=True)
class Change:
    """One write: what was there before, and after. None where nothing was."""

    version: int
    key: Key
    before: Json | None
    after: Json | None
    last: Json
    """What a watch shows of it: the object, of a deletion with the new version."""


@dataclass
class Store:
    """What is there now, and how it came to be since the oldest version known."""

    version: int = 300
    oldest: int = 300
    objects: dict[Key, Json] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        with self.lock:
            found = self.objects.get((kind.plural, namespace, name))
            return copy.deepcopy(found)

    def put(self, kind: Kind, found: Json) -> Json:
        """Write an object: its next version."""
        with self.lock:
            self.version += 1
            metadata = found["metadata"]
            key = (kind.plural, metadata.get("namespace", ""), metadata["name"])
            after = copy.deepcopy(found)
            after["metadata"]["resourceVersion"] = str(self.version)
            before = self.objects.get(key)
            self.objects[key] = after
            self.history.append(Change(self.version, key, before, after, after))
            self._tell()
            return copy.deepcopy(after)

    def remove(self, kind: Kind, namespace: str, name: str) -> Json:
        """Take an object away; what is given back has the deletion's version."""
        with self.lock:
            self.version += 1
            key = (kind.plural, namespace, name)
            before = self.objects.pop(key)
            last = copy.deepcopy(before)
            last["metadata"]["resourceVersion"] = str(self.version)
            self.history.append(Change(self.version, key, before, None, last))
            self._tell()
            return copy.deepcopy(last)

    def all(self, kind: Kind, namespace: str = "", at: int | None = None) -> list[Json]:
        """Return the objects of a kind by name, now or as they were at a version."""
        with self.lock:
            present = dict(self.objects)
            if at is not None:
                if at < self.oldest:
                    raise version_expired(at, self.oldest)
                for change in reversed(self.history):
                    if change.version <= at:
                        break
                    if change.before is None:
                        present.pop(change.key, None)
                    else:
                        present[change.key] = change.before
            return [
                copy.deepcopy(found)
                for key, found in sorted(present.items(), key=lambda item: item[0])
                if key[0] == kind.plural and namespace in {"", key[1]}
            ]

    def since(self, version: int) -> list[Change]:
        """Return what was written after a version, while that is still known."""
        with self.lock:
            if version < self.oldest:
                raise version_expired(version, self.oldest)
            first = len(self.history)
            while first and self.history[first - 1].version > version:
                first -= 1
            return self.history[first:]

    def forget(self) -> None:
        """Compact: no version before the present one can be asked for any more."""
        with self.lock:
            # A version that a client holds is older than this one.
            self.version += 1
            self.oldest = self.version
            self.history.clear()
            self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
