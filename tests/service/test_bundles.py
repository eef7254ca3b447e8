"""A record taken away as a file: it verifies without the platform."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import threading
import zipfile
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from nbinterview.ledger import signing
from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import Receipt
from nbinterview.ledger.verify import Findings, verify
from nbinterview.service.db.models import Erasure
from nbinterview.service.domain import bundles
from tests.service.signed import SigningRoom
from tests.service.support import START, Running, Start, eventually, person_of

STARTED = {"versions": {"engine": "3"}, "policy": {"name": "standard"}, "sandbox": {}}


async def _whole(running: Running) -> tuple[dict[str, Any], SigningRoom]:
    """Return an interview that was recorded, signed and shipped to its end."""
    made = await running.create()
    room = SigningRoom(running, made["interview"]["id"])
    await room.certify()
    await room.send(room.write(kind="room.started", payload=STARTED), room.sign())
    await room.send(room.write(8), room.sign())
    status, _ = await room.send(room.write(3) + room.end(), room.sign())
    assert status == 200
    return made, room


async def _bundle(client: httpx.AsyncClient, interview: str) -> httpx.Response:
    return await client.get(f"api/v1/interviews/{interview}/bundle")


async def _verified(
    running: Running, room: SigningRoom, path: Path, receipt: Receipt | None = None
) -> Findings:
    answer = await _bundle(await running.operator(), room.interview)
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    keys = (await (await running.client()).get("api/v1/keys")).json()["keys"]
    publics = [key["public_key"] for key in keys]
    return await asyncio.to_thread(verify, path, receipt=receipt, platform_keys=publics)


@pytest.mark.asyncio
async def test_it_verifies_offline_with_the_candidates_receipt(
    running: Running, tmp_path: Path
) -> None:
    made, room = await _whole(running)
    candidate = await running.person(person_of(made, "candidate"))
    answer = await candidate.get(f"interviews/{room.interview}/my-record/receipt")
    receipt = Receipt.from_wire(answer.json())
    found = await _verified(running, room, tmp_path / "bundle.zip", receipt)
    assert (found.ok, found.why) == (True, "")


@pytest.mark.asyncio
async def test_what_is_changed_in_it_is_found(running: Running, tmp_path: Path) -> None:
    _, room = await _whole(running)
    path = tmp_path / "bundle.zip"
    assert (await _verified(running, room, path)).ok
    members = {}
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    lines = members["records.jsonl"].splitlines()
    line = json.loads(lines[4])
    line["payload"] = {"n": "better"}
    lines[4] = json.dumps(line).encode()
    members["records.jsonl"] = b"\n".join(lines) + b"\n"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    found = await asyncio.to_thread(verify, path)
    assert (found.ok, found.first_bad_seq) == (False, 5)


@pytest.mark.asyncio
async def test_one_that_takes_long_holds_up_no_other_interviews(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, slow), (_, other) = await _whole(running), await _whole(running)
    operator = await running.operator()
    may_end = threading.Event()
    begun: list[str] = []

    def takes_long(file: IO[bytes], contents: Contents) -> None:
        begun.append(contents.interview)
        if contents.interview == slow.interview:
            assert may_end.wait(60)
        write_bundle(file, contents)

    monkeypatch.setattr(bundles, "write_bundle", takes_long)
    asked = [asyncio.create_task(_bundle(operator, slow.interview)) for _ in range(3)]
    try:

        async def has_begun() -> bool:
            return begun != []

        await eventually("the slow one", has_begun)
        answer = await asyncio.wait_for(_bundle(operator, other.interview), 20)
        assert answer.status_code == 200
        assert begun == [slow.interview, other.interview]
    finally:
        may_end.set()
    for one in await asyncio.gather(*asked):
        assert one.status_code == 200


@pytest.mark.asyncio
async def test_it_is_for_the_panel_reviewers_and_the_operator(running: Running) -> None:
    made, room = await _whole(running)
    other = await running.create(reviewer="Rita")
    allowed = [
        await running.person(person_of(made, "interviewer"), "interviewers"),
        await running.person(person_of(other, "reviewer"), "reviewers"),
    ]
    for client in allowed:
        answer = await _bundle(client, room.interview)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/zip"
        assert f"{room.interview}.zip" in answer.headers["content-disposition"]
        names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        assert "records.jsonl" in names
    strangers = [
        await running.person(person_of(made, "candidate")),
        await running.person(person_of(other, "interviewer"), "interviewers"),
        await running.room(room.interview),
        await running.client(),
    ]
    for client in strangers:
        assert (await _bundle(client, room.interview)).status_code in {401, 403, 404}


@pytest.mark.asyncio
async def test_records_that_come_meanwhile_are_not_half_in_it(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    room = SigningRoom(running, made["interview"]["id"])
    await room.certify()
    await room.send(room.write(kind="room.started", payload=STARTED), room.sign())

    async def ship() -> None:
        for _ in range(20):
            status, _ = await room.send(room.write(60), room.sign())
            assert status == 200

    shipping = asyncio.create_task(ship())
    for number in range(3):
        path = tmp_path / f"{number}.zip"
        found = await _verified(running, room, path)
        assert (found.ok, found.why) == (True, "")
    await shipping


@pytest.mark.asyncio
async def test_two_at_once_are_both_whole(running: Running, tmp_path: Path) -> None:
    _, room = await _whole(running)
    found = await asyncio.gather(
        *(_verified(running, room, tmp_path / f"{number}.zip") for number in range(3))
    )
    assert all(one.ok for one in found)


@pytest.mark.asyncio
async def test_what_was_erased_is_said_and_the_tree_still_verifies(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    room = SigningRoom(running, made["interview"]["id"])
    await room.certify()
    await room.send(room.write(kind="room.started", payload=STARTED), room.sign())
    async with running.state.database.write() as session:
        session.add(
            Erasure(
                id="aaaaaaaaaa",
                interview_id=room.interview,
                from_seq=2,
                to_seq=4,
                kinds=["event"],
                reason="The time of the policy is over.",
                rule="events_days=30",
                at=START,
            )
        )
    # What its room sends only now is erased as it comes, and the room is told.
    status, body = await room.send(room.write(6) + room.end(), room.sign())
    assert status == 200
    [due] = body["erase"]
    assert (due["id"], due["from_seq"], due["to_seq"]) == ("aaaaaaaaaa", 2, 4)
    operator = await running.operator()
    answer = await operator.get(f"api/v1/interviews/{room.interview}/records")
    payloads = [one["payload"] is None for one in answer.json()["records"]]
    assert payloads == [False, True, True, True, *[False] * 5]
    found = await _verified(running, room, tmp_path / "bundle.zip")
    assert (found.ok, found.why) == (True, "")
    assert "The time of the policy is over." in " ".join(
        [*found.checked, *found.unchecked]
    )
    # It says when it is done, and is asked no more; another's word counts for nothing.
    other = await SigningRoom.open(running)
    assert (await other.send([], erased=["aaaaaaaaaa"]))[0] == 200
    assert len((await room.send([]))[1]["erase"]) == 1
    assert (await room.send([], erased=["aaaaaaaaaa"]))[1]["erase"] == []
    assert (await room.send([], erased=["../../x"]))[0] == 400


@pytest.mark.asyncio
async def test_a_room_cannot_say_by_itself_that_something_was_erased(
    running: Running,
) -> None:
    room = await SigningRoom.open(running)
    [wire] = room.write()
    status, body = await room.send([{**wire, "payload": None, "salt": None}])
    assert status == 409
    assert "nothing here says that it was erased" in body["detail"]


@pytest.mark.asyncio
async def test_a_record_of_before_rooms_signed_is_signed_by_the_platform_as_it_leaves(
    running: Running, tmp_path: Path
) -> None:
    operator = await running.operator()
    sample = Path("service/nbinterview/samples/recorded.jsonl.gz").read_bytes()
    answer = await operator.post(
        "api/v1/records/import",
        content=gzip.decompress(sample),
        params={"sample": "true"},
    )
    assert answer.status_code == 201, answer.text
    answer = await _bundle(operator, answer.json()["id"])
    path = tmp_path / "bundle.zip"
    path.write_bytes(answer.content)
    keys = (await operator.get("api/v1/keys")).json()["keys"]
    publics = [key["public_key"] for key in keys]
    found = await asyncio.to_thread(verify, path, platform_keys=publics)
    assert (found.ok, found.why) == (True, "")
    assert any("older than rooms that sign" in one for one in found.unchecked)


@pytest.mark.asyncio
@pytest.mark.parametrize("lost", ["removed", "readable by others", "damaged"])
async def test_what_a_lost_platform_key_signed_still_verifies(
    running: Running, start: Start, tmp_path: Path, lost: str
) -> None:
    _, room = await _whole(running)
    before = running.state.platform_keys.signer()
    key = running.settings.platform_key
    if lost == "removed":
        key.unlink()
    else:
        key.chmod(0o644)
        if lost == "damaged":
            key.write_bytes(b"no key")
        signing.rotate(key, running.clock())
    again = await start(running.settings)
    old, new = again.state.platform_keys.published()
    assert (old.public_key, new.until_time) == (before.public, None)
    assert old.until_time is not None
    found = await _verified(again, room, tmp_path / "bundle.zip")
    assert (found.ok, found.why) == (True, "")
