"""Restart-and-run-all in the room: a second sandbox, and the candidate never knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbinterview.schemas import check
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    LivePage,
    RoomServer,
    document,
    eventually,
    live,
    room_config,
)
from tests.extensions.test_execution import cells

pytestmark = pytest.mark.asyncio

CHECK = "nbinterview/api/v1/check"


def notebook(*sources: str) -> dict[str, Any]:
    """Return a template of code cells `cell-1`, `cell-2`, …."""
    template: dict[str, Any] = room_config()["template"]
    template["cells"] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources, start=1)
    ]
    return template


async def started(make_room: Callable[..., RoomServer], **changes: Any) -> RoomServer:
    """Start a room from within a running loop."""
    return await asyncio.to_thread(make_room, **changes)


async def ask(room: RoomServer, who: str) -> int:
    async with room.client(who) as client:
        return (await client.post(CHECK)).status_code


async def result(page: LivePage) -> dict[str, Any]:
    """Return the check as it ended, as a page hears it."""
    while True:
        message = await page.hear("check")
        check(message, "live", "CheckMessage")
        found: dict[str, Any] = message["check"]
        if found["state"] != "running":
            return found


SOURCES = (
    "x = 20",
    "print(x * 2 + 2)",
    "import random; random.random()",
    "input('name? ')",
    "'never run'",
    "1 / 0",
    "'after'",
)


async def test_the_notebook_is_run_afresh_and_compared(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, template=notebook(*SOURCES))
    async with cells(room) as candidate:
        for number in (1, 2, 3):
            await candidate.run(SOURCES[number - 1], f"cell-{number}")
        await candidate.run("x = 'mine'", "")
        async with live(room, CANDIDATE) as page, live(room, REVIEWER) as other:
            await page.hello()
            await other.hello()
            async with room.client(INTERVIEWER) as client:
                asked = await client.post(CHECK)
            assert asked.status_code == 202
            check(asked.json(), "live", "Check")
            assert asked.json()["total"] == 7
            found = await result(other)
            # Neither a word to the candidate nor a change of their kernel.
            again = await candidate.run("x")
            await page.event(name="page", state="loaded")
            heard = await page.hear("ack", "check")
            assert heard["type"] == "ack"
        assert "'mine'" in str(again["outputs"])
    results = {one["cell_id"]: one["result"] for one in found["cells"]}
    assert results == {
        "cell-1": "same",
        "cell-2": "same",
        "cell-3": "differs",
        "cell-4": "error",
        "cell-5": "not_run",
        "cell-6": "not_run",
        "cell-7": "not_run",
    }
    assert found["clean"] is found["agree"] is False
    assert found["done"] == 4
    assert "StdinNotImplementedError" in found["cells"][3]["detail"]
    asked_record, finished = room.records("check")
    assert asked_record.author == INTERVIEWER
    assert finished.author == "room"
    assert finished.payload == found
    assert "outputs" not in str(finished.payload)
    # Who comes later sees the last one, if it is theirs to see.
    async with live(room, INTERVIEWER) as late:
        await late.hello()
        assert (await late.hear("check"))["check"] == found


async def test_a_clean_notebook_that_agrees(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, template=notebook("x = 1\nx", "object()", "  \n"))
    async with cells(room) as candidate:
        await candidate.run("x = 1\nx", "cell-1")
        await candidate.run("object()", "cell-2")
    async with live(room, INTERVIEWER) as page:
        await page.hello()
        assert await ask(room, INTERVIEWER) == 202
        found = await result(page)
    assert [one["result"] for one in found["cells"]] == ["same", "same"]
    assert found["clean"] is found["agree"] is True
    assert (found["total"], found["done"]) == (2, 2)


async def test_one_at_a_time_and_for_interviewers_only(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, template=notebook("import time; time.sleep(60)"))
    assert await ask(room, INTERVIEWER) == 409  # nobody opened the notebook yet
    async with cells(room), document(room, CANDIDATE) as page:
        await eventually(page.sources)
    for who, status in ((CANDIDATE, 403), (REVIEWER, 403)):
        assert await ask(room, who) == status
    together = await asyncio.gather(ask(room, INTERVIEWER), ask(room, INTERVIEWER))
    assert sorted(together) == [202, 409]
    assert await ask(room, INTERVIEWER) == 409
    runners = await eventually(lambda: runners_of(room))
    # The room closes: so does the check, and its kernel.
    await asyncio.to_thread(room.stop)
    await eventually(lambda: not any(map(Path.exists, runners)))
    last = room.records("check")[-1]
    assert last.facts["state"] == "failed"
    assert last.facts["detail"] == "The room was closed while it ran."
    assert [one.kind for one in room.records()][-1] == "room.stopped"


def runners_of(room: RoomServer) -> list[Path]:
    """Return the runner's processes, each as its directory in /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            parent = (process / "stat").read_text("utf-8").rsplit(")", 1)[1].split()[1]
            environment = Path("/proc", parent, "environ").read_bytes()
        except OSError:
            continue
        ours = str(room.directory).encode() in environment
        if ours and b"nbinterview_kernels.runner" in words:
            found.append(process)
    return found


async def test_answers_of_the_last_run_are_given_again(
    make_room: Callable[..., RoomServer],
) -> None:
    code = "print('hello', input('who? '))"
    room = await started(make_room, template=notebook(code))
    async with cells(room) as candidate, live(room, INTERVIEWER) as page:
        await page.hello()
        queued = await candidate.ask(code, "cell-1")

        async def asked() -> bool:
            where = queued.headers["Location"].lstrip("/")
            return (await candidate.client.get(where)).status_code == 300

        await eventually(asked)
        answered = await candidate.client.post(
            f"api/kernels/{candidate.kernel}/input", json={"input": "Ada"}
        )
        assert answered.status_code == 201
        await candidate.result(queued)
        assert await ask(room, INTERVIEWER) == 202
        found = await result(page)
    assert [one["result"] for one in found["cells"]] == ["same"], found


async def test_a_sandbox_that_cannot_start_fails_the_check_in_words(
    make_room: Callable[..., RoomServer], tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho bwrap 0.1.0\n", "utf-8")
    broken.chmod(0o755)
    room = await started(make_room, bwrap=str(broken), template=notebook("1"))
    async with document(room, CANDIDATE) as page, live(room, INTERVIEWER) as seen:
        await eventually(page.sources)
        await seen.hello()
        assert await ask(room, INTERVIEWER) == 202
        found = await result(seen)
    assert found["state"] == "failed"
    assert found["clean"] is None
    assert "0.1.0" in found["detail"]
