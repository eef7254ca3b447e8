"""A database from before there were trees: it opens, and its records go on."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from nbinterview.ledger.records import Record
from nbinterview.ledger.tree import Tree
from nbinterview.ledger.verify import verify
from nbinterview.service.db import MIGRATIONS
from nbinterview.service.settings import Settings
from tests.service.signed import SigningRoom
from tests.service.support import Running, Start, record

HERE = "oldoldoldo"


def _old_wire(seq: int, kind: str = "event", **payload: Any) -> dict[str, Any]:
    """Return a record as it was written before."""
    new = record(HERE, seq)
    return Record(
        interview=HERE,
        seq=seq,
        time=new["time"],
        kind=kind,
        author="room",
        payload=payload or {"n": seq, "words": "süß"},
        salt=f"{seq:032x}",
        format=1,
    ).wire()


def _old_database(path: Path, wires: list[dict[str, Any]]) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = path
    command.upgrade(config, "0003")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO interviews (id, title, state, sample, template, "
            "template_notes, policy, allows, created_at, opened_at) VALUES "
            "(?, 'An old one', 'open', 0, '{}', '[]', '{}', '[]', "
            "'2026-11-22 09:00:00.000000', '2026-11-22 09:00:00.000000')",
            (HERE,),
        )
        database.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    HERE,
                    wire["seq"],
                    wire["kind"],
                    wire["time"],
                    wire["hash"],
                    json.dumps(wire, ensure_ascii=False).encode(),
                    "2026-11-22 09:10:00.000000",
                )
                for wire in wires
            ],
        )


async def _room(start: Start, settings: Settings, count: int) -> SigningRoom:
    wires = [_old_wire(seq) for seq in range(1, count + 1)]
    await asyncio.to_thread(_old_database, settings.database, wires)
    running = await start(settings)
    tree = Tree(bytes.fromhex(wire["hash"]) for wire in wires)
    return SigningRoom(running, HERE, tree=tree, wires=wires)


@pytest.mark.asyncio
async def test_old_records_are_read_as_they_were(
    start: Start, settings: Settings
) -> None:
    room = await _room(start, settings, 7)
    operator = await room.running.operator()
    answer = await operator.get(f"api/v1/interviews/{HERE}/records")
    assert answer.json()["records"] == room.wires


@pytest.mark.asyncio
async def test_new_records_go_on_in_the_same_tree_and_the_whole_verifies(
    start: Start, settings: Settings, tmp_path: Path
) -> None:
    room = await _room(start, settings, 11)
    await room.certify()
    # Records that the service holds already are compared by their hashes.
    status, body = await room.send(room.wires[-2:], room.sign())
    assert (status, body["countersignature"]["size"]) == (200, 11)
    status, body = await room.send(room.write(5), room.sign())
    assert (status, body["countersignature"]["root"]) == (200, room.tree.root().hex())
    # Back to the old form it never goes.
    old = _old_wire(17)
    status, body = await room.send([old])
    assert (status, body["detail"]) == (
        409,
        "A record's format never goes back within one interview.",
    )
    await room.send(
        room.write(kind="room.started", payload={"policy": {}}) + room.end()
    )
    assert (await room.send([], room.sign()))[1]["countersignature"] is not None
    await _verifies(room.running, tmp_path / "old.zip")


async def _verifies(running: Running, path: Path) -> None:
    operator = await running.operator()
    answer = await operator.get(f"api/v1/interviews/{HERE}/bundle")
    assert answer.status_code == 200
    path.write_bytes(answer.content)
    keys = (await operator.get("api/v1/keys")).json()["keys"]
    publics = [key["public_key"] for key in keys]
    found = await asyncio.to_thread(verify, path, platform_keys=publics)
    assert (found.ok, found.why) == (True, "")


@pytest.mark.asyncio
async def test_an_old_record_that_was_rewritten_before_it_was_signed_is_refused(
    start: Start, settings: Settings
) -> None:
    room = await _room(start, settings, 6)
    await room.certify()
    other = SigningRoom(room.running, HERE, signer=room.signer)
    other.write(6)
    assert (await room.send([], other.sign()))[0] == 409


@pytest.mark.asyncio
async def test_an_old_room_may_say_who_left_after_it_had_stopped(
    start: Start, settings: Settings, tmp_path: Path
) -> None:
    room = await _room(start, settings, 2)
    await room.send([_old_wire(3, "interview.state", state="ended")])
    late = [_old_wire(4, "room.stopped", reason="ended"), _old_wire(5, "person.left")]
    status, body = await room.send(late)
    assert (status, body.get("acknowledged_seq")) == (200, 5)
    await _verifies(room.running, tmp_path / "old.zip")
