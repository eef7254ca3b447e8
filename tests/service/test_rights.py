"""A person's data as a file, and deleted: pages, REST, and what is left."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from nbinterview.errors import Conflict
from nbinterview.service.db.models import Interview
from nbinterview.service.domain import interviews
from nbinterview.service.settings import Settings
from tests.service.held import (
    NAME,
    SECRET,
    erased,
    found_in,
    held,
    in_database,
    leave_room,
    noted,
    purge,
    records_of,
    set_row,
    when,
    wires,
)
from tests.service.stored import rows
from tests.service.support import (
    START,
    Running,
    Start,
    eventually,
    link_of,
    person_of,
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Of a service with its rooms' directories on this machine."""
    (tmp_path / "home" / "rooms").mkdir(parents=True)
    (tmp_path / "home" / "logs").mkdir()
    return replace(settings, rooms=tmp_path / "home" / "rooms")


@pytest_asyncio.fixture
async def operator(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    yield await running.operator()


# ------------------------------------------------------------ a person's rights


@pytest.mark.asyncio
async def test_a_candidate_takes_everything_about_them_and_no_other_names(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running, accommodations={"sensors_off": ["camera"]})
    interview, hub_name = made["interview"]["id"], person_of(made, "candidate")
    cara = await running.person(hub_name)
    page = await cara.get(f"interviews/{interview}/my-record")
    assert "Download everything about me" in page.text
    answer = await cara.get(f"interviews/{interview}/my-record/everything")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    where = f"interviews/{interview}"
    assert set(texts) == {
        *("README.txt", "person.json", "audit.jsonl", f"{where}/interview.json"),
        *(f"{where}/records.jsonl", f"{where}/audit.jsonl"),
    }
    about = json.loads(texts[f"{where}/interview.json"])
    assert about["arranged_for_you"]["sensors_off"] == ["camera"]
    assert about["your_answers"][0]["text"] == SECRET
    assert [
        json.loads(one) for one in texts[f"{where}/records.jsonl"].splitlines()
    ] == (wires(interview))
    assert json.loads(texts["person.json"])["display_name"] == NAME
    assert "hash: 64 digits" in texts["README.txt"]
    whole = "".join(texts.values())
    assert "Ines" not in whole
    assert link_of(made, "candidate")["url"].split("token=")[1] not in whole
    by_command = await operator.get(f"api/v1/people/{hub_name}/export")
    assert by_command.status_code == 200
    copies = await noted(operator, "export")
    assert {one["shown"] for one in copies} == {"person"}
    assert [one["about"] for one in copies] == [hub_name, interview]
    # Who of the staff took a copy of it is theirs to know, too.
    again = await operator.get(f"api/v1/people/{hub_name}/export")
    with zipfile.ZipFile(io.BytesIO(again.content)) as packed:
        lines = packed.read("audit.jsonl").splitlines()
    taken = [json.loads(one)["payload"]["shown"] for one in lines]
    assert taken == ["person", "person"]


@pytest.mark.asyncio
async def test_a_candidate_deletes_everything_after_a_second_question(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview, hub_name = made["interview"]["id"], person_of(made, "candidate")
    folder = leave_room(running, interview)
    cara = await running.person(hub_name)
    path = f"interviews/{interview}/my-record/delete"
    asked = await cara.get(path)
    assert "What stays, and why" in asked.text
    unsure = await cara.post(path)
    assert unsure.status_code == 400
    assert "nothing was deleted" in unsure.text
    assert found_in(folder) != []

    done = await cara.post(path, data={"sure": "yes"})
    assert done.status_code == 200, done.text
    assert "Your data is deleted" in done.text
    assert "64 digits" in done.text
    assert in_database(running) == in_database(running, NAME) == []
    assert not folder.exists()
    again = await cara.get(f"interviews/{interview}/my-record")
    assert again.status_code in {302, 303, 307}
    link = await (await running.bearer(running.settings.keys.hub_key)).get(
        f"api/v1/invitations/{link_of(made, 'candidate')['id']}"
    )
    assert link.status_code == 404
    # The hub has kept the name for its rooms.
    known = await running.state.hub._call("GET", f"/users/{hub_name}", ok=(200, 404))
    assert known.status_code == 404
    [told] = await noted(operator, "erasure")
    assert (told["rule"], told["reason"]) == ("deletion", "The candidate asked for it.")
    assert (await operator.delete(f"api/v1/people/{hub_name}")).status_code == 404


@pytest.mark.asyncio
async def test_what_was_deleted_is_not_taken_in_again(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    exported = await operator.get(f"api/v1/interviews/{interview}/record")
    done = await operator.delete(f"api/v1/people/{person_of(made, 'candidate')}")
    assert done.status_code == 200, done.text
    answer = await operator.post("api/v1/records/import", content=exported.content)
    assert answer.status_code in {409, 410}
    assert in_database(running) == []


@pytest.mark.asyncio
async def test_an_import_loses_what_was_erased_here_before(
    running: Running, operator: httpx.AsyncClient, start: Start, tmp_path: Path
) -> None:
    interview = (await held(running))["interview"]["id"]
    exported = await operator.get(f"api/v1/interviews/{interview}/record")
    running.clock.move(days=31)
    await purge(operator)
    # Into a database that has never had this interview, beside the same file.
    empty = tmp_path / "empty" / "service.sqlite"
    empty.parent.mkdir()
    shutil.copy(running.settings.database.with_name("erasures.jsonl"), empty.parent)
    again = await start(replace(running.settings, database=empty))
    operator = await again.operator()
    answer = await operator.post("api/v1/records/import", content=exported.content)
    assert answer.status_code == 201, answer.text
    assert erased(await records_of(operator, interview)) == ["observations"]


@pytest.mark.asyncio
async def test_what_is_made_of_an_erased_notebook_is_refused_in_words(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    running.clock.move(days=366)
    with closing(sqlite3.connect(running.settings.database)) as database, database:
        database.execute(
            "UPDATE interviews SET policy = json_set(policy, "
            "'$.retention.notes_days', NULL) WHERE id = ?",
            [interview],
        )
    await purge(operator)
    page = await running.person(person_of(made, "interviewer"), "interviewers")
    asked = await page.post(f"interviews/{interview}/checks")
    assert asked.status_code == 409
    assert "has been erased" in asked.text
    for path in ("findings", "replay"):
        assert (await page.get(f"interviews/{interview}/{path}")).status_code == 200
    flags = await page.get(f"interviews/{interview}/findings")
    assert "What was flagged has been erased." in flags.text
    film = await page.get(f"interviews/{interview}/replay/film")
    assert film.status_code in {200, 404}
    assert SECRET not in film.text
    reader = await running.ticket(person_of(made, "interviewer"), interview)
    for part in ("", "/records", "/checks", "/film", "/notebook"):
        answer = await reader.get(f"api/v1/report/interviews/{interview}{part}")
        assert answer.status_code in {200, 404}, answer.text
        # What a candidate wrote about it has no time in this policy.
        assert SECRET not in answer.text or part == ""


@pytest.mark.asyncio
async def test_nothing_is_deleted_while_an_interview_is_open(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    await set_row(running, made["interview"]["id"], state="open")
    answer = await operator.delete(f"api/v1/people/{person_of(made, 'candidate')}")
    assert answer.status_code == 409
    assert "still open" in answer.json()["detail"]
    cara = await running.person(person_of(made, "candidate"))
    page = f"interviews/{made['interview']['id']}/my-record"
    assert (await cara.post(f"{page}/delete", data={"sure": "yes"})).status_code == 409
    assert (await cara.get(f"{page}/everything")).status_code == 409


@pytest.mark.asyncio
async def test_an_interview_that_is_opened_while_others_close_is_not_deleted(
    running: Running,
    operator: httpx.AsyncClient,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    eraser = running.state.eraser
    decide = eraser._deletable

    async def decided_a_while_ago(hub_name: str) -> list[str]:
        found = await decide(hub_name)
        await set_row(running, interview, state="open")
        return found

    monkeypatch.setattr(eraser, "_deletable", decided_a_while_ago)
    answer = await operator.delete(f"api/v1/people/{person_of(made, 'candidate')}")
    assert answer.status_code == 409
    assert "has just been opened" in answer.json()["detail"]
    # Neither now nor at the next start.
    again = await start(running.settings)
    assert erased(await records_of(await again.operator(), interview)) == []


def test_what_is_erased_is_neither_opened_nor_ended_again() -> None:
    gone = Interview(state="purged", ended_at=START)
    assert not interviews.mark_ended(gone, now=START + timedelta(days=1))
    with pytest.raises(Conflict):
        interviews.mark_open(gone, now=START)
    assert (gone.state, gone.ended_at) == ("purged", START)


@pytest.mark.asyncio
async def test_a_name_stays_while_the_person_has_another_part(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    hub_name = person_of(made, "candidate")
    await running.create(interviewers=[hub_name])
    assert (await operator.delete(f"api/v1/people/{hub_name}")).status_code == 200
    assert in_database(running) == []
    assert in_database(running, NAME) != []


@pytest.mark.asyncio
async def test_staff_and_strangers_are_nobodys_candidate(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    for name in (person_of(made, "interviewer"), "p-aaaaaaaaaa"):
        assert (await operator.delete(f"api/v1/people/{name}")).status_code == 404
        assert (await operator.get(f"api/v1/people/{name}/export")).status_code == 404
    assert erased(await records_of(operator, made["interview"]["id"])) == []


@pytest.mark.asyncio
async def test_an_open_branch_is_ended_by_a_deletion(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    copy = (await running.create(title=SECRET))["interview"]["id"]
    rows(
        running.settings,
        "UPDATE interviews SET branch_of = ?, state = 'open', opened_at = ? "
        "WHERE id = ?",
        made["interview"]["id"],
        when(running),
        copy,
    )

    async def deleted() -> bool:
        path = f"api/v1/people/{person_of(made, 'candidate')}"
        return (await operator.delete(path)).status_code == 200

    await eventually("the branch's end", deleted)
    assert in_database(running) == []
    assert (await operator.get(f"api/v1/interviews/{copy}")).status_code == 410
