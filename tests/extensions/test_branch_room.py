"""A branch's room: Python is where the other interview's was, before anybody's code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from nbinterview_proctor import policy
from nbinterview_server.config import RoomConfig
from tests.extensions.harness import (
    INTERVIEWER,
    RoomServer,
    document,
    eventually,
    live,
    room_config,
)
from tests.extensions.test_checks import notebook, started
from tests.extensions.test_execution import Cells, cells

pytestmark = pytest.mark.asyncio


def branch(*runs: str | tuple[str, list[str]]) -> dict[str, Any]:
    """Return what the service tells the room of a branch."""
    template = notebook("left + right")
    template["cells"][0] |= {
        "outputs": [
            {
                "output_type": "execute_result",
                "data": {"text/plain": "'as it was'"},
                "metadata": {},
                "execution_count": 2,
            }
        ],
        "execution_count": 2,
    }
    pairs = [run if isinstance(run, tuple) else (run, []) for run in runs]
    return {
        "template": template,
        "policy": policy.load("unwatched"),
        "people": room_config()["people"][1:2],
        "branch": {
            "interview": "bbbbbbbbbb",
            "title": "Data scientist",
            "at_ms": 1_390_000,
            "seq": 77,
            "runs": [{"code": code, "inputs": inputs} for code, inputs in pairs],
        },
    }


def restored(room: RoomServer) -> list[str]:
    """Return the words of the records that say so."""
    kernels = [one.facts for one in room.records("kernel")]
    return [one["detail"] for one in kernels if one["state"] == "restored"]


async def value(branched: Cells, code: str) -> str:
    found = await branched.run(code, "cell-1")
    assert "outputs" in found, found
    return str(found["outputs"])


async def test_variables_of_the_original_are_there(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(
        make_room,
        **branch(
            "left = 20",
            "1 / 0",
            ("right = int(input('n? '))", ["22"]),
            "import time; time.sleep(1); print('unseen')",
        ),
    )
    async with live(room, INTERVIEWER) as page:
        welcome = await page.hello()
        assert welcome["policy"]["sensors"] == []
        assert welcome["policy"]["rules"] == []
        async with cells(room, INTERVIEWER) as branched:
            # Asked at once; it runs behind what is restored.
            queued = await branched.ask("left + right", "cell-1")
            told: list[str] = []
            while "4 of 4" not in (told[-1] if told else ""):
                message = await page.hear("kernel")
                if message["state"] == "starting":
                    told.append(message["detail"])
            assert told == [
                f"Bringing Python to 00:23:10: {number} of 4 runs"
                for number in range(5)
            ]
            first = await branched.result(queued)
            assert "42" in str(first["outputs"])
            assert first["execution_count"] == 5
            # "And if it were …": edited and run live.
            assert "-2" in await value(branched, "left - right")
    words = ["Python is where it was at 00:23:10: 4 runs, 1 of them with an error."]
    assert restored(room) == words
    requested = room.records("execution.requested")
    assert [one.facts["code"] for one in requested] == [
        "left + right",
        "left - right",
    ]
    async with document(room, INTERVIEWER) as page:
        await eventually(page.sources)
        assert page.sources() == ["left + right"]


async def test_the_notebook_comes_with_its_outputs(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, **branch("left = 1"))
    async with document(room, INTERVIEWER) as page:
        await eventually(page.sources)
        [shown] = page.notebook.ycells[0]["outputs"].to_py()
    assert shown["data"]["text/plain"] == "'as it was'"
    # Looking at it starts no Python, and restores nothing.
    assert room.records("kernel") == []


async def test_only_the_first_kernel_is_restored(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, **branch("left = 1"))
    async with cells(room, INTERVIEWER) as branched:
        assert "1" in await value(branched, "left")
        answer = await branched.client.post(f"api/kernels/{branched.kernel}/restart")
        assert answer.status_code == 200
        assert "NameError" in await value(branched, "left")
    assert len(restored(room)) == 1
    await asyncio.to_thread(room.stop)
    await room.start()
    async with cells(room, INTERVIEWER) as branched:
        assert "NameError" in await value(branched, "left")
    assert len(restored(room)) == 1


async def test_a_restart_ends_the_restoring(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(
        make_room, **branch("import time; time.sleep(100)", "left = 1")
    )
    async with cells(room, INTERVIEWER) as branched:
        answer = await branched.client.post(f"api/kernels/{branched.kernel}/restart")
        assert answer.status_code == 200
        assert "NameError" in await value(branched, "left")
    assert restored(room) == ["Somebody restarted Python before the end."]


async def test_a_room_that_closes_before_the_end_restores_again(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, **branch("import time; time.sleep(4)", "left = 7"))
    async with cells(room, INTERVIEWER):
        await asyncio.to_thread(room.stop)
    assert restored(room) == []
    await room.start()
    async with cells(room, INTERVIEWER) as branched:
        assert "7" in await value(branched, "left")
    assert restored(room) == ["Python is where it was at 00:23:10: 2 runs."]


async def test_a_run_that_ends_python_ends_the_restoring(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await started(make_room, **branch("left = 1", "import os; os._exit(1)"))
    async with cells(room, INTERVIEWER) as branched:
        words = "Python stopped in run 2 of 2; the rest is not run."
        await eventually(lambda: restored(room) == [words])
        assert "alive" in await value(branched, "'alive'")


async def test_a_room_that_is_no_branch_restores_nothing(room: RoomServer) -> None:
    assert RoomConfig.from_wire(room_config()).branch is None
    assert RoomConfig.from_wire({**room_config(), "branch": None}).branch is None
    async with cells(room, INTERVIEWER) as plain:
        assert "fresh" in await value(plain, "'fresh'")
    assert restored(room) == []
