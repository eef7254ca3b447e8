"""The job that erases what is due by itself, and what it does with a strange clock."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from nbinterview.service import daily
from nbinterview.service.daily import Daily
from tests.service.held import erased, held, noted, purge, records_of
from tests.service.support import Running, Start, eventually


async def look(running: Running) -> None:
    """Do what the job does each day."""
    state = running.state
    await Daily(state.database, state.eraser, state.audit).look()


async def shown(operator: httpx.AsyncClient) -> dict[str, Any]:
    answer = await operator.get("api/v1/audit")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.asyncio
async def test_what_is_due_is_erased_without_anybodys_help(
    running: Running, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    interview = (await held(running))["interview"]["id"]
    for _ in range(5):
        # As days go by where nobody does anything.
        running.clock.move(days=6.5)
        await running.state.audit.tell(None, "daily")
        await running.state.audit.seal()
    monkeypatch.setattr(daily, "FIRST_AFTER_S", 0.0)
    operator = await (await start(running.settings)).operator()

    async def is_done() -> bool:
        return erased(await records_of(operator, interview)) == ["observations"]

    await eventually("the daily job", is_done)
    [told] = await noted(operator, "erasure")
    assert told["rule"] == "camera_days=30"
    assert (await shown(operator))["clock"] == ""


@pytest.mark.asyncio
async def test_a_clock_that_is_far_ahead_erases_nothing_until_somebody_says_so(
    running: Running, start: Start
) -> None:
    interview = (await held(running))["interview"]["id"]
    await look(running)
    running.clock.move(days=2000)
    await look(running)
    # Nor after a restart: what was signed by the wrong clock is no reason to trust it.
    again = await start(running.settings)
    await look(again)
    operator = await again.operator()
    assert erased(await records_of(operator, interview)) == []
    [doubted] = await noted(operator, "clock")
    assert doubted["did"] == "doubted"
    said = (await shown(operator))["clock"]
    assert "2026-11-22T09:00:00Z" in said
    assert "nbinterview purge" in said
    due = await purge(operator, dry_run=True)
    assert due["erased"] != []
    assert due["waiting"] == [said]
    # Of one interview somebody has it erased, and the clock stays doubted.
    other = (await running.create())["interview"]["id"]
    assert (await purge(operator, interview=other))["erased"] == []
    assert (await shown(operator))["clock"] == said

    [whole] = (await purge(operator))["erased"]
    assert whole["rule"] == "whole=365"
    assert (await shown(operator))["clock"] == ""
    trusted = (await noted(operator, "clock"))[0]
    assert trusted["did"] == "taken to be right"
    await held(again)
    for _ in range(5):
        running.clock.move(days=6.5)
        await look(again)
    assert len(await noted(operator, "erasure")) == 2


@pytest.mark.asyncio
async def test_the_page_of_the_log_says_that_nothing_is_erased_by_itself(
    running: Running,
) -> None:
    operator = await running.operator()
    words = "Nothing is erased by itself at the moment."
    for days, is_said in ((0, False), (8, True)):
        running.clock.move(days=days)
        await look(running)
        url = (await operator.post("api/v1/audit/page")).json()["url"]
        browser = await running.client(Accept="text/html")
        await browser.get(url)
        assert (words in (await browser.get("audit")).text) == is_said
