"""Output frames as people use them: long, folded, by keyboard; and locked cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.extensions.harness import RoomServer, room_config
from tests.lab.conftest import eventually
from tests.lab.test_output_frames import artifact

FRAME_MAX_PX = 20_000
SHOWN = {
    "tall": "HTML('<div style=\"height: 50000px\">tall</div>')",
    "estimator": "from sklearn.linear_model import LogisticRegression\n"
    "LogisticRegression()",
    "widget": "import ipywidgets as w\nw.Dropdown(options=['a'], description='kind')",
    "field": "HTML('<input id=field><input id=second>')",
    "chart": "display({'application/vnd.vegalite.v5+json': {'data': {'values': "
    "[{'a': 1, 'b': 2}, {'a': 3, 'b': 1}]}, 'mark': 'line', 'encoding': {"
    "'x': {'field': 'a', 'type': 'quantitative', 'axis': None}, "
    "'y': {'field': 'b', 'type': 'quantitative', 'axis': None}}}}, raw=True)",
    "figure": "display({'application/vnd.plotly.v1+json': {'data': [{'type': 'bar', "
    "'x': ['a'], 'y': [1]}], 'layout': {'height': 200}}}, raw=True)",
}


def cells() -> list[dict[str, Any]]:
    """Return the notebook's cells: a locked question, then one for each output."""
    (question, *_) = room_config()["template"]["cells"]
    shared: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    imports = "from IPython.display import HTML, display\n"
    return [
        question,
        *(
            {"cell_type": "code", "id": name, "source": imports + source, **shared}
            for name, source in SHOWN.items()
        ),
    ]


@pytest.fixture
def notebook(make_room: Callable[..., RoomServer]) -> RoomServer:
    """A room with one cell for each output."""
    return make_room(template={**room_config()["template"], "cells": cells()})


def cell(page: Page, name: str) -> Locator:
    """Return a cell, wherever it is in a notebook that keeps but some in the page."""
    number = 1 + list(SHOWN).index(name)
    return page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')


def run(page: Page, name: str) -> Locator:
    """Run a cell and return its frame."""
    cell(page, name).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    iframe = cell(page, name).locator("iframe")
    iframe.wait_for()
    return iframe


def size_px(found: Locator, side: Literal["height", "width"] = "height") -> float:
    """Return how high or wide an element is."""
    box = found.bounding_box()
    assert box is not None
    return box[side]


def test_outputs_look_as_in_a_notebook(
    notebook: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(notebook)
    page.set_viewport_size({"width": 1366, "height": 2400})

    diagram = run(page, "estimator").content_frame
    expect(diagram.locator(".sk-estimator").first).to_be_visible()
    expect(diagram.locator(".sk-text-repr-fallback")).to_be_hidden()

    controls = run(page, "widget")
    dropdown = controls.content_frame.locator(".widget-dropdown")
    eventually(
        "the frame is as high as the control with its margins",
        lambda: size_px(controls) == size_px(dropdown) + 4,
    )

    chart = run(page, "chart")
    canvas = chart.content_frame.locator("canvas")
    eventually("200 px and paddings", lambda: 200 < size_px(canvas) < 220)
    eventually(
        "the frame is as high as the chart with its margin",
        lambda: size_px(chart) == size_px(canvas) + 8,
    )

    figure = run(page, "figure")
    plot = figure.content_frame.locator(".main-svg").first
    eventually(
        "the figure is as wide as its output",
        lambda: size_px(figure, "width") == size_px(plot, "width"),
    )
    artifact(page, "as-in-a-notebook")


def test_frames_fold_scroll_and_let_the_keyboard_through(
    notebook: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(notebook)
    field = run(page, "field")
    expect(field).to_have_attribute("title", "Output: formatted text")
    inside = field.content_frame
    inside.locator("#field").click()
    page.keyboard.type("typed")
    expect(inside.locator("#field")).to_have_value("typed")
    page.keyboard.press("Tab")
    expect(inside.locator("#second")).to_be_focused()
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement?.localName !== 'iframe'")
    page.keyboard.press("Shift+Tab")
    expect(inside.locator("#second")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell(page, "field")).to_be_focused()

    tall = run(page, "tall")
    eventually("the height", lambda: size_px(tall) == FRAME_MAX_PX)
    scrolled = tall.content_frame.locator("html")
    assert scrolled.evaluate("html => html.scrollHeight") >= 50_000
    expect(scrolled).to_have_css("overflow-y", "auto")

    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_text("Collapse Selected Outputs", exact=True).click()
    expect(tall).to_be_hidden()
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_text("Expand Selected Outputs", exact=True).click()
    eventually("the height again", lambda: size_px(tall) == FRAME_MAX_PX)
    # Out of the document and into it again, as windowing does: it is loaded anew.
    cell(page, "field").evaluate(
        "node => { const next = node.nextSibling, parent = node.parentNode;"
        " node.remove(); parent.insertBefore(node, next); }"
    )
    expect(inside.locator("#field")).to_have_value("")
    height_px = size_px(field)
    assert height_px > 0  # out of view, and yet as high as it was
    cell(page, "field").scroll_into_view_if_needed()
    expect(inside.locator("#field")).to_be_visible()
    assert size_px(field) == height_px

    cell(page, "tall").locator(".jp-InputPrompt").click(button="right")
    page.get_by_text("Enable Scrolling for Outputs", exact=True).click()
    area = cell(page, "tall").locator(".jp-Cell-outputArea")
    eventually("scrolling in the cell", lambda: size_px(area) < 1000)
    artifact(page, "scrolled")


def test_a_candidate_cannot_move_a_locked_cell_by_a_slip(
    room: RoomServer, candidate: Callable[..., Page]
) -> None:
    page = candidate(room, camera=False)
    page.get_by_role("button", name="Start without being watched").click()
    page.get_by_role("dialog").wait_for(state="detached")
    page.evaluate("() => { globalThis.sameAsBefore = true; }")
    question = page.locator(".jp-MarkdownCell")
    question.click()
    for keys in ("Control+Shift+ArrowDown", "d", "d", "x", "y", "1"):
        page.keyboard.press(keys)
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    for words in ("Cut Cell", "Delete Cell", "Move Cell Down", "Merge Cell Below"):
        entry = page.locator(".lm-Menu-item", has_text=words)
        expect(entry.first).to_contain_class("lm-mod-disabled")
    page.keyboard.press("Escape")

    answer = page.locator(".jp-CodeCell")
    answer.locator(".jp-InputPrompt").click()
    expect(page.locator(".jp-MarkdownCell + .jp-CodeCell")).to_have_count(1)
    question.locator(".jp-InputPrompt").drag_to(answer, force=True)
    expect(page.locator(".jp-MarkdownCell + .jp-CodeCell")).to_have_count(1)

    # Their own cell moves as ever, and nothing was refused, which loads the page anew.
    answer.locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Shift+ArrowUp")
    expect(page.locator(".jp-CodeCell + .jp-MarkdownCell")).to_have_count(1)
    expect(page.locator(".jp-nbinterview-TitleBar")).to_contain_text("Saved")
    assert page.evaluate("() => globalThis.sameAsBefore")
