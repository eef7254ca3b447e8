"""What is in a process, its environment and its memory, as root sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_CHUNK_BYTES = 8 * 1024 * 1024
_OVERLAP_BYTES = 4096
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)")


def of_process(process: psutil.Process) -> Iterator[tuple[str, bytes]]:
    """Return its command line, environment and writable memory, in pieces.

    What only maps files is left out: those are looked at as files.
    """
    root = Path("/proc", str(process.pid))
    name = f"{process.pid} {' '.join(process.cmdline())[-60:]}"
    for part in ("environ", "cmdline"):
        yield f"{part} of {name}", (root / part).read_bytes()
    with (root / "mem").open("rb", buffering=0) as memory:
        for line in (root / "maps").read_text("utf-8").splitlines():
            found = _LINE.match(line)
            if found and found[3].startswith("rw") and found[4] != "[vvar]":
                at, end = int(found[1], 16), int(found[2], 16)
                while at < end:
                    with suppress(OSError, OverflowError):
                        memory.seek(at)
                        size = min(_CHUNK_BYTES + _OVERLAP_BYTES, end - at)
                        yield f"memory of {name}", memory.read(size)
                    at += _CHUNK_BYTES


def of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file below, whole."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"file {path.relative_to(folder)}", path.read_bytes()


def family_of_room(room: str) -> list[psutil.Process]:
    """Return a room's server and all that it started, the kernel among them."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get("NBINTERVIEW_ROOM_DIR", "").endswith(room):
                found += [process, *process.children(recursive=True)]
    return list({process.pid: process for process in found}.values())
