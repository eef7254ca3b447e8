"""Retention over the real application, its files and a room's."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from nbinterview.errors import Unavailable
from nbinterview.ledger.checkpoints import Receipt
from nbinterview.ledger.records import Record
from nbinterview.ledger.stored import from_store
from nbinterview.ledger.verify import verify
from nbinterview.service.domain import erasing
from nbinterview.service.domain.erasure_log import ErasureLog
from nbinterview.service.domain.retention import Erasure, deletion
from nbinterview.service.hub import Hub
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
    signed_in_anew,
    when,
    wires,
)
from tests.service.signed import SigningRoom
from tests.service.stored import back_up, restored, rows
from tests.service.support import (
    Running,
    Start,
    person_of,
    record,
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


# ------------------------------------------------------------------- retention


@pytest.mark.asyncio
async def test_each_part_goes_at_its_time_and_its_hash_stays(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    before = await records_of(operator, interview)
    folder = leave_room(running, interview)
    assert (await purge(operator))["erased"] == []
    running.clock.move(days=31)
    due = await purge(operator, dry_run=True)
    assert [(one["rule"], one["records"]) for one in due["erased"]] == [
        ("camera_days=30", 1)
    ]
    assert erased(await records_of(operator, interview)) == []

    assert (await purge(operator))["erased"] == due["erased"]
    after = await records_of(operator, interview)
    assert erased(after) == ["observations"]
    assert [one["hash"] for one in after] == [one["hash"] for one in before]
    for one in after:
        Record.from_wire(one)
    assert (folder / "work" / "interview.ipynb").exists()
    assert (await purge(operator))["erased"] == []

    running.clock.move(days=150)
    [events] = (await purge(operator))["erased"]
    assert (events["rule"], events["records"]) == ("events_days=180", 3)
    cara = await signed_in_anew(running, person_of(made, "candidate"))
    page = await cara.get(f"interviews/{interview}/my-record")
    assert "What was noted has been erased." in page.text
    assert "are kept for 30 days after" in page.text
    told = await noted(operator, "erasure")
    assert [one["rule"] for one in told] == ["events_days=180", "camera_days=30"]
    assert all(one["about"] == interview for one in told)


@pytest.mark.asyncio
async def test_at_the_end_nothing_of_a_person_is_left_anywhere(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    folder = leave_room(running, interview)
    assert in_database(running) != []
    running.clock.move(days=366)
    [whole] = (await purge(operator))["erased"]
    assert whole["rule"] == "whole=365"
    assert in_database(running) == in_database(running, NAME) == []
    assert not folder.exists()
    assert found_in(folder.parent.parent) == []
    listed = (await operator.get("api/v1/interviews")).json()["interviews"]
    assert interview not in [one["id"] for one in listed]
    assert (await operator.get(f"api/v1/interviews/{interview}")).status_code == 410
    assert (await purge(operator))["erased"] == []


@pytest.mark.asyncio
async def test_a_rooms_journal_loses_what_is_due_and_still_verifies(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running, title="Anna")
    interview = made["interview"]["id"]
    folder = leave_room(running, interview)
    running.clock.move(days=181)
    await purge(operator)
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        rows = database.execute("SELECT wire FROM records ORDER BY seq").fetchall()
        told = database.execute("SELECT wire FROM erasures").fetchall()
    left = [Record.from_json(from_store(wire)) for (wire,) in rows]
    assert [one.kind for one in left if one.erased] == [
        *("person.joined", "observations", "event", "flag")
    ]
    assert [one.hash for one in left] == [one["hash"] for one in wires(interview)]
    assert len(told) == 2
    # The copy of a damaged journal is gone; the notebook has its own time.
    assert found_in(folder) == ["interview.ipynb", "journal.sqlite", "room.json"]


@pytest.mark.asyncio
async def test_what_comes_late_is_erased_as_it_comes(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    running.clock.move(days=31)
    await purge(operator)
    late = [record(interview, 9, "observations", {"frames": [SECRET]})]
    late += [record(interview, 10, "room.stopped", {"reason": "late"})]
    room = await running.room(interview)
    answer = await room.post(
        f"api/v1/rooms/{interview}/records", json={"records": late}
    )
    assert answer.status_code == 200, answer.text
    found = await records_of(operator, interview)
    assert erased(found) == ["observations", "observations"]
    # And a repeat of what was erased is harmless.
    again = await room.post(
        f"api/v1/rooms/{interview}/records", json={"records": wires(interview)}
    )
    assert again.status_code == 200, again.text
    assert erased(await records_of(operator, interview)) == erased(found)


@pytest.mark.asyncio
async def test_an_open_interview_and_a_closing_room_are_left_alone(
    running: Running, operator: httpx.AsyncClient
) -> None:
    opened = (await held(running))["interview"]["id"]
    await set_row(running, opened, state="open")
    closing_one = (await held(running))["interview"]["id"]
    sql = "UPDATE interviews SET room_stopped_at = NULL WHERE id = ?"
    rows(running.settings, sql, closing_one)
    running.clock.move(days=400)
    found = await purge(operator)
    assert found["erased"] == []
    assert found["waiting"] == [f"{closing_one}: its room is still closing."]
    for interview in (opened, closing_one):
        assert erased(await records_of(operator, interview)) == []


@pytest.mark.asyncio
async def test_a_branch_is_ended_and_goes_with_the_notebook(
    running: Running, operator: httpx.AsyncClient
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    copy = (await running.create(title=SECRET))["interview"]["id"]
    sql = "UPDATE interviews SET branch_of = ? WHERE id = ?"
    rows(running.settings, sql, interview, copy)
    running.clock.move(days=366)
    first = await purge(operator)
    assert [one["interview"] for one in first["erased"]] == [interview]
    assert first["waiting"] == [f"{copy}: its room is still closing."]
    second = await purge(operator)
    assert [one["interview"] for one in second["erased"]] == [copy]
    assert in_database(running) == []


@pytest.mark.asyncio
async def test_the_tree_still_verifies_and_says_what_was_erased_and_why(
    running: Running, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    room = await SigningRoom.open(running)
    assert (await room.certify())[0] == 200
    room.write(kind="room.started", payload={"policy": None, "versions": {}})
    for kind in ("observations", "flag", "execution.requested"):
        room.write(kind=kind, payload={"secret": SECRET})
    room.end()
    assert (await room.send(room.wires, room.sign()))[0] == 200
    stamp = {"opened_at": when(running), "ended_at": when(running)}
    await set_row(
        running, room.interview, state="ended", room_stopped_at=when(running), **stamp
    )
    people = await operator.get(f"api/v1/interviews/{room.interview}")
    hub_name = person_of(people.json(), "candidate")
    cara = await running.person(hub_name)
    kept = await cara.get(f"interviews/{room.interview}/my-record/receipt")
    receipt = Receipt.from_wire(kept.json())

    async def proved() -> list[str]:
        answer = await operator.get(f"api/v1/interviews/{room.interview}/bundle")
        assert answer.status_code == 200, answer.text
        bundle = tmp_path / "bundle.zip"
        bundle.write_bytes(answer.content)
        keys = [one.public_key for one in running.state.platform_keys.published()]
        found = verify(bundle, receipt=receipt, platform_keys=keys)
        assert found.ok, found.why
        return [words for words in found.checked if "erased" in words]

    assert await proved() == []
    running.clock.move(days=31)
    await purge(operator)
    [camera] = await proved()
    assert "1 erased record" in camera
    assert "kept for 30 days after the interview's end" in camera
    done = await operator.delete(f"api/v1/people/{hub_name}")
    assert done.status_code == 200, done.text
    [everything] = await proved()
    assert "3 erased records" in everything
    assert "The candidate asked for it" in everything


# --------------------------------------------------- errors, restarts and backups


@pytest.mark.asyncio
async def test_a_purge_that_answered_an_error_is_never_done_later(
    running: Running,
    operator: httpx.AsyncClient,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    running.clock.move(days=31)

    async def refuse(*_: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(erasing, "_records", refuse)
        found = await purge(operator)
        assert found["erased"] == []
        [waiting] = found["waiting"]
        assert "Nothing was erased: the database refused." in waiting
        cara = await operator.delete(f"api/v1/people/{person_of(made, 'candidate')}")
        assert cara.status_code == 503
        assert "Nothing was erased" in cara.json()["detail"]
    again = await start(running.settings)
    records = await records_of(await again.operator(), interview)
    assert erased(records) == []
    assert await noted(operator, "erasure") == []


@pytest.mark.asyncio
async def test_what_a_crash_left_undone_is_done_before_serving_and_said(
    running: Running, operator: httpx.AsyncClient, start: Start
) -> None:
    interview = (await held(running))["interview"]["id"]
    rule = Erasure(
        id="writtendow",
        interview=interview,
        from_seq=1,
        to_seq=2**53 - 1,
        kinds=("observations",),
        reason="Kept for 30 days.",
        rule="camera_days=30",
        at="2026-12-24T10:00:00.000000Z",
    )
    log = ErasureLog(running.settings.database.with_name("erasures.jsonl"))
    # Also of an interview that this database has never had.
    log.add([rule, replace(rule, id="unknown", interview="zzzzzzzzzz")])
    again = await start(running.settings)
    operator = await again.operator()
    assert erased(await records_of(operator, interview)) == ["observations"]
    [told] = await noted(operator, "erasure")
    assert (told["again"], told["erasure"]) == (True, "writtendow")


@pytest.mark.asyncio
async def test_a_restored_backup_has_its_purges_applied_before_it_serves(
    settings: Settings, start: Start, tmp_path: Path
) -> None:
    async with AsyncExitStack():
        running = await start(settings)
        made = await held(running)
        interview = made["interview"]["id"]
        backup = tmp_path / "backup"
        back_up(settings, backup)
        running.clock.move(days=31)
        await purge(await running.operator())
        answer = await (await running.operator()).delete(
            f"api/v1/people/{person_of(made, 'candidate')}"
        )
        assert answer.status_code == 200, answer.text
    elsewhere = restored(settings, backup, tmp_path / "restored")
    log = settings.database.with_name("erasures.jsonl")
    shutil.copy(log, elsewhere.database.parent)
    again = await start(elsewhere)
    assert in_database(again) == in_database(again, NAME) == []
    gone = await (await again.operator()).get(f"api/v1/interviews/{interview}")
    assert gone.status_code == 410


@pytest.mark.asyncio
async def test_a_hub_that_does_not_answer_keeps_no_service_from_serving(
    running: Running, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    folder = leave_room(running, interview)
    # As it is after a backup was brought back: the file knows, the database does not.
    path = running.settings.database.with_name("erasures.jsonl")
    ErasureLog(path).add(
        deletion([interview], "Asked for.", running.clock(), lambda: "aaaaaaaaaa")
    )
    asked: list[str] = []

    async def hangs(_: object, hub_name: str) -> None:
        asked.append(hub_name)
        raise Unavailable("The hub does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(Hub, "delete_user", hangs)
        again = await start(running.settings)
        assert asked == []
        assert not folder.exists()
        await again.state.eraser.finish()
        assert asked == [person_of(made, "candidate")]
    assert (await again.state.eraser.finish()).waiting == []
    assert (await purge(await again.operator()))["waiting"] == []


@pytest.mark.asyncio
async def test_a_lost_file_is_written_again_from_the_database(
    running: Running, operator: httpx.AsyncClient, start: Start
) -> None:
    await held(running)
    running.clock.move(days=31)
    await purge(operator)
    path = running.settings.database.with_name("erasures.jsonl")
    before = ErasureLog(path).read().standing
    path.unlink()
    await start(running.settings)
    assert ErasureLog(path).read().standing == before


@pytest.mark.asyncio
async def test_a_damaged_line_is_said_and_two_purges_never_run_at_once(
    running: Running, operator: httpx.AsyncClient
) -> None:
    path = running.settings.database.with_name("erasures.jsonl")
    path.write_bytes(b'{"erase": {"interview": "../../etc"}}\n')
    assert (await purge(operator))["damaged_lines"] == [1]
    other = ErasureLog(path)
    with other.alone():
        answer = await operator.post("api/v1/purge", json={})
        assert answer.status_code == 409
        assert "at the moment" in answer.json()["detail"]
    assert (await purge(operator))["erased"] == []


@pytest.mark.asyncio
async def test_what_could_not_be_erased_elsewhere_is_said_and_tried_again(
    running: Running, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await held(running)
    interview = made["interview"]["id"]
    folder = leave_room(running, interview)
    target = folder.with_name("elsewhere")
    folder.rename(target)
    folder.symlink_to(target)
    done = await operator.delete(f"api/v1/people/{person_of(made, 'candidate')}")
    assert done.json()["waiting"] == [
        f"{interview}: {folder} is a link; it was left alone."
    ]
    assert found_in(target) != []
    folder.unlink()
    target.rename(folder)

    async def away(_: str) -> None:
        raise Unavailable("The hub does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(running.state.hub, "delete_user", away)
        [waiting] = (await purge(operator))["waiting"]
    assert "The hub still knows the candidate's name" in waiting
    assert not folder.exists()
    assert (await purge(operator))["waiting"] == []
