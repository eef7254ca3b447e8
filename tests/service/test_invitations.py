"""Invitations as the hub asks for them: looked up, arrived by, withdrawn, renewed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from nbinterview.ids import room_name
from nbinterview.tokens import read_invitation
from tests.service.support import START, Running, link_of, person_of

pytestmark = pytest.mark.asyncio


async def _look_up(running: Running, invitation_id: str) -> dict[str, Any]:
    hub = await running.bearer(running.settings.keys.hub_key)
    answer = await hub.get(f"api/v1/invitations/{invitation_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _arrive(running: Running, invitation_id: str) -> httpx.Response:
    hub = await running.bearer(running.settings.keys.hub_key)
    return await hub.post(
        f"api/v1/invitations/{invitation_id}/arrivals",
        json={"browser": "Firefox on Linux", "fresh": True},
    )


def _groups(running: Running, hub_name: str) -> list[str]:
    groups: list[str] = running.hub.call("GET", f"/users/{hub_name}").json()["groups"]
    return groups


async def test_a_link_carries_its_invitation_for_fourteen_days(
    running: Running,
) -> None:
    link = link_of(await running.create(), "candidate")
    [text] = parse_qs(urlsplit(link["url"]).query)["token"]
    key = running.settings.keys.invitation_key
    token = read_invitation(key, text, now_s=START.timestamp())
    assert token.invitation_id == link["id"]
    assert token.expires_s == START.timestamp() + 14 * 24 * 3600


async def test_the_hub_is_told_what_its_page_shows(running: Running) -> None:
    made = await running.create(reviewer="Rita")
    found = await _look_up(running, link_of(made, "candidate")["id"])
    assert (found["state"], found["role"]) == ("valid", "candidate")
    assert found["interview"] == {
        "id": made["interview"]["id"],
        "title": "Interview with Cara Candidate",
        "state": "scheduled",
    }
    service = running.settings.addresses.service_url
    assert found["next_url"] == f"{service}interviews/{made['interview']['id']}/enter"
    reviewer = await _look_up(running, link_of(made, "reviewer")["id"])
    assert reviewer["interview"] is None
    assert reviewer["next_url"] == running.settings.addresses.report_url


@pytest.mark.parametrize(
    ("role", "group"),
    [
        ("candidate", "candidates"),
        ("interviewer", "interviewers"),
        ("reviewer", "reviewers"),
    ],
)
async def test_arriving_makes_the_hub_user_with_the_roles_group(
    running: Running, role: str, group: str
) -> None:
    made = await running.create(reviewer="Rita")
    for _ in range(2):  # a second browser, or a crashed one that comes back
        answer = await _arrive(running, link_of(made, role)["id"])
        assert answer.status_code == 204
    assert _groups(running, person_of(made, role)) == [group]


async def test_arrivals_are_recorded(running: Running) -> None:
    made = await running.create()
    await _arrive(running, link_of(made, "candidate")["id"])
    running.clock.move(minutes=5)
    await _arrive(running, link_of(made, "candidate")["id"])
    operator = await running.operator()
    interview_id = made["interview"]["id"]
    shown = (await operator.get(f"api/v1/report/interviews/{interview_id}")).json()
    assert [item["at"] for item in shown["arrivals"]] == [
        "2026-11-22T09:00:00.000000Z",
        "2026-11-22T09:05:00.000000Z",
    ]
    assert shown["arrivals"][0]["browser"] == "Firefox on Linux"


async def test_a_withdrawn_link_lets_nobody_in(running: Running) -> None:
    made = await running.create()
    link = link_of(made, "candidate")
    operator = await running.operator()
    answer = await operator.post(f"api/v1/invitations/{link['id']}/withdraw")
    assert (answer.json()["state"], answer.json()["url"]) == ("withdrawn", None)
    assert (await _look_up(running, link["id"]))["state"] == "withdrawn"
    assert (await _arrive(running, link["id"])).status_code == 403
    again = await operator.post(f"api/v1/invitations/{link['id']}/withdraw")
    assert again.status_code == 409


async def test_withdrawing_ends_session_room_and_share(running: Running) -> None:
    made = await running.create()
    interview_id, cara = made["interview"]["id"], person_of(made, "candidate")
    operator = await running.operator()
    await operator.post(f"api/v1/interviews/{interview_id}/start")
    browser = await running.person(cara)
    inside = await browser.get(f"interviews/{interview_id}/enter/status")
    assert inside.status_code == 200
    link = link_of(made, "candidate")["id"]
    await operator.post(f"api/v1/invitations/{link}/withdraw")
    outside = await browser.get(
        f"interviews/{interview_id}/enter/status",
        headers={"Accept": "application/json"},
    )
    assert outside.status_code == 401
    room = await running.room(interview_id)
    config = (await room.get(f"api/v1/rooms/{interview_id}")).json()
    assert [person["role"] for person in config["people"]] == ["interviewer"]
    shares = running.hub.call("GET", f"/shares/{room_name(interview_id)}/").json()
    assert [item["user"]["name"] for item in shares["items"]] == [
        person_of(made, "interviewer")
    ]
    await running.state.hub.stop_room(room_name(interview_id))


async def test_a_new_link_is_for_the_same_person_and_ends_the_old_one(
    running: Running,
) -> None:
    made = await running.create()
    old = link_of(made, "candidate")
    operator = await running.operator()
    fresh = (await operator.post(f"api/v1/invitations/{old['id']}/renew")).json()
    assert fresh["person"] == old["person"]
    assert fresh["id"] != old["id"]
    assert (await _look_up(running, old["id"]))["state"] == "withdrawn"
    assert (await _arrive(running, fresh["id"])).status_code == 204


async def test_an_expired_link_is_refused_here_too(running: Running) -> None:
    made = await running.create(valid_days=2)
    link = link_of(made, "candidate")
    running.clock.move(days=2, seconds=-1)
    assert (await _arrive(running, link["id"])).status_code == 204
    running.clock.move(seconds=1)
    assert (await _arrive(running, link["id"])).status_code == 403


async def test_after_the_end_the_candidates_link_opens_their_record_only(
    running: Running,
) -> None:
    made = await running.create(policy="no-camera")
    operator = await running.operator()
    await operator.post(f"api/v1/interviews/{made['interview']['id']}/end")
    candidate = await _look_up(running, link_of(made, "candidate")["id"])
    interviewer = await _look_up(running, link_of(made, "interviewer")["id"])
    assert (candidate["state"], interviewer["state"]) == ("ended", "valid")
    page = f"{running.settings.addresses.service_url}interviews/"
    page += made["interview"]["id"]
    assert candidate["next_url"] == f"{page}/my-record"
    assert interviewer["next_url"] == f"{page}/enter"
    link = link_of(made, "candidate")
    assert (await _arrive(running, link["id"])).status_code == 204
    cara = await running.person(link["person"]["hub_name"])
    assert (await cara.get(f"{page}/my-record")).status_code == 200
    assert "Thank you for your time" in (await cara.get(f"{page}/enter")).text
    # A lost link can be replaced, a withdrawn one opens nothing any more.
    renewed = await operator.post(f"api/v1/invitations/{link['id']}/renew")
    assert renewed.json()["state"] == "ended"
    assert renewed.json()["url"] is not None
    assert (await _arrive(running, link["id"])).status_code == 403
    fresh = renewed.json()["id"]
    assert (await _arrive(running, fresh)).status_code == 204
    await operator.post(f"api/v1/invitations/{fresh}/withdraw")
    assert (await cara.get(f"{page}/my-record")).status_code in {303, 404}
    running.clock.move(days=20)
    assert (await _arrive(running, fresh)).status_code == 403


async def test_the_hub_is_told_the_policy_in_words_for_candidates_only(
    running: Running,
) -> None:
    made = await running.create(policy="no-camera", allows=["documentation"])
    told = {
        role: (await _look_up(running, link_of(made, role)["id"]))["policy_words"]
        for role in ("candidate", "interviewer")
    }
    assert told["interviewer"] == []
    assert "No camera is used to watch you." in told["candidate"]
    assert "documentation is allowed" in " ".join(told["candidate"])
