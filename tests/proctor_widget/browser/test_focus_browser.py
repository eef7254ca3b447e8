"""Focus and clipboard with a real keyboard, mouse and clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from nbinterview.schemas import check

from .conftest import told, wait_until

Launch = Callable[..., Page]


def facts(page: Page, name: str) -> list[dict[str, Any]]:
    found = [fact for fact in told(page, "facts") if fact["name"] == name]
    for fact in found:
        check(fact, "live", "ClientEvent")
    return found


@pytest.fixture
def page(launch: Launch) -> Page:
    return launch(camera=False)


@pytest.mark.parametrize(
    ("cell", "text"), [("#cell-1 textarea", "x = 1"), ("#cell-2", "y = 2")]
)
def test_copying_within_the_page_is_the_notebooks_own(
    page: Page, cell: str, text: str
) -> None:
    page.evaluate("focus.start('clipboard')")
    page.click(cell)
    for keys in ("Control+A", "Control+C", "Control+V"):
        page.keyboard.press(keys)
    wait_until(page, "told.facts.length >= 2")
    expected = {"name": "clipboard", "chars": len(text), "origin": "notebook"}
    cell_id = cell.split(maxsplit=1)[0].lstrip("#")
    assert facts(page, "clipboard") == [
        {**expected, "action": "copy", "cell_id": cell_id},
        {**expected, "action": "paste", "cell_id": cell_id},
    ]


def test_text_from_elsewhere_is_external_and_never_told(page: Page) -> None:
    secret = "def answer(): return 42"
    page.evaluate("text => navigator.clipboard.writeText(text)", secret)
    page.evaluate("focus.start('clipboard')")
    page.click("#cell-1 textarea")
    page.keyboard.press("Control+V")
    wait_until(page, "told.facts.length >= 1")
    assert facts(page, "clipboard") == [
        {
            "name": "clipboard",
            "action": "paste",
            "chars": len(secret),
            "origin": "external",
            "cell_id": "cell-1",
        }
    ]
    assert secret not in page.evaluate("JSON.stringify(told)")


def test_a_click_into_an_output_frame_is_not_leaving(page: Page) -> None:
    page.evaluate("focus.start('focus')")
    page.click("#cell-1 textarea")
    page.frame_locator("iframe").locator("button").click()
    wait_until(page, "told.facts.some(fact => fact.focused === false)")
    page.click("#cell-1 textarea")
    wait_until(page, "told.facts.at(-1).focused === true")
    assert facts(page, "window_focus") == [
        {"name": "window_focus", "focused": True},
        {"name": "window_focus", "focused": False, "cause": "frame"},
        {"name": "window_focus", "focused": True},
    ]


def test_fullscreen_is_told_both_ways(page: Page) -> None:
    page.evaluate("focus.start('focus')")
    page.evaluate(
        "document.addEventListener('click', "
        "() => document.documentElement.requestFullscreen(), {once: true})"
    )
    page.click("#cell-1 textarea")
    wait_until(page, "told.facts.some(fact => fact.active === true)")
    page.evaluate("document.exitFullscreen()")
    wait_until(page, "told.facts.at(-1).active === false")
    assert [fact["active"] for fact in facts(page, "fullscreen")] == [
        False,
        True,
        False,
    ]
