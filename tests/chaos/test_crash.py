"""Crashes of a room's journal: traced and reopened at every point, and real ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.crash.disk import Disk, crashes
from bench.crash.killed import Killed
from bench.crash.points import replayed
from bench.crash.trace import NotUnderstood, Op, operations, traced

SEED = 20261123


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def line(call: str, path: str, rest: str, result: str = "0", thread: int = 7) -> str:
    return f"{thread} {call}(3<{hexed(path)}>{rest}) = {result}\n"


def test_a_trace_is_read_as_it_happened() -> None:
    made = f'7 openat(AT_FDCWD<{hexed("/")}>, "{hexed("/d/a")}", O_RDWR|O_CREAT, 0644)'
    lines = [
        f"{made} = 3<{hexed('/d/a')}>\n",
        line("pwrite64", "/d/a", f', "{hexed("xyz")}", 3, 512', "3"),
        f"8 fdatasync(3<{hexed('/d/a')}> <unfinished ...>\n",
        line("write", "/d/acks", f', "{hexed("1 h")}", 3', "3", thread=7),
        "8 <... fdatasync resumed>) = 0\n",
        line("write", "/elsewhere/a", f', "{hexed("x")}", 1', "1"),
        line("pwrite64", "/d/a", f', "{hexed("x")}", 1, 0', "-1 ENOSPC (No space)"),
        line("fsync", "/d", ""),
        f'7 unlink("{hexed("/d/a")}") = 0\n',
    ]
    found = list(operations(lines, Path("/d")))
    assert [(one.kind, one.name) for one in found] == [
        ("make", "a"),
        ("write", "a"),
        ("ack", "acks"),
        ("sync", "a"),
        ("syncdir", "."),
        ("unlink", "a"),
    ]
    assert (found[1].data, found[1].offset) == (b"xyz", 512)


def test_a_call_that_the_replay_does_not_know_is_not_passed_over() -> None:
    with pytest.raises(NotUnderstood):
        list(operations([line("fallocate", "/d/a", ", 3, 0, 9")], Path("/d")))


def test_what_was_not_synced_may_be_gone() -> None:
    disk = Disk()
    for op in (
        Op("make", "a"),
        Op("write", "a", b"one", 0),
        Op("sync", "a"),
        Op("write", "a", b"TWO!", 3),
    ):
        disk.apply(op)
    assert disk.all() == {"a": b"oneTWO!"}
    assert disk.least() == {}, "its name was never made safe"
    disk.apply(Op("syncdir", "."))
    assert disk.least() == {"a": b"one"}
    states = {disk.some(random.Random(seed))["a"] for seed in range(40)}
    assert b"one" in states
    assert b"oneTWO!" in states
    disk.apply(Op("sync", "a"))
    assert disk.least() == disk.all()


def test_a_rename_is_there_or_not() -> None:
    disk = Disk()
    for name in ("old", "new"):
        disk.apply(Op("make", name))
        disk.apply(Op("write", name, name.encode(), 0))
        disk.apply(Op("sync", name))
    disk.apply(Op("syncdir", "."))
    disk.apply(Op("rename", "new", to="old"))
    assert disk.all() == {"old": b"new"}
    assert disk.least() == {"old": b"old", "new": b"new"}


def test_a_crash_knows_what_had_been_acknowledged() -> None:
    ops = [
        Op("make", "acks"),
        Op("ack", "acks", b"1 a\n", -1),
        Op("ack", "acks", b"2 b\n3 c\n", -1),
    ]
    found = crashes(ops, chance=random.Random(1), random_states=0)
    assert [(one.point, one.acknowledged) for one in found if one.how == "killed"] == [
        (1, 0),
        (2, 1),
        (3, 3),
    ]


def test_after_every_traced_crash_a_journal_has_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    ops = traced("ours", tmp_path / "ours", records=15, seed=SEED)
    found = replayed("ours", ops, seed=SEED, random_states=1)
    assert found.points >= 50
    assert (found.losing, found.torn) == (0, [])
    assert found.longest_s <= 2.0


@pytest.mark.parametrize("kind", ["normal", "events"])
def test_the_replay_sees_what_others_lose(kind: str, tmp_path: Path) -> None:
    ops = traced(kind, tmp_path / kind, records=15, seed=SEED)
    assert replayed(kind, ops, seed=SEED, random_states=0).losing > 0


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    found = Killed("ours", tmp_path / "killed", SEED)
    found.run(4)
    assert len(found.acknowledged) >= 4
    assert (found.lost, found.torn) == (0, [])
