"""What was erased of a record breaks no page that shows the rest."""

from __future__ import annotations

import pytest

from nbinterview.service.db.models import Erasure
from nbinterview.service.domain.retention import ERASABLE
from tests.service.signed import SigningRoom
from tests.service.support import START, Running, person_of
from tests.service.told import Told


@pytest.mark.asyncio
@pytest.mark.parametrize("kinds", [["event", "flag", "warning"], list(ERASABLE), []])
async def test_every_page_of_an_interview_stands_erasures(
    running: Running, kinds: list[str]
) -> None:
    made = await running.create(reviewer="Rita")
    here = made["interview"]["id"]
    async with running.state.database.write() as session:
        session.add(
            Erasure(
                id="aaaaaaaaaa",
                interview_id=here,
                from_seq=1,
                to_seq=1000,
                kinds=kinds,
                reason="Its time is over.",
                rule="whole",
                at=START,
            )
        )
    told = Told(here).open("1 + 1")
    told.run(1)
    finding = {"episode_id": "e1", "rule": "faces", "title": "Two faces"}
    told.tell("warning", {"episode_id": "e1", "rule": "faces", "text": "Look here."})
    began = told.records[-1]["time"]
    told.tell("flag", {**finding, "started_at": began})
    told.tell("gap", {"what": "watching", "state": "began", "cause": "offline"})
    told.tell("interview.state", {"state": "ended"})
    told.tell("room.stopped", {"reason": "ended"})
    room = SigningRoom(running, here)
    await running.state.rooms.end(here, None)
    status, body = await room.send(told.records)
    assert status == 200, body
    operator = await running.operator()
    candidate = await running.person(person_of(made, "candidate"))
    staff = await running.person(person_of(made, "interviewer"), "interviewers")
    reviewer = await running.person(person_of(made, "reviewer"), "reviewers")
    for client, path in (
        (candidate, f"interviews/{here}/my-record"),
        (staff, f"interviews/{here}"),
        (staff, f"interviews/{here}/replay"),
        (staff, f"interviews/{here}/replay/film"),
        (reviewer, f"interviews/{here}/findings"),
        (staff, f"interviews/{here}/checks"),
        (staff, f"api/v1/interviews/{here}/events?once=true"),
        (operator, f"api/v1/interviews/{here}"),
        (operator, f"api/v1/interviews/{here}/record"),
        (operator, f"api/v1/interviews/{here}/film"),
        (operator, f"api/v1/interviews/{here}/bundle"),
        (operator, f"api/v1/report/interviews/{here}"),
        (operator, f"api/v1/report/interviews/{here}/notebook"),
        (operator, "api/v1/interviews"),
    ):
        answer = await client.get(path)
        # Of what is gone there may be no film and no notebook, and that is said.
        gone = answer.status_code == 404 and "erased" in answer.text.lower()
        assert answer.status_code == 200 or gone, f"{path}: {answer.text[:400]}"
    answer = await operator.post(
        f"api/v1/interviews/{here}/branches", json={"at_ms": 1000}
    )
    assert answer.status_code in {201, 404, 409}, answer.text
