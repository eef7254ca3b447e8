"""Interviews through REST: made, listed, opened, ended."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator
from markupsafe import escape

from nbinterview.ids import room_name
from nbinterview.schemas import schema
from nbinterview.service.settings import Settings
from nbinterview_proctor import policy
from tests.service.support import (
    Running,
    Start,
    eventually,
    link_of,
    notebook,
    person_of,
    record,
)

pytestmark = pytest.mark.asyncio


async def test_making_one_answers_with_everybodys_link(running: Running) -> None:
    made = await running.create(reviewer="Rita Reviewer", title="Wine")
    assert made["interview"]["title"] == "Wine"
    assert made["interview"]["state"] == "scheduled"
    roles = [item["role"] for item in made["invitations"]]
    assert roles == ["candidate", "interviewer", "reviewer"]
    prefix = f"{running.settings.addresses.public_url}/hub/invitation?token="
    assert all(item["url"].startswith(prefix) for item in made["invitations"])


async def test_the_form_asks_for_the_policy_and_nothing_is_preselected(
    running: Running,
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    form = (await browser.get("")).text
    offered = re.findall(r'<input type="radio" name="policy" value="([\w-]+)"', form)
    assert offered == ["unwatched", "no-camera", "standard", "strict"]
    assert sorted(offered) == policy.names()
    assert "checked" not in form
    for name in offered:
        told = policy.words(policy.Policy.from_dict(policy.load(name)))
        assert all(str(escape(sentence)) in form for sentence in told)
    data = {"candidate": "Cara"}
    files = {"template": json.dumps(notebook())}
    without = await browser.post("interviews", data=data, files=files)
    assert without.status_code == 400
    assert "name a policy" in without.text
    assert "Cara" in without.text
    made = await browser.post(
        "interviews", data={**data, "policy": "strict"}, files=files
    )
    assert made.status_code == 303, made.text
    interview_id = made.headers["location"].rsplit("/", 1)[-1]
    room = await running.room(interview_id)
    kept = (await room.get(f"api/v1/rooms/{interview_id}")).json()
    assert policy.Policy.from_dict(kept["policy"]) == policy.Policy.from_dict(
        policy.load("strict")
    )
    assert kept["allows"] == []
    shown = (await browser.get(f"api/v1/interviews/{interview_id}")).json()
    assert shown["required_layers"] == kept["policy"]["sandbox"]["require"]


@pytest.mark.parametrize(
    ("chosen", "template", "words"),
    [
        ("strict", "{}", "is not a Jupyter notebook"),
        ("none-of-ours", json.dumps(notebook()), "There is no policy"),
    ],
)
async def test_a_form_with_a_fault_keeps_what_was_chosen(
    running: Running, chosen: str, template: str, words: str
) -> None:
    ines = person_of(await running.create(), "interviewer")
    browser = await running.person(ines, "interviewers")
    answer = await browser.post(
        "interviews",
        data={
            "candidate": "Cara",
            "policy": chosen,
            "allows": ["ai"],
            "sensors_off": ["camera"],
            "wider": ["", "tab_hidden=2"],
        },
        files={"template": template},
    )
    assert answer.status_code == 400
    assert words in answer.text
    again = re.findall(r'value="([\w-]+)"(?: required)? checked', answer.text)
    assert again == [*([chosen] if chosen in policy.names() else []), "ai", "camera"]
    assert '<option value="tab_hidden=2" selected>' in answer.text


async def test_two_people_of_one_name_are_two_people(running: Running) -> None:
    made = await running.create(interviewers=["Sam Same", "Sam Same 2", "Ada"])
    again = await running.create(interviewers=["Sam Same"])
    assert person_of(made, "interviewer") != person_of(again, "interviewer")


async def test_a_known_person_is_added_by_id(running: Running) -> None:
    first = await running.create()
    ines = person_of(first, "interviewer")
    second = await running.create(interviewers=[ines])
    assert person_of(second, "interviewer") == ines
    browser = await running.person(ines, "interviewers")
    listed = (await browser.get("api/v1/interviews")).json()["interviews"]
    assert {item["id"] for item in listed} == {
        first["interview"]["id"],
        second["interview"]["id"],
    }


async def test_an_interviewer_cannot_add_somebody_elses_identity(
    running: Running,
) -> None:
    colleague = person_of(await running.create(), "interviewer")
    own = person_of(await running.create(), "interviewer")
    browser = await running.person(own, "interviewers")
    body = {
        "template": notebook(),
        "candidate": "C",
        "interviewers": [colleague],
        "policy": "standard",
    }
    answer = await browser.post("api/v1/interviews", json=body)
    assert answer.status_code == 403


async def test_an_interviewer_cannot_make_a_reviewer(running: Running) -> None:
    own = person_of(await running.create(), "interviewer")
    browser = await running.person(own, "interviewers")
    body = {
        "template": notebook(),
        "candidate": "C",
        "reviewer": "Friend",
        "policy": "standard",
    }
    answer = await browser.post("api/v1/interviews", json=body)
    assert answer.status_code == 403


async def test_a_link_is_hidden_when_it_opens_more_than_the_viewer_runs(
    running: Running,
) -> None:
    first = await running.create()
    ines = person_of(first, "interviewer")
    shared = await running.create(interviewers=[ines, "Olga Other"])
    olga = await running.person(person_of(shared, "interviewer", 1), "interviewers")
    seen = (await olga.get(f"api/v1/interviews/{shared['interview']['id']}")).json()
    assert link_of(seen, "candidate")["url"] is not None
    assert link_of(seen, "interviewer", 0)["url"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"candidate": " "}, "candidate"),
        ({"candidate": "x" * 201}, "candidate"),
        ({"candidate": "evil\u202egpj"}, "candidate"),
        ({"interviewers": []}, "interviewers"),
        ({"interviewers": ["p-aaaaaaaaaa"]}, "interviewers"),
        ({"title": "x" * 201}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"policy": "no-such-policy"}, "policy"),
        ({"policy": None}, "policy"),
        ({"allows": ["telepathy"]}, "allows"),
        ({"accommodations": {"sensors_off": ["nose"]}}, "accommodations"),
        ({"accommodations": {"wider": {"tab_hidden": 0.5}}}, "accommodations"),
        ({"accommodations": {"wider": {"no_such_finding": 2}}}, "accommodations"),
        ({"accommodations": {"wider": {"second_display": 2}}}, "accommodations"),
        ({"valid_days": 0}, "valid_days"),
        ({"template": {"cells": []}}, "template"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_fault_in_the_input_is_named(
    running: Running, change: dict[str, object], field: str
) -> None:
    operator = await running.operator()
    body = {
        "template": notebook(),
        "candidate": "Cara",
        "interviewers": ["Ines"],
        "policy": "standard",
        **change,
    }
    body = {name: value for name, value in body.items() if value is not None}
    answer = await operator.post(
        "api/v1/interviews",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    listed = await operator.get("api/v1/interviews")
    assert listed.json()["interviews"] == []


async def test_a_template_by_rest_has_the_same_limit_as_a_file(
    running: Running,
) -> None:
    operator = await running.operator()
    large = notebook()
    large["cells"][0]["source"] = "x" * (2 * 1024 * 1024)
    body = {
        "template": large,
        "candidate": "Cara",
        "interviewers": ["Ines"],
        "policy": "standard",
    }
    answer = await operator.post("api/v1/interviews", json=body)
    assert answer.status_code == 413
    assert answer.json()["field"] == "template"


async def test_the_room_is_told_what_its_schema_says(running: Running) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    room = await running.room(interview_id)
    config = (await room.get(f"api/v1/rooms/{interview_id}")).json()
    Draft202012Validator(schema("room")).validate(config)
    assert [person["role"] for person in config["people"]] == [
        "candidate",
        "interviewer",
    ]
    assert config["policy"]["name"] == "standard"
    service = running.state.settings.addresses.service_url
    assert config["interview"]["page_url"] == f"{service}interviews/{interview_id}"


async def test_starting_runs_the_room_and_lets_in_its_people_only(
    running: Running,
) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    operator = await running.operator()
    answer = await operator.post(f"api/v1/interviews/{interview_id}/start")
    assert answer.json()["interview"]["state"] == "open"
    room = room_name(interview_id)

    async def ready() -> bool:
        return await running.state.hub.room_state(room) == "ready"

    await eventually("the room", ready)
    shares = running.hub.call("GET", f"/shares/{room}/").json()["items"]
    assert {item["user"]["name"] for item in shares} == {
        person_of(made, "candidate"),
        person_of(made, "interviewer"),
    }
    assert {scope for item in shares for scope in item["scopes"]} == {
        f"access:servers!server={room}/"
    }
    again = await operator.post(f"api/v1/interviews/{interview_id}/start")
    assert again.status_code == 200
    await running.state.hub.stop_room(room)


async def test_ending_stops_the_room_once_it_has_shipped(running: Running) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    name = room_name(interview_id)
    operator, room = await running.operator(), await running.room(interview_id)
    await operator.post(f"api/v1/interviews/{interview_id}/start")
    heartbeat = await room.post(
        f"api/v1/rooms/{interview_id}/records", json={"records": []}
    )
    # Its two people were invited, which makes two changes of who has access.
    people = {"people_revision": 2, "countersignature": None, "erase": list[str]()}
    assert heartbeat.json() == {"acknowledged_seq": 0, "state": "open", **people}
    await operator.post(f"api/v1/interviews/{interview_id}/end")
    last = record(interview_id, 1, "interview.state", {"state": "ended"})
    shipped = await room.post(
        f"api/v1/rooms/{interview_id}/records", json={"records": [last]}
    )
    assert shipped.json() == {"acknowledged_seq": 1, "state": "ended", **people}

    async def stopped() -> bool:
        return await running.state.hub.room_state(name) == "stopped"

    await eventually("the room to stop", stopped)
    late = await room.post(
        f"api/v1/rooms/{interview_id}/records",
        json={"records": [record(interview_id, 2, "room.stopped")]},
    )
    assert late.json()["acknowledged_seq"] == 2


async def test_a_room_that_says_nothing_is_stopped_all_the_same(
    running: Running,
) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    operator = await running.operator()
    await operator.post(f"api/v1/interviews/{interview_id}/start")
    await operator.post(f"api/v1/interviews/{interview_id}/end")

    async def stopped() -> bool:
        state = await running.state.hub.room_state(room_name(interview_id))
        return state == "stopped"

    await eventually("the room to stop", stopped)


async def test_an_ended_interview_stays_ended(running: Running) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    operator = await running.operator()
    for _ in range(2):
        ended = await operator.post(f"api/v1/interviews/{interview_id}/end")
        assert ended.json()["interview"]["state"] == "ended"
    answer = await operator.post(f"api/v1/interviews/{interview_id}/start")
    assert answer.status_code == 409


async def test_a_room_that_ended_while_the_service_was_down_is_stopped_later(
    running: Running, start: Start, settings: Settings
) -> None:
    made = await running.create()
    interview_id = made["interview"]["id"]
    operator = await running.operator()
    await operator.post(f"api/v1/interviews/{interview_id}/start")
    # The service goes down right after the end, before it could stop the room.
    await operator.post(f"api/v1/interviews/{interview_id}/end")
    await running.state.rooms.close()
    assert await running.state.hub.room_state(room_name(interview_id)) != "stopped"
    again = await start(settings)

    async def stopped() -> bool:
        state = await again.state.hub.room_state(room_name(interview_id))
        return state == "stopped"

    await eventually("the room to stop", stopped)
