"""A room's own journal, key and shipping against the service: no stand-in on a side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from nbinterview.ledger import signing
from nbinterview.ledger.checkpoints import Checkpoint, Receipt
from nbinterview.ledger.verify import verify
from nbinterview.service.domain import ledger
from nbinterview.tokens import room_token
from nbinterview_server.journal import Entry, Journal
from nbinterview_server.sealing import Sealing, open_key
from nbinterview_server.service_api import ServiceApi, Shipped
from nbinterview_server.ship import Shipper
from tests.service.support import Running, eventually, person_of

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
STARTED = {"versions": {"engine": "3"}, "policy": {"name": "standard"}, "sandbox": {}}


class Gate(httpx.AsyncBaseTransport):
    """The way to the service; closed, nothing answers."""

    def __init__(self, running: Running) -> None:
        self.open = True
        self._inner = httpx.ASGITransport(running.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.open:
            raise httpx.ConnectError("nobody is there", request=request)
        return await self._inner.handle_async_request(request)


class Told:
    """In the place of the pages: what they were told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def tell(self, _audience: object, message: dict[str, Any]) -> None:
        self.messages.append(message)

    def receipts(self) -> list[Receipt]:
        found = [one for one in self.messages if one["type"] == "receipt"]
        return [Receipt.from_wire(one["receipt"]) for one in found]


class Room:
    """What of a room server keeps, signs and ships."""

    def __init__(self, running: Running, interview: str, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.interview = interview
        self.gate = Gate(running)
        self.pages = Told()
        self.suspected: list[str] = []
        token = room_token(running.settings.keys.room_key, interview)
        api = running.settings.addresses.service_url + "api/v1"
        self.api = ServiceApi(api, interview, token, transport=self.gate)
        salts = iter(range(10**9))
        self.journal = Journal(
            directory / "journal.sqlite",
            interview,
            clock=lambda: NOW,
            salt=lambda: f"{next(salts):032x}",
        )
        self.sealing = Sealing(
            self.journal,
            self.api,
            cast("Any", self.pages),
            interview=interview,
            kept=directory / "certificate.json",
            clock=lambda: NOW,
            sleep=_shortly,
        )
        self.shipper = Shipper(
            self.journal,
            self.api,
            chance=lambda: 0.0,
            tell=self._hear,
            sealing=self.sealing,
            suspect=self._suspect,
            sleep=_shortly,
        )
        self.sealing.listen(self.shipper.wake)
        self.journal.listen(self.sealing.hear)
        self.journal.listen(self.shipper.hear)
        self.sealing.begin(open_key(directory / "signing.key", NOW, None))

    async def _hear(self, _answer: Shipped) -> None:
        return

    def _suspect(self, words: str, _checkpoint: Checkpoint | None) -> None:
        self.suspected.append(words)

    async def write(self, *entries: tuple[str, dict[str, Any]]) -> None:
        await self.journal.append_all(
            [Entry(kind, "room", payload) for kind, payload in entries]
        )

    async def shipped(self) -> None:
        """Wait until the service has all, and its signature under it."""

        async def done() -> bool:
            signed = self.sealing.countersignature
            return signed is not None and signed.size == self.journal.last_seq

        await eventually("everything to be shipped and countersigned", done)


async def _shortly(_delay_s: float) -> None:
    await asyncio.sleep(0.01)


@asynccontextmanager
async def _room(
    running: Running, interview: str, directory: Path
) -> AsyncIterator[Room]:
    room = Room(running, interview, directory)
    tasks = [
        asyncio.create_task(one)
        for one in (
            room.sealing.run(),
            room.sealing.certify(lambda: 0.01),
            room.shipper.run(),
        )
    ]
    try:
        yield room
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(room.journal.close)
        await room.api.close()


async def _bundle(running: Running, interview: str, path: Path) -> list[str]:
    operator = await running.operator()
    answer = await operator.get(f"api/v1/interviews/{interview}/bundle")
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    keys = (await operator.get("api/v1/keys")).json()["keys"]
    return [key["public_key"] for key in keys]


@pytest.mark.asyncio
async def test_from_the_journal_to_a_verified_bundle_with_the_rooms_receipt(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    here = made["interview"]["id"]
    async with _room(running, here, tmp_path) as room:
        await room.write(("room.started", STARTED))
        for number in range(40):
            await room.write(("event", {"n": number}))
        await room.shipped()
        await room.write(("interview.state", {"state": "ended"}))
        await room.write(("room.stopped", {"reason": "ended"}))
        await room.shipped()
        receipt = room.pages.receipts()[-1]
        assert room.suspected == []
    assert receipt.checkpoint.size == 43
    assert receipt.countersignature is not None
    path = tmp_path / "bundle.zip"
    keys = await _bundle(running, here, path)
    found = await asyncio.to_thread(verify, path, receipt=receipt, platform_keys=keys)
    assert (found.ok, found.why) == (True, "")
    # The page's receipt is of the same head.
    candidate = await running.person(person_of(made, "candidate"))
    answer = await candidate.get(f"interviews/{here}/my-record/receipt")
    again = Receipt.from_wire(answer.json())
    assert again.checkpoint.root == receipt.checkpoint.root


@pytest.mark.asyncio
async def test_hours_without_the_service_are_caught_up_in_order(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    here = made["interview"]["id"]
    async with _room(running, here, tmp_path) as room:
        room.gate.open = False
        await room.write(("room.started", STARTED))
        for first in range(0, 1600, 100):
            batch = [("event", {"n": first + number}) for number in range(100)]
            await room.write(*batch)
        assert room.sealing.certificate is None
        room.gate.open = True
        await room.shipped()
        operator = await running.operator()
        answer = await operator.get(f"api/v1/interviews/{here}/records?limit=5000")
        seqs = [one["seq"] for one in answer.json()["records"]]
        assert seqs == list(range(1, 1602))
    keys = await _bundle(running, here, tmp_path / "bundle.zip")
    path = tmp_path / "bundle.zip"
    assert (await asyncio.to_thread(verify, path, platform_keys=keys)).ok


@pytest.mark.asyncio
async def test_a_journal_that_was_put_back_is_refused_and_said_on_both_sides(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    here = made["interview"]["id"]
    async with _room(running, here, tmp_path / "first") as room:
        await room.write(("room.started", STARTED), ("event", {"n": 1}))
        await room.shipped()
    # Another journal under the same name, with the same key.
    (tmp_path / "second").mkdir()
    key = (tmp_path / "first" / "signing.key").read_bytes()
    target = tmp_path / "second" / "signing.key"
    target.touch(0o600)
    target.write_bytes(key)
    async with _room(running, here, tmp_path / "second") as room:
        await room.write(("room.started", STARTED), ("event", {"n": "other"}))
        await room.write(("event", {"n": "more"}))

        async def said() -> bool:
            return bool(room.suspected)

        await eventually("the room to say that the service's record differs", said)
    async with running.state.database.read() as session:
        assert await ledger.last_seq(session, here) == 2


@pytest.mark.asyncio
async def test_a_rotation_in_the_middle_of_an_interview_hurts_nobody(
    running: Running, tmp_path: Path
) -> None:
    made = await running.create()
    here = made["interview"]["id"]
    async with _room(running, here, tmp_path / "room") as room:
        await room.write(("room.started", STARTED))
        await room.shipped()
        signing.rotate(running.settings.platform_key, datetime.now(UTC))
        await room.write(("event", {"n": 1}), ("interview.state", {"state": "ended"}))
        await room.write(("room.stopped", {"reason": "ended"}))
        await room.shipped()
    path = tmp_path / "bundle.zip"
    keys = await _bundle(running, here, path)
    assert len(keys) == 2
    candidate = await running.person(person_of(made, "candidate"))
    answer = await candidate.get(f"interviews/{here}/my-record/receipt")
    receipt = Receipt.from_wire(json.loads(answer.content))
    found = await asyncio.to_thread(verify, path, receipt=receipt, platform_keys=keys)
    assert (found.ok, found.why) == (True, "")
