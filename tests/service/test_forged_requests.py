"""Forged, replayed and cross-room requests: none is accepted, nothing changes."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from limits import parse

from nbinterview.rates import RATES
from nbinterview.service.settings import Settings
from nbinterview.tokens import room_token
from tests.service.forged import Known, forge
from tests.service.signed import SigningRoom
from tests.service.support import Running, Start

FORGED = 400
TABLES = ("records", "checkpoints", "countersignatures", "certificates", "frontiers")


def _kept(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in TABLES
        }


async def _known(running: Running) -> Known:
    room = await SigningRoom.open(running)
    await room.certify()
    for _ in range(3):
        status, _ = await room.send(room.write(20), room.sign())
        assert status == 200
    token = room_token(running.settings.keys.room_key, room.interview)
    return Known(room.interview, token, room.wires, room.signer)


@pytest.mark.asyncio
async def test_none_of_many_forged_requests_is_accepted(
    start: Start, settings: Settings
) -> None:
    unhindered = {rate.name: parse("1000000/second") for rate in RATES}
    running = await start(replace(settings, limits=unhindered))
    room, other = await _known(running), await _known(running)
    before = _kept(settings.database)
    client = await running.client()
    seen: Counter[str] = Counter()
    for forged in islice(forge(room, other, 6, settings.keys.report_key), FORGED):
        headers = {"Content-Type": "application/json"}
        if forged.token is not None:
            headers["Authorization"] = f"Bearer {forged.token}"
        answer = await client.request(
            forged.method,
            f"api/v1/{forged.path}",
            content=None if forged.body is None else json.dumps(forged.body),
            headers=headers,
        )
        told = f"{forged.what}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500, told
        if not forged.replay:
            assert answer.status_code >= 400, told
        seen[forged.what.split(" ")[0]] += 1
    assert _kept(settings.database) == before
    assert len(seen) >= 12
    # The room itself goes on as if nothing had been.
    honest = SigningRoom(running, room.interview, room.signer, wires=room.wires)
    honest.tree.extend(bytes.fromhex(wire["hash"]) for wire in room.wires)
    status, body = await honest.send(honest.write(2), honest.sign())
    assert (status, body["countersignature"]["size"]) == (200, 62)
