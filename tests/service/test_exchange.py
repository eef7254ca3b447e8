"""An interview as a file: out of one platform, into another, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbinterview.service.settings import Settings
from tests.service.support import Running, Start, lines, record

pytestmark = pytest.mark.asyncio


async def _exported(running: Running, records: int = 1200) -> tuple[str, bytes]:
    made = await running.create(title="Wine")
    here = made["interview"]["id"]
    room = await running.room(here)
    for first in range(1, records + 1, 400):
        batch = [record(here, seq) for seq in range(first, first + 400)]
        answer = await room.post(
            f"api/v1/rooms/{here}/records", json={"records": batch}
        )
        assert answer.status_code == 200
    operator = await running.operator()
    answer = await operator.get(f"api/v1/interviews/{here}/record")
    return here, answer.content


async def _import(
    running: Running, content: bytes, **query: str
) -> tuple[int, dict[str, Any]]:
    operator = await running.operator()
    answer = await operator.post("api/v1/records/import", content=content, params=query)
    return answer.status_code, answer.json()


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """Another platform, with a database of its own."""
    return replace(settings, database=tmp_path / "elsewhere.sqlite")


async def test_a_sample_arrives_whole_and_is_marked(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    here, content = await _exported(running)
    other = await start(elsewhere)
    assert await _import(other, content, sample="true") == (
        201,
        {"id": here, "records": 1200},
    )
    operator = await other.operator()
    [listed] = (await operator.get("api/v1/interviews")).json()["interviews"]
    assert (listed["id"], listed["title"]) == (here, "Wine")
    assert (listed["sample"], listed["state"]) == (True, "ended")
    assert listed["record"]["last_seq"] == 1200
    assert [p["display_name"] for p in listed["people"]] == [
        "Cara Candidate",
        "Ines Interviewer",
    ]
    again = (await operator.get(f"api/v1/interviews/{here}/record")).content
    assert lines(again)[1:] == lines(content)[1:]


async def test_importing_twice_is_harmless(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    _, content = await _exported(running, 400)
    other = await start(elsewhere)
    first = await _import(other, content, sample="true")
    assert await _import(other, content, sample="true") == first


async def test_a_sample_has_no_room_and_takes_no_records(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    here, content = await _exported(running, 400)
    other = await start(elsewhere)
    await _import(other, content, sample="true")
    room = await other.room(here)
    answer = await room.post(
        f"api/v1/rooms/{here}/records", json={"records": [record(here, 401)]}
    )
    assert answer.status_code == 409


async def test_a_file_that_is_not_whole_leaves_nothing(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    _, content = await _exported(running, 800)
    head, *rest = content.splitlines()
    tampered = json.loads(rest[700])
    tampered["payload"] = {"n": "rewritten"}
    header = json.loads(head)
    header["format"] = "nbinterview-record/9"
    other = await start(elsewhere)
    for broken in (
        b"",
        b"\x00\x01",
        b"\n".join([head, *rest[:-1]]),
        b"\n".join([head, *rest[:700], json.dumps(tampered).encode(), *rest[701:]]),
        b"\n".join([json.dumps(header).encode(), *rest]),
        b"\n".join([head, *rest[1:]]),
    ):
        status, body = await _import(other, broken, sample="true")
        assert status in {400, 409}, body
        operator = await other.operator()
        assert (await operator.get("api/v1/interviews")).json()["interviews"] == []


async def test_an_import_never_touches_an_interview_of_ours(running: Running) -> None:
    here, content = await _exported(running, 400)
    status, _ = await _import(running, content, sample="true")
    assert status == 409
    operator = await running.operator()
    shown = (await operator.get(f"api/v1/interviews/{here}")).json()["interview"]
    assert (shown["sample"], shown["state"]) == (False, "scheduled")
