"""The replay player in a real browser, under the policy of the report's pages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

ROOT = Path(__file__).resolve().parents[2]
REPLAY = ROOT / "dashboard" / "replay"
STATIC = ROOT / "service" / "nbinterview" / "replay_static"
ADDRESS = "http://film.test/"
SEEK_P95_MS = 300
TAB_MB = 300
WIDE = (1400, 860)
# A style that is refused is told by an event only.
WATCH = """
addEventListener('securitypolicyviolation', event => {
  console.error('refused by policy: ' + event.violatedDirective + ' ' + event.sample);
});
"""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The bundles, as they are in the sources now."""
    subprocess.run(["node", "scripts/build.mjs"], cwd=REPLAY, check=True, timeout=120)


def film(size: str) -> dict[str, Any]:
    """Return the film of that size from the generator that all tests use."""
    made = subprocess.run(
        ["node", "test/films.mjs", size],
        cwd=REPLAY,
        check=True,
        timeout=120,
        capture_output=True,
    )
    return dict(json.loads(made.stdout))


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """20 minutes, 24 cells, 4 plots."""
    return film("small")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page_of(shown: dict[str, Any]) -> tuple[str, str]:
    """Return a page that carries its film along, and its policy."""
    script = (STATIC / "replay-inline.js").read_text()
    style = (STATIC / "replay.css").read_text()
    style += "body { margin: 0; --nbr-height: 100vh }"
    data = json.dumps(shown).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    html = (
        '<!doctype html><html lang="en"><title>Replay</title>'
        f"<style>{style}</style><main id=nbinterview-replay></main>"
        f'<script type="application/json" id="nbinterview-film">{data}</script>'
        f"<script>{script}</script>"
    )
    return html, policy


@contextmanager
def shown(
    chromium: Browser,
    what: dict[str, Any],
    *,
    moment: str = "",
    size: tuple[int, int] = WIDE,
    **context: Any,
) -> Iterator[Page]:
    """Open a film; afterwards, nothing may have been said in the console."""
    html, policy = page_of(what)
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
    }
    viewport = ViewportSize(width=size[0], height=size[1])
    opened = chromium.new_context(viewport=viewport, **context)
    try:
        page = opened.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.add_init_script(WATCH)
        page.route("**/*", lambda route: route.fulfill(body=html, headers=headers))
        page.goto(f"{ADDRESS}#t={moment}" if moment else ADDRESS)
        page.locator(".nbr-cell").first.wait_for(timeout=30_000)
        yield page
        assert said == []
    finally:
        opened.close()


def moment_of(page: Page) -> int:
    """Return where the slider stands, in milliseconds."""
    return int(page.get_by_role("slider").input_value())


def seek(page: Page, at_ms: int) -> None:
    """Put the slider there, as a hand would."""
    page.get_by_role("slider").fill(str(at_ms))


def test_it_is_worked_by_keys_alone(chromium: Browser, small: dict[str, Any]) -> None:
    flags = [mark["at_ms"] for mark in small["marks"] if mark["kind"] == "flag"]
    with shown(chromium, small, moment="10:00") as page:
        slider = page.get_by_role("slider", name="Moment of the interview")
        slider.focus()
        steps: list[tuple[str, int]] = [
            ("ArrowRight", 605_000),
            ("Shift+ArrowRight", 635_000),
            ("Shift+ArrowLeft", 605_000),
            ("ArrowLeft", 600_000),
            ("Home", 0),
            ("End", small["duration_ms"]),
            ("f", small["duration_ms"]),
            ("p", flags[-1]),
            ("Home", 0),
            ("n", flags[0]),
        ]
        for key, at_ms in steps:
            page.keyboard.press(key)
            assert (key, moment_of(page)) == (key, at_ms)
        expect(page.get_by_role("status")).to_have_text(re.compile("^Flag: Looked"))
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.wait_for_function(
            f"() => document.querySelector('.nbr-slider').value > {flags[0]}"
        )
        page.keyboard.press("Space")
        stopped = moment_of(page)
        page.keyboard.press(",")
        assert moment_of(page) < stopped
        # The whole player can be reached: from the slider on, every control in turn.
        names = []
        for _ in range(8):
            page.keyboard.press("Tab")
            names.append(
                page.evaluate(
                    "() => document.activeElement.getAttribute('aria-label')"
                    " ?? document.activeElement.textContent"
                )
            )
        assert names == [
            "Previous mark (P)",
            "Play",
            "Next mark (N)",
            "Speed",
            "Skip idle",
            "Follow",
            "Origins",
            "Marks",
        ]


def test_a_screen_reader_finds_its_way(
    chromium: Browser, small: dict[str, Any]
) -> None:
    with shown(chromium, small, moment="13:20") as page:
        tree = page.locator("main").aria_snapshot()
        for part in (
            'region "Replay of Plots and models"',
            'heading "Plots and models"',
            'region "Notebook at 00:13:20"',
            'complementary "Marks"',
            'combobox "Kind of marks"',
            'group "Flags and warnings"',
            'slider "Moment of the interview"',
            'group "Playing"',
            'combobox "Speed"',
            'button "Origins" [pressed]',
            'listitem "Ada Example, candidate, writing"',
        ):
            assert part in tree, f"{part} is not in\n{tree}"
        assert re.search(r'group "Cell 2, code', tree)
        assert re.search(r"Lines 1.\d+ pasted from outside, record \d+", tree)
        assert re.search(r'button "Paste: Pasted from outside.*00:13', tree)
        valuetext = page.get_by_role("slider").get_attribute("aria-valuetext") or ""
        assert re.fullmatch(r"00:13:20 of 00:20:00, \d\d:\d\d:\d\d", valuetext)
        current = page.locator("[aria-current=true]")
        expect(current).to_have_count(1)


def test_a_click_on_a_flag_goes_there_and_follows(
    chromium: Browser, small: dict[str, Any]
) -> None:
    flag = next(mark for mark in small["marks"] if mark["kind"] == "flag")
    with shown(chromium, small) as page:
        page.locator(".nbr-mark[data-kind=flag]").first.click()
        assert moment_of(page) == flag["at_ms"]
        expect(page.locator(".nbr-caption")).to_have_text("Looked away · 12.4 s")
        # Where something happened last is in view.
        seek(page, 800_000)
        caret = page.locator(".nbr-caret").first
        expect(caret).to_be_in_viewport()
        follow = page.get_by_role("button", name="Follow")
        page.locator(".nbr-notebook").hover()
        page.mouse.wheel(0, -3000)
        expect(follow).to_have_attribute("aria-pressed", "false")
        expect(caret).not_to_be_in_viewport()
        seek(page, 801_000)
        expect(caret).not_to_be_in_viewport()
        follow.click()
        expect(caret).to_be_in_viewport()


def test_what_was_written_never_becomes_a_part_of_the_page(
    chromium: Browser, small: dict[str, Any]
) -> None:
    script = "document.title='attacked'"
    attack = f'<img src=x onerror="{script}"><script>{script}</script>'
    changed = json.loads(json.dumps(small))
    changed["title"] = attack
    changed["people"]["p-ada"]["display_name"] = attack
    for mark in changed["marks"]:
        mark["title"] = mark["detail"] = attack
    for frame in changed["frames"]:
        for step in frame["steps"]:
            for output in step.get("outputs", []):
                output["note"] = attack
    with shown(chromium, changed, moment="15:00") as page:
        # Everything is drawn, also what is far from view.
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        assert page.title() == "Replay"
        assert page.locator("main script, main [onerror]").count() == 0
        sources = page.locator("main img").evaluate_all(
            "all => all.map(one => one.src)"
        )
        assert sources
        assert all(source.startswith("data:image/png;base64,") for source in sources)


@pytest.mark.parametrize("width_px", [360, 768, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen(
    chromium: Browser,
    small: dict[str, Any],
    artifacts: Path,
    width_px: int,
    scheme: str,
) -> None:
    with shown(
        chromium, small, moment="13:20", size=(width_px, 780), color_scheme=scheme
    ) as page:
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width_px
        for control in page.locator(".nbr-controls :is(button, select)").all():
            expect(control).to_be_in_viewport(ratio=1)
        # The notebook has the larger part of the page, also on a small one.
        room = page.locator(".nbr-notebook").bounding_box()
        assert room is not None
        assert room["height"] > 780 * 0.45
        page.screenshot(path=artifacts / f"replay-{width_px}-{scheme}.png")


def test_strangers_to_colour_and_motion_are_at_home(
    chromium: Browser, small: dict[str, Any], artifacts: Path
) -> None:
    with shown(
        chromium,
        small,
        moment="13:20",
        forced_colors="active",
        reduced_motion="reduce",
    ) as page:
        strip = page.locator(".nbr-line .nbr-origin", has_text="P").first
        expect(strip).to_have_attribute("title", re.compile("pasted from outside"))
        page.screenshot(path=artifacts / "replay-forced-colors.png")


def test_paper_shows_the_moment(
    chromium: Browser, small: dict[str, Any], artifacts: Path
) -> None:
    with shown(chromium, small, moment="13:20") as page:
        page.emulate_media(media="print")
        page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        expect(page.locator(".nbr-paper")).to_have_text(
            re.compile(r"^As it was at 00:13:20 of 00:20:00, .*, after record \d+$")
        )
        expect(page.locator(".nbr-bar")).to_be_hidden()
        notebook = page.locator(".nbr-notebook")
        hidden_px = notebook.evaluate("one => one.scrollHeight - one.clientHeight")
        assert hidden_px <= 1
        last = page.locator(".nbr-cell").last
        assert last.locator(".nbr-line").count() > 0
        page.pdf(path=artifacts / "replay.pdf")


SEEKS = """async count => {
  const slider = document.querySelector('.nbr-slider');
  const drawn = () => new Promise(resolve => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  }));
  let state = 11;
  const chance = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const took = [];
  for (let i = 0; i < count; i += 1) {
    await drawn();
    const began = performance.now();
    slider.value = String(Math.floor(chance() * Number(slider.max)));
    slider.dispatchEvent(new Event('input'));
    await drawn();
    took.push(performance.now() - began);
  }
  return took;
}"""


def test_a_long_interview_is_quick_and_small(
    chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    with shown(chromium, film("big")) as page:
        took = sorted(page.evaluate(SEEKS, 120))
        p50, p95 = took[60], took[114]
        tab_mb = _tab_mb(chromium)
        here = page.context.new_cdp_session(page)
        here.send("HeapProfiler.collectGarbage")
        here.send("Performance.enable")
        metrics = {
            each["name"]: each["value"]
            for each in here.send("Performance.getMetrics")["metrics"]
        }
        heap_mb = metrics["JSHeapUsedSize"] / 1e6
        figures = (
            f"seek p50 {p50:.0f} ms, p95 {p95:.0f} ms, most {took[-1]:.0f} ms; "
            f"tab {tab_mb:.0f} MB, with garbage collected {_tab_mb(chromium):.0f} MB, "
            f"of these JavaScript {heap_mb:.0f} MB"
        )
        print(f"\n90 minutes, 200 cells, 50 plots, 30,000 edits: {figures}")
        record_property("replay", figures)
        assert page.locator(".nbr-cell").count() > 0
        assert p95 <= SEEK_P95_MS
        assert tab_mb <= TAB_MB


def _tab_mb(chromium: Browser) -> float:
    """Return what the largest page of the browser takes."""
    session = chromium.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = (each["id"] for each in processes if each["type"] == "renderer")
    return max(map(_proportional_mb, pages))


def _proportional_mb(pid: int) -> float:
    """Return the memory of a process, shared pages by their share."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000
