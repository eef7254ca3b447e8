"""Rich output shows in frames without powers, and nothing of it reaches the page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from nbinterview import __version__
from nbinterview_server.frame_policy import frame_policy
from tests.extensions.harness import BASE, RoomServer, room_config
from tests.lab.conftest import eventually

MARK = "ran-in-the-page"
HOSTILE = f"""<script>document.title='{MARK}';top.document.title='{MARK}'</script>
<img src=x onerror="document.title='{MARK}'">
<svg onload="document.title='{MARK}'">
</svg><iframe srcdoc="<script>parent.document.title='{MARK}'</script>"></iframe>
<a id="way-out" href="https://example.test/" target="_top">out</a>
<form action="/x"><button data-commandlinker-command="notebook:delete-cell">b</button>
</form>
<style>@import url(https://example.test/a.css); p {{ color: rgb(1, 2, 3) }}</style>
<p id="here">the rest</p>"""

HONEST = {
    "table": "import numpy as np, pandas as pd\n"
    "df = pd.DataFrame(np.arange(12).reshape(4, 3), columns=list('abc'))\ndf",
    "styler": "df.style.highlight_max(color='yellow')",
    "matplotlib": "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);",
    "plotly": "import plotly.express as px\n"
    "px.scatter(x=[1, 2], y=[2, 1], title='Dots', width=500, height=300)",
    "altair": "import altair as alt\n"
    "alt.Chart(df).transform_filter('datum.a > 1').mark_bar()"
    ".encode(x='a:Q', y='b:Q')",
    "latex": "from IPython.display import HTML, JSON, Latex, Markdown, SVG, display\n"
    r"Latex(r'$$\frac{1}{3}$$')",
    "markdown": r"Markdown('# Title\n\n$a^2$ and `code`\n\n```python\nreturn 1\n```')",
    "svg": 'SVG(\'<svg width="50" height="20">'
    '<script>alert(1)</script><rect width="50" height="20"/></svg>\')',
    "json": "JSON({'answer': [1, 2]})",
    "progress": "from IPython.display import clear_output\n"
    "for done in (1, 2):\n    clear_output(wait=True)\n"
    "    display(HTML(f'<progress value={done} max=2></progress>'))",
    "hostile": f"HTML({HOSTILE!r})",
    "scripted": "HTML('<div></div><script>draw()</script>')",
}
MARKDOWN = (
    r"# Question"
    "\n\n"
    r"$\href{javascript:document.title=1}{x}$ $\class{jp-Dialog}{y}$ $\frac12$"
    "\n\n```mermaid\ngraph TD; A-->B\n```\n\n"
    '<form><button class="jp-Dialog" data-commandlinker-command="notebook:delete-cell">'
    'b</button></form> <img src="/user/room-abcdefghij/logout"> <b onclick="x()">c</b>'
)


def cells() -> list[dict[str, Any]]:
    """Return the notebook's cells: a question, then one for each output."""
    question = {
        "cell_type": "markdown",
        "id": "question",
        "metadata": {},
        "source": MARKDOWN,
    }
    code: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": name,
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for name, source in HONEST.items()
    ]
    return [question, *code]


def run_all(page: Page) -> None:
    """Run every cell and wait until the last has run."""
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    expect(page.locator(".jp-CodeCell .jp-InputPrompt").last).to_have_text(
        f"[{len(HONEST)}]:", timeout=90_000
    )


def output(page: Page, name: str) -> Locator:
    """Return the output area of one cell."""
    return page.locator(".jp-CodeCell").nth(list(HONEST).index(name))


def frame(page: Page, name: str) -> Frame:
    """Return the frame of one cell's output, once it is there and has a height."""
    iframe = output(page, name).locator("iframe")
    iframe.scroll_into_view_if_needed()
    element = iframe.element_handle()
    assert element is not None
    found = eventually(f"the frame of {name}", element.content_frame)
    found.wait_for_function(
        "() => document.getElementById('output')?.firstElementChild?.hidden === false"
    )
    assert isinstance(found, Frame)
    return found


def shows_everything(page: Page) -> None:
    """Check each honest output where it shows."""
    assert "11" in frame(page, "table").locator("table.dataframe").inner_text()
    maximum = frame(page, "styler").locator("td", has_text="11")
    expect(maximum).to_have_css("background-color", "rgb(255, 255, 0)")
    expect(output(page, "matplotlib").locator(".jp-RenderedImage img")).to_be_visible()
    expect(frame(page, "plotly").locator(".gtitle")).to_have_text("Dots")
    expect(frame(page, "altair").locator("canvas")).to_be_visible()
    expect(frame(page, "latex").locator("mjx-container mjx-mfrac")).to_be_visible()
    markdown = frame(page, "markdown")
    expect(markdown.locator("h1")).to_contain_text("Title")
    expect(markdown.locator("mjx-container")).to_be_visible()
    expect(markdown.locator("pre code span").first).to_have_text("return")
    picture = frame(page, "svg").locator("img")
    assert picture.evaluate("image => image.naturalWidth") == 50
    expect(frame(page, "json").get_by_text("answer")).to_be_visible()
    bar = frame(page, "progress").locator("progress")
    expect(bar).to_have_attribute("value", "2")


def shows_nothing_hostile(page: Page) -> None:
    """Check what is left of the hostile output, and that the page is untouched."""
    found = frame(page, "hostile")
    expect(found.locator("#here")).to_have_css("color", "rgb(1, 2, 3)")
    assert found.locator("script:not([src]), iframe, form, [onerror]").count() == 0
    found.locator("#way-out").click()
    assert found.evaluate("[origin, document.title]") == ["null", "Output"]
    failed = output(page, "scripted").locator(".jp-nbinterview-Framed-failed")
    expect(failed).to_contain_text("scripts of its own")
    assert MARK not in page.title()
    assert page.url.endswith("interview.ipynb")
    question = page.locator(".jp-MarkdownCell .jp-RenderedMarkdown")
    expect(question.locator("mjx-mfrac")).to_be_visible()
    assert question.locator("form, img[src], .jp-Dialog, svg, [onclick]").count() == 0
    assert (
        question.locator("[data-commandlinker-command], a[href*=script]").count() == 0
    )


def artifact(page: Page, name: str) -> None:
    """Keep a picture, if somebody wants to look."""
    if directory := os.environ.get("NBINTERVIEW_ARTIFACTS"):
        path = Path(directory) / f"output-frames-{name}.png"
        page.screenshot(path=path)


@pytest.fixture
def notebook(make_room: Callable[..., RoomServer]) -> RoomServer:
    """A room with one cell for each kind of output."""
    return make_room(template={**room_config()["template"], "cells": cells()})


def test_rich_output_shows_and_what_it_brings_does_not_run(
    notebook: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(notebook)
    page.set_viewport_size({"width": 1366, "height": 4000})
    run_all(page)
    shows_everything(page)
    shows_nothing_hostile(page)
    artifact(page, "light")

    page.get_by_role("button", name="Change between light and dark").click()
    # As functions: Playwright would make code of a text, which the policy forbids.
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    table = frame(page, "table").locator("td").first
    light_text = page.evaluate(
        "getComputedStyle(document.body).getPropertyValue('--jp-ui-font-color1').trim()"
    )
    eventually(
        "the dark theme in the frames",
        lambda: (
            table.evaluate(
                "cell => getComputedStyle(cell).getPropertyValue("
                "'--jp-ui-font-color1').trim()"
            )
            == light_text
        ),
    )
    artifact(page, "dark")

    page.reload()
    page.locator(".jp-CodeCell .cm-content").first.wait_for()
    shows_everything(page)
    shows_nothing_hostile(page)


def test_frames_are_made_when_they_come_into_view(
    notebook: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(notebook)
    page.set_viewport_size({"width": 1366, "height": 4000})
    run_all(page)
    frame(page, "plotly")
    all_framed = page.locator(".jp-nbinterview-Framed").count()
    page.set_viewport_size({"width": 1366, "height": 300})
    page.reload()
    page.locator(".jp-nbinterview-Framed iframe").first.wait_for()
    assert 0 < page.locator(".jp-nbinterview-Framed iframe").count() < all_framed


def test_page_believes_nothing_of_a_frame(
    notebook: RoomServer, interviewer: Callable[[RoomServer], Page]
) -> None:
    page = interviewer(notebook)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    found = frame(page, "table")
    # As if a renderer had a hole: a script of the candidate's inside the frame.
    # Chromium's protocol runs it, which the frame's policy would not.
    tried = found.evaluate(
        """async () => {
            const tries = {};
            const attempt = async (name, act) => {
                tries[name] = 'no';
                try { await act(); tries[name] = 'worked'; } catch { /* as it must */ }
            };
            await attempt('parent', () => parent.document.title);
            await attempt('cookie', () => document.cookie);
            await attempt('storage', () => localStorage.length);
            await attempt('database', () => indexedDB.open('x'));
            await attempt('fetch', () => fetch(location.href));
            await attempt('top', () => { top.location = 'about:blank'; });
            await attempt('popup', () => {
                if (window.open('about:blank') === null) throw new Error('blocked');
            });
            await attempt('image', () => new Promise((done, fail) => {
                const image = new Image();
                image.onload = done;
                image.onerror = fail;
                image.src = location.href;
            }));
            return tries;
        }"""
    )
    assert set(tried.values()) == {"no"}, json.dumps(tried)
    assert page.url.endswith("interview.ipynb")


def test_frame_is_served_with_a_policy_of_its_own(room: RoomServer) -> None:
    address = f"nbinterview/static/{__version__}/frame"
    host = httpx.URL(room.url).netloc.decode()
    for name in ("index.html", "frame.js", "html.js"):
        answer = httpx.get(f"{room.url}{address}/{name}")
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == 200
        assert policy.startswith("sandbox allow-scripts; default-src 'none';")
        assert f"script-src {host}{BASE}{address}/;" in policy
        assert "unsafe-eval" not in policy
        assert "connect-src" not in policy


def test_odd_host_says_nothing_in_the_policy() -> None:
    policy = frame_policy("a; script-src *", "/x/frame/index.html")
    assert "script-src 'self';" in policy
    assert "*" not in policy
