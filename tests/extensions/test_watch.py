"""The engine and the journal, in step, also after a crash between the two."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy, load
from nbinterview_server.journal import Journal
from nbinterview_server.watch import Watch

POLICY = Policy.from_dict(load("standard"))
PASTE = {"name": "clipboard", "action": "paste", "chars": 900, "origin": "external"}
BOOT = "11111111-1111-4111-8111-111111111111"


@pytest.mark.asyncio
async def test_what_a_crash_left_unwritten_is_written_once(tmp_path: Path) -> None:
    journal = Journal(
        tmp_path / "journal.sqlite",
        "abcdefghij",
        clock=lambda: datetime.now(UTC),
        salt=lambda: "0" * 32,
    )
    # A room that died after recording the events and before what they call for.
    for number, event in enumerate(
        [
            {"name": "consent", "sensor": "clipboard", "granted": True},
            {"name": "watch", "state": "started"},
            {"name": "visibility", "state": "visible"},
            {
                "name": "clipboard",
                "action": "paste",
                "chars": 900,
                "origin": "external",
            },
        ],
        start=1,
    ):
        payload = {"boot_id": BOOT, "client_seq": number, "event": event}
        await journal.append("event", "p-candidate2", payload, 10.0 * number)

    async def restart() -> list[str]:
        watch = Watch(POLICY, journal, clock=lambda: datetime.now(UTC))
        for record in journal.records():
            watch.recall(record)
        watch.go_on()
        running = asyncio.create_task(watch.run())
        await watch.flush()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [one.kind for one in journal.read() if one.kind in engine.OWN_KINDS]

    first = await restart()
    assert {"sensor", "warning", "flag"} <= set(first)
    assert await restart() == first
    journal.close()
