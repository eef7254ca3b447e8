"""What is shipped to try: a fresh service imports and reports it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from nbinterview.report import model, words
from nbinterview_hub.sample import samples
from tests.service.support import Running, person_of

pytestmark = pytest.mark.asyncio

RECORDINGS = sorted(Path(str(samples())).glob("*.jsonl.gz"))


async def test_a_recording_is_shipped() -> None:
    assert RECORDINGS


@pytest.mark.parametrize("packed", RECORDINGS, ids=lambda path: path.name)
async def test_a_shipped_recording_becomes_a_report(
    running: Running, packed: Path
) -> None:
    operator = await running.operator()
    imported = await operator.post(
        "api/v1/records/import",
        params={"sample": "true"},
        content=gzip.decompress(packed.read_bytes()),
    )
    assert imported.status_code == 201, imported.text
    here = imported.json()["id"]

    reviewer = person_of(await running.create(reviewer="Rita"), "reviewer")
    ticket = await running.ticket(reviewer, here)
    about = f"api/v1/report/interviews/{here}"
    interview = (await ticket.get(about)).json()
    notebook = (await ticket.get(f"{about}/notebook")).json()
    records: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = await ticket.get(f"{about}/records", params={"after": after})
        records += page.json()["records"]
        after = page.json()["next_after"]
    assert len(records) == imported.json()["records"]

    view = model.build(interview, [model.slim(each) for each in records], notebook)
    assert (view.sample, view.state) == (True, "ended")
    assert len(view.flags) == interview["record"]["flags"] >= 1
    assert view.score is not None
    assert all(flag.rule in words.RULES for flag in view.flags)
    assert any(cell.outputs for cell in view.cells)
