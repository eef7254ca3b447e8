"""Requests that a stranger, another room or a replaying proxy could make up.

`forge` is seeded and endless: the everyday tests take a few hundred of it, the bench
ten thousand. Every one names a room that is there; none may change what is kept.
"""

from __future__ import annotations

import copy
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from limits import parse

from nbinterview.ledger.checkpoints import make_checkpoint
from nbinterview.ledger.records import Record
from nbinterview.ledger.tree import Tree
from nbinterview.rates import RATES
from nbinterview.tokens import room_token
from tests.service.signed import TIME, SigningRoom, new_signer
from tests.service.support import Running, record

HEX = "0123456789abcdef"
TABLES = ("records", "checkpoints", "countersignatures", "certificates", "frontiers")
UNHINDERED = {rate.name: parse("1000000/second") for rate in RATES}
"""Limits that nobody meets: who is turned away by one shows nothing of a forgery."""


@dataclass(frozen=True)
class Known:
    """A room as it stands: its token, what it sent, and the key it signed that with."""

    interview: str
    token: str
    wires: list[dict[str, Any]]
    signer: Any


@dataclass(frozen=True)
class Forged:
    """One request; a `replay` may be answered with success, as it changes nothing."""

    what: str
    method: str
    path: str
    token: str | None
    body: Any
    replay: bool = False

    def is_refused(self, status: int) -> bool:
        """Say whether this answer is the refusal of a forgery, and of nothing else.

        Too many requests are refused whatever they say; an error is no refusal.
        """
        if self.replay and status == 200:
            return True
        return 400 <= status < 500 and status != 429


def kept(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that no forgery may change."""
    with closing(sqlite3.connect(database)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in TABLES
        }


async def a_room(running: Running) -> Known:
    """Return a room that has sent some records and signed them."""
    room = await SigningRoom.open(running)
    await room.certify()
    for _ in range(3):
        status, _ = await room.send(room.write(20), room.sign())
        assert status == 200
    token = room_token(running.settings.keys.room_key, room.interview)
    return Known(room.interview, token, room.wires, room.signer)


async def ask(client: httpx.AsyncClient, forged: Forged) -> httpx.Response:
    """Send one."""
    headers = {"Content-Type": "application/json"}
    if forged.token is not None:
        headers["Authorization"] = f"Bearer {forged.token}"
    return await client.request(
        forged.method,
        f"api/v1/{forged.path}",
        content=None if forged.body is None else json.dumps(forged.body),
        headers=headers,
    )


def forge(room: Known, other: Known, seed: int, secret: str = "") -> Iterator[Forged]:
    """Yield forged requests to `room`; `secret` is any other token of the platform."""
    chance = random.Random(seed)
    makers = [*_BODIES, *_TOKENS, _replayed]
    while True:
        yield chance.choice(makers)(chance, room, other, secret)


Maker = Callable[[random.Random, Known, Known, str], Forged]


def _send(room: Known, what: str, records: list[Any], **more: Any) -> Forged:
    path = f"rooms/{room.interview}/records"
    body = {"records": records, **more}
    return Forged(what, "POST", path, room.token, body)


def _next(room: Known, **more: Any) -> dict[str, Any]:
    return record(room.interview, len(room.wires) + 1, **more)


def _flip(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(HEX.replace(text[at], "")) + text[at + 1 :]


def _leaves(wires: list[dict[str, Any]]) -> Tree:
    return Tree(bytes.fromhex(wire["hash"]) for wire in wires)


# ---------------------------------------------------------------------- records


def _altered(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    """Forge a new record whose fields were changed after it was hashed."""
    wire = _next(room)
    name = chance.choice(
        ["payload", "salt", "author", "time", "kind", "monotonic_ms", "hash"]
    )
    wire[name] = {
        "payload": {"n": chance.random()},
        "salt": _flip(chance, wire["salt"]),
        "author": "kernel",
        "time": "2027-01-01T00:00:00.000000Z",
        "kind": "flag",
        "monotonic_ms": 1.5,
        "hash": _flip(chance, wire["hash"]),
    }[name]
    return _send(room, f"altered {name}", [wire])


def _rewritten(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    """Forge a whole, well hashed record in the place of one that is kept."""
    seq = chance.randint(1, len(room.wires))
    wire = record(room.interview, seq, payload={"n": chance.random()})
    return _send(room, "rewritten", [wire, *room.wires[seq : seq + 3]])


def _gap(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    seq = len(room.wires) + chance.randint(2, 1000)
    return _send(room, "gap", [record(room.interview, seq)])


def _foreign(chance: random.Random, room: Known, other: Known, _: str) -> Forged:
    """Send another room's records, as they are or under this room's name."""
    wire = copy.deepcopy(chance.choice(other.wires))
    if chance.random() < 0.5:
        wire["interview"] = room.interview
    return _send(room, "foreign records", [wire])


def _hidden(_: random.Random, room: Known, __: Known, ___: str) -> Forged:
    wire = {**_next(room), "payload": None, "salt": None}
    return _send(room, "hidden payload", [wire])


def _older(_: random.Random, room: Known, __: Known, ___: str) -> Forged:
    new = Record.stored(_next(room))
    old = Record(
        interview=new.interview,
        seq=new.seq,
        time=new.time,
        kind=new.kind,
        author=new.author,
        payload=new.payload,
        salt=new.salt,
        format=1,
    )
    return _send(room, "older format", [old.wire()])


def _odd(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    odd: Any = chance.choice(
        [None, 1, "x", [], {}, {**_next(room), "more": 1}, {**_next(room), "seq": "1"}]
    )
    return _send(room, "no record", [odd])


# ------------------------------------------------------------------ signed heads


def _head(room: Known, what: str, wire: Any) -> Forged:
    return _send(room, what, [_next(room)], checkpoint=wire)


def _honest_head(room: Known, **changed: Any) -> dict[str, Any]:
    wires = [*room.wires, _next(room)]
    size = changed.get("size", len(wires))
    return make_checkpoint(
        changed.get("signer", room.signer),
        changed.get("interview", room.interview),
        size,
        changed.get("root", _leaves(wires[:size]).root()),
        TIME,
    ).wire()


def _resigned(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    """Sign another history, with the room's own key."""
    at = chance.randrange(len(room.wires))
    wires = [*room.wires]
    wires[at] = record(room.interview, at + 1, payload={"n": chance.random()})
    root = _leaves([*wires, _next(room)]).root()
    return _head(room, "another history", _honest_head(room, root=root))


def _broken_head(chance: random.Random, room: Known, other: Known, _: str) -> Forged:
    wire = _honest_head(room)
    name = chance.choice(["signature", "root", "time", "size", "interview", "format"])
    wire[name] = {
        "signature": _flip(chance, wire["signature"]),
        "root": _flip(chance, wire["root"]),
        "time": "2027-01-01T00:00:00.000000Z",
        "size": chance.randint(1, len(room.wires)),
        "interview": other.interview,
        "format": 2,
    }[name]
    return _head(room, f"head with another {name}", wire)


def _foreign_head(chance: random.Random, room: Known, other: Known, _: str) -> Forged:
    wire = chance.choice(
        [
            _honest_head(other),
            _honest_head(room, interview=other.interview),
            # By a stranger's or another room's key, under this room's key's name.
            {
                **_honest_head(
                    room, signer=chance.choice([new_signer(), other.signer])
                ),
                "key_id": room.signer.key_id,
            },
        ]
    )
    return _head(room, "foreign head", wire)


def _foreign_key(chance: random.Random, room: Known, other: Known, _: str) -> Forged:
    key = chance.choice([other.signer.public, "", "0" * 63, "G" * 64, None])
    body = {"public_key": key, "replaced": chance.random() < 0.5}
    path = f"rooms/{room.interview}/key"
    return Forged("foreign key", "POST", path, room.token, body)


# ------------------------------------------------------------------------ tokens


def _token(chance: random.Random, room: Known, other: Known, secret: str) -> str | None:
    return chance.choice(
        [
            None,
            "",
            other.token,
            secret,
            _flip(chance, room.token),
            room.token[:-1],
            room_token("".join(chance.choices(HEX, k=64)), room.interview),
        ]
    )


def _stranger(chance: random.Random, room: Known, other: Known, secret: str) -> Forged:
    """Make a request that would be in order, with a token that is not the room's."""
    token = _token(chance, room, other, secret)
    path = f"rooms/{room.interview}"
    method, path, body = chance.choice(
        [
            ("POST", f"{path}/records", {"records": [_next(room)]}),
            (
                "POST",
                f"{path}/key",
                {"public_key": new_signer().public, "replaced": True},
            ),
            ("GET", f"{path}/records", None),
            ("GET", path, None),
        ]
    )
    return Forged("stranger's token", method, path, token, body)


def _outside(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    """Ask with a room's token for what is not a room's."""
    path = chance.choice(
        ["bundle", "events?once=true", "checkpoints", "records", "film"]
    )
    path = f"interviews/{room.interview}/{path}"
    return Forged("a room asks for more", "GET", path, room.token, None)


# ----------------------------------------------------------------------- replays


def _replayed(chance: random.Random, room: Known, _: Known, __: str) -> Forged:
    """Send an honest request of before once more, with an old head or none."""
    first = chance.randrange(len(room.wires))
    batch = room.wires[first : first + chance.randint(1, 20)]
    size = chance.randint(1, len(room.wires))
    head = _honest_head(room, size=size) if chance.random() < 0.5 else None
    return replace(_send(room, "replay", batch, checkpoint=head), replay=True)


_BODIES: list[Maker] = [
    _altered,
    _rewritten,
    _gap,
    _foreign,
    _hidden,
    _older,
    _odd,
    _resigned,
    _broken_head,
    _foreign_head,
    _foreign_key,
]
_TOKENS: list[Maker] = [_stranger, _outside]
