"""What bench-ledger measures is what it says, tried with little."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from bench.ledger import appending, events, forging, proving, requests, weighing
from bench.rows import Report
from nbinterview.ledger.tree import Tree
from nbinterview.ledger.verify import verify
from tests.service.ledger.bundles import PLATFORM


@pytest.fixture
def report() -> Report:
    return Report("bench-ledger", 20261123)


def test_what_is_acknowledged_is_stored_though_the_server_is_killed(
    tmp_path: Path,
) -> None:
    acknowledged, wrong, strange = events.after_kill(tmp_path, 0.7, 5)
    assert acknowledged > 0
    assert (wrong, strange) == (0, 0)


def test_bare_sqlite_is_given_the_very_rows_of_the_journal(tmp_path: Path) -> None:
    given = appending.entries(60, 1)
    assert appending.ours_per_s(tmp_path / "ours", given) > 0
    rows = appending.stored(tmp_path / "ours")
    assert appending.raw_per_s(tmp_path / "raw", rows) > 0
    assert appending.stored(tmp_path / "raw") == rows
    assert len(rows) == 60


def test_the_bare_loop_comes_to_the_same_root_as_the_bundle(tmp_path: Path) -> None:
    path = proving.a_bundle(tmp_path / "bundle.zip", 137)
    root = Tree(one.leaf for one in proving.records(137)).root()
    assert proving.bare(path) == root
    assert verify(path, platform_keys=[PLATFORM.public]).ok


def test_proofs_are_counted_and_timed(report: Report) -> None:
    proving.inclusion(report, size=1000, proofs=20)
    hashes, took = report.rows
    assert hashes.ours == 10
    assert took.holds is not None


def test_weighed_minutes_have_frames_beats_and_keys(
    tmp_path: Path, report: Report
) -> None:
    found = weighing.facts(1, 0, 300)
    timed = weighing._entries(found, report, 300)
    kinds = {entry.kind for _, entry in timed}
    assert {"event", "observations", "document"} <= kinds
    assert [at_s for at_s, _ in timed] == sorted(at_s for at_s, _ in timed)
    asyncio.run(weighing.weigh(tmp_path, timed))
    assert (tmp_path / "journal.sqlite").stat().st_size > 0


def test_forgeries_are_counted_and_honest_bundles_verify() -> None:
    counted = forging.chunk(7, 12)
    assert counted.made == 12 == sum(counted.kinds.values())
    assert counted.taken == []


def test_forged_requests_are_refused_for_themselves_and_change_nothing(
    tmp_path: Path,
) -> None:
    tally = requests.Tally()
    asyncio.run(requests.at_service(tmp_path, 150, random.Random(3), tally))
    assert tally.taken == []
    assert sum(tally.made.values()) == 150
    assert len(tally.made) >= 12
