"""Reading a bundle that may be anybody's: bounded memory, one clear line of refusal."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from nbinterview.errors import Invalid
from nbinterview.ledger.bundle import ALWAYS, MEMBERS
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.stored import MAX_WIRE_BYTES

MAX_FILE_BYTES = 2 * 1024**3
"""Of the zip. A room's journal has a quota an eighth of that."""
MAX_UNPACKED_BYTES = 8 * 1024**3
"""Of one member, streamed and never held."""
MAX_HELD_BYTES = 64 * 1024**2
"""Of a member that is held in memory."""
MAX_RECORDS = 10_000_000
"""A record takes 64 bytes of memory while it is verified."""
_CHUNK_BYTES = 1 << 18

# The end of a zip: its mark, then counts and sizes; a bundle has no comment after it.
_END = struct.Struct("<4s4H2LH")
_END_MARK, _END64_MARK, _END64_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
_MAX_DIRECTORY_BYTES = 64 * 1024

_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(struct.error, ValueError, OverflowError),
)


class BundleFile:
    """An open bundle whose members are all there, once each."""

    def __init__(self, packed: zipfile.ZipFile, path: Path) -> None:
        self._packed = packed
        self._path = path
        names = [entry.filename for entry in packed.infolist()]
        if len(set(names)) != len(names):
            raise Invalid(f"{path} has two files of one name.")
        strange = sorted(set(names) - MEMBERS)
        if strange:
            raise Invalid(
                f"{path} is no bundle: {strange[0][:64]!r} is not part of it."
            )
        missing = sorted(ALWAYS - set(names))
        if missing:
            raise Invalid(f"{path} is no whole bundle: {missing[0]} is missing.")
        for entry in packed.infolist():
            if entry.flag_bits & 0x1 or entry.compress_type not in {
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            }:
                raise Invalid(f"{path}: {entry.filename} is packed in a way not used.")

    def has(self, name: str) -> bool:
        """Say whether there is such a member."""
        return name in self._packed.namelist()

    def json(self, name: str) -> Any:
        """Return a member's JSON. Raises `Invalid` unless it is canonical."""
        text = self.text(name)
        try:
            value = orjson.loads(text)
            exact = canonical(value) + b"\n" == text
        except orjson.JSONDecodeError as error:
            raise Invalid(f"{self._path}: {name} is no JSON.") from error
        if not exact:
            raise Invalid(f"{self._path}: {name} is not in its canonical form.")
        return value

    def text(self, name: str) -> bytes:
        """Return a member as it is."""
        with self._reading(name) as file:
            text = file.read(MAX_HELD_BYTES + 1)
        if len(text) > MAX_HELD_BYTES:
            raise Invalid(f"{self._path}: {name} is too large.")
        return text

    def lines(self, name: str, *, held: bool = True) -> Iterator[bytes]:
        """Yield a member's lines, without their ends.

        `held`: the caller keeps them all, so that there may be fewer.
        """
        most = MAX_HELD_BYTES if held else MAX_UNPACKED_BYTES
        for lines in self.blocks(name, most):
            yield from lines

    def blocks(
        self, name: str, most: int = MAX_UNPACKED_BYTES
    ) -> Iterator[list[bytes]]:
        """Yield a member's lines, many at a time."""
        total = begun_bytes = 0
        begun: list[bytes] = []  # of a line whose end has not come yet
        with self._reading(name) as file:
            while chunk := file.read(_CHUNK_BYTES):
                total += len(chunk)
                if total > most:
                    raise Invalid(f"{self._path}: {name} is too large.")
                first, *lines = chunk.split(b"\n")
                begun.append(first)
                begun_bytes += len(first)
                if begun_bytes > MAX_WIRE_BYTES:
                    raise Invalid(f"{self._path}: a line of {name} is too long.")
                if lines:
                    lines.insert(0, b"".join(begun))
                    begun = [lines.pop()]
                    begun_bytes = len(begun[0])
                    yield lines
        if begun_bytes:
            raise Invalid(f"{self._path}: the last line of {name} is cut off.")

    @contextmanager
    def _reading(self, name: str) -> Iterator[IO[bytes]]:
        with damage_said(self._path), self._packed.open(name) as file:
            yield file


@contextmanager
def open_bundle(path: Path) -> Iterator[BundleFile]:
    """Open a bundle. Raises `Invalid`, also later while it is read."""
    with damage_said(path):
        _check_end(path)
        packed = zipfile.ZipFile(path)
    with packed:
        yield BundleFile(packed, path)


@contextmanager
def damage_said(path: Path) -> Iterator[None]:
    """Raise `Invalid` for what a damaged or hostile zip makes the library raise."""
    try:
        yield
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror or error}.") from error
    except _DAMAGED as error:
        raise Invalid(f"{path} is damaged, or no bundle.") from error


def _check_end(path: Path) -> None:
    """Look before the library reads a directory of unknown length into memory."""
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise Invalid(f"{path} is too large for a bundle.")
    with path.open("rb") as file:
        file.seek(max(size - _END.size - _END64_BYTES, 0))
        tail = file.read()
    if len(tail) < _END.size or not tail[-_END.size :].startswith(_END_MARK):
        raise Invalid(
            f"{path} is no whole zip file: cut off, damaged or another thing."
        )
    end = _END.unpack(tail[-_END.size :])
    if end[5] > _MAX_DIRECTORY_BYTES or tail.startswith(_END64_MARK) or end[7]:
        raise Invalid(f"{path} is no bundle: it has too many files.")
