"""The job that erases what is due by itself, and what it does with a strange clock."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from nbinterview.service import daily
from tests.service.held import erased, held, noted, purge, records_of
from tests.service.support import Running, Start, eventually


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(daily, "EVERY_S", 0.05)


async def looks(operator: httpx.AsyncClient) -> int:
    return len(await noted(operator, "daily"))


async def looked(operator: httpx.AsyncClient) -> None:
    """Wait for two more looks: the first one may have begun before."""
    before = await looks(operator)

    async def again() -> bool:
        return await looks(operator) >= before + 2

    await eventually("the daily job", again)


async def shown(operator: httpx.AsyncClient) -> dict[str, Any]:
    answer = await operator.get("api/v1/audit")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.asyncio
async def test_what_is_due_is_erased_without_anybodys_help(running: Running) -> None:
    operator = await running.operator()
    interview = (await held(running))["interview"]["id"]
    for _ in range(5):
        # As days go by where nobody does anything.
        running.clock.move(days=6.5)
        await looked(operator)
    assert erased(await records_of(operator, interview)) == ["observations"]
    [told] = await noted(operator, "erasure")
    assert told["rule"] == "camera_days=30"
    assert (await shown(operator))["clock"] == ""


@pytest.mark.asyncio
async def test_a_clock_that_is_far_ahead_erases_nothing_until_somebody_says_so(
    running: Running, start: Start
) -> None:
    operator = await running.operator()
    interview = (await held(running))["interview"]["id"]
    await looked(operator)
    running.clock.move(days=2000)
    await looked(operator)
    # Nor after a restart: what was signed by the wrong clock is no reason to trust it.
    await running.state.audit.seal()
    again = await (await start(running.settings)).operator()
    await looked(again)
    assert erased(await records_of(again, interview)) == []
    [doubted] = await noted(again, "clock")
    assert doubted["did"] == "doubted"
    said = (await shown(again))["clock"]
    assert "2026-11-22T09:00:00Z" in said
    assert "nbinterview purge" in said
    due = await purge(again, dry_run=True)
    assert due["erased"] != []
    assert due["waiting"] == [said]
    # Of one interview somebody has it erased, and the clock stays doubted.
    other = (await running.create())["interview"]["id"]
    assert (await purge(again, interview=other))["erased"] == []
    assert (await shown(again))["clock"] == said

    [whole] = (await purge(again))["erased"]
    assert whole["rule"] == "whole=365"
    assert (await shown(again))["clock"] == ""
    trusted = (await noted(again, "clock"))[0]
    assert trusted["did"] == "taken to be right"
    await held(running)
    for _ in range(5):
        running.clock.move(days=6.5)
        await looked(again)
    assert len(await noted(again, "erasure")) == 2


@pytest.mark.asyncio
async def test_the_page_of_the_log_says_that_nothing_is_erased_by_itself(
    running: Running,
) -> None:
    operator = await running.operator()
    url = (await operator.post("api/v1/audit/page")).json()["url"]
    browser = await running.client(Accept="text/html")
    await browser.get(url)
    words = "Nothing is erased by itself at the moment."
    assert words not in (await browser.get("audit")).text
    running.clock.move(days=8)
    await looked(operator)
    url = (await operator.post("api/v1/audit/page")).json()["url"]
    await browser.get(url)
    assert words in (await browser.get("audit")).text
