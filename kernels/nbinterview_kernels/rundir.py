"""Connection directories: one a kernel, short, private, and gone afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

PREFIX = "nbk-"
# struct sockaddr_un holds 108 bytes with the closing zero.
MAX_SOCKET_PATH_BYTES = 107
_YOUNG_S = 30.0
_CURRENT = "k"
_SOCKET_NAME_BYTES = len(f"/{PREFIX}12345678/{_CURRENT}/s-5")


class NoRunDirectory(Exception):
    """No directory is short enough and writable."""


def candidates(env: Mapping[str, str], *, root: bool) -> list[str]:
    """Return the directories to try, the best first.

    For root only places that the sandbox's own user may pass through.
    """
    if root:
        return ["/run", tempfile.gettempdir(), "/tmp"]  # noqa: S108
    named = env.get("XDG_RUNTIME_DIR")
    return [*([named] if named else []), tempfile.gettempdir(), "/tmp"]  # noqa: S108


def fits(directory: str) -> bool:
    """Tell whether sockets of a kernel below `directory` have short enough names."""
    return len(os.fsencode(directory)) + _SOCKET_NAME_BYTES <= MAX_SOCKET_PATH_BYTES


def base(tried: Iterable[str]) -> Path:
    """Return the first usable directory; raises NoRunDirectory."""
    for directory in tried:
        if fits(directory) and os.access(directory, os.W_OK | os.X_OK):
            return Path(directory)
    raise NoRunDirectory


class RunDirectory:
    """A connection directory, locked for as long as this process uses it.

    The lock is what tells a crashed server's leftovers from a neighbour's kernel.
    """

    def __init__(self, parent: Path, uid: int | None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._uid = uid
        if uid is not None:
            os.chown(self.path, uid, uid)

    def write(self, name: str, text: str) -> None:
        """Write a file that only the sandbox's user (and root) can read."""
        target = self.path / name
        target.unlink(missing_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if self._uid is not None:
                os.fchown(file.fileno(), self._uid, self._uid)

    def remove(self) -> None:
        """Remove the directory; harmless to repeat."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


class Address:
    """Where clients find a kernel over all its restarts: a link to its directory.

    Each process has a directory of its own, which nobody used before. Clients connect
    by the link, so they come to the new process by themselves.
    """

    def __init__(self, parent: Path) -> None:
        self._directory = RunDirectory(parent, None)
        self.path = self._directory.path / _CURRENT

    def point_at(self, directory: Path) -> None:
        """Lead clients to this directory from now on."""
        new = self.path.with_suffix(".new")
        new.symlink_to(directory)
        new.replace(self.path)

    def remove(self) -> None:
        """Remove it; harmless to repeat."""
        self._directory.remove()


def sweep(parent: Path, owners: set[int], now_s: float) -> list[str]:
    """Remove the directories of servers that are gone; return their names.

    Only of these owners, and none so young that its server may not have locked it yet.
    """
    found = parent.glob(f"{PREFIX}*")
    return [path.name for path in found if _remove_stale(path, owners, now_s)]


def _remove_stale(path: Path, owners: set[int], now_s: float) -> bool:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return False
    try:
        state = os.fstat(descriptor)
        if state.st_uid not in owners or now_s - state.st_mtime < _YOUNG_S:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
