"""Our reader of Yjs updates against pycrdt, against the real Yjs, and against junk."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Decoder, Doc, Map, Text

from nbinterview.errors import Invalid, NBInterviewError, TooLarge
from nbinterview_server.documents.custody import Custody
from nbinterview_server.documents.lib0 import OWN, Limits
from nbinterview_server.documents.updates import (
    Id,
    Kind,
    Type,
    decode,
    framed,
    utf16_length,
)
from tests.extensions.yjs_bytes import (
    ANY,
    Replica,
    gc,
    item,
    letters,
    skip,
    text,
    update,
    var,
)

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
WORDS = st.text(
    st.characters(codec="utf-8", include_characters="😀é\U0010ffff"), min_size=1
)
JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abé", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def yjs() -> list[dict[str, Any]]:
    """What the real Yjs reads in updates of its own."""
    command = ["node", str(HERE / "yjs_random.mjs"), "20261122", "60"]
    found = subprocess.run(
        command, cwd=ROOT, timeout=120, check=True, capture_output=True
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_it_reads_what_the_real_yjs_reads(yjs: list[dict[str, Any]]) -> None:
    kinds = set()
    for told in yjs:
        read = decode(base64.b64decode(told["update"]))
        assert [list(one) for one in read.deletions] == told["deleted"]
        assert len(read.structs) == len(told["structs"])
        for struct, expected in zip(read.structs, told["structs"], strict=True):
            kinds.add(struct.kind)
            parent = struct.parent
            assert {
                "client": struct.client,
                "clock": struct.clock,
                "length": struct.length,
                "kind": struct.kind,
                "origin": list(struct.origin) if struct.origin else None,
                "right": list(struct.right) if struct.right else None,
                "parent": list(parent) if isinstance(parent, Id) else parent,
                "sub": struct.sub,
                "text": struct.text,
            } == {key: value for key, value in expected.items() if key != "values"}
            if struct.kind is Kind.ANY:
                assert plain(read.values(struct)) == json.loads(expected["values"])
    assert kinds == set(Kind) - {Kind.JSON, Kind.DOC}


def plain(value: Any) -> Any:
    """Return a value as JavaScript's JSON writes it."""
    if isinstance(value, bytes):
        return {str(at): byte for at, byte in enumerate(value)}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def test_custody_takes_all_that_the_real_yjs_sends(yjs: list[dict[str, Any]]) -> None:
    """In order, from a person each; what hangs is refused and never half applied."""
    custody = Custody(Replica().doc, lambda *_: None)
    custody.restore([])
    taken = refused = 0
    for told in yjs:
        data = base64.b64decode(told["update"])
        clients = {one["client"] for one in told["structs"]}
        for client in clients:
            custody.owners.record("p-all", {client})
        try:
            custody.take("p-all", data)
            taken += 1
        except NBInterviewError:
            refused += 1
        known = {c: row.reach for c, row in custody._known.rows.items()}
        assert known == state_of(custody.doc)
    assert not custody.broken
    assert taken > refused > 0


def state_of(doc: Doc[Any]) -> dict[int, int]:
    decoder = Decoder(doc.get_state())
    pairs = range(decoder.read_var_uint())
    return {decoder.read_var_uint(): decoder.read_var_uint() for _ in pairs}


@st.composite
def pycrdt_updates(draw: st.DrawFn) -> list[bytes]:
    """Updates of random documents of pycrdt, single ones and whole states."""
    one, two = Replica(1), Replica(2)
    for _ in range(draw(st.integers(1, 12))):
        replica = draw(st.sampled_from([one, two]))
        step = draw(st.integers(0, 6))
        if step < 2:
            replica.text += draw(WORDS)
        elif step == 2 and str(replica.text):
            del replica.text[0 : len(str(replica.text)[0].encode())]
        elif step == 3:
            replica.cells.append(draw(JSON_LIKE))
        elif step == 4:
            cell = Map({"source": Text(draw(WORDS)), "outputs": Array([])})
            replica.cells.insert(0, cell)
        elif step == 5:
            replica.meta[draw(st.sampled_from("abé"))] = draw(JSON_LIKE)
        elif len(replica.cells):
            del replica.cells[0]
        if draw(st.booleans()):
            two.hear(one.doc.get_update())
    one.hear(two.doc.get_update())
    return [*one.updates, *two.updates, one.doc.get_update(), two.doc.get_update()]


@settings(max_examples=150, deadline=None)
@given(pycrdt_updates())
def test_it_reads_what_pycrdt_writes(updates: list[bytes]) -> None:
    reached: dict[int, int] = {}
    for data in updates:
        for struct in decode(data).structs:
            reached[struct.client] = max(reached.get(struct.client, 0), struct.end)
            if struct.text is not None:
                assert struct.length == utf16_length(struct.text)
    doc: Doc[Any] = Doc()
    for data in updates:
        doc.apply_update(data)
    assert reached == state_of(doc)


@settings(max_examples=400, deadline=None)
@given(pycrdt_updates(), st.data())
def test_mutated_bytes_are_refused_or_consistent(
    updates: list[bytes], data: st.DataObject
) -> None:
    """Whatever is let through, pycrdt takes whole, as it was foreseen."""
    replica = Replica()
    custody = Custody(replica.doc, lambda *_: None)
    custody.restore([])
    for update_bytes in updates:
        mutated = bytearray(update_bytes)
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, 2_000))
            mutated[at % len(mutated)] = data.draw(st.integers(0, 255))
        try:
            custody.take("p-a", bytes(mutated))
        except NBInterviewError:
            assert not custody.broken
        known = {c: row.reach for c, row in custody._known.rows.items()}
        assert known == state_of(replica.doc)
    again = Custody(Replica().doc, lambda *_: None)
    assert again.restore([("p-a", replica.doc.get_update())]) == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read = decode(data)
    except NBInterviewError:
        return
    assert sum(len(read.content(struct)) for struct in read.structs) <= len(data)


@settings(deadline=None)
@given(st.lists(JSON_LIKE, min_size=1, max_size=4))
def test_values_come_back(values: list[Any]) -> None:
    replica = Replica()
    replica.cells.extend(values)
    found = [
        value
        for read in map(decode, replica.updates)
        for struct in read.structs
        for value in read.values(struct)
    ]
    assert found == replica.cells.to_py()


def test_it_says_what_a_struct_makes() -> None:
    replica = Replica()
    replica.cells.append(Map({"source": Text("x")}))
    read = decode(replica.updates[-1])
    made = [read.type_of(one) for one in read.structs if one.kind is Kind.TYPE]
    assert made == [Type.MAP, Type.TEXT]
    assert [one.sub for one in read.structs] == [None, "source", None]


def test_limits_hold_for_people_and_not_for_what_is_on_disk() -> None:
    many = update((5, 0, [gc(1)] * 60_000))
    with pytest.raises(TooLarge):
        decode(many)
    assert len(decode(many, OWN).structs) == 60_000
    values = update((5, 0, [item(ANY, var(9) + b"\x7e" * 9, parent="a")]))
    decode(values, Limits(values=9))
    with pytest.raises(TooLarge):
        decode(values, Limits(values=8))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00", id="no delete set"),
        pytest.param(b"\x00\x00\x00", id="something follows"),
        pytest.param(update((5, 0, [gc(0)])), id="no length"),
        pytest.param(update((5, 0, [letters("", parent="a")])), id="empty text"),
        pytest.param(update((5, 0, [b"\x80\x01"])), id="gc with neighbours"),
        pytest.param(update((5, 0, [b"\x1a\x01"])), id="unknown content"),
        pytest.param(update((5, 0, [b"\x04\x02a"])), id="unknown parent"),
        pytest.param(update((5, 0, [item(7, var(7), parent="a")])), id="unknown type"),
        pytest.param(update((5, 0, [item(9, text("g"), parent="a")])), id="cut value"),
        pytest.param(update(deleted=[(5, 0, 0)]), id="empty deletion"),
        pytest.param(b"\xff" * 20, id="endless number"),
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Invalid):
        decode(data)


def test_it_reads_skips() -> None:
    read = decode(update((5, 0, [gc(1), skip(2), letters("é😀", origin=(5, 2))])))
    assert [(one.kind, one.clock, one.end) for one in read.structs] == [
        (Kind.GC, 0, 1),
        (Kind.SKIP, 1, 3),
        (Kind.STRING, 3, 6),
    ]


def test_frames_are_exact() -> None:
    assert framed(b"\x02ab") == b"ab"
    for wrong in (b"", b"\x02a", b"\x02abc", b"\x80"):
        with pytest.raises(Invalid):
            framed(wrong)
