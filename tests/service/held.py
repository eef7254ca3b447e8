"""An interview that was held, with something secret everywhere it leaves traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from nbinterview.ledger.records import Record
from nbinterview_server.journal_file import JournalFile
from tests.service.stored import files_with, rows
from tests.service.support import (
    Running,
    person_of,
    record,
)

SECRET = "Zebrafinkenschnabel"
NAME = "Cara Candidate"


def wires(interview: str) -> list[dict[str, Any]]:
    """Return a short record with something secret in every part of it."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("room.started", {"versions": {}, "policy": {}}),
        ("interview.state", {"state": "open"}),
        ("person.joined", {"browser": SECRET, "role": "candidate"}),
        ("observations", {"frames": [{"secret": SECRET}]}),
        ("event", {"event": {"name": "comment", "text": SECRET}}),
        ("flag", {"episode_id": "e1", "rule": "tab_hidden", "title": SECRET}),
        ("execution.requested", {"code": SECRET}),
        ("interview.state", {"state": "ended"}),
    ]
    return [
        record(interview, seq, kind, payload)
        for seq, (kind, payload) in enumerate(kinds, start=1)
    ]


async def held(running: Running, **given: Any) -> dict[str, Any]:
    """Make an interview that was held, shipped and ended an hour ago."""
    made = await running.create(**given)
    interview = made["interview"]["id"]
    room = await running.room(interview)
    await set_row(running, interview, state="open", opened_at=when(running))
    answer = await room.post(
        f"api/v1/rooms/{interview}/records", json={"records": wires(interview)}
    )
    assert answer.status_code == 200, answer.text
    ended = {"ended_at": when(running), "room_stopped_at": when(running)}
    await set_row(running, interview, state="ended", **ended)
    cara = await running.person(person_of(made, "candidate"))
    answered = await cara.post(
        f"interviews/{interview}/my-record/answers", data={"text": SECRET}
    )
    assert answered.status_code == 303
    return made


async def signed_in_anew(running: Running, hub_name: str) -> httpx.AsyncClient:
    """Return a browser with a session of its own: earlier ones have run out."""
    running._sessions.pop(hub_name, None)
    return await running.person(hub_name)


def when(running: Running) -> str:
    return running.clock().strftime("%Y-%m-%d %H:%M:%S.%f")


async def set_row(running: Running, interview: str, **values: str) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE interviews SET {names} WHERE id = ?"
    rows(running.settings, sql, *values.values(), interview)


def leave_room(running: Running, interview: str) -> Path:
    """Put a room's directory where the room has left it."""
    assert running.settings.rooms is not None
    folder = running.settings.rooms / interview
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "interview.ipynb").write_text(SECRET)
    (folder / "room.json").write_text(SECRET)
    (folder / "journal.damaged-20261122T090000.000000Z.sqlite").write_text(SECRET)
    journal = JournalFile(folder / "journal.sqlite")
    journal.write(
        [
            (wire["seq"], wire["kind"], Record.from_wire(wire).wire_json)
            for wire in wires(interview)
        ]
    )
    journal.close()
    (folder.parent.parent / "logs" / f"room-{interview}.log").write_text(SECRET)
    return folder


def found_in(folder: Path, word: str = SECRET) -> list[str]:
    """Return the files below a folder that hold a word."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    )


def in_database(running: Running, word: str = SECRET) -> list[str]:
    """Return the files of the database that hold a word, log and all."""
    found = files_with(running.settings, word)
    beside = running.settings.database.with_name("erasures.jsonl")
    if beside.exists() and word.encode() in beside.read_bytes():
        found.append(beside.name)
    return found


async def purge(operator: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    answer = await operator.post("api/v1/purge", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def records_of(
    operator: httpx.AsyncClient, interview: str
) -> list[dict[str, Any]]:
    answer = await operator.get(f"api/v1/interviews/{interview}/records")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


async def noted(operator: httpx.AsyncClient, kind: str) -> list[dict[str, Any]]:
    answer = await operator.get(f"api/v1/audit?kind={kind}")
    return [one["payload"] for one in answer.json()["records"]]


def erased(records: list[dict[str, Any]]) -> list[str]:
    return [one["kind"] for one in records if one["payload"] is None]
