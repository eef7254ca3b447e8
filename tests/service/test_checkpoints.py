"""Signed heads: what fits the records is countersigned, everything else is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from nbinterview.ledger import signing
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
    certified,
)
from nbinterview.ledger.tree import Tree
from nbinterview.service.domain import audit, ledger
from nbinterview.service.settings import Settings
from tests.service.signed import SigningRoom, new_signer
from tests.service.support import Running, Start, person_of, record


async def _keys(running: Running) -> list[PlatformKey]:
    answer = await (await running.client()).get("api/v1/keys")
    assert answer.status_code == 200
    return [PlatformKey.from_wire(one) for one in answer.json()["keys"]]


async def _audited(running: Running, kind: str, about: str) -> list[dict[str, Any]]:
    async with running.state.database.read() as session:
        return await audit.page(session, kind=kind, about=about)


@pytest.mark.asyncio
async def test_a_head_that_fits_is_countersigned_by_a_key_that_anybody_can_get(
    running: Running,
) -> None:
    room = await SigningRoom.open(running)
    status, certificate = await room.certify()
    assert status == 200
    status, body = await room.send(room.write(3), room.sign())
    assert (status, body["acknowledged_seq"]) == (200, 3)
    countersigned = Countersignature.from_wire(body["countersignature"])
    [key] = await _keys(running)
    assert countersigned.verify(key.public_key)
    assert (countersigned.size, countersigned.root) == (3, room.tree.root().hex())
    [head] = await room.heads()
    issued = Certificate.from_wire(certificate)
    assert certified(head, [issued], [key]) == issued


@pytest.mark.asyncio
async def test_a_head_within_a_batch_and_one_of_records_kept_before_are_judged(
    running: Running,
) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    status, body = await room.send(room.write(7), room.sign(5))
    assert (status, body["countersignature"]["size"]) == (200, 5)
    status, body = await room.send(room.write(4), room.sign(7))
    assert (status, body["countersignature"]["size"]) == (200, 7)
    # One that comes later than its records is judged by all the leaves.
    status, body = await room.send([], room.sign(9))
    assert (status, body["countersignature"]["size"]) == (200, 9)
    wrong = room.sign(10, root=room.tree.root(3))
    assert (await room.send([], wrong))[0] == 409
    assert [head.size for head in await room.heads()] == [5, 9]


@pytest.mark.asyncio
async def test_heads_that_were_judged_are_not_worked_out_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await SigningRoom.open(running)
    await room.send(room.write(4), room.sign(2))

    async def reads_all(*_: Any) -> list[bytes]:
        raise AssertionError("all leaves were read")

    monkeypatch.setattr(ledger, "_leaves", reads_all)
    # Nobody certified this key yet: that its head fits would be worth nothing.
    status, body = await room.send([], room.sign(3))
    assert (status, body["countersignature"]) == (200, None)
    await room.certify()
    await room.send(room.write(4), room.sign(6))
    # The answer was lost: the very head comes again.
    status, body = await room.send([], room.sign(6))
    assert (status, body["countersignature"]["size"]) == (200, 6)
    wrong = room.sign(6, root=room.tree.root(3))
    assert (await room.send([], wrong))[0] == 409
    # A later one stands for it.
    status, body = await room.send([], room.sign(5))
    assert (status, body["countersignature"]) == (200, None)


@pytest.mark.asyncio
async def test_what_cannot_be_judged_yet_is_no_fault(running: Running) -> None:
    room = await SigningRoom.open(running)
    records = room.write(6)
    # Its key is not certified, and it is of more than what came.
    assert (await room.send(records[:2], room.sign(2)))[1]["countersignature"] is None
    await room.certify()
    assert (await room.send(records[2:4], room.sign(6)))[1]["countersignature"] is None
    assert await room.heads() == []
    status, body = await room.send(records[4:], room.sign(6))
    assert (status, body["countersignature"]["size"]) == (200, 6)


@pytest.mark.asyncio
async def test_a_head_that_does_not_extend_is_refused_and_nothing_of_it_kept(
    running: Running,
) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    await room.send(room.write(4), room.sign())
    # The journal was rewritten behind the service's back, and signed again.
    other = SigningRoom(running, room.interview, signer=room.signer)
    other.write(3)
    other.write(payload={"n": "rewritten"})
    new = other.write(2)
    status, body = await room.send(new, other.sign())
    assert (status, body["title"]) == (409, "This is another record")
    assert (await room.send([], None))[1]["acknowledged_seq"] == 4
    assert [head.size for head in await room.heads()] == [4]
    # It is said once, however often that room tries again.
    assert (await room.send(new, other.sign()))[0] == 409
    [said] = await _audited(running, "checkpoint", room.interview)
    assert (said["payload"]["size"], said["author"]) == (6, "service")
    # The honest journal goes on.
    assert (await room.send(room.write(2), room.sign()))[0] == 200


@pytest.mark.asyncio
async def test_forged_and_foreign_heads_are_refused(running: Running) -> None:
    room, other = await SigningRoom.open(running), await SigningRoom.open(running)
    await room.certify()
    await other.certify()
    records = room.write(2)
    honest = room.sign()
    forged: list[dict[str, Any]] = [
        # Another interview's, signed by its own key or by this room's.
        other.sign(0, interview=other.interview),
        room.sign(interview=other.interview),
        {**honest, "interview": other.interview},
        # By a key that says it is this room's.
        {**room.sign(signer=other.signer), "key_id": room.signer.key_id},
        # Changed after it was signed.
        {**honest, "time": "2026-11-22T09:30:01.000000Z"},
        {**honest, "size": 1, "root": room.tree.root(1).hex()},
        {**honest, "root": "00" * 32},
        {**honest, "signature": "00" * 64},
        {**honest, "signature": honest["signature"][:-1]},
        {**honest, "note": "x"},
    ]
    for one in forged:
        status, _ = await room.send(records, one)
        assert status == 400, one
    # Of the other room's key, as it is: nobody certified it here.
    status, body = await room.send(records, room.sign(signer=other.signer))
    assert (status, body["countersignature"]) == (200, None)
    assert await room.heads() == []


@pytest.mark.asyncio
async def test_a_rooms_token_opens_no_other_rooms_key_or_records(
    running: Running,
) -> None:
    room, other = await SigningRoom.open(running), await SigningRoom.open(running)
    client = await running.room(room.interview)
    body = {"public_key": room.signer.public, "replaced": False}
    answer = await client.post(f"api/v1/rooms/{other.interview}/key", json=body)
    assert answer.status_code == 401
    forged = await running.bearer("0" * 64)
    answer = await forged.post(f"api/v1/rooms/{room.interview}/key", json=body)
    assert answer.status_code == 401
    answer = await client.post(
        f"api/v1/rooms/{room.interview}/records",
        json={"records": [record(other.interview, 1)]},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "interview")


@pytest.mark.asyncio
async def test_a_second_key_is_certified_as_a_replacement(running: Running) -> None:
    room = await SigningRoom.open(running)
    _, first = await room.certify()
    assert (await room.certify())[1] == first
    await room.send(room.write(2), room.sign())
    lost, room.signer = room.signer, new_signer()
    assert await _audited(running, "key", room.interview) == []
    status, second = await room.certify(replaced=True)
    assert (status, second["replaces"]) == (200, lost.key_id)
    assert (await room.certify(replaced=True))[1] == second
    [said] = await _audited(running, "key", room.interview)
    assert said["payload"]["replaces"] == lost.key_id
    status, body = await room.send(room.write(2), room.sign())
    assert (status, body["countersignature"]["size"]) == (200, 4)
    # Both keys' heads stay: what the lost one signed still verifies.
    assert [head.key_id for head in await room.heads()] == [
        lost.key_id,
        room.signer.key_id,
    ]


@pytest.mark.asyncio
async def test_a_key_belongs_to_one_interview_only(running: Running) -> None:
    room, other = await SigningRoom.open(running), await SigningRoom.open(running)
    await room.certify()
    assert (await other.certify(room.signer))[0] == 409
    for _ in range(19):
        assert (await room.certify(new_signer(), replaced=True))[0] == 200
    assert (await room.certify(new_signer(), replaced=True))[0] == 409


@pytest.mark.asyncio
async def test_nothing_comes_after_a_signed_end(running: Running) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    await room.send(room.write(2) + room.end(), room.sign())
    status, body = await room.send(room.write(1), room.sign())
    assert (status, body["detail"]) == (
        409,
        "The interview has ended; its record takes nothing more.",
    )
    assert (await room.certify(new_signer(), replaced=True))[0] == 409
    assert (await room.send([], None))[1]["acknowledged_seq"] == 4
    # Nor within the batch that brings the end.
    other = await SigningRoom.open(running)
    assert (await other.send(other.end() + other.write(1)))[0] == 409
    assert (await other.send([], None))[1]["acknowledged_seq"] == 0


@pytest.mark.asyncio
async def test_a_room_that_stops_and_starts_again_goes_on(running: Running) -> None:
    room = await SigningRoom.open(running)
    await room.send(room.write(kind="room.stopped", payload={"reason": "restart"}))
    await room.send(room.write(kind="interview.state", payload={"state": "ended"}))
    status, _ = await room.send(room.write(kind="room.started", payload={}))
    assert status == 200


@pytest.mark.asyncio
async def test_of_many_heads_the_newest_and_one_a_minute_stay(running: Running) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    for _ in range(90):
        status, _ = await room.send(room.write(), room.sign())
        assert status == 200
        running.clock.move(seconds=2)
    heads = await room.heads()
    assert heads[0].size == 1
    assert heads[-1].size == 90
    assert len(heads) <= 5
    steps = [later.size - one.size for one, later in pairwise(heads)]
    assert max(steps) <= 31
    operator = await running.operator()
    answer = await operator.get(f"api/v1/interviews/{room.interview}/checkpoints")
    signatures = answer.json()["countersignatures"]
    assert [one["size"] for one in signatures] == [head.size for head in heads]


@pytest.mark.asyncio
async def test_the_candidate_takes_a_receipt_home(running: Running) -> None:
    made = await running.create()
    room = SigningRoom(running, made["interview"]["id"])
    candidate = await running.person(person_of(made, "candidate"))
    path = f"interviews/{room.interview}/my-record/receipt"
    assert (await candidate.get(path)).status_code == 404
    await room.certify()
    await room.send(room.write(3) + room.end(), room.sign())
    answer = await candidate.get(path)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    receipt = Receipt.from_wire(answer.json())
    keys = await _keys(running)
    assert receipt.certificate is not None
    assert receipt.countersignature is not None
    assert certified(receipt.checkpoint, [receipt.certificate], keys)
    assert receipt.countersignature.verify(keys[0].public_key)
    assert receipt.checkpoint.root == room.tree.root().hex()
    assert list(receipt.platform_keys) == keys
    page = await candidate.get(f"interviews/{room.interview}/my-record")
    assert "my-record/receipt" in page.text


@pytest.mark.asyncio
async def test_a_rotated_key_signs_at_once_and_the_old_one_stays_known(
    running: Running, settings: Settings
) -> None:
    room = await SigningRoom.open(running)
    _, certificate = await room.certify()
    [before] = await _keys(running)
    signing.rotate(settings.platform_key, datetime.now(UTC))
    status, body = await room.send(room.write(2), room.sign())
    keys = await _keys(running)
    assert status == 200
    assert keys[0].key_id == before.key_id
    assert keys[0].until_time is not None
    assert Countersignature.from_wire(body["countersignature"]).verify(
        keys[1].public_key
    )
    # What the old key certified is good, under its public half.
    assert Certificate.from_wire(certificate).verify(keys[0].public_key)
    assert (await room.certify())[1] == certificate


@pytest.mark.asyncio
async def test_the_platforms_key_is_made_once_and_its_own(
    start: Start, settings: Settings
) -> None:
    first = await start(settings)
    [before] = await _keys(first)
    assert settings.platform_key.stat().st_mode & 0o777 == 0o600
    again = await start(settings)
    assert [key.key_id for key in await _keys(again)] == [before.key_id]


@pytest.mark.asyncio
async def test_a_long_record_is_not_read_again_for_each_batch(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    await room.send(room.write(500), room.sign())

    async def reads_all(*_: Any) -> list[bytes]:
        raise AssertionError("all leaves were read")

    monkeypatch.setattr(ledger, "_leaves", reads_all)
    for _ in range(3):
        status, body = await room.send(room.write(20), room.sign(room.tree.size - 5))
        assert status == 200
        assert body["countersignature"]["size"] == room.tree.size - 5


@pytest.mark.asyncio
async def test_the_tree_of_the_service_is_the_rooms(running: Running) -> None:
    room = await SigningRoom.open(running)
    await room.certify()
    for count in (1, 2, 7, 40, 500, 63):
        status, body = await room.send(room.write(count), room.sign())
        assert status == 200
        assert body["countersignature"]["root"] == room.tree.root().hex()
    leaves = [bytes.fromhex(wire["hash"]) for wire in room.wires]
    assert Checkpoint.from_wire(room.sign()).root == Tree(leaves).root().hex()
