"""Interviewers pause the watching and say what is allowed; everybody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from nbinterview.schemas import check
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    LivePage,
    RoomServer,
    eventually,
    live,
    person,
    room_config,
    watching_frame,
)
from tests.extensions.test_execution import cells

pytestmark = pytest.mark.asyncio

SECOND = "p-interview3"


def watching(room: RoomServer) -> list[tuple[str, dict[str, Any]]]:
    return [(one.author, dict(one.facts)) for one in room.records("watching")]


async def act(page: LivePage, action: str, **more: Any) -> None:
    await page.send(type="action", action=action, **more)


async def test_a_pause_is_on_record_and_everybody_is_told(room: RoomServer) -> None:
    async with (
        live(room, INTERVIEWER) as ida,
        live(room, CANDIDATE) as zoe,
        live(room, REVIEWER) as rita,
    ):
        for page in (ida, zoe, rita):
            welcome = await page.hello()
            check(welcome, "live", "Welcome")
            assert welcome["watching"] == {
                "paused": False,
                "paused_by": None,
                "allows": [],
            }
        first = {"paused": False, "allows": [], "reason": ""}
        assert watching(room) == [("room", first)]
        await act(ida, "pause_watching", reason="A call")
        for page in (ida, zoe, rita):
            told = await page.hear("watching")
            check(told, "live", "WatchingMessage")
            assert told["watching"] == {
                "paused": True,
                "paused_by": INTERVIEWER,
                "allows": [],
            }
        # Once more changes nothing.
        await act(ida, "pause_watching")
        await act(ida, "set_allows", allows=["documentation", "ai"])
        allowed = (await zoe.hear("watching"))["watching"]
        assert allowed["allows"] == ["ai", "documentation"]
        assert (allowed["paused"], allowed["paused_by"]) == (True, INTERVIEWER)
        await act(ida, "resume_watching")
        assert (await zoe.hear("watching"))["watching"]["paused"] is False
        await act(ida, "set_allows", allows=[])
        await zoe.hear("watching")
    said = [{**payload, "by": author} for author, payload in watching(room)[1:]]
    both = ["ai", "documentation"]
    assert said == [
        {"paused": True, "allows": [], "reason": "A call", "by": INTERVIEWER},
        {"paused": True, "allows": both, "reason": "", "by": INTERVIEWER},
        {"paused": False, "allows": both, "reason": "", "by": INTERVIEWER},
        {"paused": False, "allows": [], "reason": "", "by": INTERVIEWER},
    ]


@pytest.mark.parametrize("who", [CANDIDATE, REVIEWER])
async def test_nobody_else_may_and_the_attempt_is_on_record(
    room: RoomServer, who: str
) -> None:
    before = watching(room)
    async with live(room, who) as page:
        await page.hello()
        await act(page, "pause_watching")
        problem = await page.hear("problem")
        check(problem, "live", "Problem")
        assert problem["status"] == 403
        assert "interviewers" in problem["detail"]
    assert watching(room) == before
    refused = room.records("refused")[-1]
    assert (refused.author, refused.facts["what"]) == (who, "action")


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"action": "end_interview"}, "action"),
        ({"action": "set_allows"}, "allows"),
        ({"action": "pause_watching", "allows": ["ai"]}, "allows"),
        ({"action": "set_allows", "allows": ["phone"]}, "allows.0"),
        ({"action": "pause_watching", "reason": "x" * 201}, "reason"),
        ({"action": "pause_watching", "for_s": 9}, "for_s"),
    ],
)
async def test_what_is_no_action_is_refused(
    room: RoomServer, message: dict[str, Any], field: str
) -> None:
    before = watching(room)
    async with live(room, INTERVIEWER) as page:
        await page.hello()
        await page.send(type="action", **message)
        problem = await page.hear("problem")
        assert (problem["status"], problem["field"]) == (400, field)
    assert watching(room) == before


async def test_an_action_waits_for_hello(room: RoomServer) -> None:
    async with live(room, INTERVIEWER) as page:
        await act(page, "pause_watching")
        assert (await page.hear("problem"))["status"] == 409


async def test_what_was_measured_before_a_pause_comes_before_it(
    room: RoomServer,
) -> None:
    async with live(room, INTERVIEWER) as ida, live(room, CANDIDATE) as zoe:
        await ida.hello()
        await zoe.hello()
        await zoe.observe([watching_frame(50.0)])
        # Answered after what came before: the room has the frame.
        await zoe.send(type="dance")
        await zoe.hear("problem")
        await act(ida, "pause_watching")
        await zoe.hear("ack")
        await zoe.hear("watching")
        kinds = [one.kind for one in room.records("observations", "watching")]
        assert kinds[-2:] == ["observations", "watching"]
        await act(ida, "resume_watching")
        await zoe.hear("watching")


async def test_two_interviewers_undo_nothing_of_each_other(
    make_room: Callable[..., RoomServer],
) -> None:
    """And what the service allows holds from the start, also after a restart."""
    people = [
        *room_config()["people"],
        person(SECOND, "Ivo Berg", "interviewer", "#00695c"),
    ]
    room = await asyncio.to_thread(make_room, people=people, allows=["documentation"])
    first = {"paused": False, "allows": ["documentation"], "reason": ""}
    await eventually(lambda: watching(room) == [("room", first)])
    async with live(room, INTERVIEWER) as ida, live(room, SECOND) as ivo:
        await ida.hello()
        await ivo.hello()
        await asyncio.gather(
            act(ida, "pause_watching"), act(ivo, "set_allows", allows=["ai"])
        )

        async def both() -> bool:
            told = (await ida.hear("watching"))["watching"]
            wanted = {"paused": True, "paused_by": INTERVIEWER, "allows": ["ai"]}
            return bool(told == wanted)

        await eventually(both)
    room.kill()
    await room.start()
    async with live(room, CANDIDATE) as zoe:
        welcome = await zoe.hello()
    assert welcome["watching"]["paused_by"] == INTERVIEWER
    assert welcome["watching"]["allows"] == ["ai"]
    assert [author for author, _ in watching(room)].count("room") == 1
    assert room.records("room.started")[0].facts["versions"]["engine"]


async def test_a_runs_attempts_are_the_rooms_own_record(room: RoomServer) -> None:
    """Counted once a run, before its end; pages see a kernel as it was."""
    code = "import socket, subprocess\nfor _ in range(3): subprocess.run(['true'])\n"
    async with live(room, CANDIDATE) as page, cells(room) as notebook:
        await page.hello()
        await notebook.run(code + "socket.create_connection(('example.invalid', 80))")
        await notebook.run("1 + 1")
        finished = room.records("execution.finished")
        assert (await page.hello())["kernel"]["state"] == "idle"
    found = [one for one in room.records("kernel") if one.facts["state"] == "attempt"]
    said = [(one.author, one.facts["detail"], one.facts["count"]) for one in found]
    assert said == [("kernel", "network", 1), ("kernel", "process", 3)]
    run = finished[-2].facts["execution_id"]
    assert {one.facts["execution_id"] for one in found} == {run}
    assert {one.facts["cell_id"] for one in found} == {"answer-1"}
    assert found[-1].seq == finished[-2].seq - 1


async def test_the_end_comes_after_what_was_measured(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    async with live(room, CANDIDATE) as page, live(room, INTERVIEWER) as ida:
        await page.hello()
        await ida.hello()
        await page.observe([watching_frame(50.0)])
        room.service.config["interview"]["state"] = "ended"

        async def ended() -> bool:
            return bool((await page.hear("state"))["state"] == "ended")

        await eventually(ended)
        kinds = [one.kind for one in room.records("observations", "interview.state")]
        assert kinds[-2:] == ["observations", "interview.state"]
        await act(ida, "pause_watching")
        assert (await ida.hear("problem"))["status"] == 409
