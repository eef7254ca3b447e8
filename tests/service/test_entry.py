"""The way into a room, and the pages that say kindly why not yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbinterview.ids import room_name
from nbinterview.service.browsers import verdict
from nbinterview.service.db.models import Interview, Participation, Person
from nbinterview.service.rooms import RETRY_AFTER_S
from nbinterview.service.settings import Settings
from tests.service.support import (
    BROWSER,
    START,
    Running,
    Start,
    eventually,
    person_of,
)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/{0}.1 Safari/605.1.15"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
# An id for which the hub of these tests starts a room that dies at once.
FAILS = "2222222222"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (BROWSER, "fine"),
        (BROWSER.replace("Chrome", "HeadlessChrome"), "fine"),
        (BROWSER.replace("140", "110"), "unsupported"),
        (BROWSER + " Edg/140.0.0.0", "fine"),
        (FIREFOX.format(128), "fine"),
        (FIREFOX.format(102), "unsupported"),
        (SAFARI.format(17), "fine"),
        (SAFARI.format(16), "unsupported"),
        (PHONE, "phone"),
        ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Version/18.0 Safari", "phone"),
        (
            "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
            "unsupported",
        ),
        ("", "unsupported"),
    ],
)
def test_which_browsers_do(agent: str, expected: str) -> None:
    assert verdict({"user-agent": agent}) == expected


def test_a_browser_that_calls_itself_mobile_is_a_phone() -> None:
    assert verdict({"user-agent": BROWSER, "sec-ch-ua-mobile": "?1"}) == "phone"


@pytest.mark.asyncio
async def test_before_during_and_after(running: Running) -> None:
    made = await running.create()
    here, cara = made["interview"]["id"], person_of(made, "candidate")
    browser, operator = await running.person(cara), await running.operator()
    status_url, enter_url = (
        f"interviews/{here}/enter/status",
        f"interviews/{here}/enter",
    )
    assert (await browser.get(status_url)).json()["state"] == "waiting"
    assert "You are early" in (await browser.get(enter_url)).text

    await operator.post(f"api/v1/interviews/{here}/start")

    async def ready() -> bool:
        status = (await browser.get(status_url)).json()
        assert status["state"] in {"starting", "ready"}
        return bool(status["state"] == "ready")

    await eventually("the room", ready)
    led = await browser.get(enter_url)
    assert led.status_code == 303
    assert led.headers["location"] == (
        f"{running.settings.room_origin(here)}/user/{room_name(here)}"
        f"/lab/workspaces/{cara}/tree/interview.ipynb"
    )
    await operator.post(f"api/v1/interviews/{here}/end")
    assert (await browser.get(status_url)).json()["state"] == "ended"
    page = await browser.get(enter_url)
    assert "Thank you for your time" in page.text
    await running.state.hub.stop_room(room_name(here))


@pytest.mark.asyncio
async def test_a_room_that_was_stopped_is_started_again_by_whoever_comes(
    running: Running,
) -> None:
    made = await running.create()
    here, ines = made["interview"]["id"], person_of(made, "interviewer")
    operator = await running.operator()
    browser = await running.person(ines, "interviewers")
    await operator.post(f"api/v1/interviews/{here}/start")

    async def is_ready() -> bool:
        status = await browser.get(f"interviews/{here}/enter/status")
        return bool(status.json()["state"] == "ready")

    await eventually("the room", is_ready)
    await running.state.hub.stop_room(room_name(here))
    await eventually("the room again", is_ready)
    await running.state.hub.stop_room(room_name(here))


async def _open_interview(running: Running, interview_id: str, hub_name: str) -> None:
    async with running.state.database.write() as session:
        session.add(
            Interview(
                id=interview_id,
                title="t",
                state="open",
                sample=False,
                template={},
                template_notes=[],
                policy={},
                created_at=START,
                opened_at=START,
            )
        )
        session.add(
            Person(
                hub_name=hub_name,
                display_name="Cara",
                initials="C",
                color="#000000",
                created_at=START,
            )
        )
        await session.flush()
        session.add(
            Participation(
                interview_id=interview_id, hub_name=hub_name, role="candidate"
            )
        )


@pytest.mark.asyncio
async def test_a_room_that_does_not_start_says_so_and_is_tried_again_later(
    running: Running,
) -> None:
    cara = "p-cccccccccc"
    await _open_interview(running, FAILS, cara)
    browser = await running.person(cara)
    url = f"interviews/{FAILS}/enter/status"

    async def failed() -> bool:
        return bool((await browser.get(url)).json()["state"] == "failed")

    await eventually("the failure", failed)
    assert (
        "The room did not start"
        in (await browser.get(f"interviews/{FAILS}/enter")).text
    )
    starts = len(running.hub.starts_of(room_name(FAILS)))
    assert await failed()
    assert len(running.hub.starts_of(room_name(FAILS))) == starts
    running.clock.move(seconds=RETRY_AFTER_S)

    async def tried_again() -> bool:
        await browser.get(url)
        return len(running.hub.starts_of(room_name(FAILS))) > starts

    await eventually("another try", tried_again)


@pytest.mark.asyncio
async def test_without_a_hub_an_interview_stays_scheduled(
    running: Running, start: Start, settings: Settings
) -> None:
    made = await running.create()
    here = made["interview"]["id"]
    alone = await start(
        replace(settings, addresses=replace(settings.addresses, hub_port=1))
    )
    operator = await alone.operator()
    answer = await operator.post(f"api/v1/interviews/{here}/start")
    assert answer.status_code == 503
    assert "does not answer" in answer.json()["detail"]
    shown = await operator.get(f"api/v1/interviews/{here}")
    assert shown.json()["interview"]["state"] == "scheduled"
    # What needs no hub goes on.
    assert (await operator.get("api/v1/interviews")).status_code == 200


@pytest.mark.asyncio
async def test_home_leads_everybody_to_their_place(running: Running) -> None:
    made = await running.create(reviewer="Rita")
    here = made["interview"]["id"]
    page = f"{running.settings.addresses.service_url}interviews/{here}"
    candidate = await running.person(person_of(made, "candidate"))
    interviewer = await running.person(person_of(made, "interviewer"), "interviewers")
    reviewer = await running.person(person_of(made, "reviewer"), "reviewers")
    assert (await candidate.get("")).headers["location"] == f"{page}/enter"
    assert "New interview" in (await interviewer.get("")).text
    report = running.settings.addresses.report_url
    assert (await reviewer.get("")).headers["location"] == report
