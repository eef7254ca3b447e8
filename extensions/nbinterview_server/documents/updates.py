"""What a Yjs update brings, read without applying it.

An update (format v1) is, for each client id, a row of structs with rising clocks,
and then a delete set. pycrdt applies updates and shows nothing of them, has no
way back, believes that text is UTF-8 and follows nested values by recursion
until the process dies. So every update is read here first.

Text is counted in UTF-16 code units, as Yjs counts it. Reading takes time in
proportion to the bytes, holds no more than limits allow, and never recurses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

from nbinterview.errors import TooLarge
from nbinterview_server.documents.lib0 import (
    PERSONS,
    Limits,
    Reader,
    malformed,
)

MAX_CLOCK = 2**31 - 1


class Kind(IntEnum):
    """What a struct carries: the content numbers of the format."""

    GC = 0
    DELETED = 1
    JSON = 2
    BINARY = 3
    STRING = 4
    EMBED = 5
    FORMAT = 6
    TYPE = 7
    ANY = 8
    DOC = 9
    SKIP = 10


class Type(IntEnum):
    """What a struct of kind TYPE makes."""

    ARRAY = 0
    MAP = 1
    TEXT = 2
    XML_ELEMENT = 3
    XML_FRAGMENT = 4
    XML_HOOK = 5
    XML_TEXT = 6


_KINDS = {int(kind): kind for kind in Kind}
_NAMED_TYPES = {Type.XML_ELEMENT, Type.XML_HOOK}


class Id(NamedTuple):
    """One unit of a document: whose, and which of theirs."""

    client: int
    clock: int


class Deletion(NamedTuple):
    """A range of deleted units, `end` not included."""

    client: int
    clock: int
    end: int


@dataclass(slots=True)
class Struct:
    """One struct of an update; GC and SKIP have neither neighbours nor a parent."""

    client: int
    clock: int
    length: int
    kind: Kind
    origin: Id | None = None
    """The unit to the left when it was written."""
    right: Id | None = None
    """The unit to the right when it was written."""
    parent: Id | str | None = None
    """The type it is in, or a root's name; None when a neighbour tells."""
    sub: str | None = None
    """Its key, when the parent is a map and no neighbour tells."""
    begin: int = 0
    start: int = 0
    stop: int = 0
    """Where it begins in the update, its content begins, and both end."""
    text: str | None = None
    """The content of a STRING."""

    @property
    def end(self) -> int:
        """The clock after it."""
        return self.clock + self.length


@dataclass
class Update:
    """A decoded update. `structs` are in the order of the bytes."""

    data: bytes = field(repr=False)
    structs: list[Struct]
    deletions: list[Deletion]
    structs_end: int
    """Where the delete set begins."""

    @cached_property
    def by_client(self) -> dict[int, list[Struct]]:
        """Return the structs of each client, by rising clock."""
        found: dict[int, list[Struct]] = {}
        for struct in self.structs:
            found.setdefault(struct.client, []).append(struct)
        return found

    def content(self, struct: Struct) -> bytes:
        """Return the bytes of a struct's content, as they were encoded."""
        return self.data[struct.start : struct.stop]

    def values(self, struct: Struct) -> list[Any]:
        """Return the values of an ANY struct, as JSON has them."""
        reader = Reader(self.data, struct.start)
        return [reader.value() for _ in range(reader.uint())]

    def values_after(self, struct: Struct, count: int) -> bytes:
        """Return the bytes of an ANY struct's values without the first ones."""
        reader = Reader(self.data, struct.start)
        reader.uint()
        reader.skip_values(count)
        return self.data[reader.at : struct.stop]

    def type_of(self, struct: Struct) -> Type:
        """Return what a TYPE struct makes."""
        return Type(Reader(self.data, struct.start).uint())


def decode(data: bytes, limits: Limits = PERSONS) -> Update:
    """Return what an update brings.

    Raises:
        Invalid: these bytes are no update of format v1.
        TooLarge: it is one, with more in it than one update may have.
    """
    reader = Reader(data, limits=limits)
    try:
        structs = _structs(reader)
        structs_end = reader.at
        deletions = _deletions(reader)
    except IndexError:
        malformed("it ends too early")
    if reader.at != len(data):
        malformed("something follows it")
    return Update(data, structs, deletions, structs_end)


def framed(message: bytes) -> bytes:
    """Return what follows its own length, as sync messages carry it."""
    reader = Reader(message)
    try:
        length = reader.uint()
    except IndexError:
        malformed("it ends too early")
    if length != len(message) - reader.at:
        malformed("its length is another one")
    return message[reader.at :]


def utf16_length(text: str) -> int:
    """Return the length of text in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _structs(reader: Reader) -> list[Struct]:
    structs: list[Struct] = []
    clients: set[int] = set()
    for _ in range(reader.uint()):
        count, client, clock = reader.uint(), reader.uint(), reader.uint()
        if client in clients:
            malformed("a client comes twice")
        clients.add(client)
        if len(structs) + count > reader.limits.structs:
            raise TooLarge(f"An edit has at most {reader.limits.structs} parts.")
        for _ in range(count):
            struct = _struct(reader, client, clock)
            clock = struct.end
            if struct.length < 1 or clock > MAX_CLOCK:
                malformed("a length is out of range")
            structs.append(struct)
    return structs


def _struct(reader: Reader, client: int, clock: int) -> Struct:
    begin = reader.at
    info = reader.byte()
    kind = _KINDS.get(info & 0x1F)
    if kind is None:
        malformed("a content is of no known kind")
    if kind is Kind.GC or kind is Kind.SKIP:
        if info != kind:
            malformed("a gap has neighbours")  # Yjs and pycrdt disagree about it
        length = reader.uint()
        return Struct(client, clock, length, kind, begin=begin, stop=reader.at)
    struct = Struct(client, clock, 1, kind, begin=begin)
    if info & 0x80:
        struct.origin = Id(reader.uint(), reader.uint())
    if info & 0x40:
        struct.right = Id(reader.uint(), reader.uint())
    if not info & 0xC0:
        named = reader.uint()
        if named > 1:
            malformed("a parent is of no known kind")
        struct.parent = reader.text() if named else Id(reader.uint(), reader.uint())
        if info & 0x20:
            struct.sub = reader.text()
    struct.start = reader.at
    _CONTENT[kind](reader, struct)
    struct.stop = reader.at
    return struct


def _deletions(reader: Reader) -> list[Deletion]:
    found: list[Deletion] = []
    clients: set[int] = set()
    for _ in range(reader.uint()):
        client, count = reader.uint(), reader.uint()
        if client in clients:
            malformed("a client's deletions come twice")
        clients.add(client)
        if len(found) + count > reader.limits.deletions:
            raise TooLarge(f"An edit has at most {reader.limits.deletions} deletions.")
        for _ in range(count):
            clock, length = reader.uint(), reader.uint()
            if length < 1 or clock + length > MAX_CLOCK:
                malformed("a deletion is out of range")
            found.append(Deletion(client, clock, clock + length))
    return found


# ------------------------------------------------------------------ contents


def _read_length(reader: Reader, struct: Struct) -> None:
    struct.length = reader.uint()


def _read_json_values(reader: Reader, struct: Struct) -> None:
    struct.length = reader.count()
    for _ in range(struct.length):
        text = reader.text()
        if text != "undefined":
            _check_json(text)


def _read_binary(reader: Reader, _struct: Struct) -> None:
    reader.skip(reader.uint())


def _read_string(reader: Reader, struct: Struct) -> None:
    struct.text = reader.text()
    struct.length = utf16_length(struct.text)


def _read_embed(reader: Reader, _struct: Struct) -> None:
    _check_json(reader.text())


def _read_format(reader: Reader, _struct: Struct) -> None:
    reader.text()
    _check_json(reader.text())


def _read_type(reader: Reader, _struct: Struct) -> None:
    number = reader.uint()
    if number > Type.XML_TEXT:
        malformed("a type is of no known kind")
    if number in _NAMED_TYPES:
        reader.text()


def _read_any(reader: Reader, struct: Struct) -> None:
    struct.length = reader.count()
    reader.skip_values(struct.length)


def _read_doc(reader: Reader, _struct: Struct) -> None:
    reader.text()
    reader.skip_values(1)


_CONTENT = {
    Kind.DELETED: _read_length,
    Kind.JSON: _read_json_values,
    Kind.BINARY: _read_binary,
    Kind.STRING: _read_string,
    Kind.EMBED: _read_embed,
    Kind.FORMAT: _read_format,
    Kind.TYPE: _read_type,
    Kind.ANY: _read_any,
    Kind.DOC: _read_doc,
}


def _check_json(text: str) -> None:
    """Refuse what a browser's `JSON.parse` would stumble over."""
    try:
        json.loads(text, parse_constant=malformed)
    except (ValueError, RecursionError):
        malformed("an embedded value is no JSON")
