"""The file that remembers what was erased, outside of the database.

A backup of the database that is brought back holds again what was erased since. So
each erasure is first a line of this file, on disk before anything is erased; what the
database does not know of it is done again before the service serves.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbinterview.errors import Conflict, Invalid, Unavailable
from nbinterview.service.domain.retention import Erasure

MAX_LINE_BYTES = 64 * 1024
_UNREADABLE = (ValueError, RecursionError, Invalid)


@dataclass(frozen=True)
class Found:
    """What the file says: the rules that stand, in their order."""

    standing: tuple[Erasure, ...]
    damaged: tuple[int, ...]
    """Lines (from 1) that say nothing readable; nothing is done because of them."""


class ErasureLog:
    """Appends to the file; also between processes, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other eraser out, in this process and in others.

        Raises `Conflict` when one is at work. Blocks no longer than to see that.
        """
        if not self._thread.acquire(blocking=False):
            raise _busy()
        try:
            with self._path.with_suffix(".lock").open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise _busy() from error
                yield
        finally:
            self._thread.release()

    def add(self, erasures: Sequence[Erasure]) -> None:
        """Write rules down; they stand when this returns. Raises `Unavailable`."""
        self._append([{"erase": one.wire()} for one in erasures])

    def take_back(self, ids: Sequence[str]) -> None:
        """Say that these were not done and will not be. Raises `Unavailable`."""
        self._append([{"undone": one} for one in ids])

    def _append(self, entries: Sequence[dict[str, Any]]) -> None:
        text = "".join(json.dumps(one, sort_keys=True) + "\n" for one in entries)
        try:
            is_new = not self._path.exists()
            descriptor = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600
            )
            with os.fdopen(descriptor, "r+b") as file:
                kept = file.read()
                tail = kept[kept.rfind(b"\n") + 1 :]
                before = len(kept)
                if _is_torn(tail):
                    before -= len(tail)
                    file.truncate(before)
                elif tail:
                    text = "\n" + text
                try:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.ftruncate(file.fileno(), before)
                    raise
            if is_new:
                _sync(self._path.parent)
        except OSError as error:
            raise Unavailable(
                f"Nothing was erased: {self._path.name} could not be written "
                f"({error.strerror})."
            ) from error

    def read(self) -> Found:
        """Return what stands. A line that is damaged names nothing.

        A last line that a crash has torn is no damage: nothing was done by it yet, and
        the next one takes its place.
        """
        standing: dict[str, Erasure] = {}
        damaged: list[int] = []
        for number, line in enumerate(self._lines(), start=1):
            try:
                entry = _entry(line)
            except _UNREADABLE:
                if not _is_torn(line):
                    damaged.append(number)
                continue
            if isinstance(entry, Erasure):
                standing[entry.id] = entry
            elif entry is not None:
                standing.pop(entry, None)
        return Found(tuple(standing.values()), tuple(damaged))

    def _lines(self) -> Iterator[bytes]:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            while line := file.readline(MAX_LINE_BYTES):
                yield line


def _entry(line: bytes) -> Erasure | str | None:
    """Return a rule, or the id of one that was taken back; None for an empty line."""
    if not line.strip():
        return None
    loaded = json.loads(line)
    if not isinstance(loaded, dict) or len(loaded) != 1:
        raise Invalid("This line is none of ours.")
    if "undone" in loaded:
        if not isinstance(loaded["undone"], str):
            raise Invalid("This line is none of ours.")
        return loaded["undone"]
    return Erasure.from_wire(loaded.get("erase"))


def _is_torn(line: bytes) -> bool:
    """Say whether a line ends the file before it was written whole."""
    if line.endswith(b"\n") or len(line) >= MAX_LINE_BYTES:
        return False
    try:
        _entry(line)
    except _UNREADABLE:
        return True
    return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _busy() -> Conflict:
    return Conflict("Something is being erased at the moment. Try again in a minute.")
