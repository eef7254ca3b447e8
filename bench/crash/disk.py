"""What a disk may hold after a crash: the model of the replay.

A file's data is safe when the file was synced after it was written; a name (made,
renamed, unlinked) when the directory was. Of what is not safe yet, any part may be
there: writes one by one and torn at any sector, names as far as any point in their
order. That is what POSIX promises, less than what common file systems do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash.trace import NotUnderstood, Op

SECTOR_BYTES = 512
Part = Callable[[Op], int]


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    waiting: list[Op] = field(default_factory=list)


@dataclass
class Disk:
    """All files of one directory, and what of them is safe."""

    _files: list[_File] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _safe_names: dict[str, int] = field(default_factory=dict)
    _waiting: list[tuple[str, str, int]] = field(default_factory=list)

    def apply(self, op: Op) -> None:
        """Do what the process did."""
        if op.kind == "make":
            self._files.append(_File())
            self._names[op.name] = len(self._files) - 1
            self._waiting.append(("set", op.name, len(self._files) - 1))
        elif op.kind == "unlink":
            self._waiting.append(("gone", op.name, self._names.pop(op.name)))
        elif op.kind == "rename":
            number = self._names.pop(op.name)
            self._names[op.to] = number
            self._waiting += [("set", op.to, number), ("gone", op.name, number)]
        elif op.kind == "syncdir":
            _named(self._safe_names, self._waiting)
            self._waiting.clear()
        elif op.kind == "sync":
            file = self._file(op)
            for one in file.waiting:
                _written(file.safe, one, one.data)
            file.waiting.clear()
        elif op.kind in {"write", "cut", "grow"}:
            self._file(op).waiting.append(op)
        elif op.kind != "ack":
            raise NotUnderstood(op.kind)

    def unsafe(self) -> int:
        """Return how much is not safe."""
        return len(self._waiting) + sum(len(one.waiting) for one in self._files)

    def _file(self, op: Op) -> _File:
        return self._files[self._names[op.name]]

    def all(self) -> dict[str, bytes]:
        """Return the files with everything that was done: a process was killed."""
        return self._state(len(self._waiting), lambda one: len(one.data))

    def least(self) -> dict[str, bytes]:
        """Return the files with what is safe, and no more."""
        return self._state(0, lambda _one: -1)

    def some(self, chance: random.Random) -> dict[str, bytes]:
        """Return the files with a random part of what is not safe."""
        share = chance.choice((0.1, 0.5, 0.9))

        def part(one: Op) -> int:
            if chance.random() >= share:
                return -1
            if one.kind == "write" and chance.random() < 0.3:
                return SECTOR_BYTES * chance.randint(0, len(one.data) // SECTOR_BYTES)
            return len(one.data)

        return self._state(chance.randint(0, len(self._waiting)), part)

    def _state(self, names: int, part: Part) -> dict[str, bytes]:
        """`part` says how many bytes of a write are there; -1 that none of it is."""
        named = dict(self._safe_names)
        _named(named, self._waiting[:names])
        found = {}
        for name, number in named.items():
            file = self._files[number]
            data = bytearray(file.safe)
            for one in file.waiting:
                length = part(one)
                if length >= 0:
                    _written(data, one, one.data[:length])
            found[name] = bytes(data)
        return found


def _named(names: dict[str, int], changes: Sequence[tuple[str, str, int]]) -> None:
    for what, name, number in changes:
        if what == "set":
            names[name] = number
        elif names.get(name) == number:
            del names[name]


def _written(data: bytearray, op: Op, content: bytes) -> None:
    if op.kind == "cut":
        del data[op.offset :]
    if op.kind in {"cut", "grow"}:
        data.extend(bytes(max(0, op.offset - len(data))))
        return
    offset = len(data) if op.offset < 0 else op.offset
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(content)] = content


def lay_out(files: dict[str, bytes], directory: Path) -> None:
    """Write files as a crash left them."""
    directory.mkdir(parents=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)


@dataclass(frozen=True)
class Crash:
    """One moment of a trace, and files that a crash in it may leave."""

    point: int
    acknowledged: int
    """How many acknowledgements had been given, of the trace's."""
    how: str
    files: dict[str, bytes]


def crashes(
    ops: Sequence[Op], *, chance: random.Random, random_states: int, every: int = 1
) -> Iterator[Crash]:
    """Yield crashes after each `every`-th operation: killed, worst, some between."""
    disk = Disk()
    acknowledged = 0
    for point, op in enumerate(ops, start=1):
        disk.apply(op)
        if op.kind == "ack":
            acknowledged += op.data.count(b"\n")
        if point % every:
            continue
        yield Crash(point, acknowledged, "killed", disk.all())
        if disk.unsafe():
            yield Crash(point, acknowledged, "least", disk.least())
            for _ in range(random_states):
                yield Crash(point, acknowledged, "some", disk.some(chance))
