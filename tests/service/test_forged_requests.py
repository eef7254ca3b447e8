"""Forged, replayed and cross-room requests: none is accepted, nothing changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from nbinterview.service.settings import Settings
from tests.service.forged import UNHINDERED, Forged, a_room, ask, forge, kept
from tests.service.signed import SigningRoom
from tests.service.support import Start

FORGED = 400


@pytest.mark.asyncio
async def test_none_of_many_forged_requests_is_accepted(
    start: Start, settings: Settings
) -> None:
    running = await start(replace(settings, limits=UNHINDERED))
    room, other = await a_room(running), await a_room(running)
    before = kept(settings.database)
    client = await running.client()
    seen: Counter[str] = Counter()
    for forged in islice(forge(room, other, 6, settings.keys.report_key), FORGED):
        answer = await ask(client, forged)
        told = f"{forged.what}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500, told
        assert forged.is_refused(answer.status_code), told
        seen[forged.what.split(" ")[0]] += 1
    assert kept(settings.database) == before
    assert len(seen) >= 12
    # The room itself goes on as if nothing had been.
    honest = SigningRoom(running, room.interview, room.signer, wires=room.wires)
    honest.tree.extend(bytes.fromhex(wire["hash"]) for wire in room.wires)
    status, body = await honest.send(honest.write(2), honest.sign())
    assert (status, body["countersignature"]["size"]) == (200, 62)


def test_who_is_turned_away_for_asking_too_often_was_not_found_out() -> None:
    forged = Forged("x", "POST", "rooms/x/records", None, {})
    statuses = (200, 400, 401, 409, 422, 429, 500)
    refused = [one for one in statuses if forged.is_refused(one)]
    assert refused == [400, 401, 409, 422]
    assert replace(forged, replay=True).is_refused(200)
