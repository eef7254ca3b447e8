"""What a process did to the files of one directory, as strace saw it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.crash.writer import ACKS

ROOT = Path(__file__).resolve().parents[2]
CALLS = (
    "openat,creat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,"
    "ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir"
)
PATIENCE_S = 900
_LONGEST_BYTES = 1 << 22

_LINE = re.compile(r"^(\d+) +(.*)$")
_DONE = re.compile(r"^(\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?(?: .*)?$")
_BEGUN = re.compile(r"^(\w+\(.*?),? *<unfinished \.\.\.>$")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
_FD = re.compile(r"^(?:\d+|AT_FDCWD)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True)
class Op:
    """One thing done to a file; `kind` is one of make, write, cut, grow, sync,
    syncdir, rename, unlink, ack."""

    kind: str
    name: str
    data: bytes = b""
    offset: int = 0
    """Where a write begins, or how long the file is then; -1 appends."""
    to: str = ""


class NotUnderstood(ValueError):
    """The trace has a call that the replay does not know."""


def traced(kind: str, directory: Path, *, records: int, seed: int) -> list[Op]:
    """Run a writer under strace; return what it did to its directory, in order."""
    directory.mkdir(parents=True, exist_ok=True)
    said = directory.parent / f"{directory.name}.strace"
    command = [
        *("strace", "-f", "-qq", "-y", "-xx", "-s", str(_LONGEST_BYTES)),
        *("-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(said)),
        *(sys.executable, "-m", "bench.crash.writer"),
        *(kind, str(directory), str(records), str(seed)),
    ]
    subprocess.run(command, cwd=ROOT, check=True, timeout=PATIENCE_S)
    with said.open(encoding="ascii") as lines:
        found = list(operations(lines, directory))
    said.unlink()
    return found


def operations(lines: Iterable[str], directory: Path) -> Iterator[Op]:
    """Yield what was done below a directory, when each call had returned."""
    begun: dict[str, str] = {}
    known: set[str] = set()
    for line in lines:
        matched = _LINE.match(line.rstrip("\n"))
        if matched is None:
            continue
        thread, text = matched.groups()
        if unfinished := _BEGUN.match(text):
            begun[thread] = unfinished.group(1)
            continue
        if resumed := _RESUMED.match(text):
            text = begun.pop(thread, "") + resumed.group(1)
        done = _DONE.match(text)
        if done is None or int(done.group(3)) < 0:
            continue
        call, arguments, result = done.group(1), done.group(2), int(done.group(3))
        op = _operation(call, arguments, result, directory, known)
        if op is not None and not op.name.endswith("-shm"):
            yield op


def _operation(
    call: str, arguments: str, result: int, directory: Path, known: set[str]
) -> Op | None:
    texts = [
        bytes.fromhex(one.replace("\\x", "")) for one, _ in _TEXT.findall(arguments)
    ]
    if call == "openat":
        name = _name(texts[0].decode(), directory)
        if "O_CREAT" not in arguments or not name:
            return None
        if name in known:
            return Op("cut", name) if "O_TRUNC" in arguments else None
        known.add(name)
        return Op("make", name)
    if call in {"unlink", "rename"}:
        name = _name(texts[0].decode(), directory)
        if not name:
            return None
        known.discard(name)
        if call == "unlink":
            return Op("unlink", name)
        to = _name(texts[1].decode(), directory)
        known.add(to)
        return Op("rename", name, to=to)
    at = _FD.match(arguments)
    path = bytes.fromhex(at.group(1).replace("\\x", "")).decode() if at else ""
    if call in {"fsync", "fdatasync"} and Path(path) == directory:
        return Op("syncdir", ".")
    name = _name(path, directory)
    if not name:
        return None
    if call in {"fsync", "fdatasync"}:
        return Op("sync", name)
    if call == "fallocate" and re.search(r", 0, \d+, \d+$", arguments):
        offset, length = map(int, arguments.rsplit(", ", 2)[1:])
        return Op("grow", name, offset=offset + length)
    if call == "ftruncate":
        return Op("cut", name, offset=int(arguments.rsplit(", ", 1)[1]))
    if call == "write":
        kind = "ack" if name == ACKS else "write"
        return Op(kind, name, _whole(texts, result), -1)
    if call == "pwrite64":
        offset = int(arguments.rsplit(", ", 1)[1])
        return Op("write", name, _whole(texts, result), offset)
    raise NotUnderstood(f"{call} of {name}")


def _whole(texts: list[bytes], written: int) -> bytes:
    data = texts[-1]
    if len(data) < written:
        raise NotUnderstood("a write is longer than what strace kept of it")
    return data[:written]


def _name(path: str, directory: Path) -> str:
    """Return the name of a file in the directory; empty for one elsewhere."""
    return Path(path).name if Path(path).parent == directory else ""
