"""The notebook's file: written by the room, never believed.

The journal is the notebook; the file is a copy for those who look into the
directory. If it is not what the room wrote there last, somebody else wrote it:
it is kept beside and the room writes its own again. So that a crash between two
writes is not taken for somebody else, what will be written is noted first.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

MISSING = "The notebook's file was not there any more."
FOREIGN = "The notebook's file was not what the room had written."


@dataclass(frozen=True)
class Found:
    """What was in the place of the room's own file."""

    reason: str
    kept_as: str | None
    """The name of the copy, in the same directory; None when nothing was there."""


class NotebookFile:
    """Writes one file whole, and notices what it did not write. Blocks."""

    def __init__(self, path: Path, note: Path, clock: Callable[[], datetime]) -> None:
        """`note` is where the hashes are kept, outside of what is served."""
        self._path = path
        self._note = note
        self._clock = clock
        self._lock = threading.Lock()

    def begin(self, content: bytes) -> Found | None:
        """Put the template there; what is there and is not it is kept beside."""
        with self._lock:
            known = self._path.exists()
            found = self._set_aside({hash_of(content)}) if known else None
            self._put(content)
            return found

    def check(self) -> Found | None:
        """Keep the file beside when it is not what the room wrote last.

        One that is missing is told of by the next `write`.
        """
        with self._lock:
            return self._set_aside(self._noted()) if self._path.exists() else None

    def write(self, content: bytes) -> Found | None:
        """Replace the file in one step; return what had been put in its place."""
        with self._lock:
            found = self._set_aside(self._noted())
            self._put(content)
            return found

    def _put(self, content: bytes) -> None:
        before = [hash_of(self._path.read_bytes())] if self._path.exists() else []
        self._remember([*before, hash_of(content)])
        _replace(self._path, content)

    def _set_aside(self, known: set[str]) -> Found | None:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return Found(MISSING, None)
        if hash_of(content) in known:
            return None
        time = self._clock().strftime("%Y-%m-%dT%H%M%S.%fZ")
        kept = self._path.with_name(f"{self._path.stem}.found-{time}.ipynb")
        _replace(kept, content)
        self._remember([hash_of(content)])  # told once
        return Found(FOREIGN, kept.name)

    def _noted(self) -> set[str]:
        try:
            return set(json.loads(self._note.read_text("utf-8")))
        except (FileNotFoundError, ValueError):
            return set()

    def _remember(self, hashes: list[str]) -> None:
        _replace(self._note, json.dumps(hashes).encode())


def template_content(template: Mapping[str, Any]) -> bytes:
    """Return the file as `launch` prepares it."""
    return json.dumps(template, indent=1).encode()


def file_content(notebook: Mapping[str, Any]) -> bytes:
    """Return the file of a notebook, as Jupyter writes it."""
    writes: Any = nbformat.writes  # nbformat has no types
    made: Any = nbformat.from_dict
    text = writes(made(notebook), version=nbformat.NO_CONVERT)
    return f"{text}\n".encode()


def hash_of(content: bytes) -> str:
    """Return the hash that Jupyter gives a file's content."""
    return hashlib.sha256(content).hexdigest()


def _replace(target: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    partial = target.with_name(f".{target.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(target)
