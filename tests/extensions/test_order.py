"""Whoever names neighbours the wrong way round parts no page from the room."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from nbinterview.errors import NBInterviewError
from nbinterview_server.documents.custody import Custody, Refused
from tests.extensions.yjs_bytes import Replica, item, letters, text, update

HERE = Path(__file__).parent
ZOE, IDA = "p-zoe", "p-ida"
GOOD = 7
LETTERS = 8
Unit = tuple[int, int]


class Attacked:
    """A room's document, an honest page that follows it, and a hostile one."""

    def __init__(self) -> None:
        self.room = Replica(1)
        self.heard: list[bytes] = []
        self.custody = Custody(
            self.room.doc, lambda _author, data: self.heard.append(data)
        )
        self.custody.restore([])
        self.ida = Replica(GOOD)
        self.ida.text += "abcdefgh"
        assert self.custody.take(IDA, self.ida.updates[-1])
        self.units: list[Unit] = [(GOOD, n) for n in range(LETTERS)]

    def hostile(self, chance: random.Random, client: int) -> None:
        """Put a letter between any two units, or not at all."""
        left, right = (chance.choice([*self.units, None]) for _ in range(2))
        place: dict[str, Unit | str | None] = {"origin": left, "right": right}
        if left is None and right is None:
            place = {"parent": "text"}
        clock = self.custody._known.reach(client)
        letter = letters(chance.choice("0123456789"), **place)
        try:
            self.custody.take(ZOE, update((client, clock, [letter])))
        except NBInterviewError:
            return
        self.units.append((client, clock))

    def honest(self, chance: random.Random) -> None:
        """Write or delete something, after hearing of everything."""
        known = len(self.ida.updates)
        length = len(str(self.ida.text))
        if length and chance.random() < 0.4:
            start = chance.randrange(length)
            del self.ida.text[start : min(length, start + 2)]
        else:
            self.ida.text.insert(chance.randint(0, length), chance.choice("XYZ"))
        for data in self.ida.updates[known:]:
            self.custody.take(IDA, data, staff=True)

    def catch_up(self, seen: int) -> int:
        """Let the honest page hear what the room broadcast."""
        for data in self.heard[seen:]:
            self.ida.hear(data)
        return len(self.heard)


def schedule(seed: int) -> Attacked:
    chance = random.Random(seed)
    attacked, seen = Attacked(), 0
    for _ in range(chance.randint(3, 12)):
        seen = attacked.catch_up(seen)
        if chance.random() < 0.25:
            attacked.honest(chance)
        else:
            attacked.hostile(chance, chance.choice([3, 666, 900]))
    attacked.catch_up(seen)
    return attacked


def test_pages_and_the_room_agree_whatever_neighbours_are_named() -> None:
    rooms = [schedule(seed) for seed in range(400)]
    expected = [str(one.room.text) for one in rooms]
    assert [str(one.ida.text) for one in rooms] == expected
    encoded = [[base64.b64encode(data).decode() for data in one.heard] for one in rooms]
    answer = subprocess.run(
        ["node", str(HERE / "yjs_text.mjs")],
        input=json.dumps(encoded),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(answer.stdout) == expected


@pytest.mark.parametrize(
    "structs",
    [
        [letters("x", origin=(GOOD, 5), right=(GOOD, 2))],
        [letters("x", origin=(GOOD, 3), right=(GOOD, 3))],
        [letters("xy", origin=(GOOD, 5)), letters("z", origin=(9, 0), right=(GOOD, 2))],
        [letters("xy", origin=(GOOD, 5)), letters("z", origin=(9, 1), right=(9, 0))],
    ],
)
def test_the_wrong_way_round_is_refused(structs: list[bytes]) -> None:
    attacked = Attacked()
    before = attacked.room.doc.get_update()
    with pytest.raises(Refused):
        attacked.custody.take(ZOE, update((9, 0, structs)))
    assert attacked.room.doc.get_update() == before


def test_a_value_of_a_map_has_no_right_neighbour() -> None:
    attacked = Attacked()
    value = item(8, b"\x01\x7e", parent="meta", sub="k")
    assert attacked.custody.take(ZOE, update((9, 0, [value])))
    with pytest.raises(Refused):
        attacked.custody.take(ZOE, update((9, 1, [item(8, b"\x01\x7e", right=(9, 0))])))


def test_what_is_deleted_with_its_cell_has_no_order() -> None:
    """Typing into a text that somebody else has just deleted."""
    attacked = Attacked()
    made = item(7, b"\x02", parent="meta", sub="cell")
    inner = letters("abc", parent=(9, 0))
    assert attacked.custody.take(ZOE, update((9, 0, [made, inner])))
    assert attacked.custody.take(IDA, update(deleted=[(9, 0, 1)]))
    late = letters("x", origin=(9, 1), right=(9, 2))
    assert attacked.custody.take(ZOE, update((9, 4, [late])))


def test_asking_for_the_order_takes_no_minutes() -> None:
    attacked = Attacked()
    attacked.custody.take(ZOE, update((9, 0, [letters("ab" * 60_000, parent="text")])))
    for start in range(0, 80_000, 20_000):
        cuts = [(9, n, 1) for n in range(start, start + 20_000, 2)]
        attacked.custody.take(ZOE, update(deleted=cuts))
    formats = text("b") + text("1")
    between = [
        item(6, formats, origin=(9, n), right=(9, n + 1)) for n in range(81_000, 99_000)
    ]
    started_s = time.monotonic()
    with pytest.raises(NBInterviewError):
        attacked.custody.take(ZOE, update((9, 120_000, between)))
    assert time.monotonic() - started_s < 2.0
