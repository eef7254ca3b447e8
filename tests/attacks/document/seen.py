"""The notebook as any page has it: ids, clocks and units are no secrets."""

from __future__ import annotations

import random
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Array, Doc

from nbinterview_server.documents.lib0 import OWN
from nbinterview_server.documents.updates import Id, Kind, Struct, decode
from tests.extensions.yjs_bytes import text, update, var

TRUE, NULL = b"\x78", b"\x7e"


def any_of(value: Any) -> bytes:
    """Return one value as an ANY struct has it."""
    return var(1) + _value(value)


def _value(value: Any) -> bytes:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else b"\x79"
    if isinstance(value, int):
        return b"\x7d" + bytes([value & 0x3F])
    if isinstance(value, str):
        return b"\x77" + text(value)
    if isinstance(value, list):
        return b"\x75" + var(len(value)) + b"".join(map(_value, value))
    parts = [text(key) + _value(one) for key, one in value.items()]
    return b"\x76" + var(len(parts)) + b"".join(parts)


@dataclass
class Seen:
    """The notebook as a page has it, with the units that it is made of."""

    state: bytes
    client: int
    """The hostile page's own id, and how far it is."""
    clock: int
    chance: random.Random
    mine: Container[int] = ()
    """All ids of the hostile person."""
    ends: dict[int, int] = field(default_factory=dict)
    cells: list[tuple[Id, dict[str, Id]]] = field(default_factory=list)
    """Live cells: their unit, and the units of their keys' values."""
    metadata: dict[Id, dict[str, Id]] = field(default_factory=dict)
    letters: dict[Id, list[Struct]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        doc: Doc[Any] = Doc()
        doc.apply_update(self.state)
        self.notebook = doc.get("cells", type=Array).to_py() or []
        whole = decode(self.state, OWN)
        gone = {
            Id(client, clock)
            for client, first, end in whole.deletions
            for clock in range(first, end)
        }
        places: dict[Id, tuple[Any, str | None]] = {}
        found: dict[Id, dict[str, Id]] = {}
        for struct in whole.structs:
            self.ends[struct.client] = max(self.ends.get(struct.client, 0), struct.end)
        waiting = list(whole.structs)
        while waiting:
            later = []
            for struct in waiting:
                if struct.kind in (Kind.GC, Kind.SKIP):
                    continue
                near = struct.origin or struct.right
                if near is not None and near not in places:
                    later.append(struct)
                    continue
                place = places[near] if near else (struct.parent, struct.sub)
                for clock in range(struct.clock, struct.end):
                    places[Id(struct.client, clock)] = place
                unit = Id(struct.client, struct.clock)
                if unit in gone:
                    continue
                if place == ("cells", None):
                    self.cells.append((unit, found.setdefault(unit, {})))
                elif isinstance(place[0], Id):
                    if place[1] is None:
                        self.letters.setdefault(place[0], []).append(struct)
                    else:
                        found.setdefault(place[0], {})[place[1]] = unit
            if len(later) == len(waiting):
                break
            waiting = later
        self.metadata = {keys["metadata"]: found.get(keys["metadata"], {})
                         for _, keys in self.cells if "metadata" in keys}  # fmt: skip

    def locked(self) -> tuple[Id, dict[str, Id]]:
        """Return the cell that is locked."""
        return next(one for one in self.cells
                    if "editable" in self.metadata[one[1]["metadata"]])  # fmt: skip

    def open(self) -> tuple[Id, dict[str, Id]]:
        """Return a cell of code that is not."""
        return next(one for one in self.cells if "outputs" in one[1])

    def own(self, *structs: bytes, deleted: Any = ()) -> bytes:
        """Return an update with these structs under the page's own id."""
        return update((self.client, self.clock, structs), deleted=deleted)

    def over(self, unit: Id) -> dict[str, Any]:
        """Return where a newer value of the same key goes."""
        return {"origin": unit}

    def victim(self) -> int:
        """Return the id of somebody else's page."""
        others = [one for one in self.ends if one > 0 and one not in self.mine]
        return self.chance.choice(sorted(others)) if others else 0

    def page(self) -> tuple[Doc[Any], list[bytes]]:
        """Return a document that writes as this page, and what it wrote."""
        doc: Doc[Any] = Doc(client_id=self.client)
        doc.apply_update(self.state)
        wrote: list[bytes] = []
        doc.observe(lambda event: wrote.append(event.update))
        return doc, wrote
