"""The room's signed heads: soon, at the end, by a key on record and certified."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from nbinterview.errors import Invalid, Unavailable
from nbinterview.ledger.bundle import Contents, write_bundle
from nbinterview.ledger.checkpoints import Certificate, Checkpoint, Receipt
from nbinterview.ledger.records import Record
from nbinterview.ledger.signing import load_or_make
from nbinterview.ledger.tree import Tree, verify_consistency
from nbinterview.ledger.verify import verify
from nbinterview_server.consistency import consistency
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.recovery import recover
from nbinterview_server.sealing import Sealing, open_key
from nbinterview_server.service_api import ServiceApi, Shipped
from nbinterview_server.ship import MAX_RECORDS, Shipper
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEW,
    INTERVIEWER,
    REVIEWER,
    RoomServer,
    eventually,
    live,
    room_config,
)
from tests.extensions.stand_in import TOKEN, StandIn

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Pages:
    """In the place of the fanout: what the pages were told, and when."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.at_s: list[float] = []

    def tell(self, _audience: object, message: dict[str, Any]) -> None:
        self.told.append(message)
        self.at_s.append(time.monotonic())

    def heads(self) -> list[dict[str, Any]]:
        return [one["checkpoint"] for one in self.told if one["type"] == "checkpoint"]


class Clock:
    """A room's clock that only `sleep` moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.now += timedelta(seconds=delay_s)
        await asyncio.sleep(0)


class Room:
    """A journal that is signed and shipped to a service over real HTTP."""

    def __init__(self, directory: Path, service: StandIn) -> None:
        self.clock = Clock()
        self.service = service
        self.api = ServiceApi(service.api, INTERVIEW, TOKEN)
        self.pages = Pages()
        salts = iter(range(10**9))
        self.journal = Journal(
            directory / "journal.sqlite",
            INTERVIEW,
            clock=self.clock,
            salt=lambda: f"{next(salts):032x}",
        )
        self.key = open_key(directory / "signing.key", NOW, None)
        self.sealing = Sealing(
            self.journal,
            self.api,
            cast("Any", self.pages),
            interview=INTERVIEW,
            kept=directory / "certificate.json",
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self.suspected: list[str] = []
        self.erase: list[Any] = []
        self.shipper = Shipper(
            self.journal,
            self.api,
            chance=lambda: 0.0,
            tell=self._hear,
            sealing=self.sealing,
            suspect=self._suspect,
            sleep=self.clock.sleep,
        )
        self.journal.listen(self.sealing.hear)
        self.journal.listen(self.shipper.hear)
        self.sealing.begin(self.key)

    async def _hear(self, answer: Shipped) -> None:
        self.erase += answer.erase

    def _suspect(self, words: str, _checkpoint: Checkpoint | None) -> None:
        self.suspected.append(words)

    async def write(self, count: int, kind: str = "refused") -> None:
        entries = [Entry(kind, "room", {"n": n}) for n in range(count)]
        for start in range(0, count, 200):
            await self.journal.append_all(entries[start : start + 200])

    def close(self) -> None:
        self.journal.close()


async def with_room(tmp_path: Path, body: Callable[[Room], Awaitable[None]]) -> None:
    service = StandIn(room_config())
    room = Room(tmp_path, service)
    try:
        await body(room)
    finally:
        room.close()
        await room.api.close()
        service.close()


def no_delay() -> float:
    return 0.01


# ------------------------------------------------------------------ the heads


@pytest.mark.asyncio
async def test_a_head_is_signed_at_least_every_two_seconds_under_load(
    tmp_path: Path,
) -> None:
    """Also while one commit takes long. By real clocks, for some seconds."""
    pages = Pages()
    journal = Journal(
        tmp_path / "journal.sqlite",
        INTERVIEW,
        clock=lambda: datetime.now(UTC),
        salt=lambda: "0" * 32,
    )
    sealing = Sealing(
        journal,
        cast("Any", None),
        cast("Any", pages),
        interview=INTERVIEW,
        kept=tmp_path / "certificate.json",
        clock=lambda: datetime.now(UTC),
    )
    key = open_key(tmp_path / "signing.key", NOW, None)
    sealing.begin(key)
    journal.listen(sealing.hear)
    written_s: list[float] = []
    journal.listen(lambda _record: written_s.append(time.monotonic()))
    running = asyncio.create_task(sealing.run())
    until_s = time.monotonic() + 5
    large = [Entry("document", "room", {"x": "ab" * 7_000_000}) for _ in range(6)]
    big = asyncio.create_task(journal.append_all(large))
    while time.monotonic() < until_s:
        await journal.append("refused", "room", {})
        await asyncio.sleep(0.01)
    await big
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    leaves = [one.leaf for one in journal.read()]
    journal.close()
    heads = [Checkpoint.from_wire(one) for one in pages.heads()]
    assert len(heads) >= 3
    for head in heads:
        assert head.verify(key.signer.public)
        assert Tree(leaves[: head.size]).root().hex() == head.root
    signed = list(zip([head.size for head in heads], pages.at_s, strict=True))
    for seq, at_s in enumerate(written_s[: heads[-1].size], start=1):
        assert next(told_s for size, told_s in signed if size >= seq) - at_s < 2.0


@pytest.mark.asyncio
async def test_heads_are_kept_the_newest_and_one_a_minute(tmp_path: Path) -> None:
    async def body(room: Room) -> None:
        for _ in range(10):
            await room.write(1)
            room.sealing.seal()
            room.clock.now += timedelta(seconds=20)
        sizes = [size for size, *_ in await room.journal.work(lambda f: f.heads())]
        assert sizes == [3, 6, 9, 10]

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_records_that_are_not_those_of_a_signed_head_are_said(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.write(5)
        room.sealing.seal()
        await room.journal.work(lambda _file: None)

    await with_room(tmp_path, body)
    path = tmp_path / "journal.sqlite"
    other = Record(
        interview=INTERVIEW,
        seq=2,
        time="2026-11-23T09:30:00.000000Z",
        kind="refused",
        author="room",
        payload={"n": 77},
        salt="7" * 32,
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE records SET wire = ? WHERE seq = 2", [other.wire_json])
    found = recover(path, INTERVIEW, NOW)
    assert "not those of its checkpoint of 5 records" in found.detail
    assert found.records == 5
    # It was said, and is not said again at every start.
    assert recover(path, INTERVIEW, NOW).detail == ""
    assert list(tmp_path.glob("journal.damaged-*"))


# ------------------------------------------------------------------- the key


def test_a_key_is_made_once_and_known_again(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    made = open_key(path, NOW, None)
    assert made.said is not None
    assert (made.said["state"], made.said["replaces"]) == ("made", None)
    assert path.stat().st_mode & 0o777 == 0o600
    again = open_key(path, NOW, made.signer.key_id)
    assert again.said is None
    assert again.signer.public == made.signer.public


@pytest.mark.parametrize("how", ["lost", "damaged", "readable", "another"])
def test_a_key_that_is_no_good_is_replaced_and_said(tmp_path: Path, how: str) -> None:
    path = tmp_path / "signing.key"
    old = open_key(path, NOW, None).signer
    if how == "lost":
        path.unlink()
    elif how == "damaged":
        path.write_bytes(b"no key")
    elif how == "readable":
        path.chmod(0o644)
    else:
        path.unlink()
        load_or_make(path)
    new = open_key(path, NOW, old.key_id)
    assert new.replaced
    assert new.said is not None
    assert new.said["replaces"] == old.key_id
    assert new.said["key_id"] == new.signer.key_id != old.key_id
    assert "lost" in new.said["detail"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_room_signs_without_the_service_and_is_certified_when_it_is_back(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        room.service.away = True
        certifying = asyncio.create_task(room.sealing.certify(no_delay))
        await room.write(3)
        room.sealing.seal()
        assert not await room.shipper.flush(0.5)
        told = room.pages.told[-1]
        assert told["certificate"] is None
        assert told["checkpoint"]["size"] == 3
        room.service.away = False
        await asyncio.wait_for(certifying, 10)
        assert await room.shipper.flush(10)
        told = room.pages.told[-1]
        assert Certificate.from_wire(told["certificate"]).covers(
            Checkpoint.from_wire(told["checkpoint"])
        )
        assert told["countersignature"]["root"] == told["checkpoint"]["root"]

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_certificate_by_a_stranger_is_not_taken(tmp_path: Path) -> None:
    async def body(room: Room) -> None:
        keys = await room.api.platform_keys()
        from nbinterview.ledger.signing import Signer, make_key

        room.service.platform = Signer(make_key())
        found = await room.api.certify(room.key.signer.public, replaced=False)
        with pytest.raises(Unavailable):
            room.sealing._take_certificate(found, keys)
        assert room.sealing.certificate is None

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_service_that_forgot_the_rooms_key_certifies_it_again(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.sealing.certify(no_delay)
        asked = room.service.requests
        asked.clear()
        room.service.certificates.clear()  # its database was restored to before
        certifying = asyncio.create_task(room.sealing.stay_certified())
        running = asyncio.create_task(room.shipper.run())
        room.sealing.listen(room.shipper.wake)
        await room.write(3)
        room.sealing.seal()
        signed = await eventually(lambda: room.sealing.countersignature)
        assert signed.size == 3
        assert len([one for one in asked if one.endswith("/key")]) == 1
        for task in (certifying, running):
            task.cancel()
        await asyncio.gather(certifying, running, return_exceptions=True)

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_service_that_signs_nothing_is_asked_once_a_minute(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.sealing.certify(no_delay)
        room.service.requests.clear()
        began = room.clock.now
        certifying = asyncio.create_task(room.sealing.stay_certified())
        for _ in range(5):
            room.service.certificates.clear()
            room.sealing.not_countersigned()
            await asyncio.sleep(0.2)
        asked = [one for one in room.service.requests if one.endswith("/key")]
        passed_s = (room.clock.now - began).total_seconds()
        assert passed_s >= 60.0 * len(asked) > 0
        certifying.cancel()
        await asyncio.gather(certifying, return_exceptions=True)

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_room_that_is_certified_at_its_very_end_has_its_head_countersigned(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.write(3)
        room.sealing.seal()
        assert await room.shipper.flush(10)
        assert room.service.countersignatures[-1].size == 3

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_the_receipt_lists_the_platforms_key_that_it_is_countersigned_by(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.sealing.certify(no_delay)
        certifying = asyncio.create_task(room.sealing.stay_certified())
        before = room.service.key()
        room.service.rotate()
        room.sealing.recall(ended=True)
        await room.write(3)
        room.sealing.seal()
        assert await room.shipper.flush(10)

        def listed() -> bool:
            receipt = Receipt.from_wire((room.sealing.receipt() or {})["receipt"])
            keys = {one.key_id for one in receipt.platform_keys}
            assert receipt.countersignature is not None
            return keys == {before.key_id, receipt.countersignature.platform_key_id}

        await eventually(listed)
        certifying.cancel()
        await asyncio.gather(certifying, return_exceptions=True)

    await with_room(tmp_path, body)


# ------------------------------------------------------------------ shipping


@pytest.mark.asyncio
async def test_a_service_away_for_hours_gets_all_in_order_while_more_comes(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.sealing.certify(no_delay)
        await room.write(5)
        assert await room.shipper.flush(10)
        room.service.away = True
        running = asyncio.create_task(room.shipper.run())
        began = room.clock.now
        while room.clock.now - began < timedelta(hours=3):
            room.clock.now += timedelta(minutes=2)
            await room.write(25)
            room.sealing.seal()
            await asyncio.sleep(0.005)
        assert len(room.service.records) == 5
        room.service.away = False
        room.service.batches.clear()
        while len(room.service.records) < room.journal.last_seq:
            await room.write(1)  # it is still an interview
            room.sealing.seal()
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        room.sealing.seal()
        assert await room.shipper.flush(10)
        assert [one.seq for one in room.service.records] == list(
            range(1, room.journal.last_seq + 1)
        )
        assert room.service.records == room.journal.read()
        assert max(room.service.batches) <= MAX_RECORDS
        assert room.service.batches.count(MAX_RECORDS) >= 3
        # Each batch with a head of just these records, and none against them.
        assert room.service.not_extending == []
        assert len(room.service.checkpoints) >= 4
        assert room.suspected == []

    await with_room(tmp_path, body)


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 302, 403, 404, 500, 503])
async def test_a_maintenance_page_does_not_end_shipping(
    tmp_path: Path, status: int
) -> None:
    async def body(room: Room) -> None:
        room.service.maintenance = status
        running = asyncio.create_task(room.shipper.run())
        certifying = asyncio.create_task(room.sealing.certify(no_delay))
        await room.write(3)
        await eventually(lambda: len(room.service.requests) >= 3)
        assert not running.done()
        room.service.maintenance = None
        await eventually(lambda: len(room.service.records) == 3)
        await asyncio.wait_for(certifying, 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_failure_that_nobody_thought_of_does_not_end_shipping(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        failures: list[Shipped] = []

        async def fail(answer: Shipped) -> None:
            if len(failures) < 3:
                failures.append(answer)
                raise OSError("no space left for a copy")

        room.shipper._tell = fail
        running = asyncio.create_task(room.shipper.run())
        await room.write(3)
        await eventually(lambda: len(failures) == 3 and len(room.service.records) == 3)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_service_with_another_record_is_said_and_gets_nothing(
    tmp_path: Path,
) -> None:
    async def body(room: Room) -> None:
        await room.sealing.certify(no_delay)
        await room.write(3)
        room.sealing.seal()
        assert await room.shipper.flush(10)
        kept = room.service.records[1]
        changed = Record(
            interview=INTERVIEW,
            seq=2,
            time=kept.time,
            kind="refused",
            author="room",
            payload={"n": 99},
            salt="9" * 32,
        )
        room.service.records[1] = changed
        await room.write(2)
        room.sealing.seal()
        for _ in range(3):
            assert not await room.shipper.flush(1)
        assert len(room.suspected) == 1
        assert "holds another one" in room.shipper.warning
        assert len(room.service.not_extending) >= 1
        room.service.records[1] = kept
        assert await room.shipper.flush(10)
        assert room.shipper.warning == ""

    await with_room(tmp_path, body)


@pytest.mark.asyncio
async def test_a_batch_that_is_too_large_goes_in_smaller_ones(tmp_path: Path) -> None:
    async def body(room: Room) -> None:
        room.service.max_bytes = 40_000
        await room.write(400)
        for _ in range(20):
            if await room.shipper.flush(5):
                break
        assert [one.seq for one in room.service.records] == list(range(1, 401))
        assert room.service.too_large >= 1

    await with_room(tmp_path, body)


# ----------------------------------------------------------------- the proofs


def test_a_proof_is_given_between_sizes_of_this_tree_only() -> None:
    tree = Tree(bytes([n]) * 32 for n in range(10))
    path = [bytes.fromhex(one) for one in consistency(tree, "3", "10")]
    assert verify_consistency(3, 10, tree.root(3), tree.root(10), path)
    for first, second in (
        ("0", "10"),
        ("3", "11"),
        ("7", "3"),
        ("", "3"),
        ("x", "3"),
        ("-1", "3"),
        ("1e3", "3"),
        ("9" * 5000, "3"),
        (None, "3"),
        ("٣", "10"),
    ):
        with pytest.raises(Invalid):
            consistency(tree, first, second)


# ---------------------------------------------------------- a whole room server


@pytest.mark.asyncio
async def test_a_whole_room_signs_shows_and_gives_a_receipt(
    make_room: Callable[..., RoomServer],
) -> None:
    interview: dict[str, Any] = {**room_config()["interview"]}
    room = await asyncio.to_thread(make_room, interview=interview)
    service = room.service
    async with live(room, INTERVIEWER) as panel, live(room, CANDIDATE) as page:
        await panel.hello()
        await page.hello()
        first = await panel.hear("checkpoint")
        await page.event(name="visibility", state="hidden")
        second = await panel.hear("checkpoint")
        while (
            second["countersignature"] is None
            or second["checkpoint"]["size"] <= first["checkpoint"]["size"]
        ):
            second = await panel.hear("checkpoint")
        sizes = [one["checkpoint"]["size"] for one in (first, second)]
        async with room.client(REVIEWER) as client:
            url = "nbinterview/api/v1/consistency"
            query = {"first": sizes[0], "second": sizes[1]}
            answer = await client.get(url, params=query)
            assert answer.status_code == 200
            path = [bytes.fromhex(one) for one in answer.json()["path"]]
            assert verify_consistency(
                sizes[0],
                sizes[1],
                bytes.fromhex(first["checkpoint"]["root"]),
                bytes.fromhex(second["checkpoint"]["root"]),
                path,
            )
            answer = await client.get(url, params={"first": 1, "second": 10**6})
            assert answer.status_code == 400
        async with room.client(CANDIDATE) as client:
            assert (await client.get(url, params=query)).status_code == 403
        async with live(room, REVIEWER) as late:
            welcome = await late.hello()
            assert welcome["checkpoint"]["checkpoint"]["size"] >= sizes[1]
            assert "storage" not in welcome
        interview["state"] = "ended"
        told = await page.hear("receipt")
        while told["receipt"]["countersignature"] is None:
            told = await page.hear("receipt")
        async with live(room, CANDIDATE) as again:
            await again.hello()
            assert (await again.hear("receipt"))["receipt"]["certificate"]
    receipt = Receipt.from_wire(told["receipt"])
    assert receipt.certificate is not None
    assert receipt.certificate.covers(receipt.checkpoint)
    await asyncio.to_thread(room.stop)
    records = room.records()
    leaves = [one.leaf for one in records]
    assert Tree(leaves[: receipt.checkpoint.size]).root().hex() == (
        receipt.checkpoint.root
    )
    # The end is signed, and the service has it.
    assert service.checkpoints[-1].size == len(records) == len(service.records)
    assert [one.facts["state"] for one in room.records("key")] == ["made"]
    mode = (room.directory / "signing.key").stat().st_mode
    assert mode & 0o777 == 0o600
    bundle = room.directory / "bundle.zip"
    contents = Contents(
        interview=INTERVIEW,
        records=service.records,
        made_at=records[-1].time,
        checkpoints=service.checkpoints,
        certificates=service.certificates,
        countersignatures=service.countersignatures,
        platform_keys=[service.key()],
        versions=records[0].facts["versions"],
    )
    write_bundle(bundle, contents)
    public = service.platform.public
    found = verify(bundle, receipt=receipt, platform_keys=[public])
    assert found.ok, found.why
    # A room that is started again after that adds nothing.
    await room.start()
    async with live(room, REVIEWER) as late:
        problem = await late.hello()
        assert (problem["type"], problem["status"]) == ("problem", 503)
        assert "signed and closed" in problem["detail"]
    await asyncio.to_thread(room.stop)
    assert room.records() == records


@pytest.mark.asyncio
async def test_a_whole_room_goes_on_with_another_key_and_says_so(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    await eventually(lambda: room.service.checkpoints)
    room.kill()
    (room.directory / "signing.key").unlink()
    await room.start()
    await eventually(lambda: len(room.service.certificates) == 2)
    old, new = room.service.certificates
    assert new.replaces == old.key_id
    await eventually(lambda: room.service.checkpoints[-1].key_id == new.key_id)
    made, replaced = (one.facts for one in room.records("key"))
    assert (made["key_id"], replaced["key_id"]) == (old.key_id, new.key_id)
    assert replaced["replaces"] == old.key_id
    # What the lost key signed still verifies.
    assert old.covers(room.service.checkpoints[0])


@pytest.mark.asyncio
async def test_killed_in_the_middle_a_whole_room_has_all_it_acknowledged(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    for _ in range(2):
        acknowledged = 0
        async with live(room, CANDIDATE) as page:
            await page.hello()

            async def send(page: Any = page) -> None:
                for n in range(2000):
                    state = "hidden" if n % 2 else "visible"
                    await page.event(name="visibility", state=state)
                    await asyncio.sleep(0)

            sending = asyncio.create_task(send())
            while acknowledged < 60:
                acknowledged = (await page.hear("ack"))["client_seq"]
            room.kill()
            with suppress(Exception):
                while True:
                    acknowledged = (await page.hear("ack"))["client_seq"]
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        stored = [
            one.facts["client_seq"]
            for one in room.records("event")
            if one.facts["boot_id"] == page.boot_id
        ]
        assert stored == list(range(1, len(stored) + 1))
        assert len(stored) >= acknowledged >= 60
        await room.start()
    starts = room.records("room.started")
    assert all("journal" not in one.facts for one in starts), json.dumps(
        [one.facts.get("journal") for one in starts]
    )


# ------------------------------------------------------------------- erasing


@pytest.mark.asyncio
async def test_a_whole_room_erases_on_the_services_word_and_the_tree_still_verifies(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    secret = "a-secret-that-must-go"
    async with live(room, CANDIDATE) as page:
        await page.hello()
        for _ in range(5):
            await page.event(name="comment", text=f"{secret} " + "x" * 300)
            await page.hear("ack")
        before = room.records()
        leaves = [one.leaf for one in before]
        (room.directory / "journal.damaged-20260101T000000.000000Z.sqlite").write_text(
            secret
        )
        room.service.erase = [
            {
                "id": "erasure234",
                "interview": INTERVIEW,
                "from_seq": 1,
                "to_seq": before[-1].seq,
                "kinds": ["event"],
                "reason": "the policy keeps events for 30 days",
                "rule": "events_days",
                "at": "2026-11-23T09:30:00.000000Z",
            }
        ]
        told = await page.hear("erase")
        assert (told["interview"], told["kinds"]) == (INTERVIEW, ["event"])
        await eventually(lambda: room.service.erase == [])
        async with live(room, CANDIDATE) as late:
            await late.hello()
            assert (await late.hear("erase"))["kinds"] == ["event"]
    after = room.records()
    erased = [one for one in after if one.erased]
    assert [one.seq for one in erased] == [
        one.seq for one in before if one.kind == "event"
    ]
    assert [one.leaf for one in after[: len(leaves)]] == leaves
    assert list(room.directory.glob("journal.damaged-*")) == []
    for file in room.directory.glob("journal*"):
        content = file.read_bytes()
        assert secret.encode() not in content
        for one in before:
            if one.kind == "event":
                assert str(one.salt).encode() not in content
    # It opens again, and goes on.
    room.kill()
    await room.start()
    await eventually(lambda: len(room.records("room.started")) == 2)
    assert "journal" not in room.records("room.started")[1].facts
    heads = room.service.checkpoints
    await eventually(lambda: heads and heads[-1].size > len(before))
    assert room.service.not_extending == []
