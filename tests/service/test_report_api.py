"""What the report reads, and how far a ticket reaches."""

from __future__ import annotations

import base64
from typing import Any

import nbformat
import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from nbinterview.errors import Unauthenticated
from nbinterview.ledger.notebook import document_updates, rebuild
from nbinterview.service.tickets import Ticket, read_ticket, sign_ticket
from tests.service.support import Running, notebook, person_of, record


async def _ticket_answer(running: Running, hub_name: str, interview: str | None) -> int:
    report = await running.bearer(running.settings.keys.report_key)
    answer = await report.post(
        "api/v1/tickets", json={"hub_name": hub_name, "interview": interview}
    )
    return answer.status_code


@pytest.mark.asyncio
async def test_who_gets_a_ticket(running: Running) -> None:
    made, other = await running.create(reviewer="Rita"), await running.create()
    here, there = made["interview"]["id"], other["interview"]["id"]
    expected = {
        (person_of(made, "reviewer"), here): 200,
        (person_of(made, "reviewer"), there): 200,
        (person_of(made, "reviewer"), None): 200,
        (person_of(made, "interviewer"), here): 200,
        (person_of(made, "interviewer"), there): 403,
        (person_of(made, "interviewer"), None): 200,
        (person_of(made, "candidate"), here): 403,
        (person_of(made, "candidate"), None): 403,
        ("somebody", here): 403,
        ("somebody", None): 403,
        (person_of(made, "reviewer"), "aaaaaaaaaa"): 403,
    }
    found = {
        (name, where): await _ticket_answer(running, name, where)
        for name, where in expected
    }
    assert found == expected


@pytest.mark.asyncio
async def test_a_list_shows_ones_own_interviews_only(running: Running) -> None:
    made = await running.create(reviewer="Rita")
    running.clock.move(seconds=1)
    other = await running.create()
    here, there = made["interview"]["id"], other["interview"]["id"]

    async def listed(who: str) -> list[str]:
        ticket = await running.ticket(who, None)
        answer = (await ticket.get("api/v1/report/interviews")).json()
        return [item["id"] for item in answer["interviews"]]

    assert await listed(person_of(made, "reviewer")) == [there, here]
    assert await listed(person_of(made, "interviewer")) == [here]


@pytest.mark.asyncio
async def test_a_ticket_ends_with_its_time_and_with_its_holders_right(
    running: Running,
) -> None:
    made = await running.create(reviewer="Rita")
    here, rita = made["interview"]["id"], person_of(made, "reviewer")
    url = f"api/v1/report/interviews/{here}"
    first = await running.ticket(rita, here)
    assert (await first.get(url)).status_code == 200
    running.clock.move(minutes=15)
    assert (await first.get(url)).status_code == 401
    second = await running.ticket(rita, here)
    [invitation] = [i["id"] for i in made["invitations"] if i["role"] == "reviewer"]
    operator = await running.operator()
    await operator.post(f"api/v1/invitations/{invitation}/withdraw")
    assert (await second.get(url)).status_code == 403


@pytest.mark.asyncio
async def test_records_come_in_pages_and_by_kind(running: Running) -> None:
    made = await running.create(reviewer="Rita")
    here = made["interview"]["id"]
    kinds = ["event", "flag", "event", "warning", "event"]
    wires = [record(here, seq, kind) for seq, kind in enumerate(kinds, start=1)]
    room = await running.room(here)
    await room.post(f"api/v1/rooms/{here}/records", json={"records": wires})
    ticket = await running.ticket(person_of(made, "reviewer"), here)
    url = f"api/v1/report/interviews/{here}/records"

    async def page(**query: Any) -> tuple[list[dict[str, Any]], int | None]:
        answer = (await ticket.get(url, params=query)).json()
        return answer["records"], answer["next_after"]

    assert await page() == (wires, None)
    assert await page(limit=2) == (wires[:2], 2)
    assert await page(limit=2, after=4) == (wires[4:], None)
    flagged = [wires[1], wires[3]]
    assert await page(kind=["flag", "warning"]) == (flagged, None)
    assert (await ticket.get(url, params={"limit": 5001})).status_code == 400
    for number in (2**53, 2**63, 10**30):  # found by `make attack`
        assert (await ticket.get(url, params={"after": number})).status_code == 400


@pytest.mark.asyncio
async def test_the_final_notebook_is_rebuilt_from_the_record(running: Running) -> None:
    made = await running.create(reviewer="Rita")
    here = made["interview"]["id"]
    updates = _typing_session()
    wires = [
        record(
            here,
            seq,
            "document",
            {"path": "interview.ipynb", "update": base64.b64encode(update).decode()},
        )
        for seq, update in enumerate(updates, start=1)
    ]
    room = await running.room(here)
    url = f"api/v1/report/interviews/{here}/notebook"
    ticket = await running.ticket(person_of(made, "reviewer"), here)
    assert (await ticket.get(url)).status_code == 404
    await room.post(f"api/v1/rooms/{here}/records", json={"records": wires})
    found = (await ticket.get(url)).json()
    nbformat.validate(found)
    assert [cell["source"] for cell in found["cells"]] == ["# Question", "1 + 41"]


def _typing_session() -> list[bytes]:
    """Return the updates of a document as they come while somebody types."""
    document: Doc[Any] = Doc()
    live = YNotebook(document)
    updates: list[bytes] = []
    watching = document.observe(lambda event: updates.append(event.update))
    live.set(notebook())
    source = live.ycells[1]["source"]
    del source[4:]
    for character in "41":
        source += character
    document.unobserve(watching)
    assert len(updates) > 3
    return updates


def test_other_documents_do_not_get_mixed_in() -> None:
    payloads = [
        {"path": "interview.ipynb", "update": base64.b64encode(update).decode()}
        for update in _typing_session()
    ]
    stray = {"path": "notes.ipynb", "update": payloads[0]["update"]}
    assert rebuild(document_updates([*payloads, stray])) == rebuild(
        document_updates(payloads)
    )


@pytest.mark.parametrize("text", ["", "x", "eyJoIjoiYSJ9.forged"])
def test_a_forged_ticket_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        read_ticket("key", text, now_s=0)


def test_a_ticket_of_another_key_is_refused() -> None:
    text = sign_ticket("other key", Ticket("p-aaaaaaaaaa", None, 100))
    with pytest.raises(Unauthenticated):
        read_ticket("key", text, now_s=0)
