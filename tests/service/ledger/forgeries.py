"""Bundles that were tampered with: none may verify. Also for bench/ledger/forge.

A forger has the honest bundle, another one, and keys of their own; not the keys of the
room and the platform. What they can do without a key they do thoroughly: numbers,
hashes, proofs and counts are made anew, so that only what is signed stands in the way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbinterview.ledger.bundle import proofs
from nbinterview.ledger.canonical import canonical
from nbinterview.ledger.checkpoints import (
    Checkpoint,
    Receipt,
    countersign,
    make_certificate,
    make_checkpoint,
)
from nbinterview.ledger.records import Record
from nbinterview.ledger.signing import Signer
from nbinterview.ledger.tree import Tree
from tests.service.ledger.bundles import (
    PLATFORM,
    STRANGER,
    Interview,
    a_signer,
    lines,
    platform_key,
)

STRANGE_ROOM = a_signer(667)
SIGNED = (
    *("records.jsonl", "checkpoints.jsonl", "countersignatures.jsonl"),
    *("certificates.jsonl", "policy.json"),
)
NEVER_BEFORE_END = ("room.started", "room.stopped", "interview.state")


@dataclass(frozen=True, repr=False)
class Honest:
    """What there is to forge: a bundle, its parts, and one of another interview."""

    interview: Interview
    members: Mapping[str, bytes]
    other: Interview
    other_members: Mapping[str, bytes]

    @property
    def receipt(self) -> Receipt:
        """Return what the candidate kept."""
        return self.interview.receipt()


@dataclass(frozen=True)
class Forgery:
    """A bundle that must not verify, and what was done to it."""

    name: str
    members: Mapping[str, bytes]


def forge(chance: random.Random, honest: Honest) -> Forgery:
    """Return a forgery of a kind chosen by chance."""
    make = chance.choice(KINDS)
    while True:
        members = make(chance, honest)
        if members != dict(honest.members):
            return Forgery(make.__name__, members)


# ------------------------------------------------------- without understanding


def flip(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Flip a bit of something that is signed."""
    name = chance.choice(SIGNED)
    content = bytearray(honest.members[name])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return {**honest.members, name: bytes(content)}


def flip_what_follows(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Flip a bit of what only the first verifier makes anew: proofs and notebook."""
    name = chance.choice(("proofs.json", "notebook.ipynb"))
    content = bytearray(honest.members[name])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return {**honest.members, name: bytes(content)}


def swap_lines(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Swap two records as they stand."""
    found = honest.members["records.jsonl"].splitlines(keepends=True)
    one, other = chance.sample(range(len(found)), 2)
    found[one], found[other] = found[other], found[one]
    return {**honest.members, "records.jsonl": b"".join(found)}


def drop_line(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Leave a record out as it stands."""
    found = honest.members["records.jsonl"].splitlines(keepends=True)
    del found[chance.randrange(len(found))]
    return {**honest.members, "records.jsonl": b"".join(found)}


def double_line(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Say a record twice."""
    found = honest.members["records.jsonl"].splitlines(keepends=True)
    found.insert(chance.randrange(len(found)), chance.choice(found))
    return {**honest.members, "records.jsonl": b"".join(found)}


def change_what_is_signed(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Change a field of a head, a certificate or a countersignature."""
    name = chance.choice(SIGNED[1:4])
    found = lines(honest.members[name])
    wire = chance.choice(found)
    field = chance.choice(sorted(wire))
    value = wire[field]
    if isinstance(value, int):
        wire[field] = max(value + chance.choice((-1, 1)), 0)
    elif value is None:
        wire[field] = "0" * 16
    else:
        at = chance.randrange(len(value))
        digit = chance.choice([one for one in "0123456789abcdef" if one != value[at]])
        wire[field] = value[:at] + digit + value[at + 1 :]
    return {**honest.members, name: _lines(found)}


def another_platform_key(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Publish a stranger's key as the platform's."""
    keys = [platform_key(STRANGER).wire()]
    return {**honest.members, "platform_keys.json": canonical(keys) + b"\n"}


# ------------------------------------------------- all hashes made anew


def edit(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Change one record, its hash and everything that no key is needed for."""
    records = list(honest.interview.records)
    at = chance.randrange(len(records))
    records[at] = _changed(chance, records[at])
    return _rebuilt(honest, records)


def swap(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Swap two records that then follow each other."""
    records = list(honest.interview.records)
    one, other = chance.sample(range(len(records)), 2)
    records[one], records[other] = records[other], records[one]
    return _rebuilt(honest, _numbered(records))


def drop(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Leave a record out; the later ones move up."""
    records = list(honest.interview.records)
    del records[chance.randrange(len(records))]
    return _rebuilt(honest, _numbered(records))


def insert(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Put a record in, also after the end."""
    records = list(honest.interview.records)
    new = _changed(chance, chance.choice(records))
    records.insert(chance.randrange(len(records) + 1), new)
    return _rebuilt(honest, _numbered(records))


def cut(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Cut the end off, with all heads over it: only who kept one can tell."""
    size = chance.randrange(1, len(honest.interview.records))
    records = honest.interview.records[:size]
    heads = [one for one in honest.interview.checkpoints if one.size <= size]
    seen = [one for one in honest.interview.countersignatures if one.size <= size]
    return _rebuilt(honest, records, checkpoints=heads, countersignatures=seen)


def splice(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Go on with the records of another interview."""
    at = chance.randrange(1, len(honest.interview.records))
    others = honest.other.records[at:]
    if chance.random() < 0.5:
        others = [_anew(one, interview=honest.interview.id) for one in others]
    return _rebuilt(honest, [*honest.interview.records[:at], *others])


def anothers_part(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Take whole parts from the bundle of another interview."""
    names = chance.sample(SIGNED[:4], chance.randrange(1, 4))
    return {**honest.members, **{one: honest.other_members[one] for one in names}}


def back_to_format_1(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Write some or all as before there were signatures, and leave those out."""
    records = list(honest.interview.records)
    start = chance.choice((0, chance.randrange(len(records))))
    records[start:] = [_anew(one, format=1) for one in records[start:]]
    return _rebuilt(honest, records, checkpoints=[], countersignatures=[])


def erase_silently(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Take a payload away without saying so; or one that is never erased."""
    records = list(honest.interview.records)
    at = chance.randrange(len(records))
    members = dict(honest.members)
    if records[at].kind in NEVER_BEFORE_END:
        erasure = {
            "id": "e9",
            "interview": honest.interview.id,
            "kinds": [],
            "from_seq": 1,
            "to_seq": len(records),
            "reason": "because",
            "rule": "none",
            "at": "2026-11-23T12:00:00.000000Z",
        }
        members["erasures.json"] = canonical([erasure]) + b"\n"
    records[at] = records[at].without_payload()
    return {**members, "records.jsonl": _records(records)}


def sign_again(chance: random.Random, honest: Honest) -> dict[str, bytes]:
    """Change something and sign it all with keys of one's own."""
    records = list(honest.interview.records)
    at = chance.randrange(len(records))
    records[at] = _changed(chance, records[at])
    # The keys' owner may be a stranger throughout, or sign for a certified name.
    platform = chance.choice((STRANGER, PLATFORM))
    certificates = list(honest.interview.certificates)
    if platform is STRANGER:
        issued = honest.interview.records[0].time
        public = STRANGE_ROOM.public
        own = make_certificate(STRANGER, honest.interview.id, public, issued)
        certificates = chance.choice(([own], [*certificates, own]))
    heads = [
        make_checkpoint(
            STRANGE_ROOM, one.interview, one.size, _root(records, one.size), one.time
        )
        for one in honest.interview.checkpoints
    ]
    if chance.random() < 0.5:
        certified = honest.interview.room.key_id
        heads = [replace(one, key_id=certified) for one in heads]
    seen = [countersign(STRANGER, one, one.time) for one in heads]
    members = _rebuilt(
        honest,
        records,
        checkpoints=heads,
        countersignatures=seen if platform is STRANGER else [],
    )
    published = [platform_key(STRANGER).wire(), platform_key(PLATFORM).wire()]
    return {
        **members,
        "certificates.jsonl": _lines([one.wire() for one in certificates]),
        "platform_keys.json": canonical(published) + b"\n",
    }


KINDS: Sequence[Callable[[random.Random, Honest], dict[str, bytes]]] = (
    *(flip, swap_lines, drop_line, double_line, change_what_is_signed),
    *(another_platform_key, edit, swap, drop, insert, cut, splice, anothers_part),
    *(back_to_format_1, erase_silently, sign_again, flip_what_follows),
)
FIRST_ONLY = flip_what_follows.__name__
"""The second verifier leaves these out, as its documents allow."""


# ------------------------------------------------------------------- tools


def _changed(chance: random.Random, record: Record) -> Record:
    changes: list[dict[str, Any]] = [
        {"payload": {**(record.payload or {}), "added": chance.random()}},
        {"payload": {}},
        {"author": "kernel" if record.author != "kernel" else "room"},
        {"kind": "flag" if record.kind != "flag" else "nudge"},
        {"time": "2026-11-23T23:59:59.999999Z"},
        {"monotonic_ms": chance.random()},
        {"salt": chance.randbytes(16).hex()},
    ]
    # At least one of them changes something.
    while (made := _anew(record, **chance.choice(changes))).hash == record.hash:
        pass
    return made


def _anew(record: Record, **changes: Any) -> Record:
    return replace(record, **{"payload_hash": "", **changes})


def _numbered(records: Sequence[Record]) -> list[Record]:
    return [_anew(one, seq=seq) for seq, one in enumerate(records, start=1)]


def _root(records: Sequence[Record], size: int) -> bytes:
    return Tree(one.leaf for one in records[:size]).root()


def _rebuilt(
    honest: Honest,
    records: Sequence[Record],
    checkpoints: Sequence[Checkpoint] | None = None,
    countersignatures: Sequence[Any] | None = None,
) -> dict[str, bytes]:
    """Return the bundle of these records with all made anew that needs no key."""
    tree = Tree(one.leaf for one in records)
    members = dict(honest.members)
    if checkpoints is not None:
        members["checkpoints.jsonl"] = _lines([one.wire() for one in checkpoints])
    if countersignatures is not None:
        seen = [one.wire() for one in countersignatures]
        members["countersignatures.jsonl"] = _lines(seen)
    heads = honest.interview.checkpoints if checkpoints is None else checkpoints
    manifest = {**lines(members["manifest.json"])[0], "records": len(records)}
    return {
        **members,
        "records.jsonl": _records(records),
        "manifest.json": canonical(manifest) + b"\n",
        "proofs.json": canonical(proofs(tree, heads)) + b"\n",
    }


def _records(records: Sequence[Record]) -> bytes:
    return b"".join(one.wire_json + b"\n" for one in records)


def _lines(wires: Sequence[object]) -> bytes:
    return b"".join(canonical(one) + b"\n" for one in wires)


__all__ = ["FIRST_ONLY", "KINDS", "Forgery", "Honest", "Signer", "forge"]
