"""Honest outputs, shown by a room and by stock JupyterLab, and how alike they look."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Browser, Locator, Page
from skimage.metrics import structural_similarity

from tests.attacks.xss.browser import VIEWPORT
from tests.attacks.xss.canary import Canary
from tests.attacks.xss.payloads import Payload
from tests.attacks.xss.stages import stage

ALIKE = 0.98
"""From this structural similarity on, two pictures look the same."""
STILL_MS = 250
TRIES = 40
MARGIN_PX = 8
Picture = NDArray[np.uint8]

# What is no part of an output: the numbers beside it, carets, scroll bars.
_QUIET = """
.jp-OutputPrompt, .jp-OutputArea-promptOverlay, .jp-InputPrompt { visibility: hidden }
.jp-OutputArea-prompt { visibility: hidden }
.jp-Notebook, .jp-WindowedPanel-outer { scrollbar-width: none }
.vega-embed details { display: none !important }
* { caret-color: transparent !important; transition: none !important }
"""
_FIND = """
(index) => {
  const found = document.querySelector(`.jp-Cell[data-windowed-list-index="${index}"]`);
  if (found) {
    found.scrollIntoView({block: 'start'});
    return true;
  }
  const outer = document.querySelector('.jp-WindowedPanel-outer');
  outer.scrollTop += outer.clientHeight * 0.5;
  return false;
}
"""

# On a whole pixel, as a frame is: half a pixel blurs a table's lines. What is above and
# beside it may still be growing, so each picture asks anew.
_ALIGN = """
area => {
  const cell = area.closest('.jp-Cell');
  const { left, top } = area.getBoundingClientRect();
  for (const [side, at] of [['marginLeft', left], ['marginTop', top]]) {
    const part = at % 1;
    if (part) {
      const before = parseFloat(getComputedStyle(cell)[side]) || 0;
      cell.style[side] = `${before + 1 - part}px`;
    }
  }
}
"""

# Stock keeps a picture of a plotly figure as wide as the page that ran the cell, and
# draws the figure itself when the pointer comes.
_DRAW = """
area => {
  const kept = area.querySelector('.jp-RenderedPlotly > .plot-img');
  if (kept && !area.querySelector('.plot-container')) {
    kept.dispatchEvent(new MouseEvent('mouseenter'));
  }
}
"""


@dataclass(frozen=True)
class Pair:
    """One output as both sides show it."""

    name: str
    ours: Picture
    stock: Picture

    @property
    def similarity(self) -> float:
        """Return the structural similarity, 1 when the same."""
        return similarity(self.ours, self.stock)


def trimmed(picture: Picture) -> Picture:
    """Return a picture without the empty border around what it shows."""
    background = picture[0, 0].astype(int)
    busy = np.abs(picture.astype(int) - background).max(axis=2) > 12
    rows, columns = np.flatnonzero(busy.any(axis=1)), np.flatnonzero(busy.any(axis=0))
    if not len(rows):
        return picture[:1, :1]
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def similarity(one: Picture, other: Picture) -> float:
    """Return how alike two pictures look, as they are or without their borders.

    A frame may leave a few pixels more or less around the same content.
    """
    return max(_alike(one, other), _alike(trimmed(one), trimmed(other)))


def _alike(one: Picture, other: Picture) -> float:
    height = max(one.shape[0], other.shape[0], 16)
    width = max(one.shape[1], other.shape[1], 16)
    grey = [_grey(each, height, width) for each in (one, other)]
    found = structural_similarity(*grey, data_range=255)  # type: ignore[no-untyped-call]  # the library has no types
    return float(found)


def _grey(picture: Picture, height: int, width: int) -> NDArray[np.float64]:
    canvas = np.full((height + 2 * MARGIN_PX, width + 2 * MARGIN_PX), 255.0)
    inside = picture @ np.array([0.299, 0.587, 0.114])
    canvas[
        MARGIN_PX : MARGIN_PX + inside.shape[0], MARGIN_PX : MARGIN_PX + inside.shape[1]
    ] = inside
    return canvas


async def pairs(browser: Browser, cases: Mapping[str, str]) -> list[Pair]:
    """Run these cells on both sides, and take a picture of each output."""
    async with AsyncExitStack() as stack:
        canary = Canary()
        stack.callback(canary.close)

        async def opened(kind: str) -> Page:
            made = await stack.enter_async_context(stage(kind, browser, canary))
            await made.fill(payloads(cases))
            assert not made.refused, made.refused
            # Opened when all has been run: every page shows the same, whoever ran it.
            staff = await stack.enter_async_context(made.interviewer())
            return staff.page

        ours, stock = [await opened(kind) for kind in ("ours", "stock")]
        await _make_as_wide(stock, ours)
        for page in (ours, stock):
            await page.add_style_tag(content=_QUIET)
        return [
            Pair(name, await _picture(ours, number), await _picture(stock, number))
            for number, name in enumerate(cases, start=1)
        ]


def payloads(cases: Mapping[str, str]) -> Sequence[Payload]:
    """Return cells to run, in the form of payloads."""
    return [
        Payload(f"honest-{number:03}", "kernel", "honest", name, {"code": code})
        for number, (name, code) in enumerate(cases.items())
    ]


async def _width(page: Page) -> float:
    box = await page.locator(".jp-Notebook .jp-InputArea-editor").first.bounding_box()
    assert box is not None
    return box["width"]


async def _make_as_wide(page: Page, other: Page) -> None:
    """Give a page the width of another, while both lay themselves out."""
    width_px = VIEWPORT["width"]
    for _ in range(TRIES):
        by_px = await _width(other) - await _width(page)
        if not by_px:
            return
        width_px = round(width_px + by_px)
        size = {"width": width_px, "height": VIEWPORT["height"]}
        await page.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict of Playwright's
        await page.wait_for_timeout(STILL_MS)
    raise AssertionError(f"the notebooks' widths differ by {by_px} px")


async def _picture(page: Page, index: int) -> Picture:
    """Return a cell's output when it has stopped changing."""
    for _ in range(80):
        if await page.evaluate(_FIND, index):
            break
        await page.wait_for_timeout(50)
    cell = page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    area = cell.locator(".jp-OutputArea").first
    before = b""
    for _ in range(TRIES):
        await page.wait_for_timeout(STILL_MS)
        now = await _screenshot(area)
        if now and now == before and trimmed(_read(now)).size > 3:
            break  # it shows something, and that no longer changes
        before = now
    return _read(before) if before else np.full((1, 1, 3), 255, np.uint8)


def _read(picture: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


async def _screenshot(area: Locator) -> bytes:
    if not await area.is_visible():
        return b""
    await area.evaluate(_DRAW)
    await area.evaluate(_ALIGN)
    return await area.screenshot(animations="disabled", timeout=15_000)


def keep(found: Sequence[Pair], directory: Path) -> None:
    """Write both pictures of those that do not look alike, one above the other."""
    directory.mkdir(parents=True, exist_ok=True)
    for pair in found:
        name = pair.name.replace(" ", "-").replace("'", "")
        for side, picture in (("ours", pair.ours), ("stock", pair.stock)):
            Image.fromarray(picture).save(directory / f"{name}-{side}.png")
