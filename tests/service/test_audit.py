"""The audit log: what is noted, by whom it is seen, and that nobody changes it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from nbinterview.errors import Unavailable
from nbinterview.ledger import signing
from nbinterview.ledger.checkpoints import make_checkpoint
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store
from nbinterview.ledger.verify import Findings, verify
from nbinterview.service import operator_pages
from nbinterview.service.access_table import PEOPLE, TABLE
from nbinterview.service.domain import audit
from nbinterview.service.rooms import RoomStatus
from tests.service.stored import rows
from tests.service.support import (
    Running,
    Start,
    link_of,
    notebook,
    person_of,
    record,
)


@pytest_asyncio.fixture
async def operator(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    yield await running.operator()


async def noted(operator: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    """Return what was noted, oldest first."""
    answer = await operator.get("api/v1/audit", params={"limit": "500", **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return found[::-1]


async def told(operator: httpx.AsyncClient, **query: str) -> list[tuple[str, str, str]]:
    """Return (who, what, details) of what was noted."""
    return [
        (
            one["author"],
            one["kind"].removeprefix("audit."),
            one["payload"].get("did") or one["payload"].get("shown") or "",
        )
        for one in await noted(operator, **query)
    ]


async def saved(operator: httpx.AsyncClient, target: Path) -> Path:
    answer = await operator.get("api/v1/audit/bundle")
    assert answer.status_code == 200, answer.text
    target.write_bytes(answer.content)
    return target


async def verified(running: Running, tmp_path: Path) -> Findings:
    keys = [one.public_key for one in running.state.platform_keys.published()]
    path = await saved(await running.operator(), tmp_path / "log.zip")
    return verify(path, platform_keys=keys)


def change(running: Running, sql: str, *values: object) -> None:
    rows(running.settings, sql, *values)


# ---------------------------------------------------------------- what is noted


def test_whoever_judges_is_noted_as_looking() -> None:
    shown = [e for e in TABLE if e.report and e.method == "GET"]
    assert shown
    assert [entry.path for entry in shown if not entry.shows] == []


def test_a_copy_that_is_taken_away_is_noted_each_time() -> None:
    shows = {entry.shows for entry in TABLE if entry.shows}
    assert shows & audit.COPIES == audit.COPIES
    for entry in TABLE:
        if entry.path.endswith(("/bundle", "/record", "/export", "/everything")):
            assert entry.shows in audit.COPIES, entry.path


@pytest.mark.asyncio
async def test_what_the_staff_does_is_noted_with_who_did_it(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create(reviewer="Rita Reviewer")
    interview = made["interview"]["id"]
    rita, ines = person_of(made, "reviewer"), person_of(made, "interviewer")
    page = await running.person(ines, "interviewers")
    link = link_of(made, "candidate")["id"]
    assert (await page.post(f"invitations/{link}/renew")).status_code == 303
    room = await running.room(interview)
    flag = {"episode_id": "e1", "rule": "tab_hidden", "title": "Tab"}
    change(
        running,
        "UPDATE interviews SET state = 'ended', opened_at = created_at, "
        "ended_at = created_at, room_stopped_at = created_at WHERE id = ?",
        interview,
    )
    sent = {"records": [record(interview, 1, "flag", flag)]}
    assert (
        await room.post(f"api/v1/rooms/{interview}/records", json=sent)
    ).status_code == 200
    judge = await running.person(rita, "reviewers")
    assert (await judge.get(f"interviews/{interview}/findings")).status_code == 200
    decision = {"episode_id": "e1", "decision": "set_aside"}
    assert (
        await judge.post(f"interviews/{interview}/findings/decisions", data=decision)
    ).status_code == 303
    reader = await running.ticket(rita, interview)
    for _ in range(3):
        part = f"api/v1/report/interviews/{interview}"
        assert (await reader.get(part)).status_code == 200
        assert (await reader.get(f"{part}/records")).status_code == 200
    assert (await operator.get(f"api/v1/interviews/{interview}/record")).is_success

    assert await told(operator, about=interview) == [
        ("operator", "interview", "made"),
        (ines, "invitation", "renewed"),
        (rita, "viewed", "findings"),
        (rita, "decision", ""),
        (rita, "viewed", "report"),
        ("operator", "export", "export"),
    ]
    signed_in = {one["author"] for one in await noted(operator, kind="signed_in")}
    assert signed_in >= {rita, ines}
    [made_note] = [
        one
        for one in await noted(operator, about=interview)
        if one["payload"].get("did") == "made"
    ]
    assert made_note["payload"]["roles"][rita] == "reviewer"


@pytest.mark.asyncio
async def test_that_an_interview_was_opened_or_ended_is_noted_with_it(
    running: Running, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    interview = (await running.create())["interview"]["id"]
    path = f"api/v1/interviews/{interview}"

    async def refuse(*_: object, **__: object) -> None:
        raise Unavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(running.state.audit, "note", refuse)
        for action in ("start", "end"):
            assert (await operator.post(f"{path}/{action}")).status_code == 503
    shown = (await operator.get(path)).json()["interview"]
    assert shown["state"] == "scheduled"
    with monkeypatch.context() as patched:
        patched.setattr(running.state.hub, "ensure_user", refuse)
        assert (await operator.post(f"{path}/start")).status_code == 503
    for _ in range(2):
        assert (await operator.post(f"{path}/end")).status_code == 200
    noted = await told(operator, about=interview, kind="interview")
    assert noted == [
        ("operator", "interview", "made"),
        ("operator", "interview", "opened"),
        ("service", "interview", "not opened: the hub did not answer"),
        ("operator", "interview", "ended"),
    ]


@pytest.mark.asyncio
async def test_there_is_no_way_around_to_look_at_something_unnoted(
    running: Running, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await running.create(reviewer="Rita Reviewer")
    interview = made["interview"]["id"]
    rita, ines = person_of(made, "reviewer"), person_of(made, "interviewer")
    page = await running.person(ines, "interviewers")
    assert (await page.get(f"interviews/{interview}")).status_code == 200

    async def ready(_: str) -> RoomStatus:
        return RoomStatus("ready", "Your room is ready.")

    monkeypatch.setattr(running.state.rooms, "enter", ready)
    change(running, "UPDATE interviews SET state = 'open' WHERE id = ?", interview)
    # The page that waits for the room goes there by itself.
    waiting = await page.get(f"interviews/{interview}/enter/status")
    assert waiting.json()["url"]
    cara = await running.person(person_of(made, "candidate"))
    own = await cara.get(f"interviews/{interview}/enter/status")
    assert own.json()["url"]
    change(
        running,
        "UPDATE interviews SET state = 'ended', ended_at = created_at WHERE id = ?",
        interview,
    )
    judge = await running.person(rita, "reviewers")
    nothing = await judge.post(f"interviews/{interview}/findings/decisions")
    assert nothing.status_code == 400
    assert "<h1>" in nothing.text
    assert await told(operator, about=interview) == [
        ("operator", "interview", "made"),
        (ines, "viewed", "interview"),
        (ines, "viewed", "room"),
        (rita, "viewed", "findings"),
    ]


@pytest.mark.asyncio
async def test_a_refused_request_and_a_failed_change_leave_no_note(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create()
    interview = made["interview"]["id"]
    before = await noted(operator)
    stranger = await running.person("somebody", "interviewers")
    before = await noted(operator)
    assert (await stranger.get(f"interviews/{interview}/replay")).status_code == 403
    bad = {"template": notebook(), "candidate": "", "interviewers": ["I"]}
    answer = await operator.post(
        "api/v1/interviews", json={**bad, "policy": "standard"}
    )
    assert answer.status_code == 400
    assert await noted(operator) == before


@pytest.mark.asyncio
async def test_the_log_holds_no_name_and_outlives_a_deletion(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create(reviewer="Rita Reviewer", title="Anna and Cara")
    interview, cara = made["interview"]["id"], person_of(made, "candidate")
    assert (await operator.delete(f"api/v1/people/{cara}")).status_code == 200
    text = json.dumps(await noted(operator))
    for name in ("Cara", "Ines", "Rita", "Anna"):
        assert name not in text
    assert ("operator", "interview", "made") in await told(operator, about=interview)


@pytest.mark.asyncio
async def test_a_look_again_after_a_while_is_noted_again(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create()
    path = f"api/v1/interviews/{made['interview']['id']}/records"
    for minutes in (0, 1, 10):
        running.clock.move(minutes=minutes)
        await operator.get(path)
    looks = [one for one in await told(operator) if one[1] == "viewed"]
    assert looks == [("operator", "viewed", "records")] * 2


# --------------------------------------------------------------- nobody changes it


@pytest.mark.asyncio
async def test_the_log_is_exported_and_verifies_under_the_platforms_key(
    running: Running, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    await running.create()
    found = await verified(running, tmp_path)
    assert found.ok, found.why
    assert "the last record is signed, too" in found.checked
    other = signing.Signer(signing.make_key()).public
    path = await saved(operator, tmp_path / "log.zip")
    assert not verify(path, platform_keys=[other]).ok


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["altered", "left out", "rewritten"])
async def test_an_altered_log_is_said_at_the_next_start_and_by_the_verifier(
    running: Running, start: Start, tmp_path: Path, how: str
) -> None:
    await running.create()
    await running.create()
    await running.state.audit.seal()
    [(blob,)] = rows(running.settings, "SELECT wire FROM audit WHERE seq = 2")
    kept = Record.from_json(from_store(blob))
    forged = Record(
        interview=kept.interview,
        seq=kept.seq,
        time=kept.time,
        kind=kept.kind,
        author="p-aaaaaaaaaa",
        payload=kept.payload,
        salt=kept.salt,
    )
    if how == "altered":
        change(running, "UPDATE audit SET wire = ? WHERE seq = 2", forged.wire_json)
    elif how == "left out":
        change(running, "DELETE FROM audit WHERE seq > 1")
    else:
        change(
            running,
            "UPDATE audit SET wire = ?, hash = ? WHERE seq = 2",
            forged.wire_json,
            forged.hash,
        )
    for _ in range(2):
        # What was signed since covers it, and does not make it good.
        again = await start(running.settings)
        await again.state.audit.seal()
        answer = await (await again.operator()).get("api/v1/audit")
        assert answer.json()["broken"]
        found = await verified(again, tmp_path)
        assert not found.ok


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["another key", "no heads"])
async def test_who_can_write_the_database_cannot_sign_for_the_platform(
    running: Running, start: Start, how: str
) -> None:
    await running.create()
    await running.state.audit.seal()
    async with running.state.database.read() as session:
        head = await audit.newest_head(session)
    assert head is not None
    if how == "no heads":
        change(running, "DELETE FROM audit_checkpoints")
    else:
        stranger = signing.Signer(signing.make_key())
        root = bytes.fromhex(head.root)
        forged = make_checkpoint(stranger, head.interview, head.size, root, head.time)
        change(
            running,
            "UPDATE audit_checkpoints SET wire = ? WHERE size = ?",
            json.dumps(forged.wire()),
            head.size,
        )
    for _ in range(2):
        again = await start(running.settings)
        said = again.state.audit.broken
        words = "is signed" if how == "no heads" else "no key of this platform signed"
        assert words in said
    [broken] = [
        one["payload"] for one in await noted(await again.operator(), kind="broken")
    ]
    assert words in broken["detail"]


@pytest.mark.asyncio
async def test_what_could_not_be_signed_is_signed_the_next_time(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await running.create()
    signing.rotate(running.settings.platform_key, running.clock())
    log = running.state.audit

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "make_checkpoint", full)
        with pytest.raises(OSError, match="disk full"):
            await log.seal()
    assert await log.seal() is not None
    found = await verified(running, tmp_path)
    assert found.ok, found.why


@pytest.mark.asyncio
async def test_it_goes_on_over_a_restart_and_a_rotated_key(
    running: Running, start: Start, tmp_path: Path
) -> None:
    await running.create()
    await running.state.audit.seal()
    old = running.state.platform_keys.signer().key_id
    signing.rotate(running.settings.platform_key, running.clock())
    await running.create()
    await running.state.audit.seal()
    again = await start(running.settings)
    assert again.state.audit.broken == ""
    keys = [one["payload"] for one in await noted(await again.operator(), kind="key")]
    assert [one["replaces"] for one in keys] == [None, old]
    found = await verified(again, tmp_path)
    assert found.ok, found.why


# ------------------------------------------------------------------------ the page


@pytest.mark.asyncio
async def test_the_page_opens_by_the_link_of_the_command_line_only(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create()
    url = (await operator.post("api/v1/audit/page")).json()["url"]
    browser = await running.client(Accept="text/html")
    assert (await browser.get("audit")).status_code == 401
    opened = await browser.get(url)
    assert (opened.status_code, opened.headers["location"]) == (
        303,
        running.settings.prefix + "audit",
    )
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    page = await browser.get("audit")
    assert page.status_code == 200
    for words in ("Audit log", "Operator", "did: made", made["interview"]["id"]):
        assert words in page.text
    one_kind = await browser.get("audit?kind=decision")
    assert "There is no such entry." in one_kind.text
    assert (await browser.get("audit/file")).status_code == 200
    # The cookie opens nothing else.
    assert (await browser.get("api/v1/interviews")).status_code == 401
    for role in PEOPLE - {"visitor"}:
        somebody = await running.person(person_of(made, "interviewer"), f"{role}s")
        assert (await somebody.get("audit")).status_code == 401


@pytest.mark.asyncio
@pytest.mark.parametrize("ticket", ["", "x", "audit"])
async def test_a_link_that_is_not_ours_opens_nothing(
    running: Running, ticket: str
) -> None:
    browser = await running.client(Accept="text/html")
    answer = await browser.get("audit/open", params={"ticket": ticket})
    assert answer.status_code == 400
    assert "nbinterview audit --page" in answer.text
    assert "set-cookie" not in answer.headers
    # Neither does the cookie's own text as a link, nor the link's as a cookie.
    link = re.sub(".*ticket=", "", operator_pages.link(running.settings))
    browser.cookies.set(operator_pages.COOKIE, link)
    assert (await browser.get("audit")).status_code == 401


# ------------------------------------------------- who was taken out judges nobody


@pytest.mark.asyncio
@pytest.mark.parametrize("role", ["candidate", "interviewer"])
async def test_a_reviewer_who_was_taken_out_of_an_interview_does_not_judge_it(
    running: Running, operator: httpx.AsyncClient, role: str
) -> None:
    made = await running.create(reviewer="Rita")
    rita, interview = person_of(made, "reviewer"), made["interview"]["id"]
    theirs = person_of(made, role)
    # One person with both parts; then the link of this interview is withdrawn.
    change(
        running,
        "UPDATE participations SET hub_name = ? WHERE hub_name = ?",
        rita,
        theirs,
    )
    link = link_of(made, role)["id"]
    await operator.post(f"api/v1/invitations/{link}/withdraw")
    change(running, "UPDATE interviews SET state = 'ended' WHERE id = ?", interview)
    judge = await running.person(rita, "reviewers")
    page = f"interviews/{interview}/findings"
    assert (await judge.get(page)).status_code == 403
    decision = {"episode_id": "e1", "decision": "set_aside"}
    assert (await judge.post(f"{page}/decisions", data=decision)).status_code == 403
    report = await running.bearer(running.settings.keys.report_key)
    asked = {"hub_name": rita, "interview": interview}
    assert (await report.post("api/v1/tickets", json=asked)).status_code == 403


@pytest.mark.asyncio
async def test_a_reviewer_whose_only_link_was_withdrawn_judges_nobody(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await running.create(reviewer="Rita")
    rita, interview = person_of(made, "reviewer"), made["interview"]["id"]
    change(running, "UPDATE interviews SET state = 'ended' WHERE id = ?", interview)
    judge = await running.person(rita, "reviewers")
    assert (await judge.get(f"interviews/{interview}/findings")).status_code == 200
    # An older link that ran out does not keep the part.
    await running.create(interviewers=["I"], reviewer=rita)
    links = [link_of(made, "reviewer")["id"]]
    found = rows(
        running.settings,
        "SELECT i.id FROM invitations i JOIN participations p "
        "ON i.participation_id = p.id WHERE p.hub_name = ?",
        rita,
    )
    [other] = {one for (one,) in found} - set(links)
    change(
        running, "UPDATE invitations SET expires_at = created_at WHERE id = ?", other
    )
    await operator.post(f"api/v1/invitations/{links[0]}/withdraw")
    fresh = running._sessions.pop(rita)
    assert fresh
    judge = await running.person(rita, "reviewers")
    assert (await judge.get(f"interviews/{interview}/findings")).status_code == 403


def test_of_very_many_heads_the_export_has_some_and_the_newest() -> None:
    signer = signing.Signer(signing.make_key())
    root = bytes(32)
    time = "2026-11-23T12:00:00.000000Z"
    heads = [
        make_checkpoint(signer, audit.INTERVIEW, size, root, time)
        for size in range(1, 96)
    ]
    for most, left in ((1000, 95), (95, 95), (94, 48), (10, 10), (1, 1)):
        found = audit.some(heads, most)
        assert len(found) == left
        assert found[-1] is heads[-1]
        assert found == sorted(found, key=lambda one: one.size)
    assert audit.some([]) == []
