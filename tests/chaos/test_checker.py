"""The judge of trials: it lets honest histories pass, and sees each planted fault."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from nbinterview.ledger.checkpoints import make_checkpoint
from nbinterview.ledger.records import Record, format_time
from nbinterview.ledger.tree import Tree
from tests.chaos import canary, checker
from tests.chaos import history as told
from tests.chaos.checker import judge
from tests.chaos.history import History
from tests.chaos.pages import Editor
from tests.extensions.harness import CANDIDATE, RoomServer, eventually, room_config
from tests.extensions.stand_in import StandIn
from tests.service.ledger.bundles import a_signer

ROOM = a_signer(2)
BOOT = "11111111-1111-4111-8111-111111111111"
BEGAN_S = 1_800_000_000.0


def at(second: float) -> str:
    from datetime import UTC, datetime

    return format_time(datetime.fromtimestamp(BEGAN_S + second, UTC))


class Story:
    """A trial that is made up."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.history = History(clock=lambda: BEGAN_S + self.now_s)
        self.records: list[Record] = []
        self.beats = itertools.count(1)

    def record(self, kind: str, payload: dict[str, Any]) -> None:
        seq = len(self.records) + 1
        self.records.append(
            Record("abcdefghij", seq, at(self.now_s), kind, "room", payload, "0" * 32)
        )

    def event(self, number: int, *, stored: int = 1, boot: str = BOOT) -> str:
        token = f"ev-{number:012x}"
        wire = {"boot_id": boot, "client_seq": number}
        self.history.add("candidate", told.SENT, **wire, token=token)
        for _ in range(stored):
            event = {"name": "typing", "cell_id": token}
            self.record("event", {**wire, "event": event})
        self.history.add("candidate", told.ACKNOWLEDGED, **wire)
        return token

    def beat(self, until_s: float) -> None:
        while self.now_s < until_s:
            self.now_s += 1
            self.history.add(
                "candidate", told.BEAT, boot_id=BOOT, beat=next(self.beats)
            )

    def gap(self, began_s: float, ended_s: float, cause: str = "worker") -> None:
        gap = {
            "gap_id": f"g{began_s}",
            "state": "ended",
            "started_at": at(began_s),
            "ended_at": at(ended_s),
            "cause": cause,
            "detail": "",
        }
        self.record("gap", {"what": "watching", **gap})
        message = {"type": "gap", "gap": gap}
        self.history.add("panel", told.HEARD, message=message)

    def seal(self, records: list[Record] | None = None) -> None:
        leaves = [one.leaf for one in (records or self.records)]
        tree = Tree(leaves)
        head = make_checkpoint(
            ROOM, "abcdefghij", tree.size, tree.root(), at(self.now_s)
        )
        certificate = {"public_key": ROOM.public}
        message = {"checkpoint": head.wire(), "certificate": certificate}
        message["type"] = "checkpoint"  # type: ignore[assignment]
        self.history.add("panel", told.HEARD, message=message)

    def type(self, number: int) -> str:
        token = f"dc-{number:012x}"
        self.history.add(
            "e", told.TYPED, token=token, cell_id="a", page="e", write=number
        )
        return token

    def show(self, who: str, *cells: tuple[str, str]) -> None:
        self.history.add(who, told.SHOWN, cells=[list(one) for one in cells])

    def wrong(self) -> set[str]:
        return set(judge(self.history, [one.wire() for one in self.records]).wrong)


@pytest.fixture
def story() -> Iterator[Story]:
    """A trial in which all goes well."""
    made = Story()
    made.event(1)
    made.history.add("candidate", told.WATCHED)
    made.beat(5)
    made.event(2)
    made.seal()
    first = made.type(0)
    made.history.add("e", told.SAVED, page="e", count=1)
    made.show("candidate", ("a", first), ("b", ""))
    made.show("panel", ("a", first), ("b", ""))
    yield made
    made.history.add("candidate", told.UNWATCHED)


def test_an_honest_trial_passes(story: Story) -> None:
    story.history.add("candidate", told.UNWATCHED)
    assert story.wrong() == set()


def _lost(story: Story) -> None:
    story.event(3, stored=0)


def _doubled(story: Story) -> None:
    story.event(3, stored=2)


def _reordered(story: Story) -> None:
    story.event(4)
    story.event(3)


@pytest.mark.parametrize("plant", [_lost, _doubled, _reordered])
def test_events_that_are_not_there_once_and_in_order(
    story: Story, plant: Callable[[Story], None]
) -> None:
    plant(story)
    assert story.wrong() == {"I1"}


def test_an_event_that_nobody_sent(story: Story) -> None:
    wire = {"boot_id": BOOT, "client_seq": 3}
    event = {"name": "typing", "cell_id": "ev-00000000ffff"}
    story.record("event", {**wire, "event": event})
    assert story.wrong() == {"I2"}


def test_what_was_forged_and_is_in_the_record(story: Story) -> None:
    story.history.add("candidate", told.FORGED, token="no-00000000ffff")
    assert story.wrong() == set()
    story.record("nudge", {"text": "no-00000000ffff"})
    assert story.wrong() == {"I2"}


def test_a_trial_says_what_it_put_to_the_test(story: Story) -> None:
    assert checker.tested(story.history) == ["I1", "I2", "I3", "I4", "I5"]
    assert checker.tested(Story().history) == []
    story.history.add("x", told.SECRET, word="no-secret", from_who="")
    assert "I6" not in checker.tested(story.history)
    story.history.add("x", told.PLANTED, word="no-secret")
    assert checker.tested(story.history) == list(checker.INVARIANTS)


def test_a_silence_that_is_a_gap_with_its_cause(story: Story) -> None:
    story.history.add("fault", told.CAUSE, causes=["worker"])
    story.now_s += 4.0
    story.gap(5.0, 12.0)
    story.now_s = 11.0
    story.beat(12.0)
    assert [one.causes for one in checker.silences(story.history)] == [("worker",)]
    assert story.wrong() == set()


@pytest.mark.parametrize("skewed", [False, True])
def test_a_gap_of_a_room_whose_clock_jumps_is_read_by_its_steps(
    story: Story, *, skewed: bool
) -> None:
    if skewed:
        story.history.add("fault", told.SKEWED)
    story.history.add("fault", told.CAUSE, causes=["worker"])
    story.now_s += 4.0
    story.gap(5.0 - 3600, 12.0 + 7200)
    story.now_s = 11.0
    story.beat(12.0)
    assert story.wrong() == (set() if skewed else {"I3"})


@pytest.mark.parametrize("plant", ["none", "late", "short", "another cause"])
def test_a_silence_that_is_no_gap_or_not_as_it_was(story: Story, plant: str) -> None:
    story.history.add("fault", told.CAUSE, causes=["worker"])
    if plant == "late":
        story.now_s = 10.5
        story.gap(5.0, 12.0)
    elif plant != "none":
        story.now_s = 8.9
        story.gap(
            5.0,
            8.0 if plant == "short" else 12.0,
            "camera" if plant == "another cause" else "worker",
        )
    story.now_s = 11.0
    story.beat(12.0)
    assert story.wrong() == {"I3"}


def test_a_gap_while_beats_came(story: Story) -> None:
    story.gap(1.5, 4.0)
    story.beat(8)
    assert story.wrong() == {"I3"}


def test_beats_into_a_cut_line_are_no_beats(story: Story) -> None:
    story.history.add("fault", told.CUT)
    story.beat(10)
    story.history.add("fault", told.MENDED)
    story.beat(12)
    assert story.wrong() == {"I3"}


def test_edits_that_are_lost_doubled_or_parted(story: Story) -> None:
    second = story.type(1)
    story.show("panel", ("a", "dc-000000000000 " + second), ("b", ""))
    assert story.wrong() == {"I4"}, "two documents"


@pytest.mark.parametrize(
    "cells",
    [
        [("a", ""), ("b", "")],
        [("a", "dc-000000000000 dc-000000000000"), ("b", "")],
        [("a", "dc-000000000000"), ("a", "")],
    ],
)
def test_documents_that_all_agree_on_what_is_wrong(
    cells: list[tuple[str, str]],
) -> None:
    story = Story()
    story.type(0)
    story.history.add("e", told.SAVED, page="e", count=1)
    story.show("candidate", *cells)
    assert story.wrong() == {"I4"}


def test_an_edit_that_nobody_called_saved_may_be_gone() -> None:
    story = Story()
    story.type(0)
    story.show("candidate", ("a", ""))
    assert story.wrong() == set()


def test_a_record_that_was_changed_after_it_was_witnessed(story: Story) -> None:
    honest = list(story.records)
    changed = {"boot_id": BOOT, "client_seq": 1, "event": {"name": "typing"}}
    story.records[1] = Record(
        "abcdefghij", 2, at(0), "event", "room", changed, "1" * 32
    )
    story.seal(honest)
    assert "I5" in story.wrong()


def test_a_record_that_is_shorter_than_what_was_witnessed(story: Story) -> None:
    del story.records[-1]
    assert "I5" in story.wrong()


def test_a_checkpoint_of_another_key(story: Story) -> None:
    tree = Tree(one.leaf for one in story.records)
    head = make_checkpoint(a_signer(9), "abcdefghij", tree.size, tree.root(), at(0))
    wire = {**head.wire(), "key_id": ROOM.key_id}
    message = {"type": "checkpoint", "checkpoint": wire}
    message["certificate"] = {"public_key": ROOM.public}
    story.history.add("panel", told.HEARD, message=message)
    assert story.wrong() == {"I5"}


def test_a_record_that_is_not_what_its_hash_says(story: Story) -> None:
    wires = [one.wire() for one in story.records]
    wires[0] = {**wires[0], "payload": {"boot_id": BOOT, "client_seq": 1, "event": {}}}
    assert "I5" in judge(story.history, wires).wrong


def test_a_secret_that_reached_the_candidate(story: Story) -> None:
    story.history.add("x", told.SECRET, word="no-secret", from_who="candidate")
    assert story.wrong() == {"I6"}, "it was planted nowhere"
    story.history.add("x", told.PLANTED, word="no-secret")
    story.history.add("panel", told.HEARD, message={"type": "x", "text": "no-secret"})
    assert story.wrong() == set()
    story.history.add(
        "candidate-2", told.HEARD, message={"type": "x", "a": "no-secret"}
    )
    assert story.wrong() == {"I6"}


def test_a_secret_in_the_bytes_of_a_document(story: Story) -> None:
    story.history.add("x", told.SECRET, word="no-secret", from_who="")
    story.history.add("x", told.PLANTED, word="no-secret")
    document: Doc[Any] = Doc()
    text = document.get("source", type=Text)
    text += "# nothing\n"
    story.history.receive("panel", document.get_update())
    assert story.wrong() == set()
    text += "# no-secret\n"
    story.history.receive("panel", document.get_update())
    assert story.wrong() == {"I6"}


@pytest.mark.asyncio
async def test_a_room_that_was_given_what_is_hidden_is_found_out(
    tmp_path: Path,
) -> None:
    """As one would be whose service forgot to clean its template."""
    assert canary.HIDDEN not in str(canary.prepared())
    service = StandIn(room_config(template=canary.uploaded()))
    room = RoomServer(tmp_path / "r", service)
    room.directory.mkdir()
    history = History()
    history.add("elsewhere", told.SECRET, word=canary.HIDDEN, from_who="")
    try:
        await room.start()
        page = Editor(lambda: room, CANDIDATE, "candidate", history, 1)
        await page.enter()
        await eventually(lambda: len(page.ids()) >= 2)
        await page.quit()
        assert [fact.who for fact in history.of(told.GOT)][:1] == ["candidate"]
        before = len(history.facts)
        await canary.look_around(room, history)
        assert {fact.who for fact in history.facts[before:]} == {"candidate", "panel"}
    finally:
        room.stop()
        service.close()
