"""What is due and when: the pure plan, and the file that remembers."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview.errors import Conflict, Invalid
from nbinterview.ledger.bundle import NEVER_ERASED
from nbinterview.schemas import check, schema
from nbinterview.service.domain import retention
from nbinterview.service.domain.erasure_log import ErasureLog
from nbinterview.service.domain.retention import Erasure, Held, plan
from nbinterview_proctor.policy import Retention

END = datetime(2026, 11, 22, 10, tzinfo=UTC)
ONE = Held("aaaaaaaaaa", "ended", END, Retention())


def ids() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"erasure{next(numbers):03}"


def rules(*held: Held, days: float, purged: tuple[str, ...] = ()) -> list[Erasure]:
    return plan(held, END + timedelta(days=days), ids(), purged=purged)


def parts(*held: Held, days: float) -> list[str]:
    return [one.rule for one in rules(*held, days=days)]


def erasure(**given: Any) -> Erasure:
    [found] = rules(ONE, days=30)
    return replace(found, **given)


def test_what_a_verifier_needs_is_never_erased() -> None:
    assert set(retention.STRUCTURE) == NEVER_ERASED
    for kinds in ([], ["key"], [*retention.ERASABLE, "room.started"]):
        wire = {**erasure().wire(), "kinds": kinds}
        if kinds:
            with pytest.raises(Invalid, match="nothing is erased"):
                Erasure.from_wire(wire)
        else:
            assert not Erasure.from_wire(wire).covers(1, "document")


def test_every_kind_of_a_record_has_a_time_or_is_structure() -> None:
    first, _audit = schema("record")["properties"]["kind"]["anyOf"]
    timed = [kind for kinds in retention.PARTS.values() for kind in kinds]
    known = [*timed, *retention.STRUCTURE]
    assert sorted(known) == sorted([*first["enum"], retention.NOTES])
    assert set(retention.PARTS) == set(asdict(Retention()))


def test_each_part_is_due_at_its_own_time_and_once() -> None:
    assert parts(ONE, days=29.99) == []
    assert parts(ONE, days=30) == ["camera_days=30"]
    assert parts(ONE, days=180) == ["camera_days=30", "events_days=180"]
    assert parts(replace(ONE, done=("camera_days",)), days=180) == ["events_days=180"]


def test_when_all_times_are_over_nothing_but_hashes_is_left() -> None:
    done = ("camera_days", "events_days")
    assert parts(replace(ONE, done=done), days=365) == ["whole=365"]
    [whole] = rules(ONE, days=365)
    assert whole.is_whole
    assert whole.covers(7, "document")
    assert not any(whole.covers(7, kind) for kind in retention.STRUCTURE)
    assert whole.reason.startswith("Everything is kept for 365 days after the")


def test_what_has_no_time_stays() -> None:
    forever = replace(ONE, retention=Retention(None, None, None, None))
    assert parts(forever, days=36500) == []
    notebook = replace(ONE, retention=Retention(document_days=None))
    assert parts(notebook, days=36500)[-1] == "notes_days=365"


@pytest.mark.parametrize(
    "held",
    [
        replace(ONE, state="open"),
        replace(ONE, state="scheduled", ended_at=None),
        replace(ONE, ended_at=None),
        replace(ONE, sample=True),
    ],
)
def test_what_goes_on_and_a_sample_are_never_due(held: Held) -> None:
    assert parts(held, days=36500) == []


def test_a_branch_goes_with_the_notebook_it_is_a_copy_of() -> None:
    branch = Held("bbbbbbbbbb", "open", None, Retention(), branch_of=ONE.interview)
    assert parts(ONE, branch, days=30) == ["camera_days=30"]
    shorter = replace(ONE, retention=Retention(document_days=2))
    first, second = rules(shorter, branch, days=2)
    assert (first.rule, second.interview) == ("document_days=2", branch.interview)
    assert second.is_whole
    # Also one that could not go with it at the time, or was made in that moment.
    done = replace(shorter, done=("document_days",))
    assert [one.interview for one in rules(done, branch, days=3)] == ["bbbbbbbbbb"]
    [late] = rules(branch, days=3, purged=(ONE.interview,))
    assert late.interview == branch.interview


def test_a_rule_holds_for_records_that_come_later() -> None:
    camera = erasure()
    assert camera.covers(2**40, "observations")
    assert not camera.covers(1, "document")
    check(camera.wire(), "ledger", "Erasure")
    assert Erasure.from_wire(json.loads(json.dumps(camera.wire()))) == camera


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_any_policy_of_an_imported_file_has_times(section: Any) -> None:
    assert retention.retention_of(section) == Retention()


# ------------------------------------------------------------------- the file


@pytest.fixture
def log(tmp_path: Path) -> ErasureLog:
    return ErasureLog(tmp_path / "erasures.jsonl")


def lines_of(tmp_path: Path) -> Path:
    return tmp_path / "erasures.jsonl"


def test_what_was_written_stands_and_what_was_taken_back_does_not(
    log: ErasureLog, tmp_path: Path
) -> None:
    assert log.read().standing == ()
    kept, taken_back = erasure(id="kept"), erasure(id="taken-back")
    log.add([kept, taken_back])
    log.take_back(["taken-back"])
    assert log.read().standing == (kept,)
    assert lines_of(tmp_path).stat().st_mode & 0o777 == 0o600


PATHS = [
    "../../etc",
    "/etc",
    "aaaaaaaaaa/..",
    "..",
    "",
    "a" * 11,
    "AAAAAAAAAA",
    None,
    1,
]


@pytest.mark.parametrize("path", PATHS)
def test_a_damaged_line_never_names_a_path(
    log: ErasureLog, tmp_path: Path, path: Any
) -> None:
    log.add([erasure()])
    damaged = {"erase": {**erasure().wire(), "interview": path}}
    with lines_of(tmp_path).open("a") as file:
        file.write(json.dumps(damaged) + "\n")
    found = log.read()
    assert found.standing == (erasure(),)
    assert found.damaged == (2,)
    with pytest.raises(Invalid):
        Erasure.from_wire(damaged["erase"])


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"null",
        b"[]",
        b'{"erase": null}',
        b'{"undone": {}}',
        b'{"erase": {}, "undone": "kept"}',
        b"\xff\xfe",
        b"[" * 60000,
        b'"' + b"x" * 200_000,
    ],
)
def test_a_line_that_says_nothing_changes_nothing_and_is_named(
    log: ErasureLog, tmp_path: Path, line: bytes
) -> None:
    log.add([erasure(id="kept")])
    with lines_of(tmp_path).open("ab") as file:
        file.write(line + b"\n")
    log.add([erasure(id="later")])
    found = log.read()
    assert [one.id for one in found.standing] == ["kept", "later"]
    assert found.damaged[0] == 2


def test_a_torn_last_line_does_not_spoil_the_next(
    log: ErasureLog, tmp_path: Path
) -> None:
    log.add([erasure(id="before"), erasure(id="torn")])
    os.truncate(lines_of(tmp_path), lines_of(tmp_path).stat().st_size - 9)
    # Nothing was done by it, and so nothing is damaged, neither now nor later.
    found = log.read()
    assert ([one.id for one in found.standing], found.damaged) == (["before"], ())
    log.add([erasure(id="whole")])
    # Only its line end is missing: it stands.
    os.truncate(lines_of(tmp_path), lines_of(tmp_path).stat().st_size - 1)
    log.add([erasure(id="last")])
    found = log.read()
    assert [one.id for one in found.standing] == ["before", "whole", "last"]
    assert found.damaged == ()


def test_two_processes_never_erase_at_once(log: ErasureLog, tmp_path: Path) -> None:
    other = ErasureLog(lines_of(tmp_path))
    with log.alone():
        for busy in (log, other):
            with pytest.raises(Conflict, match="at the moment"), busy.alone():
                pytest.fail("both were let in")
    with other.alone(), pytest.raises(Conflict), log.alone():
        pytest.fail("both were let in")
