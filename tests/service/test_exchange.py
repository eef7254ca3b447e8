"""An interview as a file: out of one platform, into another, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbinterview.service.db.models import Erasure
from nbinterview.service.settings import Settings
from tests.service.support import START, Running, Start, lines, person_of, record
from tests.service.test_review import CONTESTED, REASON, Held

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


async def test_what_was_erased_arrives_erased_with_its_reason(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    made = await running.create(title="Wine")
    here = made["interview"]["id"]
    about = {"from_seq": 2, "to_seq": 3, "kinds": ["event"], "rule": "events_days=30"}
    async with running.state.database.write() as session:
        session.add(
            Erasure(
                id="erasederas", interview_id=here, reason="Over.", at=START, **about
            )
        )
    room = await running.room(here)
    batch = [record(here, seq) for seq in range(1, 6)]
    await room.post(f"api/v1/rooms/{here}/records", json={"records": batch})
    content = (
        await (await running.operator()).get(f"api/v1/interviews/{here}/record")
    ).content
    header, *wires = lines(content)
    gone = [wire["seq"] for wire in wires if wire["payload"] is None]
    assert gone == [2, 3]
    assert header["erasures"][0]["reason"] == "Over."
    other = await start(elsewhere)
    assert (await _import(other, content))[0] == 201
    again = await (await other.operator()).get(f"api/v1/interviews/{here}/record")
    there, *arrived = lines(again.content)
    assert (there["erasures"], arrived) == (header["erasures"], wires)
    # Without the erasure nobody says why there is nothing.
    bare = json.dumps({**header, "erasures": []}).encode()
    third = await start(replace(elsewhere, database=elsewhere.database.with_name("3")))
    status, body = await _import(third, b"\n".join([bare, *content.split(b"\n")[1:]]))
    assert status == 409
    assert "came without its payload" in body["detail"]


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


async def test_an_import_adds_nothing_to_an_interview_that_is_held_here(
    running: Running,
) -> None:
    here, content = await _exported(running, 400)
    header, *records = lines(content)
    header["records"] = 401
    more = [header, *records, record(here, 401)]
    file = b"".join(json.dumps(one).encode() + b"\n" for one in more)
    status, body = await _import(running, file)
    assert status == 409
    assert "is being held here" in body["detail"]
    operator = await running.operator()
    kept = (await operator.get(f"api/v1/interviews/{here}/record")).content
    assert len(lines(kept)) == 401
    # Once it has ended its export is taken again, as often as anybody likes.
    assert (await operator.post(f"api/v1/interviews/{here}/end")).status_code == 200
    assert (await _import(running, content))[0] == 201


# ------------------------------------------------- what was said about the record

GIVEN = {"sensors_off": ["camera"], "findings_off": [], "wider": {"window_left": 3.0}}


async def _said(running: Running) -> tuple[Held, bytes]:
    """Return a watched interview that was answered and decided, and its export."""
    held = await Held.of(running, ended=True, accommodations=GIVEN)
    cara, rita = await held.browser("candidate"), await held.browser("reviewer")
    for data in ({"episode_id": "e1", "text": CONTESTED}, {"text": "It was fine."}):
        assert (await cara.post(held.answers_url, data=data)).status_code == 303
        running.clock.move(seconds=5)
    for decision, reason in (("upheld", REASON), ("set_aside", "")):
        data = {"episode_id": "e1", "decision": decision, "reason": reason}
        assert (await rita.post(held.decisions_url, data=data)).status_code == 303
    operator = await running.operator()
    url = f"api/v1/interviews/{held.here}/record"
    return held, (await operator.get(url)).content


def _with_header(content: bytes, **changes: Any) -> bytes:
    head, rest = content.split(b"\n", 1)
    return json.dumps({**json.loads(head), **changes}).encode() + b"\n" + rest


async def test_answers_and_decisions_travel_along_and_accommodations_stay(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    held, content = await _said(running)
    header = json.loads(content.split(b"\n", 1)[0])
    assert [each["role"] for each in header["people"]][-1] == "reviewer"
    assert b"accommodations" not in content
    assert b"findings_off" not in content
    other = await start(elsewhere)
    for _ in range(2):  # twice is harmless
        assert (await _import(other, content))[0] == 201
    there = await (await other.ticket(await _reader(other), held.here)).get(
        f"api/v1/report/interviews/{held.here}"
    )
    here = await held.report()
    assert len(here["answers"]) == len(here["decisions"]) == 2
    assert there.json()["answers"] == here["answers"]
    assert there.json()["decisions"] == here["decisions"]
    operator = await other.operator()
    again = await operator.get(f"api/v1/interviews/{held.here}/record")
    assert again.content == content


async def _reader(running: Running) -> str:
    """Return a reviewer of this platform, who may read every report."""
    made = await running.create(reviewer="Rolf Reader")
    return person_of(made, "reviewer")


async def test_a_reviewer_of_elsewhere_is_a_name_here_and_no_more(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    held, content = await _said(running)
    other = await start(elsewhere)
    assert (await _import(other, content))[0] == 201
    rita = person_of(held.made, "reviewer")
    with pytest.raises(AssertionError, match="403"):
        await other.ticket(rita, held.here)


async def test_what_is_said_in_a_file_keeps_the_rules_of_what_is_said_here(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    held, content = await _said(running)
    header = json.loads(content.split(b"\n", 1)[0])
    [answer, _], [upheld, _] = header["answers"], header["decisions"]
    interviewer = person_of(held.made, "interviewer")
    other = await start(elsewhere)
    for changes in (
        {"answers": [{**answer, "episode_id": "e9"}]},
        {"answers": [{**answer, "text": " "}]},
        {"answers": [{**answer, "by": interviewer}]},
        {"answers": [{**answer, "by": "p-zzzzzzzzzz"}]},
        {"answers": [{**answer, "note": 1}]},
        {"decisions": [{**upheld, "episode_id": "e2"}]},
        {"decisions": [{**upheld, "reason": "So what"}]},
        {"decisions": [{**upheld, "by": answer["by"]}]},
        {"decisions": [{**upheld, "decision": "guilty"}]},
    ):
        status, body = await _import(other, _with_header(content, **changes))
        assert status == 400, (changes, body)
        operator = await other.operator()
        assert (await operator.get("api/v1/interviews")).json()["interviews"] == []


async def test_an_import_adds_nothing_to_what_was_said_about_one_of_ours(
    running: Running, start: Start, elsewhere: Settings
) -> None:
    held, content = await _said(running)
    header = json.loads(content.split(b"\n", 1)[0])
    forged = {**header["decisions"][0], "reason": "Because I say so, and so on."}
    changed = _with_header(content, decisions=[*header["decisions"], forged])
    before = await held.report()
    assert (await _import(running, changed))[0] == 409
    assert await held.report() == before
    # A file from before that they were said has less in it, which is no contradiction.
    older = _with_header(content, answers=header["answers"][:1], decisions=[])
    other = await start(elsewhere)
    assert (await _import(other, content))[0] == 201
    assert (await _import(other, older))[0] == 201
    assert (await _import(other, changed))[0] == 409
