"""The journal: on disk before it is acknowledged, whatever happens then."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from nbinterview.errors import Invalid, TooLarge
from nbinterview.ledger.records import Record
from nbinterview_server.journal import MAX_RECORD_BYTES, Entry, Journal

pytestmark = pytest.mark.asyncio

INTERVIEW = "abcdefghij"


def clock() -> datetime:
    """A clock that goes on by a second whenever it is read."""
    return START + timedelta(seconds=next(TICKS))


START = datetime(2026, 1, 1, tzinfo=UTC)
TICKS = count()


def open_journal(path: Path) -> Journal:
    numbers = count()
    return Journal(path, INTERVIEW, clock=clock, salt=lambda: f"{next(numbers):032x}")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


async def test_records_are_numbered_in_order_and_verify(journal: Journal) -> None:
    written = await asyncio.gather(
        *(journal.append("event", "p-aaaaaaaaaa", {"n": n}, n) for n in range(50))
    )
    assert [one.seq for one in written] == list(range(1, 51))
    assert [one.facts["n"] for one in written] == list(range(50))
    assert journal.read() == written
    for one in written:
        assert Record.from_wire(one.wire()) == one


async def test_reopening_continues_the_sequence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = open_journal(path)
    await first.append("gap", "room", {})
    first.close()
    second = open_journal(path)
    assert (await second.append("gap", "room", {})).seq == 2
    assert [one.seq for one in second.read()] == [1, 2]
    second.close()


async def test_listeners_hear_in_order_before_the_author(journal: Journal) -> None:
    heard: list[int] = []
    journal.listen(lambda record: heard.append(record.seq))

    async def append() -> None:
        record = await journal.append("gap", "room", {})
        assert record.seq in heard

    await asyncio.gather(*(append() for _ in range(20)))
    assert heard == list(range(1, 21))


async def test_a_failing_listener_neither_stops_others_nor_the_author(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def fail(_record: Record) -> None:
        raise ValueError("listener")

    journal.listen(fail)
    journal.listen(lambda record: heard.append(record.seq))
    assert (await journal.append("gap", "room", {})).seq == 1
    assert heard == [1]
    assert "a listener failed at record 1" in caplog.text


async def test_what_has_no_canonical_form_is_refused_alone(journal: Journal) -> None:
    results = await asyncio.gather(
        journal.append("gap", "room", {"n": 1}),
        journal.append("gap", "room", {"n": 2**60}),
        journal.append("gap", "room", {"n": 3}),
        return_exceptions=True,
    )
    assert isinstance(results[1], Invalid)
    assert [one.facts["n"] for one in journal.read()] == [1, 3]
    assert journal.last_seq == 2


async def test_several_entries_are_written_together(journal: Journal) -> None:
    entries = [Entry("document", "room", {"n": n}) for n in range(3)]
    assert [one.seq for one in await journal.append_all(entries)] == [1, 2, 3]


async def test_reading_by_kind_and_number(journal: Journal) -> None:
    for kind in ("gap", "event", "gap", "event"):
        await journal.append(kind, "room", {})
    assert [one.seq for one in await journal.aread(kinds=["event"])] == [2, 4]
    assert [one.seq for one in await journal.aread(2, limit=1)] == [3]


def script(path: Path, body: str) -> list[str]:
    """Return the command of a program that writes into a journal."""
    head = """
        import asyncio, resource, secrets, sys
        from datetime import UTC, datetime
        from pathlib import Path
        from nbinterview_server.journal import Journal, NotWritten
        journal = Journal(Path(sys.argv[1]), "abcdefghij",
            clock=lambda: datetime.now(UTC), salt=lambda: secrets.token_hex(16))
    """
    return [sys.executable, "-c", dedent(head) + dedent(body), str(path)]


async def test_kill_9_keeps_everything_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = """
        async def write(who):
            while True:
                record = await journal.append("event", "room", {"who": who})
                print(record.seq, flush=True)
        async def main():
            await asyncio.gather(*(write(n) for n in range(5)))
        asyncio.run(main())
    """
    acknowledged = 0
    for _ in range(3):
        process = subprocess.Popen(script(path, writer), stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(100):
            acknowledged = max(acknowledged, int(process.stdout.readline()))
        process.kill()
        rest = process.communicate()[0].split()
        acknowledged = max([acknowledged, *map(int, rest[:-1])])
        reopened = open_journal(path)
        numbers = [one.seq for one in reopened.read()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers[-1] >= acknowledged
        reopened.close()


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.sqlite"
    writer = """
        heard = []
        journal.listen(lambda record: heard.append(record.seq))
        def limit(size):
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        async def main():
            assert (await journal.append("gap", "room", {})).seq == 1
            limit(64 * 1024)
            refused = 0
            for _ in range(20):
                try:
                    await journal.append("gap", "room", {"x": "y" * 20_000})
                except NotWritten:
                    refused += 1
            assert refused > 0, "the disk was not full"
            written = len(heard)
            assert heard == list(range(1, written + 1))
            limit(resource.RLIM_INFINITY)
            assert (await journal.append("gap", "room", {})).seq == written + 1
            assert [r.seq for r in journal.read()] == heard
            journal.close()
        asyncio.run(main())
    """
    done = subprocess.run(
        script(path, writer), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_what_no_record_can_hold_is_refused_and_the_rest_goes_on(
    journal: Journal,
) -> None:
    nested: object = 0
    for _ in range(3000):
        nested = [nested]
    refused: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"text": "x" * MAX_RECORD_BYTES}, TooLarge),
        ({"text": "\ud800"}, Invalid),
        ({"number": 2**60}, Invalid),
        ({"nested": nested}, Invalid),
        ({"type": object()}, Invalid),
    ]
    for payload, error in refused:
        with pytest.raises(error):
            await asyncio.wait_for(journal.append("gap", "room", payload), 20)
    assert (await journal.append("gap", "room", {})).seq == 1
