"""An update without what the document has already: what was really written.

What is applied is what is recorded, byte for byte, so that the journal makes the
same document whatever somebody's page has sent.
"""

from __future__ import annotations

from nbinterview_server.documents.integration import Plan, Refused
from nbinterview_server.documents.lib0 import OWN
from nbinterview_server.documents.updates import (
    Deletion,
    Id,
    Kind,
    Struct,
    Update,
    decode,
)


def new_structs(update: Update, plan: Plan) -> bytes:
    """Return the part of an update before its delete set, cut down to new structs."""
    if plan.all_new:
        return update.data[: update.structs_end]
    rows = []
    for client, row in plan.rows.items():
        new = [one for one in update.by_client[client] if one.end > row.first]
        new = [one for one in new if one.kind is not Kind.SKIP]
        start = max(new[0].clock, row.first)
        parts = [_rest(update, new[0], start)]
        parts += [update.data[one.begin : one.stop] for one in new[1:]]
        rows.append(var(len(parts)) + var(client) + var(start) + b"".join(parts))
    return var(len(rows)) + b"".join(rows)


def _rest(update: Update, struct: Struct, start: int) -> bytes:
    """Return a struct from a clock on."""
    if start == struct.clock:
        return update.data[struct.begin : struct.stop]
    left = struct.end - start
    if struct.kind is Kind.GC:
        return bytes([Kind.GC]) + var(left)
    if struct.kind is Kind.STRING:
        assert struct.text is not None
        units = struct.text.encode("utf-16-le")[2 * (start - struct.clock) :]
        text = units.decode("utf-16-le").encode()
        content = var(len(text)) + text
    elif struct.kind is Kind.DELETED:
        content = var(left)
    elif struct.kind is Kind.ANY:
        content = var(left) + update.values_after(struct, start - struct.clock)
    else:
        raise Refused("Only a part of this edit is new.")
    info = struct.kind | 0x80 | (0x40 if struct.right else 0)
    neighbours = [
        Id(struct.client, start - 1),
        *([struct.right] if struct.right else []),
    ]
    return (
        bytes([info]) + b"".join(var(n) for unit in neighbours for n in unit) + content
    )


def joined(one: bytes, other: bytes) -> bytes:
    """Return both updates as one, which a page applies at once.

    Nothing of them is under the same client id: one is a person's, the other ours.
    """
    first, second = decode(one, OWN), decode(other, OWN)
    structs = b""
    for update in (first, second):
        begin = len(var(len(update.by_client)))
        structs += update.data[begin : update.structs_end]
    deleted: dict[int, list[Deletion]] = {}
    for deletion in first.deletions + second.deletions:
        deleted.setdefault(deletion.client, []).append(deletion)
    out = var(len(first.by_client) + len(second.by_client)) + structs
    out += var(len(deleted))
    for client, ranges in deleted.items():
        out += var(client) + var(len(ranges))
        for _, clock, end in sorted(ranges):
            out += var(clock) + var(end - clock)
    return out


def var(number: int) -> bytes:
    """Return a number as lib0 writes it."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
