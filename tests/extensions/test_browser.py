"""JupyterLab of a real room in a real browser, under its policy."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

from nbinterview_server.config import NOTEBOOK
from tests.extensions.harness import (
    BASE,
    INTERVIEWER,
    RoomServer,
    person,
    room_config,
)

pytestmark = pytest.mark.asyncio

SECOND = "p-interview3"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);"
WAIT_MS = 60_000


class Seen:
    """What went wrong in a page, and where it asked."""

    def __init__(self, page: Page, origin: str) -> None:
        self.errors: list[str] = []
        self.refused: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda one: self._console(one.type, one.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda one: self._response(one.status, one.url))
        page.on("request", lambda one: self._request(one.url, origin))

    def _console(self, kind: str, text: str) -> None:
        # Harmless, and JupyterLab's own: a widget comm of another page.
        if kind == "error" and "Comm not found" not in text:
            self.errors.append(text)

    def _response(self, status: int, url: str) -> None:
        if status >= 400:
            self.refused.append(f"{status} {url}")

    def _request(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:", "blob:")):
            self.elsewhere.append(url)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            await browser.close()


async def enter(browser: Browser, room: RoomServer, who: str) -> tuple[Page, Seen]:
    """Open the interview's notebook as this person and wait until it is there."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    seen = Seen(page, room.url.removesuffix(BASE))
    await page.goto(f"{room.url}lab/workspaces/{who}/tree/{NOTEBOOK}?token=is-{who}")
    await page.wait_for_selector(".jp-CodeCell .cm-content", timeout=WAIT_MS)
    await page.wait_for_selector("#jupyterlab-splash", state="detached")
    return page, seen


async def type_into_answer(page: Page, text: str) -> None:
    await page.locator(".jp-CodeCell .cm-content").first.click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(text)


async def answer_says(page: Page, text: str) -> None:
    cell = page.locator(".jp-CodeCell .cm-content").first
    await cell.filter(has_text=text).wait_for(timeout=WAIT_MS)


async def test_two_people_work_in_one_restricted_notebook(
    make_room: Callable[..., RoomServer],
) -> None:
    import asyncio

    people = [*room_config()["people"], person(SECOND, "Ola", "interviewer", "#ef6c00")]
    room = await asyncio.to_thread(make_room, people=people)
    async with chromium() as browser:
        one, one_seen = await enter(browser, room, INTERVIEWER)
        two, two_seen = await enter(browser, room, SECOND)

        await type_into_answer(one, "first = 1")
        await answer_says(two, "first = 1")
        await type_into_answer(two, PLOT)
        await answer_says(one, "plt.plot")
        await two.keyboard.press("Shift+Enter")
        for page in (one, two):
            await page.wait_for_selector(".jp-OutputArea-output img", timeout=WAIT_MS)
            for absent in (".jp-FileBrowser", ".jp-Launcher", ".jp-Terminal"):
                assert await page.locator(absent).count() == 0, absent
        # Single-document mode: one notebook and no way to another file.
        assert await one.locator("#jp-main-dock-panel .lm-TabBar-tab").count() <= 1
        for seen in (one_seen, two_seen):
            assert seen.errors == []
            assert seen.refused == []
            assert seen.elsewhere == []
    requested = room.records("execution.requested")[-1]
    assert (requested.author, requested.facts["code"]) == (SECOND, PLOT)
    assert {INTERVIEWER, SECOND, "kernel", "room"} <= {
        one.author for one in room.records("document")
    }


async def test_the_policy_stops_inline_handlers_and_other_origins(
    make_room: Callable[..., RoomServer],
) -> None:
    import asyncio

    room = await asyncio.to_thread(make_room)
    async with chromium() as browser:
        page, _ = await enter(browser, room, INTERVIEWER)
        found = await page.evaluate(
            """async () => {
                const image = document.createElement('div');
                image.innerHTML = '<img src="data:," onerror="window.ran = true">';
                document.body.append(image);
                let reached = true;
                try { await fetch('http://example.invalid/'); }
                catch { reached = false; }
                const violations = [];
                document.addEventListener('securitypolicyviolation',
                    event => violations.push(event.effectiveDirective));
                try { await fetch('http://127.0.0.1:9/'); } catch {}
                await new Promise(done => setTimeout(done, 500));
                return {ran: window.ran === true, reached, violations};
            }"""
        )
    assert found["ran"] is False
    assert found["reached"] is False
    assert "connect-src" in found["violations"]
