"""Yjs updates written by hand, as no honest page would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pycrdt import Array, Doc, Map, Text

STRING, TYPE, ANY = 4, 7, 8
TEXT_TYPE, MAP_TYPE = 2, 1
Unit = tuple[int, int]


def var(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return var(len(data)) + data


def item(
    kind: int,
    content: bytes,
    *,
    origin: Unit | None = None,
    right: Unit | None = None,
    parent: Unit | str | None = None,
    sub: str | None = None,
) -> bytes:
    info = kind | (0x80 if origin else 0) | (0x40 if right else 0)
    out = b"".join(var(n) for unit in (origin, right) if unit for n in unit)
    if not origin and not right:
        assert parent is not None
        if sub is not None:
            info |= 0x20
        if isinstance(parent, str):
            out += var(1) + text(parent)
        else:
            out += var(0) + var(parent[0]) + var(parent[1])
        if sub is not None:
            out += text(sub)
    return bytes([info]) + out + content


def letters(value: str | bytes, **where: Any) -> bytes:
    return item(STRING, text(value), **where)


def gc(length: int) -> bytes:
    return b"\x00" + var(length)


def skip(length: int) -> bytes:
    return b"\x0a" + var(length)


def update(
    *rows: tuple[int, int, Iterable[bytes]],
    deleted: Iterable[tuple[int, int, int]] = (),
) -> bytes:
    """Rows are client, first clock, structs; deletions client, clock, length."""
    out = var(len(rows))
    for client, clock, structs in rows:
        listed = list(structs)
        out += var(len(listed)) + var(client) + var(clock) + b"".join(listed)
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, clock, length in deleted:
        by_client.setdefault(client, []).append((clock, length))
    out += var(len(by_client))
    for client, ranges in by_client.items():
        out += var(client) + var(len(ranges))
        out += b"".join(var(clock) + var(length) for clock, length in ranges)
    return out


class Replica:
    """Somebody's document, and what each change of it was."""

    def __init__(self, client_id: int | None = None, state: bytes = b"") -> None:
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text = self.doc.get("text", type=Text)
        self.cells = self.doc.get("cells", type=Array)
        self.meta = self.doc.get("meta", type=Map)
        if state:
            self.doc.apply_update(state)
        self.updates: list[bytes] = []
        self._subscription = self.doc.observe(self._note)
        self.applying = False

    def _note(self, event: Any) -> None:
        if not self.applying and event.update != b"\x00\x00":
            self.updates.append(event.update)

    def hear(self, update: bytes) -> None:
        self.applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self.applying = False

    @property
    def id(self) -> int:
        return int(self.doc.client_id)

    def content(self) -> Any:
        return str(self.text), self.cells.to_py(), self.meta.to_py()
