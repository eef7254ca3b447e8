"""Restart-and-run-all of an ended interview, by the service, in a real sandbox."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from nbinterview.schemas import check
from nbinterview.service.settings import Settings
from tests.service.support import Running, Start, eventually, person_of
from tests.service.told import Told, result, text

pytestmark = pytest.mark.asyncio


async def ended(running: Running, *sources: str) -> dict[str, Any]:
    """Make an interview, ship its record, end it; no sources: no notebook."""
    made = await running.create(reviewer="Rita Reviewer")
    interview = made["interview"]["id"]
    told = Told(interview)
    await ship(running, interview, told.open(*sources) if sources else told)
    operator = await running.operator()
    answer = await operator.post(f"api/v1/interviews/{interview}/end")
    assert answer.status_code == 200
    return made


async def ship(running: Running, interview: str, told: Told) -> None:
    room = await running.room(interview)
    answer = await room.post(
        f"api/v1/rooms/{interview}/records", json={"records": told.records}
    )
    assert answer.status_code == 200, answer.text


async def panel(running: Running, made: dict[str, Any]) -> httpx.AsyncClient:
    return await running.person(person_of(made, "interviewer"), "interviewers")


async def settled(running: Running, interview: str) -> dict[str, Any]:
    """Return the newest check when it has come to its end."""
    operator = await running.operator()
    found: dict[str, Any] = {}

    async def over() -> bool:
        answer = await operator.get(f"api/v1/interviews/{interview}/checks")
        found.update(answer.json()["checks"][0])
        return bool(found["state"] != "running")

    await eventually("the check", over, within_s=60)
    check(found, "live", "Check")
    return found


async def test_the_panel_checks_the_final_notebook(running: Running) -> None:
    made = await running.create()
    interview = made["interview"]["id"]
    told = Told(interview).open("x = 20", "x * 2 + 2", "print(x)", "print(input())")
    told.run(1)
    told.run(2, outputs=[result("42")])
    told.run(3, outputs=[text("21\n")])
    told.run(4, outputs=[text("typed\n")], answers=("typed",))
    await ship(running, interview, told)
    browser = await panel(running, made)
    path = f"interviews/{interview}/checks"
    early = await browser.post(path)
    assert early.status_code == 409
    assert "in its room" in early.text
    assert "Run all from the top" not in (await browser.get(path)).text
    operator = await running.operator()
    await operator.post(f"api/v1/interviews/{interview}/end")
    for page in (path, f"interviews/{interview}"):
        assert "Run all from the top" in (await browser.get(page)).text

    asked = await browser.post(path)
    assert asked.status_code == 303
    assert asked.headers["location"].endswith(f"{path}#checks")
    again = await browser.post(path)
    assert again.status_code == 409
    assert "data-refresh" in (await browser.get(path)).text
    found = await settled(running, interview)
    results = [cell["result"] for cell in found["cells"]]
    assert results == ["same", "same", "differs", "same"]
    assert (found["clean"], found["agree"]) == (True, False)
    assert found["cells"][2]["detail"] == "-21\n+20"
    assert found["asked_by"] == person_of(made, "interviewer")
    shown = (await browser.get(path)).text
    assert "data-refresh" not in shown
    assert "not everything shows the same" in shown
    assert "-21\n+20" in shown
    assert "Asked by Ines Interviewer" in shown

    ticket = await running.ticket(person_of(made, "interviewer"), interview)
    told_to_report = await ticket.get(f"api/v1/report/interviews/{interview}/checks")
    assert told_to_report.json() == {"checks": [found]}
    running.clock.move(seconds=5)
    assert (await browser.post(path)).status_code == 303
    second = await settled(running, interview)
    assert second["check_id"] != found["check_id"]


async def test_a_reviewer_checks_as_well(running: Running) -> None:
    made = await ended(running, "1 / 0", "'never'")
    interview = made["interview"]["id"]
    reviewer = person_of(made, "reviewer")
    browser = await running.person(reviewer, "reviewers")
    assert (await browser.post(f"interviews/{interview}/checks")).status_code == 303
    found = await settled(running, interview)
    assert [cell["result"] for cell in found["cells"]] == ["error", "not_run"]
    assert found["asked_by"] == reviewer
    page = (await browser.get(f"interviews/{interview}/checks")).text
    assert "does not run to its end" in page
    assert "ZeroDivisionError: division by zero" in page


async def test_a_notebook_never_opened_has_nothing_to_run(running: Running) -> None:
    made = await ended(running)
    browser = await panel(running, made)
    answer = await browser.post(f"interviews/{made['interview']['id']}/checks")
    assert answer.status_code == 409
    assert "never opened" in answer.text


async def test_what_a_cell_printed_is_text_on_the_page(running: Running) -> None:
    made = await running.create()
    interview = made["interview"]["id"]
    told = Told(interview).open("print('<b>mine</b>')")
    told.run(1, outputs=[text("<script>alert(1)</script>\n")])
    await ship(running, interview, told)
    await (await running.operator()).post(f"api/v1/interviews/{interview}/end")
    browser = await panel(running, made)
    await browser.post(f"interviews/{interview}/checks")
    await settled(running, interview)
    page = (await browser.get(f"interviews/{interview}/checks")).text
    assert "<script>alert" not in page
    assert "-&lt;script&gt;alert(1)" in page


async def test_at_most_two_run_at_once_and_all_come_to_their_end(
    running: Running,
) -> None:
    code = "import time; time.sleep(1.5)"
    made = [await ended(running, code) for _ in range(3)]
    for one in made:
        browser = await panel(running, one)
        answer = await browser.post(f"interviews/{one['interview']['id']}/checks")
        assert answer.status_code == 303

    most = 0
    checks = [asyncio.create_task(settled(running, m["interview"]["id"])) for m in made]
    while not all(task.done() for task in checks):
        most = max(most, len(runners()))
        await asyncio.sleep(0.02)
    assert [task.result()["state"] for task in checks] == ["finished"] * 3
    assert most == 2


def runners() -> list[Path]:
    """Return the runners that this process started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            parent = (process / "stat").read_text("utf-8").rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if b"nbinterview_kernels.runner" in words and int(parent) == os.getpid():
            found.append(process)
    return found


async def test_a_restart_of_the_service_is_said(
    start: Start, settings: Settings
) -> None:
    first = await start(settings)
    made = await ended(first, "import time; time.sleep(60)")
    interview = made["interview"]["id"]
    browser = await panel(first, made)
    await browser.post(f"interviews/{interview}/checks")

    async def runs() -> bool:
        return bool(runners())

    await eventually("the runner", runs)
    await first.state.checks.close()
    assert runners() == []
    second = await start(settings)
    found = await settled(second, interview)
    assert found["state"] == "failed"
    assert "restarted" in found["detail"]
    page = await (await panel(second, made)).get(f"interviews/{interview}/checks")
    assert "It could not be checked." in page.text
    assert "Check again" in page.text


async def test_without_a_set_up_the_check_fails_in_words(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBINTERVIEW_SETUP")
    made = await ended(running, "1")
    browser = await panel(running, made)
    await browser.post(f"interviews/{made['interview']['id']}/checks")
    found = await settled(running, made["interview"]["id"])
    assert found["state"] == "failed"
    assert "Nothing is set up yet" in found["detail"]
