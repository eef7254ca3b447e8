"""The candidate's stream: what is packed, when it is written, what is acknowledged."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbinterview.errors import Conflict, Forbidden, Invalid, NBInterviewError
from nbinterview.ledger.records import Record
from nbinterview.schemas import check
from nbinterview_proctor.policy import Policy, load
from nbinterview_server.config import RoomConfig
from nbinterview_server.fanout import Fanout
from nbinterview_server.findings import Findings
from nbinterview_server.journal import Journal
from nbinterview_server.packing import MAX_FRAMES
from nbinterview_server.proof import Proof
from nbinterview_server.refusals import Refusals
from nbinterview_server.stream import MAX_COMMENTS, PACK_S, CandidateStream
from nbinterview_server.view import View
from nbinterview_server.watch import Watch
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    eventually,
    room_config,
    watching_frame,
)

CONFIG = RoomConfig.from_wire(room_config())
POLICY = Policy.from_dict(load("standard"))
BOOT = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


@dataclass
class Page:
    """A candidate's page on a real journal, view and engine, without a socket."""

    journal: Journal
    view: View
    watch: Watch
    stream: CandidateStream
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    failed: list[NBInterviewError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page = self.open()

    def open(self, who: str = CANDIDATE) -> Any:
        refusals = Refusals(self.journal, who, monotonic=time.monotonic)
        return self.stream.open(
            CONFIG.people[who],
            refusals,
            lambda ack: self.acknowledged.append((ack["boot_id"], ack["client_seq"])),
            self.failed.append,
        )

    async def observe(
        self, number: int, *frames: dict[str, Any], boot_id: str = BOOT, **more: Any
    ) -> None:
        message = {
            "type": "observations",
            "boot_id": boot_id,
            "client_seq": number,
            "monotonic_ms": 100.0 * number,
            "frames": list(frames),
            "frames_dropped": 0,
            **more,
        }
        await self.page.take(message)

    async def event(self, number: int, **event: Any) -> None:
        message = {
            "type": "event",
            "boot_id": BOOT,
            "client_seq": number,
            "monotonic_ms": 100.0 * number,
            "event": event,
        }
        await self.page.take(message)

    def records(self, *kinds: str) -> list[Record]:
        return self.journal.read(kinds=kinds)


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Page]:
    def clock() -> datetime:
        return datetime.now(UTC)

    journal = Journal(
        directory / "journal.sqlite", "abcdefghij", clock=clock, salt=lambda: "0" * 32
    )
    view = View("open", CONFIG.people)
    watch = Watch(POLICY, journal, clock=clock)
    journal.listen(Fanout(view).hear)
    journal.listen(watch.hear)
    proof = Proof(
        view,
        "abcdefghij",
        record=Findings(journal).put,
        clock=clock,
        monotonic=time.monotonic,
        random_bytes=secrets.token_bytes,
    )
    stream = CandidateStream(journal, view, watch, proof, monotonic=time.monotonic)
    journal.listen(stream.hear)
    try:
        yield Page(journal, view, watch, stream)
    finally:
        journal.close()


def frame(at_ms: float) -> dict[str, Any]:
    return watching_frame(at_ms)


@pytest.mark.asyncio
async def test_the_frames_of_a_second_are_one_record(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        for number in range(1, 11):
            await page.observe(
                number, frame(100.0 * number), frames_dropped=1, rate_hz=10.0
            )
        assert page.records() == []
        assert page.acknowledged == []
        began_s = time.monotonic()
        await eventually(lambda: page.acknowledged)
        assert time.monotonic() - began_s < PACK_S + 1
        [record] = page.records("observations")
        assert page.acknowledged == [(BOOT, 10)]
        assert page.view.acknowledged == {BOOT: 10}
        assert record.facts["client_seq"] == 10
        assert record.facts["frames_dropped"] == 10
        assert record.facts["rate_hz"] == 10.0
        at_ms = [one["at_ms"] for one in record.facts["frames"]]
        assert at_ms == [100.0 * number for number in range(1, 11)]
        # The last message said 1000 ms, and then waited for about a second.
        assert record.monotonic_ms is not None
        assert 1000 + 900 * PACK_S < record.monotonic_ms < 1000 + 3000 * PACK_S


@pytest.mark.asyncio
async def test_what_is_sent_again_on_a_new_connection_is_stored_once(
    tmp_path: Path,
) -> None:
    """The old one has some of it, and has not written it when the page is back."""
    async with opened(tmp_path) as page:
        old = page.page
        await page.observe(1, frame(100.0))
        await page.observe(2, frame(200.0))
        page.page = page.open()
        for number in (1, 2, 3):
            await page.observe(number, frame(100.0 * number))
        await old.close()
        await page.page.close()
        found = [one.facts for one in page.records()]
        assert [one["client_seq"] for one in found] == [2, 3]
        at_ms = [[one["at_ms"] for one in each["frames"]] for each in found]
        assert at_ms == [[100.0, 200.0], [300.0]]
        assert page.acknowledged == [(BOOT, 2), (BOOT, 3)]


@pytest.mark.asyncio
async def test_an_event_takes_along_what_was_measured_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        await page.observe(1, frame(100.0))
        await page.observe(2, frame(200.0))
        await page.event(3, name="visibility", state="hidden")
        measured, event = page.records()
        assert (measured.kind, measured.facts["client_seq"]) == ("observations", 2)
        assert (event.kind, event.facts["client_seq"]) == ("event", 3)
        assert measured.time == event.time
        assert page.acknowledged == [(BOOT, 3)]


@pytest.mark.asyncio
async def test_a_repeat_is_not_written_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        await page.observe(1, frame(100.0))
        await page.observe(1, frame(100.0))
        await page.observe(2, frame(200.0))
        await page.page.flush()
        assert page.acknowledged == [(BOOT, 2)]
        await page.observe(1, frame(100.0))
        await page.event(2, name="page", state="loaded")
        assert page.acknowledged[1:] == [(BOOT, 1), (BOOT, 2)]
        [record] = page.records()
        assert len(record.facts["frames"]) == 2


@pytest.mark.asyncio
async def test_another_page_load_begins_another_record(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        await page.observe(1, frame(100.0))
        await page.observe(1, frame(50.0), boot_id=OTHER)
        await page.page.close()
        boots = [one.facts["boot_id"] for one in page.records()]
        assert boots == [BOOT, OTHER]
        assert page.acknowledged == [(BOOT, 1), (OTHER, 1)]


@pytest.mark.asyncio
async def test_a_heartbeat_shares_no_record_with_frames(tmp_path: Path) -> None:
    """By its number the engine sees that nothing is missing before a record."""
    async with opened(tmp_path) as page:
        await page.observe(1)
        await page.observe(2)
        await page.observe(3, frame(100.0))
        await page.observe(4)
        await page.page.close()
        found = [one.facts for one in page.records()]
        assert [one["client_seq"] for one in found] == [2, 3, 4]
        assert [len(one["frames"]) for one in found] == [0, 1, 0]


@pytest.mark.asyncio
async def test_while_paused_nothing_measured_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        await page.observe(1, frame(100.0))
        await page.stream.flush()
        paused = {"paused": True, "allows": [], "reason": ""}
        await page.journal.append("watching", INTERVIEWER, paused)
        await page.observe(2, frame(200.0), frame(300.0))
        await page.observe(3, frame(400.0))
        await page.page.close()
        before, during = page.records("observations")
        assert len(before.facts["frames"]) == 1
        assert during.facts["frames"] == []
        assert during.facts["frames_dropped"] == 3
        assert page.acknowledged == [(BOOT, 1), (BOOT, 3)]


@pytest.mark.asyncio
async def test_a_comment_is_to_something_and_not_one_too_many(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        await page.journal.append(
            "nudge", "room", {"episode_id": "e1", "rule": "nobody", "text": "?"}
        )
        await page.event(1, name="comment", episode_id="e1", text="I drank tea.")
        with pytest.raises(Invalid) as raised:
            await page.event(2, name="comment", episode_id="e9", text="What?")
        assert raised.value.field == "event.episode_id"
        for number in range(2, MAX_COMMENTS + 1):
            await page.event(number, name="comment", text="To the whole.")
        with pytest.raises(Conflict):
            await page.event(MAX_COMMENTS + 1, name="comment", text="One more.")
        assert len(page.view.comments) == MAX_COMMENTS
        assert page.view.comments[0]["episode_id"] == "e1"


@pytest.mark.parametrize(
    "changes",
    [
        {"frames_dropped": 2**53},
        {"monotonic_ms": float("inf")},
        {"rate_hz": float("nan")},
        {"frames": [watching_frame(float("inf"))]},
    ],
)
@pytest.mark.asyncio
async def test_what_no_record_can_hold_spoils_no_other(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    async with opened(tmp_path) as page:
        await page.observe(1, frame(100.0), frames_dropped=2**53 - 1)
        with pytest.raises(Invalid):
            await page.observe(2, **changes)
        await page.observe(2, frame(200.0), frames_dropped=2**53 - 1)
        await page.page.close()
        [record] = page.records("observations")
        assert len(record.facts["frames"]) == 2


@pytest.mark.asyncio
async def test_nobody_else_is_listened_to(tmp_path: Path) -> None:
    async with opened(tmp_path) as page:
        page.page = page.open(INTERVIEWER)
        with pytest.raises(Forbidden):
            await page.observe(1, frame(100.0))
        assert page.records() == []


Said = list[tuple[str, int]]
SAID: st.SearchStrategy[Said] = st.lists(
    st.tuples(
        st.sampled_from(["frames", "frames", "frames", "event", "again", "flush"]),
        st.integers(0, MAX_FRAMES),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(SAID)
def test_whatever_comes_is_on_record_once_and_in_its_order(said: Said) -> None:
    """However messages, repeats and pauses follow each other."""

    async def tell(directory: Path) -> None:
        async with opened(directory) as page:
            sent: list[tuple[str, float]] = []
            number, at_ms = 0, 0.0
            for what, count in said:
                if what == "flush":
                    await page.stream.flush()
                    continue
                number += what != "again"
                if what == "event" or (what == "again" and number == 0):
                    number = max(number, 1)
                    await page.event(number, name="page", state="loaded")
                    if what == "event" or not sent:
                        sent.append(("event", number))
                    continue
                frames = [frame(at_ms + one) for one in range(count)]
                await page.observe(number, *frames)
                if what == "frames":
                    at_ms += count
                    sent += [("frame", one["at_ms"]) for one in frames]
            await page.page.close()
            stored: list[tuple[str, float]] = []
            numbers = []
            for record in page.records("event", "observations"):
                numbers.append(record.facts["client_seq"])
                if record.kind == "event":
                    stored.append(("event", record.facts["client_seq"]))
                    continue
                fields = {"type": record.kind, "monotonic_ms": record.monotonic_ms}
                check({**record.facts, **fields}, "live", "Observations")
                stored += [("frame", one["at_ms"]) for one in record.facts["frames"]]
            assert stored == sent
            assert numbers == sorted(set(numbers))
            assert [n for _, n in page.acknowledged][-1:] == [number][: bool(number)]

    with TemporaryDirectory() as directory:
        asyncio.run(tell(Path(directory)))


@pytest.mark.asyncio
async def test_half_a_character_in_a_fields_name_is_refused_on_record(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as page:
        half: dict[str, Any] = {"\ud800": 1}
        with pytest.raises(Invalid):
            await page.observe(1, **half)
        [refused] = page.records("refused")
        assert "unknown field" in refused.facts["reason"]
