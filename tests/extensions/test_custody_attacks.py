"""What one person could do to another's edits in Yjs, and what custody says to it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pycrdt import Array, Doc, Map, Text

from nbinterview.errors import Invalid, NBInterviewError, TooLarge
from nbinterview_server.documents.authorship import KERNEL, ROOM, written_by
from nbinterview_server.documents.custody import Broken, Custody, Refused
from nbinterview_server.documents.integration import MAX_DEPTH
from nbinterview_server.documents.owners import MAX_IDS_PER_PERSON, Owners
from tests.extensions.yjs_bytes import (
    ANY,
    MAP_TYPE,
    TEXT_TYPE,
    TYPE,
    Replica,
    gc,
    item,
    letters,
    skip,
    text,
    update,
    var,
)

ZOE, IDA = "p-zoe", "p-ida"
EVIL, GOOD = 666, 7


class Guarded:
    """A document in custody, and what was heard of it."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.replica = Replica()
        self.custody = Custody(
            self.replica.doc, lambda author, data: self.heard.append((author, data))
        )
        self.custody.restore([])
        self.ida = Replica(GOOD)
        self.ida.text += "hello 😀"
        assert self.custody.take(IDA, self.ida.updates[-1])

    def refuses(self, data: bytes, who: str = ZOE) -> str:
        """Check that nothing at all happens; return the reason."""
        heard, before = len(self.heard), self.replica.doc.get_update()
        with pytest.raises(NBInterviewError) as refused:
            self.custody.take(who, data)
        assert not isinstance(refused.value, Broken)
        assert not self.custody.broken
        assert len(self.heard) == heard
        assert self.replica.doc.get_update() == before
        return refused.value.detail

    def takes(self, data: bytes, who: str = ZOE) -> None:
        assert self.custody.take(who, data)


# ------------------------------------------- first without custody: what it does


def test_bare_pycrdt_ignores_the_real_edit_after_a_forged_one() -> None:
    room, ida = Replica(), Replica(GOOD)
    ida.text += "hello"
    room.hear(ida.updates[-1])
    room.hear(update((GOOD, 5, [letters("FORGED", origin=(GOOD, 4))])))
    ida.text += " world"
    room.hear(ida.updates[-1])
    assert str(room.text) == "helloFORGED"
    assert str(ida.text) == "hello world"


def test_bare_pycrdt_lets_a_pending_struct_in_with_the_others_edit() -> None:
    room, ida = Replica(), Replica(GOOD)
    ida.text += "hello"
    room.hear(ida.updates[-1])
    room.updates.clear()
    room.hear(update((EVIL, 0, [letters("EVIL", origin=(GOOD, 5))])))
    assert str(room.text) == "hello"
    ida.text += "!"
    room.applying = False
    room.doc.apply_update(ida.updates[-1])  # as Ida's edit
    assert str(room.text) == "hello!EVIL"
    assert b"EVIL" in room.updates[-1]


def test_bare_pycrdt_dies_of_nested_values() -> None:
    code = (
        "from pycrdt import Doc; from tests.extensions.yjs_bytes import *;"
        "deep = bytes([117, 1]) * 100_000 + bytes([126]);"
        "Doc().apply_update(update((5, 0, [item(8, var(1) + deep, parent='a')])))"
    )
    died = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert died.returncode < 0


def test_bare_pycrdt_loses_count_after_a_cut_through_a_character() -> None:
    room = Replica(1)
    room.text += "a😀b"
    room.hear(update((EVIL, 0, [letters("X", origin=(1, 1), right=(1, 2))])))
    room.updates.clear()
    room.text += "lost"
    assert "lost" in str(room.text)
    assert not any(b"lost" in one for one in room.updates)


# --------------------------------------------------------------- then with it


def test_a_forged_id_is_refused_and_the_real_edit_arrives() -> None:
    room = Guarded()
    end = room.custody._known.reach(GOOD)
    forged = update((GOOD, end, [letters("FORGED", origin=(GOOD, end - 1))]))
    assert "another person" in room.refuses(forged)
    room.ida.text += " world"
    room.takes(room.ida.updates[-1], IDA)
    assert str(room.replica.text) == "hello 😀 world"


def test_a_struct_that_waits_for_the_others_is_refused() -> None:
    room = Guarded()
    end = room.custody._known.reach(GOOD)
    room.refuses(update((EVIL, 0, [letters("EVIL", origin=(GOOD, end))])))
    room.refuses(update((EVIL, 0, [letters("EVIL", origin=(12345, 0))])))
    room.ida.text += "!"
    room.takes(room.ida.updates[-1], IDA)
    assert b"EVIL" not in room.heard[-1][1]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(update((EVIL, 1, [letters("x", parent="text")])), id="gap"),
        pytest.param(
            update((EVIL, 0, [skip(3), letters("x", parent="text")])), id="gap by skip"
        ),
        pytest.param(
            update((EVIL, 0, [letters("x", right=(GOOD, 99))])), id="right unknown"
        ),
        pytest.param(
            update((EVIL, 0, [letters("x", parent=(GOOD, 99))])), id="parent unknown"
        ),
        pytest.param(
            update((EVIL, 0, [letters("x", parent=(GOOD, 1))])), id="parent no type"
        ),
        pytest.param(
            update((EVIL, 0, [letters("x", origin=(EVIL, 0))])), id="its own origin"
        ),
        pytest.param(
            update(
                (EVIL, 0, [letters("x", origin=(EVIL + 1, 0))]),
                (EVIL + 1, 0, [letters("y", origin=(EVIL, 0))]),
            ),
            id="a circle",
        ),
        pytest.param(update(deleted=[(GOOD, 0, 99)]), id="delete beyond"),
        pytest.param(update(deleted=[(4711, 0, 1)]), id="delete unknown"),
        pytest.param(
            update((EVIL, 0, [letters("X", origin=(GOOD, 6), right=(GOOD, 7))])),
            id="cut through a character",
        ),
        pytest.param(update(deleted=[(GOOD, 7, 1)]), id="half a character deleted"),
        pytest.param(update(deleted=[(GOOD, 0, 7)]), id="deleted up to a half"),
        pytest.param(
            update((EVIL, 0, [letters(b"\xff\xfe", parent="text")])), id="not UTF-8"
        ),
        pytest.param(
            update((EVIL, 0, [letters(b"\xed\xa0\x80", parent="text")])),
            id="half a character in UTF-8",
        ),
        pytest.param(
            update((EVIL, 0, [item(5, text("NaN"), parent="text")])), id="no JSON"
        ),
        pytest.param(update((0, 0, [letters("x", parent="text")])), id="template's id"),
        pytest.param(update((EVIL, 0, [gc(2**31)])), id="too far"),
        pytest.param(update((EVIL, 0, [gc(2**52)])), id="much too far"),
        pytest.param(update((2**53, 0, [gc(1)])), id="no such client"),
        pytest.param(
            update((EVIL, 0, [gc(1)]), (EVIL, 1, [gc(1)])), id="a client twice"
        ),
        pytest.param(
            update((EVIL, 0, [item(ANY, var(1) + bytes([117, 1]) * 100_000 + b"\x7e",
                                   parent="cells")])),
            id="nested values",
        ),
        pytest.param(
            update((EVIL, 0, [item(ANY, var(2**40), parent="cells")])), id="many values"
        ),
        pytest.param(var(1) + var(2**40) + var(EVIL) + var(0), id="many structs"),
        pytest.param(var(0) + var(1) + var(EVIL) + var(2**40), id="many deletions"),
    ],
)  # fmt: skip
def test_refused_before_anything_is_applied(data: bytes) -> None:
    room = Guarded()
    started_s = time.monotonic()
    room.refuses(data)
    assert time.monotonic() - started_s < 1.0


def test_neighbours_in_different_places_are_refused() -> None:
    room = Guarded()
    room.takes(update((EVIL, 0, [item(ANY, var(1) + b"\x7e", parent="cells")])))
    room.refuses(update((EVIL, 1, [letters("x", origin=(EVIL, 0), right=(GOOD, 1))])))


def test_letters_in_a_list_are_refused() -> None:
    """pycrdt never comes back from reading a character of two units in an array."""
    room = Guarded()
    room.takes(update((EVIL, 0, [item(ANY, var(2) + b"\x7e\x7e", parent="cells")])))
    room.refuses(update((EVIL, 2, [letters("a😀", origin=(EVIL, 1))])))
    room.refuses(update((EVIL, 2, [letters("a😀", parent="meta", sub="k")])))
    array = item(TYPE, var(0), parent="meta", sub="list")
    room.refuses(update((EVIL, 2, [array, letters("a😀", parent=(EVIL, 2))])))


def test_an_id_announced_by_a_cursor_is_taken() -> None:
    room = Guarded()
    assert room.custody.owners.claim(IDA, {99})
    room.refuses(update((99, 0, [letters("x", parent="text")])))
    room.takes(update((99, 0, [letters("x", parent="text")])), IDA)


def test_an_id_announced_by_a_cursor_is_taken_after_a_restart_too(
    tmp_path: Path,
) -> None:
    file = tmp_path / "client-ids.jsonl"
    assert Owners(file).claim(IDA, {99})
    torn = file.read_bytes()
    file.write_bytes(torn + b'\n["p-z')
    assert Owners(file).claim(ZOE, {100})
    again = Owners(file)
    assert not again.may_claim(ZOE, {99})
    assert again.may_claim(IDA, {99})
    assert again.may_claim(ZOE, {100})


def test_the_rooms_and_the_kernels_ids_are_nobodys() -> None:
    room = Guarded()
    with written_by(KERNEL):
        room.replica.text += "output"
    mine = room.replica.id
    assert room.heard[-1][0] == KERNEL
    end = room.custody._known.reach(mine)
    for who in (ZOE, IDA):
        room.refuses(update((mine, end, [letters("x", origin=(mine, end - 1))])), who)
    # After a restart the room has another id; the old one stays nobody's.
    again = Custody(Doc(), lambda *_: None)
    assert again.restore(room.heard) == 0
    with pytest.raises(Refused):
        again.take(ZOE, update((mine, end, [letters("x", origin=(mine, end - 1))])))


def test_a_person_has_so_many_ids() -> None:
    room = Guarded()
    for n in range(MAX_IDS_PER_PERSON):
        room.takes(update((1000 + n, 0, [letters("x", parent="text")])))
    room.refuses(update((5000, 0, [letters("x", parent="text")])))
    room.takes(update((1000, 1, [letters("x", origin=(1000, 0))])))
    room.takes(update((5000, 0, [letters("x", parent="text")])), IDA)
    many = [(6000 + n, 0, [gc(1)]) for n in range(MAX_IDS_PER_PERSON + 1)]
    room.refuses(update(*many), "p-new")


def test_types_in_types_have_a_bottom() -> None:
    room = Guarded()
    chain = [item(TYPE, var(MAP_TYPE), parent="meta", sub="a")]
    chain += [
        item(TYPE, var(MAP_TYPE), parent=(EVIL, n), sub="a") for n in range(MAX_DEPTH)
    ]
    room.takes(update((EVIL, 0, chain)))
    deeper = [item(TYPE, var(MAP_TYPE), parent=(EVIL, MAX_DEPTH), sub="a")]
    room.refuses(update((EVIL, MAX_DEPTH + 1, deeper)))
    long = [item(TYPE, var(TEXT_TYPE), parent="meta", sub="b")]
    long += [item(TYPE, var(TEXT_TYPE), parent=(EVIL + 1, n)) for n in range(40_000)]
    room.refuses(update((EVIL + 1, 0, long)))


def test_an_update_that_would_take_minutes_to_place_is_refused() -> None:
    """Every struct names the same neighbour: each is compared with all before."""
    room = Guarded()
    # Formats: they do not melt into one struct.
    formats = text("b") + text("1")
    rivals = [item(6, formats, right=(GOOD, 0)) for _ in range(40_000)]
    started_s = time.monotonic()
    with pytest.raises(TooLarge):
        room.custody.take(ZOE, update((EVIL, 0, rivals)))
    assert time.monotonic() - started_s < 2.0


def test_honest_large_edits_pass() -> None:
    room = Guarded()
    zoe = Replica(EVIL, room.replica.doc.get_update())
    zoe.text += "x" * 5_000 + "a big paste, é😀 " * 100_000
    room.takes(zoe.updates[-1])
    state = zoe.doc.get_state()
    for n in range(2_000):  # offline, here and there
        if n % 5 == 4:
            del zoe.text[n + 20 : n + 22]
        else:
            zoe.text.insert(n * 7 % 1500 + 20, f"{n}")
        zoe.cells.insert(0, Map({"source": Text(f"{n}"), "outputs": Array([])}))
    room.takes(zoe.doc.get_update(state))
    assert room.replica.content() == zoe.content()


def test_a_step_2_with_what_the_room_knows_is_recorded_without_it() -> None:
    room = Guarded()
    zoe = Replica(EVIL, room.replica.doc.get_update())
    zoe.text.insert(0, "mine")
    whole = zoe.doc.get_update()
    assert b"hello" in whole
    room.takes(whole)
    author, recorded = room.heard[-1]
    assert author == ZOE
    assert b"mine" in recorded
    assert b"hello" not in recorded
    assert not room.custody.take(ZOE, whole)
    assert len(room.heard) == 2


def test_what_pycrdt_cannot_do_breaks_the_custody_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Panic(BaseException):
        """As pyo3's, which is no Exception."""

    class FailingDoc(Doc):  # type: ignore[type-arg]  # content is of no matter
        def apply_update(self, update: bytes) -> None:
            raise Panic

    custody = Custody(FailingDoc(), lambda *_: None)
    custody.restore([])
    with pytest.raises(Broken):
        custody.take(ZOE, update((EVIL, 0, [letters("x", parent="text")])))
    assert custody.broken
    with pytest.raises(Broken):
        custody.take(IDA, b"\x00\x00")


def test_an_older_journal_with_hanging_updates_opens() -> None:
    good = update((GOOD, 0, [letters("abc", parent="text")]))
    hanging = update((GOOD, 9, [letters("x", origin=(GOOD, 8))]))
    forged = update((GOOD, 3, [letters("d", origin=(GOOD, 2))]))
    replica = Replica()
    custody = Custody(replica.doc, lambda *_: None)
    recorded = [(IDA, good), (ZOE, hanging), (ZOE, forged), (ROOM, b"junk")]
    assert custody.restore(recorded) == 2
    assert str(replica.text) == "abcd"
    # The one who brought the id first keeps it.
    custody.take(IDA, update((GOOD, 4, [letters("e", origin=(GOOD, 3))])))
    with pytest.raises(Refused):
        custody.take(ZOE, update((GOOD, 5, [letters("f", origin=(GOOD, 4))])))
    with pytest.raises(Invalid):
        custody.take(IDA, b"")
