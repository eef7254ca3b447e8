"""Branches: a copy of an interview at one moment, for its panel only."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import nbformat
import pytest
from alembic import command
from alembic.config import Config

from nbinterview.schemas import check
from nbinterview.service.db import MIGRATIONS, upgrade
from tests.service.support import Running, person_of
from tests.service.test_checks import panel, ship
from tests.service.told import Told, error, result, text

pytestmark = pytest.mark.asyncio


async def told_interview(running: Running) -> tuple[dict[str, Any], Told, int]:
    """Make an interview with a record; return it and a moment within."""
    made = await running.create(
        interviewers=["Ines Interviewer", "Ivan Interviewer"], title="Wine"
    )
    interview = made["interview"]["id"]
    told = Told(interview).open("left = 20", "left + right")
    told.kernel("started")
    told.run(1, "gone = 1")
    told.kernel("restarted")
    told.run(1)
    told.run(2, "right = int(input())", answers=("22",))
    told.run(
        2, "1 / 0", [error("ZeroDivisionError", "division by zero")], status="error"
    )
    told.run(2, "left + right", [result("42"), text("seen\n")])
    moment = told.at_ms()
    told.write(1, "left = 'later'")
    told.run(1)
    await ship(running, interview, told)
    return made, told, moment


async def room_of(running: Running, branch: str) -> dict[str, Any]:
    """Return what the branch's room is told."""
    room = await running.room(branch)
    config: dict[str, Any] = (await room.get(f"api/v1/rooms/{branch}")).json()
    check(config, "room")
    await running.state.hub.stop_room(f"room-{branch}")
    return config


async def test_a_branch_is_a_copy_of_the_moment(running: Running) -> None:
    made, told, moment = await told_interview(running)
    interview = made["interview"]["id"]
    operator = await running.operator()
    answer = await operator.post(
        f"api/v1/interviews/{interview}/branches", json={"at_ms": moment}
    )
    assert answer.status_code == 201, answer.text
    branch = answer.json()["interview"]
    assert branch["title"] == "Wine at 00:00:19 (branch)"
    assert branch["state"] == "open"
    assert branch["branch"] == {"of": interview, "at_ms": moment}
    assert {one["role"] for one in branch["people"]} == {"interviewer"}
    assert len(branch["people"]) == 2
    assert made["interview"]["branch"] is None

    config = await room_of(running, branch["id"])
    assert config["policy"]["sensors"] == []
    assert config["branch"] == {
        "interview": interview,
        "title": "Wine",
        "at_ms": moment,
        "seq": told.records[-5]["seq"],
        # What an earlier Python had run is gone, as it was there.
        "runs": [
            {"code": "left = 20", "inputs": []},
            {"code": "right = int(input())", "inputs": ["22"]},
            {"code": "1 / 0", "inputs": []},
            {"code": "left + right", "inputs": []},
        ],
    }
    template = config["template"]
    nbformat.validate(template)
    assert [cell["source"] for cell in template["cells"]] == [
        "left = 20",
        "left + right",
    ]
    shown = template["cells"][1]["outputs"]
    assert shown[0]["data"]["text/plain"] == "42"
    assert shown[1]["text"] == "seen\n"
    assert "trusted" not in json.dumps(template)


async def test_the_panel_opens_one_from_the_replay(running: Running) -> None:
    made, _, moment = await told_interview(running)
    interview = made["interview"]["id"]
    browser = await panel(running, made)
    page = (await browser.get(f"interviews/{interview}/replay")).text
    assert f'action="/services/nbinterview/interviews/{interview}/branches"' in page
    assert 'name="at_ms" value="0" data-at-ms' in page
    opened = await browser.post(
        f"interviews/{interview}/branches", data={"at_ms": str(moment)}
    )
    assert opened.status_code == 303
    where = opened.headers["location"]
    assert where.endswith("/enter")
    branch = where.split("/")[-2]
    assert (await browser.get(where)).status_code in {200, 303}

    home = (await browser.get("")).text
    assert "Wine at 00:00:19 (branch)" in home
    assert '<span class="pill pill-branch">Branch</span>' in home
    shown = (await browser.get(f"interviews/{branch}")).text
    assert "A copy of" in shown
    assert "Read the report" not in shown
    assert "/replay" not in shown
    for role in ("candidate", "reviewer"):
        assert f">{role}<" not in shown
    config = await room_of(running, branch)
    assert [one["role"] for one in config["people"]] == ["interviewer", "interviewer"]
    ended = await browser.post(f"interviews/{branch}/end")
    assert ended.status_code == 303
    assert "report" not in (await browser.get(f"interviews/{branch}")).text.lower()


async def test_a_branch_is_closed_to_everybody_else(running: Running) -> None:
    made, _, moment = await told_interview(running)
    interview = made["interview"]["id"]
    browser = await panel(running, made)
    opened = await browser.post(
        f"interviews/{interview}/branches", data={"at_ms": str(moment)}
    )
    branch = opened.headers["location"].split("/")[-2]
    config = await room_of(running, branch)
    candidate = person_of(made, "candidate")
    assert candidate not in {one["hub_name"] for one in config["people"]}
    others = [
        await running.person(candidate),
        await running.person("p-nobody2222"),
        await running.room(interview),
        await running.client(),
    ]
    for path in ("", "/enter", "/replay", "/replay/film", "/checks"):
        for who in others:
            for where in (f"interviews/{branch}{path}", f"api/v1/rooms/{branch}"):
                answer = await who.get(where, headers={"Accept": "application/json"})
                assert answer.status_code in {302, 303, 401, 403, 404}, where
                assert "right" not in answer.text


@pytest.mark.parametrize("what", ["branches", "checks"])
async def test_no_other_page_starts_anything_with_somebodys_cookies(
    running: Running, what: str
) -> None:
    """A room is the same site, and what is in it was written by a candidate."""
    made, _, moment = await told_interview(running)
    interview = made["interview"]["id"]
    if what == "checks":
        operator = await running.operator()
        await operator.post(f"api/v1/interviews/{interview}/end")
    browser = await panel(running, made)
    room = running.settings.room_origin(interview)
    for headers in (
        {"Origin": room, "Sec-Fetch-Site": "same-site"},
        {"Origin": room, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": room, "Sec-Fetch-Site": "same-origin"},
    ):
        for where in (f"interviews/{interview}", f"api/v1/interviews/{interview}"):
            answer = await browser.post(
                f"{where}/{what}", data={"at_ms": str(moment)}, headers=headers
            )
            assert answer.status_code in {403, 405}, (where, headers)
    listed = (await (await running.operator()).get("api/v1/interviews")).json()
    assert [one["id"] for one in listed["interviews"]] == [interview]
    checks = await browser.get(f"interviews/{interview}/checks")
    assert "is running" not in checks.text


async def test_a_branch_is_never_judged(running: Running) -> None:
    made, _, moment = await told_interview(running)
    interview = made["interview"]["id"]
    operator = await running.operator()
    answer = await operator.post(
        f"api/v1/interviews/{interview}/branches", json={"at_ms": moment}
    )
    branch = answer.json()["interview"]["id"]
    listed = (await operator.get("api/v1/report/interviews")).json()["interviews"]
    assert interview in [one["id"] for one in listed]
    assert branch not in [one["id"] for one in listed]
    report = await running.bearer(running.settings.keys.report_key)
    ines = person_of(made, "interviewer")
    ticket = await report.post(
        "api/v1/tickets", json={"hub_name": ines, "interview": branch}
    )
    assert ticket.status_code == 403
    again = await operator.post(
        f"api/v1/interviews/{branch}/branches", json={"at_ms": 0}
    )
    assert again.status_code == 409
    await running.state.hub.stop_room(f"room-{branch}")


async def test_who_was_taken_off_the_panel_is_not_in_its_branches(
    running: Running,
) -> None:
    made, _, moment = await told_interview(running)
    operator = await running.operator()
    ivan = [one for one in made["invitations"] if one["role"] == "interviewer"][1]
    await operator.post(f"api/v1/invitations/{ivan['id']}/withdraw")
    answer = await operator.post(
        f"api/v1/interviews/{made['interview']['id']}/branches",
        json={"at_ms": moment},
    )
    [left] = answer.json()["interview"]["people"]
    assert left["display_name"] == "Ines Interviewer"
    await running.state.hub.stop_room(f"room-{answer.json()['interview']['id']}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"at_ms": -1}, 400),
        ({"at_ms": "soon"}, 400),
        ({"at_ms": 10**15}, 400),
        ({"at_ms": 1, "runs": []}, 400),
    ],
)
async def test_what_is_no_moment_is_refused(
    running: Running, body: dict[str, Any], status: int
) -> None:
    made, _, _ = await told_interview(running)
    operator = await running.operator()
    answer = await operator.post(
        f"api/v1/interviews/{made['interview']['id']}/branches", json=body
    )
    assert answer.status_code == status, answer.text


async def test_a_moment_is_moved_into_the_interview(running: Running) -> None:
    made, told, _ = await told_interview(running)
    operator = await running.operator()
    for at_ms, seq, runs in (
        (0, 3, []),
        (3_600_000, len(told.records), ["left = 20", "left = 'later'"]),
    ):
        answer = await operator.post(
            f"api/v1/interviews/{made['interview']['id']}/branches",
            json={"at_ms": at_ms},
        )
        config = await room_of(running, answer.json()["interview"]["id"])
        assert config["branch"]["seq"] == seq
        codes = [run["code"] for run in config["branch"]["runs"]]
        assert [code for code in codes if code.startswith("left =")] == runs


async def test_before_the_notebook_was_opened_there_is_nothing_to_copy(
    running: Running,
) -> None:
    made = await running.create()
    operator = await running.operator()
    path = f"api/v1/interviews/{made['interview']['id']}/branches"
    assert (await operator.post(path, json={"at_ms": 0})).status_code == 404
    await ship(running, made["interview"]["id"], Told(made["interview"]["id"]))
    answer = await operator.post(path, json={"at_ms": 0})
    assert answer.status_code == 404
    assert "was not opened yet" in answer.json()["detail"]


async def test_interviews_from_before_branches_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database"] = path
    command.upgrade(config, "0001")
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO interviews (id, title, state, sample, template, template_notes, "
        "policy, created_at) VALUES ('aaaaaaaaaa', 'T', 'ended', 0, '{}', '[]', '{}', "
        "'2026-01-01 00:00:00')"
    )
    db.execute(
        "INSERT INTO records VALUES ('aaaaaaaaaa', 1, 'event', 't', 'h', x'7b7d', "
        "'2026-01-01 00:00:00')"
    )
    db.commit()
    upgrade(path)
    assert db.execute("SELECT title, branch_of FROM interviews").fetchall() == [
        ("T", None)
    ]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    [sql] = db.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'records'"
    ).fetchone()
    assert "REFERENCES interviews" in sql
    db.close()
